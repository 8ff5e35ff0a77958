package chiauth0_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

func TestHostNamesTheOrganizationOfTheLogin(t *testing.T) {
	t.Parallel()
	t.Run("every login asks for it", func(t *testing.T) {
		t.Parallel()
		a := newHostsApp(t)
		for origin, want := range map[string]string{
			acmeOrigin: "acme", globexOrigin: "globex", shopOrigin: "", appOrigin: "",
		} {
			query := a.browser().begin(origin + "/auth0/login").Query()
			if got := query.Get("organization"); got != want {
				t.Errorf("at %s: got the organization %q, want %q", origin, got, want)
			}
		}
	})
	t.Run("the query cannot change it", func(t *testing.T) {
		t.Parallel()
		a := newHostsApp(t)
		resp := a.browser().get(acmeOrigin + "/auth0/login?organization=globex")
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("got %s, want 400", resp.Status)
		}
		query := a.browser().begin(acmeOrigin + "/auth0/login?organization=" + a.acme.ID +
			"&organization_name=acme").Query()
		if got := query.Get("organization"); got != a.acme.ID {
			t.Errorf("an invitation asks for %q, want %q", got, a.acme.ID)
		}
	})
	t.Run("an invitation cannot lead to another one", func(t *testing.T) {
		t.Parallel()
		a := newHostsApp(t)
		a.client.CallbackURLs = append(a.client.CallbackURLs, acmeOrigin+"/auth0/callback")
		a.tenant.AddClient(a.client)
		b := a.browser()
		query := "?organization=" + a.globex.ID + "&organization_name=acme"
		b.refused(b.login(acmeOrigin+"/auth0/login"+query, ada), http.StatusBadRequest)
	})
	t.Run("an ID token of another one is refused", func(t *testing.T) {
		t.Parallel()
		for _, claims := range []map[string]any{
			{"org_id": "org_x", "org_name": "globex"}, {"org_id": "org_x"}, {"org_id": "acme"}, {},
		} {
			a := newHostsApp(t)
			a.tenant.Misbehave(chiauth0test.Faults{IDToken: func(token *chiauth0test.JWT) {
				delete(token.Claims, "org_id")
				delete(token.Claims, "org_name")
				maps.Copy(token.Claims, claims)
			}})
			b := a.browser()
			resp := b.login(acmeOrigin+"/auth0/login", ada)
			b.refused(resp, http.StatusBadRequest)
			b.isAt(acmeOrigin, "anonymous")
		}
	})
	t.Run("the organization is taken out on the way to the tenant", func(t *testing.T) {
		t.Parallel()
		a := newHostsApp(t)
		a.client.CallbackURLs = append(a.client.CallbackURLs, acmeOrigin+"/auth0/callback")
		a.tenant.AddClient(a.client)
		b := a.browser()
		authorize := b.begin(acmeOrigin + "/auth0/login")
		query := authorize.Query()
		query.Del("organization")
		authorize.RawQuery = query.Encode()
		resp := b.get(b.authorize(authorize, ada).String())
		b.refused(resp, http.StatusBadRequest)
	})
	t.Run("Organizations applies as well", func(t *testing.T) {
		t.Parallel()
		a := newHostsApp(t, func(c *chiauth0.Config) { c.Organizations = []string{"acme"} })
		b := a.browser()
		b.refused(b.login(globexOrigin+"/auth0/login", ada), http.StatusBadRequest)
		b.signInAt(acmeOrigin, ada)
	})
	t.Run("a listed host is no host of an organization", func(t *testing.T) {
		t.Parallel()
		a := newHostsApp(t, func(c *chiauth0.Config) {
			c.Origins = []string{"https://{organization}.app.example", acmeOrigin}
		})
		query := a.browser().begin(acmeOrigin + "/auth0/login").Query()
		if query.Has("organization") {
			t.Errorf("got the organization %q, want none", query.Get("organization"))
		}
	})
}

