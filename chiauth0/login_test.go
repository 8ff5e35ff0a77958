package chiauth0_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

func TestLoginRequest(t *testing.T) {
	t.Parallel()
	a := newApp(t, func(c *chiauth0.Config) { c.Audience = "https://api.example" })
	a.tenant.AddAPI("https://api.example")

	t.Run("what identifies the client and protects the login is always sent", func(t *testing.T) {
		query := a.browser().begin("/auth0/login").Query()
		for name, want := range map[string]string{
			"client_id": a.client.ID, "redirect_uri": "https://app.example/auth0/callback",
			"response_type": "code",
			"scope":         "openid profile email", "audience": "https://api.example",
			"code_challenge_method": "S256",
		} {
			if got := query.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		// 26 characters of base32 are 128 bits.
		for name, least := range map[string]int{"state": 26, "nonce": 26, "code_challenge": 43} {
			if got := query.Get(name); len(got) < least {
				t.Errorf("%s is %q, want %d characters", name, got, least)
			}
		}
		if query.Get("state") == query.Get("nonce") {
			t.Error("state and nonce are the same")
		}
	})
	t.Run("state, nonce and challenge are new each time", func(t *testing.T) {
		first, second := a.browser().
			begin("/auth0/login").
			Query(),
			a.browser().
				begin("/auth0/login").
				Query()
		for _, name := range []string{"state", "nonce", "code_challenge"} {
			if first.Get(name) == second.Get(name) {
				t.Errorf("%s is %q twice", name, first.Get(name))
			}
		}
	})
	t.Run("the query passes through an allow-list", func(t *testing.T) {
		plain := slices.Sorted(maps.Keys(a.browser().begin("/auth0/login").Query()))
		passed := url.Values{
			"connection": {
				"Username-Password-Authentication",
			}, "login_hint": {ada}, "screen_hint": {"signup"},
			"prompt": {
				"select_account",
			}, "max_age": {"60"}, "organization": {"org_1"}, "invitation": {"ticket"},
			"ui_locales": {"de en"}, "acr_values": {"mfa"},
		}
		query := a.browser().begin("/auth0/login?" + passed.Encode()).Query()
		for name := range passed {
			if query.Get(name) != passed.Get(name) {
				t.Errorf("%s=%q arrives as %q", name, passed.Get(name), query.Get(name))
			}
		}
		forged := url.Values{
			"unknown":       {"x"},
			"response_mode": {"fragment"},
			"request_uri":   {"https://evil.example"},
		}
		for _, name := range []string{
			"client_id", "redirect_uri", "response_type", "state", "nonce", "scope", "audience",
			"code_challenge",
			"code_challenge_method", "code_verifier", "client_secret", "request", "display",
			"id_token_hint",
		} {
			forged.Set(name, "forged")
		}
		query = a.browser().begin("/auth0/login?" + forged.Encode()).Query()
		if got := slices.Sorted(maps.Keys(query)); !slices.Equal(got, plain) {
			t.Errorf("sent %q, want %q", got, plain)
		}
		if strings.Contains(query.Encode(), "forged") {
			t.Errorf("sent %s", query.Encode())
		}
	})
	t.Run("an endpoint's own query stays, and cannot override ours", func(t *testing.T) {
		a := newApp(t)
		a.tenant.Misbehave(chiauth0test.Faults{Discovery: func(doc map[string]any) {
			doc["authorization_endpoint"] = a.tenant.Issuer() + "authorize?own=1&client_id=other"
		}})
		if query := a.browser().begin("/auth0/login").Query(); query.Get("own") != "1" ||
			query.Get("client_id") != a.client.ID ||
			len(query["client_id"]) != 1 {
			t.Errorf("sent %s", query.Encode())
		}
	})
}

func TestConfiguredLoginRequest(t *testing.T) {
	t.Parallel()
	a := newApp(t, func(c *chiauth0.Config) {
		c.Organization, c.Connection, c.ACRValues = "org_ours", "ours", "ours"
		c.MaxAge = 100 * time.Second
	})
	for _, test := range []struct {
		name, query string
		want        string // max_age; "" for a 400
	}{
		{"what is configured is sent", "", "100"},
		{"asking for the configured organization again", "organization=org_ours", "100"},
		{"another organization", "organization=org_evil", ""},
		{"another connection", "connection=evil", ""},
		{"another acr_values", "acr_values=evil", ""},
		{"more acr_values", "acr_values=ours+evil", ""},
		{"the smaller max_age, the query's", "max_age=99", "99"},
		{"the smaller max_age, ours", "max_age=101", "100"},
		{"max_age of zero", "max_age=0", "0"},
		{"prompt=login asks for max_age=0", "prompt=login", "0"},
		{"prompt=login among others", "prompt=consent+login&max_age=50", "0"},
		{"max_age with a fraction", "max_age=1.5", ""},
		{"max_age with a sign", "max_age=%2B1", ""},
		{"a negative max_age", "max_age=-1", ""},
		{"max_age in words", "max_age=soon", ""},
		{"max_age in hex", "max_age=0x10", ""},
		{"max_age with a space", "max_age=+1", ""},
		{"max_age that no int32 holds", "max_age=99999999999", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			resp := a.browser().get("/auth0/login?" + test.query)
			if test.want == "" {
				if resp.StatusCode != http.StatusBadRequest || len(resp.Cookies()) > 0 {
					t.Errorf(
						"answered %s with %d cookies, want 400 and none",
						resp.Status,
						len(resp.Cookies()),
					)
				}
				return
			}
			location, err := resp.Location()
			if err != nil {
				t.Fatal(err)
			}
			query := location.Query()
			if query.Get("max_age") != test.want || query.Get("organization") != "org_ours" ||
				query.Get("connection") != "ours" || query.Get("acr_values") != "ours" {
				t.Errorf("sent %s", query.Encode())
			}
		})
	}
}

