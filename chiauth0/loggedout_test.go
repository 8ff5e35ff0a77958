package chiauth0_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
)

// Each logout passes the tenant, which accepts one URL at BaseURL alone.
func TestLogoutEndsOnItsOrigin(t *testing.T) {
	t.Parallel()
	for _, endSession := range []string{"oidc/logout", "v2/logout"} {
		for _, origin := range []string{appOrigin, shopOrigin, acmeOrigin} {
			t.Run(endSession+" at "+origin, func(t *testing.T) {
				t.Parallel()
				a := newHostsApp(t)
				a.tenant.NoEndSession = endSession == "v2/logout"
				b := a.browser()
				b.signInAt(origin, ada)
				location := b.get(origin + "/auth0/logout").location()
				if !strings.HasPrefix(location, a.tenant.Issuer()+endSession+"?") {
					t.Fatalf("the logout redirects to %q, want %s", location, endSession)
				}
				if got, want := b.follow(location).String(), origin+"/auth0"; got != want {
					t.Errorf("the logout ends at %q, want %q", got, want)
				}
				b.isAt(origin, "anonymous")
			})
		}
	}
}

func TestLogoutOnOneHostKeepsTheOtherSessions(t *testing.T) {
	t.Parallel()
	a := newHostsApp(t)
	b := a.browser()
	b.signInAt(acmeOrigin, ada)
	b.signInAt(globexOrigin, ada)
	b.get(acmeOrigin + "/auth0/logout")
	b.isAt(acmeOrigin, "anonymous")
	b.isAt(globexOrigin, "hello "+ada)
}

// A page of one origin is another site for the others, also one of BaseURL.
func TestLogoutFromAnotherOriginOfTheApplication(t *testing.T) {
	t.Parallel()
	a := newHostsApp(t)
	b := a.browser()
	b.signInAt(acmeOrigin, ada)
	for _, origin := range []string{appOrigin, shopOrigin, globexOrigin} {
		resp := b.do(http.MethodPost, acmeOrigin+"/auth0/logout", "Origin", origin)
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("a POST from %s: got %s, want 403", origin, resp.Status)
		}
		resp = b.get(acmeOrigin+"/auth0/logout", "Referer", origin+"/")
		if resp.StatusCode != http.StatusOK {
			t.Errorf("a link on %s: got %s, want the question", origin, resp.Status)
		}
	}
	b.isAt(acmeOrigin, "hello "+ada)
	resp := b.do(http.MethodPost, acmeOrigin+"/auth0/logout", "Origin", acmeOrigin)
	if resp.StatusCode != http.StatusSeeOther {
		t.Errorf("a POST from the same origin: got %s, want 303", resp.Status)
	}
}

func TestLogoutStateThatDoesNotOpen(t *testing.T) {
	t.Parallel()
	for _, callbackURI := range []string{"", "auth0"} {
		a := newHostsApp(t, func(c *chiauth0.Config) {
			c.HomePath, c.CallbackURI = "/start", callbackURI
		})
		b := a.browser()
		loginState := b.begin(acmeOrigin + "/auth0/login").Query().Get("state")
		for name, state := range map[string]string{
			"empty": "", "garbage": "x", "an origin": acmeOrigin, "that of a login": loginState,
			"a long one": strings.Repeat("A", 5000),
		} {
			resp := b.get(acmeOrigin + "/auth0?state=" + url.QueryEscape(state))
			want := appOrigin + "/start"
			if resp.StatusCode != http.StatusSeeOther || resp.location() != want {
				t.Errorf("CallbackURI %q, %s: got %s to %q, want 303 to %q",
					callbackURI, name, resp.Status, resp.location(), want)
			}
		}
	}
}

func TestLogoutStateExpires(t *testing.T) {
	t.Parallel()
	a := newHostsApp(t)
	a.inBubble(func(t *testing.T) {
		b := a.browser()
		location, err := url.Parse(b.get(acmeOrigin + "/auth0/logout").location())
		if err != nil {
			t.Fatal(err)
		}
		back := appOrigin + "/auth0?state=" + location.Query().Get("state")
		time.Sleep(59 * time.Minute)
		if got, want := b.get(back).location(), acmeOrigin+"/auth0"; got != want {
			t.Errorf("after 59 minutes: got %q, want %q", got, want)
		}
		time.Sleep(2 * time.Minute)
		if got, want := b.get(back).location(), appOrigin+"/"; got != want {
			t.Errorf("after 61 minutes: got %q, want %q", got, want)
		}
	})
}

// An origin can be taken out of Origins while a logout is under way.
func TestLogoutStateOfAnOriginThatIsNotConfigured(t *testing.T) {
	t.Parallel()
	a := newHostsApp(t)
	b := a.browser()
	location, err := url.Parse(b.get(shopOrigin + "/auth0/logout").location())
	if err != nil {
		t.Fatal(err)
	}
	state := location.Query().Get("state")
	if state == "" || strings.Contains(state, "shop") {
		t.Fatalf("got the state %q, want a sealed one", state)
	}
	smaller := a.cfg.Clone()
	smaller.Origins = smaller.Origins[:1]
	a.net.serve(appOrigin, routes(smaller))
	got := b.get(appOrigin + "/auth0?state=" + state).location()
	if want := appOrigin + "/"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPostLogoutURLWithOrigins(t *testing.T) {
	t.Parallel()
	const bye = "https://bye.example/"
	a := newHostsApp(t, func(c *chiauth0.Config) { c.PostLogoutURL = bye })
	location, err := url.Parse(a.browser().get(acmeOrigin + "/auth0/logout").location())
	if err != nil {
		t.Fatal(err)
	}
	query := location.Query()
	if got := query.Get("post_logout_redirect_uri"); got != bye || query.Has("state") {
		t.Errorf("got %v, want PostLogoutURL without state", query)
	}
}
