package chiauth0_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/chiauth0"
)

// inRequest calls act in a request of the browser behind RequireLogin.
func (b *browser) inRequest(path string, act func(ctx context.Context)) {
	b.app.router.With(chiauth0.RequireLogin(b.app.cfg)).Get(path,
		func(_ http.ResponseWriter, r *http.Request) { act(r.Context()) })
	b.get(path)
}

func TestTokenSourceReturnsTheAccessToken(t *testing.T) {
	t.Parallel()

	a := newTokenApp(t)
	b := a.browser()
	b.signIn(ada)
	want := b.get(reportsToken).body
	b.inRequest("/source", func(ctx context.Context) {
		token, err := chiauth0.TokenSource(ctx, reportsAPI, "read:reports").Token()
		switch {
		case err != nil:
			t.Error(err)
		case token.AccessToken != want || !token.Valid():
			t.Errorf("got another token, valid %t, want the one of the session", token.Valid())
		}
		if scope, _ := token.Extra("scope").(string); !strings.Contains(scope, "read:reports") {
			t.Errorf("got the scope %q, want what was granted", scope)
		}
	})
}

func TestStoredAccessTokenCostsOneRead(t *testing.T) {
	t.Parallel()

	a := newTokenApp(t)
	b := a.browser()
	b.signIn(ada)
	reads := func(path string) int64 {
		before := a.store.reads.Load()
		b.get(path)
		return a.store.reads.Load() - before
	}
	page, token := reads("/account"), reads(reportsToken)
	if token > page+1 {
		t.Errorf("got %d reads with a token and %d without, want one more at most", token, page)
	}
}

func TestTokenSourceAfterTheEndOfItsRequest(t *testing.T) {
	t.Parallel()

	a := newTokenApp(t)
	b := a.browser()
	b.signIn(ada)
	var source oauth2.TokenSource
	a.router.With(chiauth0.RequireLogin(a.cfg)).Get("/source",
		func(_ http.ResponseWriter, r *http.Request) {
			source = chiauth0.TokenSource(r.Context(), reportsAPI)
		})
	server := httptest.NewServer(a.router)
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/source", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range b.cookies() {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()

	for range 100 { // net/http ends the context soon after the response
		if _, err = source.Token(); err != nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err == nil || !strings.Contains(err.Error(), "after its request has ended") {
		t.Errorf("got %v, want an error that says that the request has ended", err)
	}
}

func TestAccessTokenOfNobodyIsAnError(t *testing.T) {
	t.Parallel()

	a := newTokenApp(t)
	a.router.With(chiauth0.LoadUser(a.cfg)).Get("/anonymous",
		func(_ http.ResponseWriter, r *http.Request) {
			_, err := chiauth0.AccessToken(r.Context(), reportsAPI)
			if !errors.Is(err, chiauth0.ErrNotSignedIn) {
				t.Errorf("got %v, want ErrNotSignedIn", err)
			}
		})
	a.browser().get("/anonymous")
	if _, err := chiauth0.AccessToken(t.Context(), reportsAPI); err == nil {
		t.Error("without LoadUser: got a token, want an error")
	}
}

// A request for more scopes than a token has asks Auth0, and the answer is kept beside the others.
func TestTokenWithTheScopesThatWereAskedForIsKept(t *testing.T) {
	a := newTokenApp(t)
	a.inBubble(func(t *testing.T) {
		b := a.browser()
		b.signIn(ada)
		narrow := func(ctx context.Context) {
			token, err := chiauth0.AccessToken(ctx, reportsAPI, "openid", "read:reports")
			if err != nil {
				t.Error(err)
				return
			}
			if scope, _ := token.Extra("scope").(string); !strings.Contains(scope, "email") {
				t.Errorf("got the scope %q, want the token of the login, which has all", scope)
			}
		}
		b.inRequest("/narrow", narrow)
		if got := a.tenant.RefreshCounts().Refreshes; got != 0 {
			t.Errorf("got %d refreshes for scopes that the session has, want none", got)
		}

		time.Sleep(31 * time.Second)
		for _, path := range []string{"/once", "/again"} {
			b.inRequest(path, func(ctx context.Context) {
				if _, err := chiauth0.AccessToken(ctx, reportsAPI, "read:reports"); err != nil {
					t.Error(err)
				}
			})
		}
		if got := a.tenant.RefreshCounts().Refreshes; got != 1 {
			t.Errorf("got %d refreshes, want one: its token has the scope", got)
		}
	})
}

func TestMissingOfflineAccessIsWarnedAboutAtStart(t *testing.T) {
	t.Parallel()

	for scopes, want := range map[string]bool{
		"openid email":                false,
		"openid email offline_access": true,
	} {
		a := newTokenApp(t, func(c *chiauth0.Config) {
			c.Scopes = strings.Fields(scopes)
			c.APIs = []chiauth0.API{{Audience: "https://other.example/"}}
		})
		a.browser().get("/auth0/login")
		if quiet := !strings.Contains(a.log.String(), "offline_access"); quiet != want {
			t.Errorf("scopes %s: got quiet %t, want %t\n%s", scopes, quiet, want, a.log)
		}
	}
}
