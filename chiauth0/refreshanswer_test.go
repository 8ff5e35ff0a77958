package chiauth0_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

func TestOddExpiryOfARefreshedTokenBreaksNothing(t *testing.T) {
	for name, edit := range map[string]func(body map[string]any){
		"missing":  func(body map[string]any) { delete(body, "expires_in") },
		"zero":     func(body map[string]any) { body["expires_in"] = 0 },
		"negative": func(body map[string]any) { body["expires_in"] = -30 },
		"a string": func(body map[string]any) { body["expires_in"] = "30" },
		"a word":   func(body map[string]any) { body["expires_in"] = "soon" },
	} {
		t.Run(name, func(t *testing.T) {
			a := newTokenApp(t)
			withExpiredToken(t, a, func(t *testing.T, b *browser) {
				a.tenant.Misbehave(chiauth0test.Faults{
					TokenResponse: func(_ *int, body map[string]any) { edit(body) },
				})
				first := b.get(reportsToken)
				second := b.get(reportsToken)
				if first.StatusCode != http.StatusOK || second.body != first.body {
					t.Errorf("got %s and %s, want one token twice", first.Status, second.Status)
				}
				if got := a.tenant.RefreshCounts(); got.Refreshes != 1 || got.Reuses != 0 {
					t.Errorf("got %+v, want one refresh and no reuse", got)
				}
			})
		})
	}
}

func TestOpaqueAccessTokenIsRefreshed(t *testing.T) {
	a := newTokenApp(t)
	a.tenant.OpaqueAccessTokens = true
	withExpiredToken(t, a, func(t *testing.T, b *browser) {
		first := b.get(reportsToken)
		second := b.get(reportsToken)
		if first.StatusCode != http.StatusOK || second.body != first.body {
			t.Errorf("got %s %q and %q, want one token", first.Status, first.body, second.body)
		}
	})
}

func TestAnswerWithoutARefreshTokenOrIDTokenKeepsTheOldOnes(t *testing.T) {
	a := newTokenApp(t)
	client := a.client
	client.NonRotating = true
	a.tenant.AddClient(client)
	withExpiredToken(t, a, func(t *testing.T, b *browser) {
		a.tenant.Misbehave(chiauth0test.Faults{TokenResponse: func(_ *int, body map[string]any) {
			delete(body, "refresh_token")
			delete(body, "id_token")
		}})
		for range 3 {
			if resp := b.get(reportsToken); resp.StatusCode != http.StatusOK {
				t.Fatalf("got %s %q, want a token", resp.Status, resp.body)
			}
			time.Sleep(31 * time.Second)
		}
		if got := a.tenant.RefreshCounts().Refreshes; got != 3 {
			t.Errorf("got %d refreshes, want 3 by the same refresh token", got)
		}

		// The logout sends the ID token of the login.
		location := b.do(http.MethodPost, "/auth0/logout").location()
		if !strings.Contains(location, "id_token_hint=ey") {
			t.Errorf("got a logout at %q, want an id_token_hint", location)
		}
	})
}

func TestOtherOrganizationOrAuthTimeInARefreshedIDTokenEndsTheSession(t *testing.T) {
	for name, change := range map[string]any{
		"org_id":    "org_another",
		"org_name":  "another",
		"auth_time": 1,
		"nonce":     "another",
		"azp":       "another",
	} {
		t.Run(name, func(t *testing.T) {
			a := newTokenApp(t)
			a.tenant.Misbehave(chiauth0test.Faults{IDToken: func(token *chiauth0test.JWT) {
				setClaim(token, "org_id", "org_1")
				setClaim(token, "org_name", "acme")
				setClaim(token, "auth_time", time.Now().Unix())
				setClaim(token, "azp", token.Claims["aud"])
			}})
			withExpiredToken(t, a, func(t *testing.T, b *browser) {
				a.tenant.Misbehave(chiauth0test.Faults{IDToken: func(token *chiauth0test.JWT) {
					setClaim(token, "org_id", "org_1")
					setClaim(token, "org_name", "acme")
					token.Claims[name] = change
				}})
				if resp := b.get(reportsToken); resp.StatusCode != http.StatusGone {
					t.Errorf("got %s %.80q, want ErrSessionEnded", resp.Status, resp.body)
				}
				if got := a.tenant.RefreshCounts().Live; got != 0 {
					t.Errorf("got %d live refresh tokens, want none", got)
				}
			})
		})
	}
}

func setClaim(token *chiauth0test.JWT, name string, value any) {
	if _, found := token.Claims[name]; !found {
		token.Claims[name] = value
	}
}

// The tenant has a new signing key, and the application cannot fetch it.
func TestOutageOfTheSigningKeysKeepsTheSession(t *testing.T) {
	a := newTokenApp(t)
	withExpiredToken(t, a, func(t *testing.T, b *browser) {
		a.tenant.RotateKeys()
		a.tenant.Misbehave(chiauth0test.Faults{
			Intercept: func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != keysPath {
					return false
				}
				w.WriteHeader(http.StatusBadGateway)
				return true
			},
		})
		resp := b.get(reportsToken)
		if resp.StatusCode != http.StatusOK {
			t.Errorf("got %s %q, want a token", resp.Status, resp.body)
		}
		if got := b.whoami(); got != "hello "+ada {
			t.Errorf("got %q afterwards, want to be signed in", got)
		}

		a.tenant.Misbehave(chiauth0test.Faults{})
		time.Sleep(31 * time.Second)
		if resp := b.get(reportsToken); resp.StatusCode != http.StatusOK {
			t.Errorf("after the outage: got %s %q, want a token", resp.Status, resp.body)
		}
		counts := a.tenant.RefreshCounts()
		if counts.Refreshes != 2 || counts.Reuses != 0 || counts.RevokedFamilies != 0 {
			t.Errorf("got %+v, want two refreshes, no reuse and no revoked family", counts)
		}
	})
}

func TestRefreshKeepsTheAuthenticationOfTheLogin(t *testing.T) {
	a := newTokenApp(t, func(c *chiauth0.Config) { c.SyncOnRefresh = true })
	a.router.With(chiauth0.RequireLogin(a.cfg)).Get("/authentication",
		func(w http.ResponseWriter, r *http.Request) {
			identity, err := chiauth0.IdentityFrom(r.Context())
			fmt.Fprint(w, identity.ACR, identity.AMR, identity.AuthTime.Unix(), err)
		})
	a.tenant.Misbehave(chiauth0test.Faults{IDToken: func(token *chiauth0test.JWT) {
		token.Claims["acr"] = "urn:mfa"
		token.Claims["amr"] = []string{"mfa"}
		token.Claims["auth_time"] = int64(946_684_800) // when a bubble begins
	}})
	withExpiredToken(t, a, func(t *testing.T, b *browser) {
		before := b.get("/authentication").body
		a.tenant.Misbehave(chiauth0test.Faults{IDToken: func(token *chiauth0test.JWT) {
			delete(token.Claims, "acr")
			delete(token.Claims, "amr")
			delete(token.Claims, "auth_time")
		}})
		if resp := b.get(reportsToken); resp.StatusCode != http.StatusOK {
			t.Fatalf("got %s %q, want a token", resp.Status, resp.body)
		}
		if after := b.get("/authentication").body; after != before {
			t.Errorf("got %q after the refresh, want %q", after, before)
		}
	})
}
