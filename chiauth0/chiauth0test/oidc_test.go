package chiauth0test_test

import (
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// TestLibrariesAcceptTheTenant logs in, reads /userinfo and refreshes with go-oidc and x/oauth2.
func TestLibrariesAcceptTheTenant(t *testing.T) {
	t.Parallel()
	for method, style := range map[string]oauth2.AuthStyle{
		chiauth0test.SecretPost:  oauth2.AuthStyleInParams,
		chiauth0test.SecretBasic: oauth2.AuthStyleInHeader,
	} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.updateClient(func(c *chiauth0test.Client) { c.AuthMethods = []string{method} })
			provider, err := oidc.NewProvider(t.Context(), a.tenant.Issuer())
			if err != nil {
				t.Fatal(err)
			}
			config := oauth2.Config{
				ClientID:     a.client.ID,
				ClientSecret: a.client.Secret,
				RedirectURL:  callbackURL,
				Endpoint:     provider.Endpoint(),
			}
			config.Endpoint.AuthStyle = style
			code := a.code(edits{"scope": "openid email offline_access"})
			token, err := config.Exchange(t.Context(), code, oauth2.VerifierOption(a.verifier))
			if err != nil {
				t.Fatal(err)
			}
			idToken, err := a.verify(token.Extra("id_token"))
			if err != nil {
				t.Fatal(err)
			}
			info, err := provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
			if err != nil {
				t.Fatal(err)
			}
			if info.Subject != idToken.Subject || info.Email != ada {
				t.Errorf("userinfo is %v, want subject %s", info, idToken.Subject)
			}
			token.Expiry = time.Now().Add(-time.Second)
			refreshed, err := config.TokenSource(t.Context(), token).Token()
			if err != nil {
				t.Fatal(err)
			}
			if refreshed.AccessToken == token.AccessToken {
				t.Error("the refresh returned the old access token")
			}
			requests := a.tenant.Requests("/oauth/token")
			if len(requests) != 2 || requests[0].ClientAuth != method {
				t.Errorf("requests are %v, want 2 with %s", requests, method)
			}
		})
	}
}
