package chiauth0_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// showToken describes the access token of the signed-in user.
func showToken(w http.ResponseWriter, r *http.Request) {
	token, err := chiauth0.AccessToken(r.Context(), "https://orders.example/")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	scope := token.Extra("scope")
	hours := time.Until(token.Expiry).Round(time.Hour).Hours()
	fmt.Fprintf(w, "%s, for %v hours", scope, hours)
}

// A user logs in at a stand-in tenant. A handler gets the access token for an API.
func ExampleAccessToken() {
	provider := httptest.NewUnstartedServer(nil)
	tenant := chiauth0test.New("http://" + provider.Listener.Addr().String())
	provider.Config.Handler = tenant
	provider.Start()
	defer provider.Close()

	app := httptest.NewUnstartedServer(nil)
	baseURL := "http://" + app.Listener.Addr().String()
	callbackURL := baseURL + "/auth0/callback"
	client := tenant.AddClient(chiauth0test.Client{CallbackURLs: []string{callbackURL}})
	tenant.AddAPI("https://orders.example/", "read:orders")
	tenant.AddUser(chiauth0test.User{Email: "ada@example.com", Password: "password"})

	cfg := &chiauth0.Config{
		Domain:       tenant.Issuer(),
		ClientID:     client.ID,
		ClientSecret: client.Secret,
		BaseURL:      baseURL,
		Audience:     "https://orders.example/",
		Scopes:       []string{"openid", "offline_access", "read:orders"},
		Logger:       slog.New(slog.DiscardHandler),
	}
	r := chi.NewRouter()
	r.Mount("/auth0", chiauth0.Router(cfg))
	r.With(chiauth0.RequireLogin(cfg)).Get("/token", showToken)
	app.Config.Handler = r
	app.Start()
	defer app.Close()

	resp, err := tenant.SignIn(chiauth0test.NewBrowser(), app.URL+"/token", "ada@example.com")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(string(body))
	// Output: openid offline_access read:orders, for 24 hours
}
