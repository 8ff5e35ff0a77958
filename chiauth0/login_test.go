package chiauth0_test

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

func TestLoginRequest(t *testing.T) {
	t.Parallel()
	a := newApp(t, func(c *chiauth0.Config) { c.Audience = "https://api.example" })
	a.tenant.AddAPI("https://api.example")

	t.Run("L3: what identifies the client and protects the login is always sent", func(t *testing.T) {
		query := a.browser().begin("/auth0/login").Query()
		for name, want := range map[string]string{
			"client_id": a.client.ID, "redirect_uri": "https://app.example/auth0/callback", "response_type": "code",
			"scope": "openid profile email", "audience": "https://api.example", "code_challenge_method": "S256",
		} {
			if got := query.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		for name, least := range map[string]int{"state": 26, "nonce": 26, "code_challenge": 43} { // 128 bits in base32
			if got := query.Get(name); len(got) < least {
				t.Errorf("%s is %q, want %d characters", name, got, least)
			}
		}
		if query.Get("state") == query.Get("nonce") {
			t.Error("state and nonce are the same")
		}
	})
	t.Run("L3: state, nonce and challenge are new each time", func(t *testing.T) {
		first, second := a.browser().begin("/auth0/login").Query(), a.browser().begin("/auth0/login").Query()
		for _, name := range []string{"state", "nonce", "code_challenge"} {
			if first.Get(name) == second.Get(name) {
				t.Errorf("%s is %q twice", name, first.Get(name))
			}
		}
	})
	t.Run("L3: the query passes through an allow-list", func(t *testing.T) {
		plain := slices.Sorted(maps.Keys(a.browser().begin("/auth0/login").Query()))
		passed := url.Values{
			"connection": {"Username-Password-Authentication"}, "login_hint": {ada}, "screen_hint": {"signup"},
			"prompt": {"select_account"}, "max_age": {"60"}, "organization": {"org_1"}, "invitation": {"ticket"},
			"ui_locales": {"de en"}, "acr_values": {"mfa"},
		}
		query := a.browser().begin("/auth0/login?" + passed.Encode()).Query()
		for name := range passed {
			if query.Get(name) != passed.Get(name) {
				t.Errorf("%s=%q arrives as %q", name, passed.Get(name), query.Get(name))
			}
		}
		forged := url.Values{"unknown": {"x"}, "response_mode": {"fragment"}, "request_uri": {"https://evil.example"}}
		for _, name := range []string{
			"client_id", "redirect_uri", "response_type", "state", "nonce", "scope", "audience", "code_challenge",
			"code_challenge_method", "code_verifier", "client_secret", "request", "display", "id_token_hint",
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
	t.Run("L3: an endpoint's own query stays, and cannot override ours", func(t *testing.T) {
		a := newApp(t)
		a.tenant.Misbehave(chiauth0test.Faults{Discovery: func(doc map[string]any) {
			doc["authorization_endpoint"] = a.tenant.Issuer() + "authorize?own=1&client_id=other"
		}})
		if query := a.browser().begin("/auth0/login").Query(); query.Get("own") != "1" || query.Get("client_id") != a.client.ID ||
			len(query["client_id"]) != 1 {
			t.Errorf("sent %s", query.Encode())
		}
	})
}

func TestConfiguredLoginRequest(t *testing.T) {
	t.Parallel()
	a := newApp(t, func(c *chiauth0.Config) {
		c.Organization, c.Connection, c.ACRValues, c.MaxAge = "org_ours", "ours", "ours", 100*time.Second
	})
	for _, test := range []struct {
		name, query string
		want        string // max_age; "" for a 400
	}{
		{"L3: what is configured is sent", "", "100"},
		{"L3: asking for the configured organization again", "organization=org_ours", "100"},
		{"L3: another organization", "organization=org_evil", ""},
		{"L3: another connection", "connection=evil", ""},
		{"L3: another acr_values", "acr_values=evil", ""},
		{"L3: more acr_values", "acr_values=ours+evil", ""},
		{"L3: the smaller max_age, the query's", "max_age=99", "99"},
		{"L3: the smaller max_age, ours", "max_age=101", "100"},
		{"L3: max_age of zero", "max_age=0", "0"},
		{"C8: prompt=login asks for max_age=0", "prompt=login", "0"},
		{"C8: prompt=login among others", "prompt=consent+login&max_age=50", "0"},
		{"L3: max_age with a fraction", "max_age=1.5", ""},
		{"L3: max_age with a sign", "max_age=%2B1", ""},
		{"L3: a negative max_age", "max_age=-1", ""},
		{"L3: max_age in words", "max_age=soon", ""},
		{"L3: max_age in hex", "max_age=0x10", ""},
		{"L3: max_age with a space", "max_age=+1", ""},
		{"L3: max_age that no int32 holds", "max_age=99999999999", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			resp := a.browser().get("/auth0/login?" + test.query)
			if test.want == "" {
				if resp.StatusCode != http.StatusBadRequest || len(resp.Cookies()) > 0 {
					t.Errorf("answered %s with %d cookies, want 400 and none", resp.Status, len(resp.Cookies()))
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
	org := a.tenant.AddOrganization(chiauth0test.Organization{Name: "ours", Invitations: []string{"ticket"}})
	query := url.Values{
		"iss": {a.tenant.Issuer()}, "target_link_uri": {"https://app.example/account?x"},
		"invitation": {"ticket"}, "organization": {org.ID}, "organization_name": {"ours"},
	}
	t.Run("L4: what Auth0 sends to an initiate_login_uri is accepted", func(t *testing.T) {
		authorize := b.begin("/auth0/login?" + query.Encode())
		if got := authorize.Query(); got.Get("invitation") != "ticket" || got.Get("organization") != org.ID ||
			got.Has("organization_name") || got.Has("iss") || got.Has("target_link_uri") {
			t.Errorf("sent %s", got.Encode())
		}
		if resp := b.get(b.authorize(authorize, ada).String()); resp.location() != "https://app.example/account?x" {
			t.Errorf("ends with %s at %q: %s", resp.Status, resp.location(), resp.body)
		}
	})
	t.Run("L4: a missing final slash of iss is forgiven", func(t *testing.T) {
		b.begin("/auth0/login?iss=" + url.QueryEscape(strings.TrimSuffix(a.tenant.Issuer(), "/")))
	})
	t.Run("L4: target_link_uri passes the same check as next_url", func(t *testing.T) {
		resp := b.login("/auth0/login?target_link_uri=//evil.example", ada)
		if resp.location() != "https://app.example/" {
			t.Errorf("ends at %q", resp.location())
		}
	})
	for _, iss := range []string{"https://evil.example/", a.tenant.Issuer() + "x/", "tenant", a.tenant.Issuer() + "/"} {
		t.Run("L4: another tenant's iss is refused: "+iss, func(t *testing.T) {
			resp := a.browser().get("/auth0/login?iss=" + url.QueryEscape(iss))
			if resp.StatusCode != http.StatusBadRequest || len(resp.Cookies()) > 0 {
				t.Errorf("answered %s with %d cookies, want 400 and none", resp.Status, len(resp.Cookies()))
			}
		})
	}
}

func TestNoNavigation(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	for _, test := range []struct {
		name    string
		headers []string
		starts  bool
	}{
		{"L6: Sec-Purpose: prefetch", []string{"Sec-Purpose", "prefetch"}, false},
		{"L6: Sec-Purpose: prefetch;prerender", []string{"Sec-Purpose", "prefetch;prerender"}, false},
		{"L6: Purpose: prefetch", []string{"Purpose", "prefetch"}, false},
		{"L6: Sec-Fetch-Mode: cors", []string{"Sec-Fetch-Mode", "cors"}, false},
		{"L6: Sec-Fetch-Mode: no-cors", []string{"Sec-Fetch-Mode", "no-cors"}, false},
		{"L6: Sec-Fetch-Mode: same-origin", []string{"Sec-Fetch-Mode", "same-origin"}, false},
		{"L6: Sec-Fetch-Mode: websocket", []string{"Sec-Fetch-Mode", "websocket"}, false},
		{"L6: a navigation starts a login", []string{"Sec-Fetch-Mode", "navigate"}, true},
		{"L6: a browser that says nothing starts a login", nil, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			resp := a.browser().get("/auth0/login", test.headers...)
			if test.starts {
				if resp.StatusCode != http.StatusFound || len(resp.Cookies()) != 1 {
					t.Errorf("answered %s with %d cookies", resp.Status, len(resp.Cookies()))
				}
				return
			}
			if resp.StatusCode != http.StatusServiceUnavailable || len(resp.Cookies()) != 0 || resp.location() != "" ||
				!strings.Contains(resp.Header.Get("Cache-Control"), "no-store") {
				t.Errorf("answered %s, %v", resp.Status, resp.Header)
			}
		})
	}
	t.Run("L6: HEAD starts nothing", func(t *testing.T) {
		resp := a.browser().do(http.MethodHead, "/auth0/login")
		if resp.StatusCode < 400 || len(resp.Cookies()) != 0 || resp.location() != "" {
			t.Errorf("answered %s, %v", resp.Status, resp.Header)
		}
	})
}

func TestCrawler(t *testing.T) {
	t.Parallel()
	t.Run("L7: 1000 anonymous hits on /login leave nothing in the store", func(t *testing.T) {
		a := newApp(t)
		for range 1000 {
			if resp := a.browser().get("/auth0/login?next_url=/account"); resp.StatusCode != http.StatusFound {
				t.Fatal(resp.Status)
			}
		}
		if n, writes, reads := a.sessions(), a.store.writes.Load(), a.store.reads.Load(); n+int(writes+reads) != 0 {
			t.Errorf("%d sessions after %d writes and %d reads", n, writes, reads)
		}
		if n := len(a.tenant.Requests("")); n != 1 {
			t.Errorf("%d requests to the tenant, want the discovery alone", n)
		}
	})
}

func TestDiscoveryFails(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	b := a.browser()
	a.tenant.Misbehave(chiauth0test.Faults{Intercept: func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusInternalServerError)
		return true
	}})
	resp := b.get("/auth0/login?next_url=/account")
	t.Run("L8: a page that says so, with Retry-After", func(t *testing.T) {
		if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" || len(resp.Cookies()) != 0 {
			t.Errorf("answered %s, %v", resp.Status, resp.Header)
		}
		if !strings.Contains(resp.body, "login service cannot be reached") ||
			!strings.Contains(resp.body, `href="/auth0/login?next_url=%2Faccount"`) {
			t.Errorf("the page says %s", resp.body)
		}
		if !strings.Contains(a.log.String(), "answered 500") {
			t.Errorf("the log says %s", a.log)
		}
	})
	t.Run("L8: a failure is not kept", func(t *testing.T) {
		a.tenant.Misbehave(chiauth0test.Faults{})
		b.begin("/auth0/login")
	})
	t.Run("L8: the answer is kept", func(t *testing.T) {
		before := len(a.tenant.Requests("/.well-known/openid-configuration"))
		for range 3 {
			b.begin("/auth0/login")
		}
		if n := len(a.tenant.Requests("/.well-known/openid-configuration")); n != before {
			t.Errorf("%d more discoveries", n-before)
		}
	})
}

// L8: simultaneous discoveries are one request, and the first caller's closed browser does not end it for the others.
func TestDiscoveryIsShared(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.inBubble(func(t *testing.T) {
		answer := make(chan struct{})
		a.tenant.Misbehave(chiauth0test.Faults{Intercept: func(http.ResponseWriter, *http.Request) bool {
			<-answer
			return false
		}})
		impatient, giveUp := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := a.browser().try(impatient, http.MethodGet, "/auth0/login"); err == nil {
				t.Error("a request that was given up has an answer")
			}
		})
		synctest.Wait() // the first caller is the one that asks the tenant
		for range 10 {
			wg.Go(func() { a.browser().begin("/auth0/login") })
		}
		synctest.Wait()
		giveUp()
		synctest.Wait()
		close(answer)
		wg.Wait()
		if n := len(a.tenant.Requests("")); n != 1 {
			t.Errorf("%d requests for 11 logins at once, want 1", n)
		}
	})
}

func TestOtherHosts(t *testing.T) {
	t.Parallel()
	t.Run("L9: another name of this host is sent to BaseURL's first", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.net.serve("https://www.app.example", a.router)
		for _, query := range []string{"", "?next_url=%2Faccount%3Fa%3Db&prompt=login"} {
			resp := a.browser().get("https://www.app.example/auth0/login" + query)
			if want := "https://app.example/auth0/login" + query; resp.StatusCode != http.StatusFound || resp.location() != want {
				t.Errorf("answered %s with %q, want %q", resp.Status, resp.location(), want)
			}
			if len(resp.Cookies()) != 0 {
				t.Errorf("a cookie was set on the wrong host: %v", resp.Cookies())
			}
		}
	})
	t.Run("L9: localhost for 127.0.0.1", func(t *testing.T) {
		t.Parallel()
		a := newApp(t, func(c *chiauth0.Config) { c.BaseURL = "http://127.0.0.1:8000" })
		a.net.serve("http://localhost:8000", a.router)
		if resp := a.browser().get("http://localhost:8000/auth0/login"); resp.location() != "http://127.0.0.1:8000/auth0/login" {
			t.Errorf("answered %s with %q", resp.Status, resp.location())
		}
	})
	t.Run("L9: upper case and the scheme's own port are the same host", func(t *testing.T) {
		t.Parallel()
		b := newApp(t).browser()
		for _, host := range []string{"APP.example", "app.example:443"} {
			if resp := b.get("/auth0/login", "Host", host); len(resp.Cookies()) != 1 {
				t.Errorf("Host %s: answered %s with %q", host, resp.Status, resp.location())
			}
		}
	})
	t.Run("F4: in development a Host that only looks like loopback is refused", func(t *testing.T) {
		t.Parallel()
		b := newApp(t, func(c *chiauth0.Config) { c.BaseURL = "" }).browser()
		for _, host := range []string{"evil.example", "localhost:1@evil.example", "localhost.evil.example", "127.0.0.1.evil.example"} {
			if resp := b.get("/auth0/login", "Host", host); resp.StatusCode != http.StatusInternalServerError || resp.location() != "" {
				t.Errorf("Host %s: answered %s with %q", host, resp.Status, resp.location())
			}
		}
	})
}
