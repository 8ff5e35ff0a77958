package chiauth0_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
)

func TestNextIsTakenAsNextURL(t *testing.T) {
	t.Parallel()
	b := newApp(t).browser()
	for query, want := range map[string]string{
		"next=/account":                                "/account",
		"next=//evil.example":                          "/",
		"next_url=/account/1&next=/account/2":          "/account/1",
		"next=/account/1&target_link_uri=/account/2":   "/account/1",
		"page=/account":                                "/", // not sealed
		"page=" + strings.Repeat("A", 100):             "/",
		"page=garbage&next_url=/account":               "/account",
		"next_url=//evil.example&next=/account/behind": "/",
	} {
		resp := b.login("/auth0/login?"+query, ada)
		if got := resp.location(); got != "https://app.example"+want {
			t.Errorf("%s: the login ends at %q, want %q", query, got, want)
		}
	}
}

func TestAuthorizationParams(t *testing.T) {
	t.Parallel()
	a := newApp(t, func(c *chiauth0.Config) {
		c.AuthorizationParams = map[string]string{
			"ui_locales": "de", "ext-theme": "dark & light", "prompt": "select_account",
		}
	})
	query := a.browser().begin("/auth0/login?ui_locales=en&ext-theme=x").Query()
	for name, want := range map[string]string{
		"ui_locales": "de", "ext-theme": "dark & light", "prompt": "select_account",
		"client_id": a.client.ID, "response_type": "code",
	} {
		if got := query[name]; len(got) != 1 || got[0] != want {
			t.Errorf("got %s %q, want %q", name, got, want)
		}
	}
	query = a.browser().begin("/auth0/login?prompt=login").Query()
	if query.Get("prompt") != "login" || query.Get("max_age") != "0" {
		t.Errorf("got %v, want prompt=login with a fresh proof", query)
	}
}

func TestAuthorizationParamsAskForAFreshProof(t *testing.T) {
	t.Parallel()
	a := newApp(t, func(c *chiauth0.Config) {
		c.AuthorizationParams = map[string]string{"prompt": "login"}
	})
	if got := a.browser().begin("/auth0/login").Query().Get("max_age"); got != "0" {
		t.Errorf("got max_age %q, want 0", got)
	}
}

func TestProtectedAuthorizationParams(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"client_id", "redirect_uri", "response_type", "response_mode", "state", "nonce", "scope",
		"audience", "code_challenge", "code_challenge_method", "client_secret", "request",
		"request_uri", "organization", "connection", "acr_values", "max_age", "invitation", "",
	} {
		c := validConfig()
		c.AuthorizationParams = map[string]string{name: "x"}
		if err := c.Validate(); err == nil ||
			!strings.Contains(err.Error(), "AuthorizationParams") {
			t.Errorf("%q: got %v, want a fault that names AuthorizationParams", name, err)
		}
	}
}

// Auth0's invitation names the organization by ID and by name.
func TestInvitationToTheConfiguredOrganization(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		configured, query string
		want              string // organization at Auth0, "" for 400
	}{
		"configured by name": {"acme", "organization=org_1&organization_name=acme", "org_1"},
		"in another case":    {"Acme", "organization=org_1&organization_name=ACME", "org_1"},
		"configured by ID":   {"org_1", "organization=org_1&organization_name=acme", "org_1"},
		"another name":       {"acme", "organization=org_1&organization_name=evil", ""},
		"no name":            {"acme", "organization=org_1", ""},
		"another ID":         {"org_2", "organization=org_1&organization_name=acme", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, func(c *chiauth0.Config) { c.Organization = test.configured })
			resp := a.browser().get("/auth0/login?invitation=ticket&" + test.query)
			if test.want == "" {
				if resp.StatusCode != http.StatusBadRequest {
					t.Errorf("got %s, want 400", resp.Status)
				}
				return
			}
			u, err := url.Parse(resp.location())
			if err != nil || resp.StatusCode != http.StatusFound {
				t.Fatalf("got %s to %q", resp.Status, resp.location())
			}
			if got := u.Query(); got.Get("organization") != test.want ||
				got.Get("invitation") != "ticket" {
				t.Errorf("got %v, want the organization %s", got, test.want)
			}
		})
	}
}

// The answer of /login fits into the 4 KB that a proxy reads by default.
func TestLoginHeaderIsShort(t *testing.T) {
	t.Parallel()
	b := newApp(t).browser()
	for range 7 {
		resp := b.get("/auth0/login?next_url=/" + strings.Repeat("x", 511) + "&login_hint=" +
			strings.Repeat("y", 300))
		if got := headerBytes(resp.Header); resp.StatusCode != http.StatusFound || got > 4000 {
			t.Errorf(
				"got %s with a header of %d bytes, want 302 and at most 4000",
				resp.Status,
				got,
			)
		}
	}
	for _, target := range []string{
		"/auth0/login?login_hint=" + strings.Repeat("y", 2000),
		"/auth0/login?organization=" + strings.Repeat("y", 5000),
	} {
		resp := b.get(target)
		if got := headerBytes(resp.Header); resp.StatusCode != http.StatusBadRequest || got > 4000 {
			t.Errorf("%.30s…: got %s with a header of %d bytes, want 400", target, resp.Status, got)
		}
	}
	moved := b.get("/auth0/login?next_url=/"+strings.Repeat("x", 6000), "Host", "www.app.example")
	if moved.StatusCode != http.StatusBadRequest {
		t.Errorf("on another host: got %s, want 400", moved.Status)
	}
}
