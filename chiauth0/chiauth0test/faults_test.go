package chiauth0test_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// verify has go-oidc verify an ID token, by the discovery document and the keys that the tenant shows now.
func (a *app) verify(token any) (*oidc.IDToken, error) {
	a.t.Helper()
	provider, err := oidc.NewProvider(a.t.Context(), a.tenant.Issuer())
	if err != nil {
		return nil, err
	}
	text, _ := token.(string)
	verifier := provider.VerifierContext(a.t.Context(), &oidc.Config{ClientID: a.client.ID, Now: a.tenant.Now})
	return verifier.Verify(a.t.Context(), text)
}

func TestGoOIDCAcceptsTheTenant(t *testing.T) {
	t.Parallel()
	for _, method := range []string{chiauth0test.SecretPost, chiauth0test.SecretBasic} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.client.AuthMethods = []string{method}
			a.tenant.AddClient(a.client)
			provider, err := oidc.NewProvider(t.Context(), a.tenant.Issuer())
			if err != nil {
				t.Fatal(err)
			}
			endpoint := provider.Endpoint()
			endpoint.AuthStyle = oauth2.AuthStyleInParams
			if method == chiauth0test.SecretBasic {
				endpoint.AuthStyle = oauth2.AuthStyleInHeader
			}
			config := oauth2.Config{
				ClientID: a.client.ID, ClientSecret: a.client.Secret, RedirectURL: callbackURL, Endpoint: endpoint,
			}
			token, err := config.Exchange(t.Context(), a.code(edits{"scope": "openid email offline_access"}),
				oauth2.VerifierOption(a.verifier))
			if err != nil {
				t.Fatal(err)
			}
			idToken, err := a.verify(token.Extra("id_token"))
			if err != nil {
				t.Fatal(err)
			}
			info, err := provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
			if err != nil || info.Subject != idToken.Subject || info.Email != ada {
				t.Errorf("userinfo %v, %v", info, err)
			}
			token.Expiry = time.Now().Add(-time.Second)
			refreshed, err := config.TokenSource(t.Context(), token).Token()
			if err != nil || refreshed.AccessToken == token.AccessToken {
				t.Errorf("refreshed: %v", err)
			}
			if requests := a.tenant.Requests("/oauth/token"); len(requests) != 2 || requests[0].ClientAuth != method {
				t.Errorf("requests %v", requests)
			}
		})
	}
}

// Every way of forging an ID token that the library's tests need, seen by go-oidc: what it catches, it catches.
func TestForgedIDTokens(t *testing.T) {
	t.Parallel()
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	claim := func(name string, value any) func(*chiauth0test.JWT) {
		return func(token *chiauth0test.JWT) { token.Claims[name] = value }
	}
	for name, test := range map[string]struct {
		edit func(*chiauth0test.JWT)
		want string // in go-oidc's error
	}{
		"C7: iss":         {claim("iss", "http://evil.test/"), "issued by a different provider"},
		"C7: aud":         {claim("aud", "other"), "expected audience"},
		"C7: exp":         {claim("exp", time.Now().Add(-time.Hour).Unix()), "expired"},
		"C7: none":        {func(token *chiauth0test.JWT) { token.Header["alg"] = "none" }, "unexpected signature algorithm"},
		"C7: HS256":       {func(token *chiauth0test.JWT) { token.Header["alg"] = "HS256" }, "unexpected signature algorithm"},
		"C7: unknown key": {func(token *chiauth0test.JWT) { token.Key = stranger }, "failed to verify signature"},
		"C7: unknown kid": {func(token *chiauth0test.JWT) { token.Header["kid"] = "x" }, "failed to verify signature"},
		"C7: ES256": {func(token *chiauth0test.JWT) {
			token.Header["alg"], token.Key = "ES256", elliptical
		}, "unexpected signature algorithm"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.tenant.Misbehave(chiauth0test.Faults{
				IDToken:   test.edit,
				Discovery: func(doc map[string]any) { doc["id_token_signing_alg_values_supported"] = []string{"RS256"} },
			})
			token := a.tokens(nil)["id_token"]
			if _, err := a.verify(token); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v; want %q", err, test.want)
			}
			a.tenant.Misbehave(chiauth0test.Faults{})
			if _, err := a.verify(a.tokens(nil)["id_token"]); err != nil {
				t.Errorf("after it behaves again: %v", err)
			}
		})
	}
	t.Run("C7: what go-oidc leaves to others goes through", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.Misbehave(chiauth0test.Faults{IDToken: func(token *chiauth0test.JWT) {
			token.Header["alg"] = "PS256"
			token.Claims["nonce"], token.Claims["azp"], token.Claims["sub"] = "replayed", "other", ""
			delete(token.Claims, "iat")
			token.Claims["events"] = map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}
		}})
		token, err := a.verify(a.tokens(nil)["id_token"])
		if err != nil || token.Nonce != "replayed" || token.Subject != "" {
			t.Errorf("%+v, %v", token, err)
		}
	})
	t.Run("a fault that cannot be signed is an error of the server", func(t *testing.T) {
		t.Parallel()
		for _, edit := range []func(*chiauth0test.JWT){
			func(token *chiauth0test.JWT) { token.Header["alg"] = "XX256" },
			func(token *chiauth0test.JWT) { token.Header["alg"] = "ES256" }, // with the tenant's RSA key
			func(token *chiauth0test.JWT) { token.Claims["sub"] = make(chan int) },
			func(token *chiauth0test.JWT) { token.Header["alg"], token.Header["kid"] = "none", make(chan int) },
		} {
			a := newApp(t)
			a.tenant.Misbehave(chiauth0test.Faults{IDToken: edit})
			if status, body := a.redeem(a.code(nil), nil); status != http.StatusInternalServerError {
				t.Errorf("answered %d %v", status, body)
			}
		}
	})
}