// A browser sends a session cookie to hosts for which it was not set, if the cookie has a Domain.
func TestSessionOfAnotherOrganizationIsAnonymous(t *testing.T) {
	t.Parallel()
	t.Run("at another organization's host", func(t *testing.T) {
		t.Parallel()
		a := newHostsApp(t)
		b := a.browser()
		b.signInAt(acmeOrigin, ada)
		b.carry(acmeOrigin, globexOrigin)
		b.isAt(globexOrigin, "anonymous")
		resp := b.get(globexOrigin + "/account")
		if !strings.HasPrefix(resp.location(), globexOrigin+"/auth0/login") {
			t.Errorf("the guard answers %s to %q, want the login", resp.Status, resp.location())
		}
		resp = b.get(globexOrigin+"/account", "Accept", "application/json")
		if resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("the guard answers a program with %s, want 401", resp.Status)
		}
		resp = b.get(globexOrigin + "/auth0/me")
		if resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("/me answers %s, want 401", resp.Status)
		}
		b.isAt(acmeOrigin, "hello "+ada)
	})
	t.Run("without an organization", func(t *testing.T) {
		t.Parallel()
		a := newHostsApp(t)
		b := a.browser()
		b.signInAt(appOrigin, ada)
		b.carry(appOrigin, acmeOrigin)
		b.isAt(acmeOrigin, "anonymous")
	})
	t.Run("its values are not kept by a login there", func(t *testing.T) {
		t.Parallel()
		a := newHostsApp(t)
		b := a.browser()
		b.signInAt(acmeOrigin, ada)
		b.get(acmeOrigin + "/cart?add=acme-plans")
		b.carry(acmeOrigin, globexOrigin)
		b.signInAt(globexOrigin, ada)
		if got := b.get(globexOrigin + "/cart").body; got != "cart: " {
			t.Errorf("got %q of the other organization's session, want an empty cart", got)
		}
	})
	t.Run("access tokens", func(t *testing.T) {
		t.Parallel()
		a := newHostsApp(t)
		a.router.With(chiauth0.LoadUser(a.cfg)).Get("/token", func(
			w http.ResponseWriter, r *http.Request,
		) {
			if _, err := chiauth0.AccessToken(r.Context(), ""); err == nil {
				w.WriteHeader(http.StatusTeapot)
			}
		})
		b := a.browser()
		b.signInAt(acmeOrigin, ada)
		b.carry(acmeOrigin, globexOrigin)
		if got := b.get(acmeOrigin + "/token").StatusCode; got != http.StatusTeapot {
			t.Fatalf("no access token at the session's own host: %d", got)
		}
		if got := b.get(globexOrigin + "/token").StatusCode; got == http.StatusTeapot {
			t.Error("the access token is available at the other organization's host")
		}
	})
}

// Guards that send a user to another login stay within the organization of the host.
func TestGuardsAtTheHostOfAnOrganization(t *testing.T) {
	t.Parallel()
	a := newHostsApp(t)
	a.router.With(chiauth0.RequireOrganization(a.cfg, a.globex.ID)).Get("/globex", whoami)
	a.router.With(chiauth0.RequireMFA(a.cfg, time.Hour)).Get("/mfa", whoami)
	b := a.browser()
	begin := func(path string) {
		t.Helper()
		authorize := b.begin(b.get(acmeOrigin + path).location())
		if got := authorize.Query().Get("organization"); got != "acme" {
			t.Errorf("%s begins a login to %q, want acme", path, got)
		}
	}
	begin("/globex")
	b.signInAt(acmeOrigin, ada)
	if resp := b.get(acmeOrigin + "/globex"); resp.StatusCode != http.StatusForbidden {
		t.Errorf("a page of another organization answers %s, want 403", resp.Status)
	}
	begin("/mfa")
	if got := b.get(appOrigin + "/globex").location(); !strings.Contains(got, a.globex.ID) {
		t.Errorf("at BaseURL the guard redirects to %q, want a login to globex", got)
	}
}
