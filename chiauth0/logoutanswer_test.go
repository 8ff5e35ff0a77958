package chiauth0_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/cookiestore"
)

func TestLogoutByScript(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	b := a.browser()
	b.signIn(ada)
	script := []string{"Accept", "application/json", "Sec-Fetch-Mode", "cors"}
	foreign := append(
		[]string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"},
		script...)
	if resp := b.do(http.MethodPost, "/auth0/logout", foreign...); resp.StatusCode != 403 {
		t.Errorf("another site's script: got %s, want 403", resp.Status)
	}
	if got := b.whoami(); got != "hello "+ada {
		t.Fatalf("got %q, want Ada still", got)
	}

	own := append([]string{"Sec-Fetch-Site", "same-origin"}, script...)
	resp := b.do(http.MethodPost, "/auth0/logout", own...)
	var answer map[string]string
	if err := json.Unmarshal([]byte(resp.body), &answer); err != nil ||
		resp.StatusCode != http.StatusOK {
		t.Fatalf("got %s, %v: %s", resp.Status, err, resp.body)
	}
	if got := resp.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("got Content-Type %q", got)
	}
	want := a.tenant.Issuer() + "oidc/logout?"
	if got := answer["logout_url"]; len(answer) != 1 || !strings.HasPrefix(got, want) {
		t.Errorf("got %v, want logout_url alone, at %s", answer, want)
	}
	if b.sessionCookie() != "" || a.sessions() != 0 {
		t.Errorf("got the cookie %q and %d sessions, want none", b.sessionCookie(), a.sessions())
	}
}

// The logout of a provider without a logout of its own.
func TestLogoutWithoutEndSessionEndpoint(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*chiauth0.Config)
		want   string
	}{
		"the Router's home": {func(*chiauth0.Config) {}, "https://app.example/auth0"},
		"PostLogoutURL": {
			func(c *chiauth0.Config) { c.PostLogoutURL = "https://www.example/bye" },
			"https://www.example/bye",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, test.change)
			a.tenant.NoEndSession = true
			a.tenant.Misbehave(chiauth0test.Faults{Discovery: func(doc map[string]any) {
				delete(doc, "mfa_challenge_endpoint")
			}})
			b := a.browser()
			b.signIn(ada)
			resp := b.do(http.MethodPost, "/auth0/logout")
			if resp.StatusCode != http.StatusSeeOther || resp.location() != test.want {
				t.Errorf("got %s to %q, want 303 to %q", resp.Status, resp.location(), test.want)
			}
			if got := b.whoami(); !strings.HasPrefix(got, "anonymous") {
				t.Errorf("got %q, want no user", got)
			}
		})
	}
}

// The Location of a logout and its cookies fit into the 4 KB that a proxy reads by default.
func TestLogoutHeaderIsShort(t *testing.T) {
	t.Parallel()
	for _, claim := range []int{100, 1000, 1400, 1500, 1600, 1700, 1800, 2500, 5000} {
		a := newApp(t)
		a.tenant.AddUser(chiauth0test.User{
			Email: ada, Password: "password",
			Claims: map[string]any{"https://app.example/filler": strings.Repeat("x", claim)},
		})
		b := a.browser()
		b.signIn(ada)
		for range 5 {
			b.begin("/auth0/login")
		}
		resp := b.do(http.MethodPost, "/auth0/logout")
		if got := len(resp.location()); got > 3000 {
			t.Errorf("claim of %d bytes: got a Location of %d, want at most 3000", claim, got)
		}
		if got := headerBytes(resp.Header); got > 4000 {
			t.Errorf("claim of %d bytes: got a header of %d, want at most 4000", claim, got)
		}
		query := resp.Request.URL.Query()
		if u, err := url.Parse(resp.location()); err == nil {
			query = u.Query()
		}
		if query.Has("id_token_hint") == query.Has("logout_hint") || query.Get("client_id") == "" {
			t.Errorf("claim of %d bytes: got %v, want one hint and client_id", claim, query)
		}
	}
}

func headerBytes(h http.Header) int {
	bytes := 0
	for name, values := range h {
		for _, value := range values {
			bytes += len(name) + len(": \r\n") + len(value)
		}
	}
	return bytes
}

// Cookie sessions drop tokens that are too large. The session's ID at Auth0 stays.
func TestLogoutHintWithoutIDToken(t *testing.T) {
	t.Parallel()
	a := newApp(t, func(c *chiauth0.Config) {
		c.Sessions = sessionstores.New(cookiestore.New(strings.Repeat("s", 32)))
	})
	a.tenant.AddUser(chiauth0test.User{
		Email: ada, Password: "password",
		Claims: map[string]any{"https://app.example/filler": strings.Repeat("x", 9000)},
	})
	b := a.browser()
	b.signIn(ada)
	location, err := b.do(http.MethodPost, "/auth0/logout").Location()
	if err != nil {
		t.Fatal(err)
	}
	query := location.Query()
	if query.Has("id_token_hint") || query.Get("logout_hint") == "" ||
		query.Get("client_id") == "" {
		t.Errorf("got %v, want logout_hint and client_id in place of the ID token", query)
	}
}

// The page that a logout ends on says so and leads to the application.
func TestPageAfterLogout(t *testing.T) {
	t.Parallel()
	a := newApp(t, func(c *chiauth0.Config) { c.HomePath = "/start" })
	b := a.browser()
	b.signIn(ada)
	end := b.follow("/auth0/logout")
	if end.String() != "https://app.example/auth0" {
		t.Fatalf("the logout ends at %s", end)
	}
	page := b.get(end.Path)
	for _, want := range []string{"You are signed out", `href="/start">Home<`, ">Go to Login<"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page lacks %q: %s", want, page.body)
		}
	}
}