func TestSigningAlg(t *testing.T) {
	t.Parallel()
	for _, alg := range []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.HS256} {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.client.SigningAlg = string(alg)
			a.tenant.AddClient(a.client)
			text, _ := a.tokens(nil)["id_token"].(string)
			signed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{alg})
			if err != nil {
				t.Fatal(err)
			}
			var key any = a.keys()
			if alg == jose.HS256 {
				key = append([]byte(a.client.Secret), make([]byte, 32-len(a.client.Secret))...)
			}
			if _, err := signed.Verify(key); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	t.Run("AccessToken", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.AddAPI("https://api.test")
		a.tenant.Misbehave(chiauth0test.Faults{AccessToken: func(token *chiauth0test.JWT) { token.Claims["aud"] = "other" }})
		tokens := a.tokens(edits{"audience": "https://api.test"})
		if aud := a.open(tokens["access_token"])["aud"]; aud != "other" {
			t.Errorf("aud %v", aud)
		}
		if aud := a.open(tokens["id_token"])["aud"]; aud != "app" {
			t.Errorf("ID token's aud %v", aud)
		}
	})
	t.Run("Callback", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.Misbehave(chiauth0test.Faults{Callback: func(query url.Values) {
			query.Del("code")
			query.Set("error", "access_denied")
		}})
		if query := a.login(nil); query.Get("error") != "access_denied" || query.Get("state") != "the state" || query.Has("code") {
			t.Errorf("callback query %v", query)
		}
	})
	t.Run("TokenResponse", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.Misbehave(chiauth0test.Faults{TokenResponse: func(status *int, body map[string]any) {
			*status, body["expires_in"] = http.StatusTeapot, "soon"
		}})
		for _, code := range []string{a.code(nil), "wrong"} {
			if status, body := a.redeem(code, nil); status != http.StatusTeapot || body["expires_in"] != "soon" {
				t.Errorf("answered %d %v", status, body)
			}
		}
	})
	t.Run("Discovery with what JSON cannot hold", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.Misbehave(chiauth0test.Faults{Discovery: func(doc map[string]any) { doc["issuer"] = make(chan int) }})
		if resp, _ := a.get(a.tenant.Issuer() + ".well-known/openid-configuration"); resp.StatusCode != 500 {
			t.Errorf("answered %s", resp.Status)
		}
	})
	t.Run("Intercept sees path and form, and may let go", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.Misbehave(chiauth0test.Faults{Intercept: func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != "/oauth/token" || r.PostForm.Get("grant_type") != "authorization_code" {
				return false
			}
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusTemporaryRedirect)
			return true
		}})
		resp, _ := a.send(http.MethodPost, a.tenant.Issuer()+"oauth/token", a.codeForm(a.code(nil), nil))
		if resp.StatusCode != http.StatusTemporaryRedirect {
			t.Errorf("answered %s", resp.Status)
		}
	})
	t.Run("C16: Intercept can wait until the client gives up", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		form := a.codeForm(a.code(nil), nil)
		waiting, gaveUp := make(chan struct{}), make(chan struct{})
		a.tenant.Misbehave(chiauth0test.Faults{Intercept: func(_ http.ResponseWriter, r *http.Request) bool {
			close(waiting)
			<-r.Context().Done()
			close(gaveUp)
			return true
		}})
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-waiting
			cancel()
		}()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.tenant.Issuer()+"oauth/token",
			strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if resp, err := http.DefaultClient.Do(req); !errors.Is(err, context.Canceled) {
			t.Errorf("answered %v, %v", resp, err)
		}
		<-gaveUp
	})
	t.Run("may change while requests are served", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 20 {
					resp, err := http.Get(a.tenant.Issuer() + ".well-known/openid-configuration")
					if err != nil {
						t.Error(err)
						return
					}
					resp.Body.Close()
				}
			})
			wg.Go(func() {
				for range 20 {
					a.tenant.Misbehave(chiauth0test.Faults{Discovery: func(doc map[string]any) { delete(doc, "issuer") }})
					a.tenant.AddUser(chiauth0test.User{Email: ada, Claims: map[string]any{"a": 1}})
					a.tenant.AddClient(a.client)
					a.tenant.Requests("")
				}
			})
		}
		wg.Wait()
	})
}
