package chiauth0test_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// A tenant embedded in a server, an application of a few lines on x/oauth2 and go-oidc, and a user who logs in to it.
func Example() {
	// The tenant has to know its URL, so the server comes first.
	provider := httptest.NewUnstartedServer(nil)
	tenant := chiauth0test.New("http://" + provider.Listener.Addr().String())
	provider.Config.Handler = tenant
	provider.Start()
	defer provider.Close()

	app := httptest.NewUnstartedServer(nil)
	callbackURL := "http://" + app.Listener.Addr().String() + "/callback"
	client := tenant.AddClient(chiauth0test.Client{CallbackURLs: []string{callbackURL}})
	tenant.AddUser(chiauth0test.User{
		Email: "ada@example.com", Password: "password", Name: "Ada Lovelace",
		Claims: map[string]any{"https://app.example/groups": []string{"staff"}},
	})

	discovered, err := oidc.NewProvider(context.Background(), tenant.Issuer())
	if err != nil {
		fmt.Println(err)
		return
	}
	config := &oauth2.Config{
		ClientID: client.ID, ClientSecret: client.Secret, RedirectURL: callbackURL, Endpoint: discovered.Endpoint(),
		Scopes: []string{"openid", "profile", "email"},
	}
	verifier := oauth2.GenerateVerifier() // a real application makes one for each login, and a state too
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, config.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier)), http.StatusFound)
	})
	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, r *http.Request) {
		token, err := config.Exchange(r.Context(), r.FormValue("code"), oauth2.VerifierOption(verifier))
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		raw, _ := token.Extra("id_token").(string)
		verified, err := discovered.Verifier(&oidc.Config{ClientID: client.ID}).Verify(r.Context(), raw)
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		var claims struct {
			Name   string   `json:"name"`
			Groups []string `json:"https://app.example/groups"`
		}
		if err := verified.Claims(&claims); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		fmt.Fprintf(w, "Hello, %s of %v", claims.Name, claims.Groups)
	})
	app.Config.Handler = mux
	app.Start()
	defer app.Close()

	resp, err := tenant.SignIn(chiauth0test.NewBrowser(), app.URL+"/login", "ada@example.com")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(resp.StatusCode, string(body))
	// Output: 200 Hello, Ada Lovelace of [staff]
}

// A tenant that lies about itself, one that is down, and one that behaves again.
func ExampleTenant_Misbehave() {
	provider := httptest.NewUnstartedServer(nil)
	tenant := chiauth0test.New("http://" + provider.Listener.Addr().String())
	provider.Config.Handler = tenant
	provider.Start()
	defer provider.Close()

	tenant.Misbehave(chiauth0test.Faults{Discovery: func(doc map[string]any) { doc["issuer"] = "https://evil.example/" }})
	_, err := oidc.NewProvider(context.Background(), tenant.Issuer())
	var mismatch *oidc.IssuerMismatchError
	fmt.Println(errors.As(err, &mismatch))

	tenant.Misbehave(chiauth0test.Faults{Intercept: func(w http.ResponseWriter, _ *http.Request) bool {
		http.Error(w, "down for maintenance", http.StatusServiceUnavailable)
		return true
	}})
	_, err = oidc.NewProvider(context.Background(), tenant.Issuer())
	fmt.Println(err)

	tenant.Misbehave(chiauth0test.Faults{})
	_, err = oidc.NewProvider(context.Background(), tenant.Issuer())
	fmt.Println(err)
	fmt.Println(len(tenant.Requests("/.well-known/openid-configuration")), "requests")
	// Output:
	// true
	// 503 Service Unavailable: down for maintenance
	//
	// <nil>
	// 3 requests
}

// The tenant's half of a login alone, for tests that tamper with the callback.
func ExampleTenant_Authorize() {
	provider := httptest.NewUnstartedServer(nil)
	tenant := chiauth0test.New("http://" + provider.Listener.Addr().String())
	provider.Config.Handler = tenant
	provider.Start()
	defer provider.Close()
	client := tenant.AddClient(chiauth0test.Client{CallbackURLs: []string{"https://app.example/callback"}})
	tenant.AddUser(chiauth0test.User{Email: "ada@example.com", Password: "password"})

	config := &oauth2.Config{
		ClientID: client.ID, RedirectURL: "https://app.example/callback", Scopes: []string{"openid"},
		Endpoint: oauth2.Endpoint{AuthURL: tenant.Issuer() + "authorize"},
	}
	authorizeURL := config.AuthCodeURL("xyz", oauth2.S256ChallengeOption(oauth2.GenerateVerifier()))
	callback, err := tenant.Authorize(chiauth0test.NewBrowser(), authorizeURL, "ada@example.com")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(callback.Host, callback.Query().Get("state"), callback.Query().Has("code"))
	// Output: app.example xyz true
}
