package chiauth0_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/userprovider"
)

func TestClientAuthentication(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		style oauth2.AuthStyle
		want  string
	}{
		{"client_secret_post by default", oauth2.AuthStyleAutoDetect, chiauth0test.SecretPost},
		{"client_secret_post", oauth2.AuthStyleInParams, chiauth0test.SecretPost},
		{"client_secret_basic", oauth2.AuthStyleInHeader, chiauth0test.SecretBasic},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, func(c *chiauth0.Config) {
				c.AuthStyle = test.style
				c.ClientSecret = "a secret with %, + and : of more than 32 bytes"
			})
			a.browser().signIn(ada)
			if got := a.tenant.Requests("/oauth/token"); len(got) != 1 ||
				got[0].ClientAuth != test.want {
				t.Errorf("%d requests, the first by %q", len(got), got[0].ClientAuth)
			}
		})
		t.Run(
			test.name+": a wrong secret costs one request, and is the operator's fault",
			func(t *testing.T) {
				t.Parallel()
				a := newApp(t, func(c *chiauth0.Config) { c.AuthStyle = test.style })
				wrong := a.client
				wrong.Secret = "another"
				a.tenant.AddClient(wrong)
				b := a.browser()
				b.refused(b.login("/auth0/login", ada), http.StatusBadGateway)
				if n := len(a.tenant.Requests("/oauth/token")); n != 1 {
					t.Errorf("%d requests", n)
				}
			},
		)
	}
	t.Run("in the steady state a login is one request to the tenant", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.browser().signIn(ada)
		b := a.browser()
		callback := b.authorize(b.begin("/auth0/login"), grace)
		before := len(a.tenant.Requests(""))
		if resp := b.get(callback.String()); resp.StatusCode != http.StatusSeeOther {
			t.Fatal(resp.Status)
		}
		b.get("/account")
		if requests := a.tenant.Requests("")[before:]; len(requests) != 1 ||
			requests[0].Path != "/oauth/token" {
			t.Errorf("the tenant was asked %+v", requests)
		}
		for path, want := range map[string]int{
			"/.well-known/openid-configuration": 1, "/.well-known/jwks.json": 1, "/oauth/token": 2,
			"/userinfo": 0,
		} {
			if n := len(a.tenant.Requests(path)); n != want {
				t.Errorf("%d requests for %s, want %d", n, path, want)
			}
		}
	})
}

// The browser is closed at every step of the callback: fully logged in, or not at all.
func TestBrowserCloses(t *testing.T) {
	t.Parallel()
	// at cancels the request when the tenant, or the provider, is at this step.
	for _, test := range []struct {
		name, at string
		in       bool
	}{
		{"before the callback is read", "before", false},
		{"while the code is redeemed", "/oauth/token", false},
		{"while the keys are read", "/.well-known/jwks.json", false},
		{"while the user is synchronised", "sync", true},
		{"while the session is saved", "save", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ctx, closeBrowser := context.WithCancel(t.Context())
			defer closeBrowser()
			reach := func(step string) {
				if step == test.at {
					closeBrowser()
				}
			}
			users := &provider{Memory: userprovider.NewMemory()}
			users.sync = func(
				ctx context.Context, login userprovider.Login,
			) (userprovider.User, error) {
				reach("sync")
				user, err := users.Memory.SyncUser(ctx, login)
				reach("save")
				return user, err
			}
			a := newApp(t, func(c *chiauth0.Config) { c.Users = users })
			a.tenant.Misbehave(
				chiauth0test.Faults{Intercept: func(_ http.ResponseWriter, r *http.Request) bool {
					reach(r.URL.Path)
					return false
				}},
			)
			b := a.browser()
			callback := b.authorize(b.begin("/auth0/login"), ada)
			reach("before")
			if _, err := b.try(ctx, http.MethodGet, callback.String()); !errors.Is(
				err,
				context.Canceled,
			) {
				t.Fatalf("the browser was not closed: %v", err)
			}
			users1, sessions := len(users.Accounts()), a.sessions()
			if in := sessions == 1; in != test.in || sessions > 1 || users1 != sessions {
				t.Errorf("%d users and %d sessions", users1, sessions)
			}
			if strings.Contains(a.log.String(), "login succeeded") != test.in {
				t.Errorf("the log says %s", a.log)
			}
		})
	}
}