func TestInitiatedLogin(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	b := a.browser()
	org := a.tenant.AddOrganization(
		chiauth0test.Organization{Name: "ours", Invitations: []string{"ticket"}},
	)
	query := url.Values{
		"iss": {a.tenant.Issuer()}, "target_link_uri": {"https://app.example/account?x"},
		"invitation": {"ticket"}, "organization": {org.ID}, "organization_name": {"ours"},
	}
	t.Run("what Auth0 sends to an initiate_login_uri is accepted", func(t *testing.T) {
		authorize := b.begin("/auth0/login?" + query.Encode())
		got := authorize.Query()
		if got.Get("invitation") != "ticket" || got.Get("organization") != org.ID ||
			got.Has("organization_name") || got.Has("iss") ||
			got.Has("target_link_uri") {
			t.Errorf("sent %s", got.Encode())
		}
		resp := b.get(b.authorize(authorize, ada).String())
		if resp.location() != "https://app.example/account?x" {
			t.Errorf("ends with %s at %q: %s", resp.Status, resp.location(), resp.body)
		}
	})
	t.Run("a missing final slash of iss is forgiven", func(t *testing.T) {
		b.begin("/auth0/login?iss=" + url.QueryEscape(strings.TrimSuffix(a.tenant.Issuer(), "/")))
	})
	t.Run("target_link_uri passes the same check as next_url", func(t *testing.T) {
		resp := b.login("/auth0/login?target_link_uri=//evil.example", ada)
		if resp.location() != "https://app.example/" {
			t.Errorf("ends at %q", resp.location())
		}
	})
	for _, iss := range []string{
		"https://evil.example/", a.tenant.Issuer() + "x/", "tenant", a.tenant.Issuer() + "/",
	} {
		t.Run("another tenant's iss is refused: "+iss, func(t *testing.T) {
			resp := a.browser().get("/auth0/login?iss=" + url.QueryEscape(iss))
			if resp.StatusCode != http.StatusBadRequest || len(resp.Cookies()) > 0 {
				t.Errorf(
					"answered %s with %d cookies, want 400 and none",
					resp.Status,
					len(resp.Cookies()),
				)
			}
		})
	}
}

func TestPreviewsStartNoLogin(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	for _, test := range []struct {
		name    string
		headers []string
		starts  bool
	}{
		{"Sec-Purpose: prefetch", []string{"Sec-Purpose", "prefetch"}, false},
		{"Sec-Purpose: prefetch;prerender", []string{"Sec-Purpose", "prefetch;prerender"}, false},
		{"Sec-Purpose: prerender", []string{"Sec-Purpose", "prerender"}, false},
		{"Purpose: prefetch", []string{"Purpose", "prefetch"}, false},
		{"Purpose: Prefetch", []string{"Purpose", "Prefetch"}, false},
		{"Purpose: preview", []string{"Purpose", "preview"}, false},
		{"X-Purpose: preview", []string{"X-Purpose", "preview"}, false},
		{"X-Moz: prefetch", []string{"X-Moz", "prefetch"}, false},
		{"an unknown purpose starts a login", []string{"Purpose", "shopping"}, true},
		{"a navigation starts a login", []string{"Sec-Fetch-Mode", "navigate"}, true},
		{"a browser that says nothing starts a login", nil, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			resp := a.browser().get("/auth0/login", test.headers...)
			if test.starts {
				if resp.StatusCode != http.StatusFound || len(resp.Cookies()) != 1 {
					t.Errorf("answered %s with %d cookies", resp.Status, len(resp.Cookies()))
				}
				return
			}
			if resp.StatusCode != http.StatusServiceUnavailable || len(resp.Cookies()) != 0 ||
				resp.location() != "" ||
				!strings.Contains(resp.Header.Get("Cache-Control"), "no-store") {
				t.Errorf("answered %s, %v", resp.Status, resp.Header)
			}
		})
	}
	t.Run("HEAD starts nothing", func(t *testing.T) {
		resp := a.browser().do(http.MethodHead, "/auth0/login")
		if resp.StatusCode < 400 || len(resp.Cookies()) != 0 || resp.location() != "" {
			t.Errorf("answered %s, %v", resp.Status, resp.Header)
		}
	})
}

func TestCrawler(t *testing.T) {
	t.Parallel()
	t.Run("1000 anonymous hits on /login leave nothing in the store", func(t *testing.T) {
		a := newApp(t)
		for range 1000 {
			if resp := a.browser().get("/auth0/login?next_url=/account"); resp.StatusCode != 302 {
				t.Fatal(resp.Status)
			}
		}
		if n, writes, reads := a.sessions(), a.store.writes.Load(), a.store.reads.Load(); n+int(
			writes+reads,
		) != 0 {
			t.Errorf("%d sessions after %d writes and %d reads", n, writes, reads)
		}
		if n := len(a.tenant.Requests("")); n != 1 {
			t.Errorf("%d requests to the tenant, want the discovery alone", n)
		}
	})
}
