package chiauth0test_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// A tenant is served by a test server. An application on x/oauth2 and go-oidc logs a user in.
func Example() {
	// The server comes first, because the tenant needs its URL.
	provider := httptest.NewUnstartedServer(nil)
	tenant := chiauth0test.New("http://" + provider.Listener.Addr().String())
	provider.Config.Handler = tenant
	provider.Start()
	defer provider.Close()

	app := httptest.NewUnstartedServer(nil)
	callbackURL := "http://" + app.Listener.Addr().String() + "/callback"
	client := tenant.AddClient(chiauth0test.Client{CallbackURLs: []string{callbackURL}})
	tenant.AddUser(chiauth0test.User{
		Email:    "ada@example.com",
		Password: "password",
		Name:     "Ada Lovelace",
	})

	discovered, err := oidc.NewProvider(context.Background(), tenant.Issuer())
	if err != nil {
		fmt.Println(err)
		return
	}
	config := &oauth2.Config{
		ClientID:     client.ID,
		ClientSecret: client.Secret,
		RedirectURL:  callbackURL,
		Endpoint:     discovered.Endpoint(),
		Scopes:       []string{"openid", "profile"},
	}
	app.Config.Handler = application(config, discovered)
	app.Start()
	defer app.Close()

	browser := chiauth0test.NewBrowser()
	resp, err := tenant.SignIn(browser, app.URL+"/login", "ada@example.com")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(resp.StatusCode, string(body))
	// Output: 200 Hello, Ada Lovelace
}

// application logs in with a constant state and verifier. A real application makes new ones for
// each login.
func application(config *oauth2.Config, provider *oidc.Provider) http.Handler {
	verifier := oauth2.GenerateVerifier()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		challenge := oauth2.S256ChallengeOption(verifier)
		http.Redirect(w, r, config.AuthCodeURL("state", challenge), http.StatusFound)
	})
	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, r *http.Request) {
		code := r.FormValue("code")
		token, err := config.Exchange(r.Context(), code, oauth2.VerifierOption(verifier))
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		raw, _ := token.Extra("id_token").(string)
		idTokens := provider.Verifier(&oidc.Config{ClientID: config.ClientID})
		idToken, err := idTokens.Verify(r.Context(), raw)
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		var claims struct {
			Name string `json:"name"`
		}
		if err := idToken.Claims(&claims); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		fmt.Fprintf(w, "Hello, %s", claims.Name)
	})
	return mux
}

// startProvider serves a tenant. In a test, chiauth0test.Start does this.
func startProvider() (tenant *chiauth0test.Tenant, closeServer func()) {
	provider := httptest.NewUnstartedServer(nil)
	tenant = chiauth0test.New("http://" + provider.Listener.Addr().String())
	provider.Config.Handler = tenant
	provider.Start()
	return tenant, provider.Close
}

// The discovery document has a wrong issuer, then the tenant is down, then it works again.
func ExampleTenant_Misbehave() {
	tenant, closeServer := startProvider()
	defer closeServer()

	tenant.Misbehave(chiauth0test.Faults{Discovery: func(doc map[string]any) {
		doc["issuer"] = "https://evil.example/"
	}})
	_, err := oidc.NewProvider(context.Background(), tenant.Issuer())
	var mismatch *oidc.IssuerMismatchError
	fmt.Println(errors.As(err, &mismatch))

	tenant.Misbehave(chiauth0test.Faults{
		Intercept: func(w http.ResponseWriter, _ *http.Request) bool {
			http.Error(w, "down for maintenance", http.StatusServiceUnavailable)
			return true
		},
	})
	_, err = oidc.NewProvider(context.Background(), tenant.Issuer())
	fmt.Println(err)

	tenant.Misbehave(chiauth0test.Faults{})
	_, err = oidc.NewProvider(context.Background(), tenant.Issuer())
	fmt.Println(err)
	fmt.Println(tenant.RequestCount("/.well-known/openid-configuration"), "requests")
	// Output:
	// true
	// 503 Service Unavailable: down for maintenance
	//
	// <nil>
	// 3 requests
}

// A test gets the callback URL of a login and can change it before it sends it to the application.
func ExampleTenant_Authorize() {
	tenant, closeServer := startProvider()
	defer closeServer()
	const callbackURL = "https://app.example/callback"
	client := tenant.AddClient(chiauth0test.Client{CallbackURLs: []string{callbackURL}})
	tenant.AddUser(chiauth0test.User{Email: "ada@example.com", Password: "password"})

	config := &oauth2.Config{
		ClientID:    client.ID,
		RedirectURL: callbackURL,
		Scopes:      []string{"openid"},
		Endpoint:    oauth2.Endpoint{AuthURL: tenant.Issuer() + "authorize"},
	}
	challenge := oauth2.S256ChallengeOption(oauth2.GenerateVerifier())
	browser := chiauth0test.NewBrowser()
	callback, err := tenant.Authorize(browser, config.AuthCodeURL("xyz", challenge),
		"ada@example.com")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(callback.Host, callback.Query().Get("state"), callback.Query().Has("code"))
	// Output: app.example xyz true
}

// An invitation link leads to the application's login.
func ExampleTenant_Invite() {
	tenant := chiauth0test.New("https://tenant.example/")
	client := tenant.AddClient(chiauth0test.Client{
		InitiateLoginURL: "https://app.example/auth0/login",
	})
	org := tenant.AddOrganization(chiauth0test.Organization{ID: "org_1", Name: "acme"})
	tenant.AddUser(chiauth0test.User{Email: "ada@example.com", Password: "password"})

	link := tenant.Invite(client.ID, org.ID)
	parsed, err := url.Parse(link)
	if err != nil {
		fmt.Println(err)
		return
	}
	query := parsed.Query()
	fmt.Println(parsed.Path, query.Get("organization"), query.Get("organization_name"))
	// Output: /auth0/login org_1 acme
}

// An application that refuses a faulty logout token answers with status 400.
func ExampleTenant_SendLogoutToken() {
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, `{"error":"invalid_request"}`, http.StatusBadRequest)
	}))
	defer app.Close()
	tenant := chiauth0test.New("https://tenant.example/")
	client := tenant.AddClient(chiauth0test.Client{BackchannelLogoutURL: app.URL})

	accepted := 0
	for _, fault := range chiauth0test.LogoutTokenFaults() {
		delivery := tenant.SendLogoutToken(context.Background(), chiauth0test.LogoutToken{
			ClientID:  client.ID,
			Subject:   "auth0|1",
			SessionID: "session",
			Edit:      fault,
		})
		if delivery.Status != http.StatusBadRequest {
			accepted++
		}
	}
	fmt.Println(accepted, "faulty tokens accepted")
	// Output: 0 faulty tokens accepted
}
