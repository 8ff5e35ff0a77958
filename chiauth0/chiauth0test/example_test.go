package chiauth0test_test

import (
	"context"
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
