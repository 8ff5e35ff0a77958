package chiauth0_test

import (
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/memstore"
)

// forget drops the session's cookie as it arrives, as a browser that does not keep it would.
func (b *browser) forget() {
	jar := b.Jar
	for name := range b.cookies() {
		if strings.HasSuffix(name, "chiauth0_session") {
			req, err := http.NewRequest(http.MethodGet, b.app.base, nil)
			if err != nil {
				b.app.t.Fatal(err)
			}
			jar.SetCookies(
				req.URL,
				[]*http.Cookie{{Name: name, Path: "/", MaxAge: -1, Secure: true}},
			)
		}
	}
}

var tryAgain = regexp.MustCompile(`href="([^"]*)">Try again<`)

// retryLink is where the page's "Try again" leads.
func (r *response) retryLink(t testing.TB) string {
	t.Helper()
	link := tryAgain.FindStringSubmatch(r.body)
	if link == nil {
		t.Fatalf("no way to try again on the page: %s %s", r.Status, r.body)
	}
	return html.UnescapeString(link[1])
}

// loseTwoLogins logs in twice with a browser that does not keep the session.
func loseTwoLogins(b *browser) {
	b.app.t.Helper()
	for range 2 {
		if resp := b.login("/auth0/login?next_url=/account", ada); resp.StatusCode != 303 {
			b.app.t.Fatalf("%s %s", resp.Status, resp.body)
		}
		b.forget()
	}
}

func TestLoop(t *testing.T) {
	t.Parallel()
	t.Run("a third login within a minute that ended in no session is a page", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		b := a.browser()
		loseTwoLogins(b)
		before := len(a.tenant.Requests("/authorize"))
		resp := b.get("/auth0/login?next_url=/account")
		if resp.StatusCode != http.StatusTooManyRequests || resp.location() != "" ||
			!strings.Contains(resp.body, "cookies") {
			t.Errorf("answered %s to %q: %s", resp.Status, resp.location(), resp.body)
		}
		if n := len(a.tenant.Requests("/authorize")); n != before {
			t.Error("the tenant was asked once more")
		}

		// Its link works, and still leads to the page that was asked for.
		if end := b.login(resp.retryLink(t), ada); end.location() != "https://app.example/account" {
			t.Errorf("Try again ends with %s at %q", end.Status, end.location())
		}
	})
	t.Run("with no next_url the link works too", func(t *testing.T) {
		t.Parallel()
		b := newApp(t).browser()
		loseTwoLogins(b)
		b.begin(b.get("/auth0/login").retryLink(t))
	})
	t.Run("logins that are begun and left do not count", func(t *testing.T) {
		t.Parallel()
		b := newApp(t).browser()
		for range 10 {
			b.begin("/auth0/login")
		}
	})
	t.Run("callbacks of no login of this browser do not count", func(t *testing.T) {
		t.Parallel()
		b := newApp(t).browser()
		for range 5 {
			b.get("/auth0/callback?error=access_denied&state=unknown")
		}
		b.begin("/auth0/login")
	})
	t.Run("logins that ended in a session do not count", func(t *testing.T) {
		t.Parallel()
		b := newApp(t).browser()
		for range 5 {
			b.signIn(ada)
		}
	})
	t.Run("logging out and in again is no loop", func(t *testing.T) {
		t.Parallel()
		b := newApp(t).browser()
		for range 4 {
			b.signIn(ada)
			if resp := b.get("/auth0/logout"); resp.StatusCode != http.StatusSeeOther {
				t.Fatal(resp.Status)
			}
		}
	})
	t.Run("refusals do not count", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		b := a.browser()
		a.tenant.Misbehave(deny("access_denied", "Please verify your e-mail address."))
		for range 5 {
			resp := b.login("/auth0/login", ada)
			if resp.StatusCode != http.StatusForbidden {
				t.Fatalf("got %s, want the refusal", resp.Status)
			}
		}
	})
	t.Run("restarts of the application do not count", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		b := a.browser()
		for range 5 {
			b.signIn(ada)
			a.serveInstead(func(c *chiauth0.Config) http.Handler { return routes(c) },
				func(c *chiauth0.Config) { c.Sessions = sessionstores.New(memstore.New()) })
		}
	})
	t.Run("other applications on the host do not count", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.addConfig(func(*chiauth0.Config) {})
		b := a.browser()
		loseTwoLogins(b)
		b.begin("/second/login")
	})
	t.Run("a loop between two nodes that do not share their sessions is found", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		nodes := []http.Handler{a.router, nil}
		a.serveInstead(func(c *chiauth0.Config) http.Handler {
			nodes[1] = routes(c)
			return nodes[1]
		}, func(c *chiauth0.Config) { c.Sessions = sessionstores.New(memstore.New()) })
		b := a.browser()
		for round := range 12 {
			a.net.serve(a.base, nodes[round/2%2])
			resp := b.get("/auth0/login?next_url=/account")
			if resp.StatusCode == http.StatusTooManyRequests {
				return
			}
			callback, err := resp.Location()
			if err != nil {
				t.Fatal(err)
			}
			callback = b.authorize(callback, ada)
			a.net.serve(a.base, nodes[round%2])
			b.get(callback.String())
			a.net.serve(a.base, nodes[(round+1)%2])
			if page := b.get("/account"); page.StatusCode == http.StatusOK {
				t.Fatal("the other node knows the session, so the test proves nothing")
			}
		}
		t.Error("got 12 rounds, want a page that ends the loop")
	})
	t.Run("a neighbouring host cannot set the counter", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		b := a.browser()
		loseTwoLogins(b)
		name, sealed := "", ""
		for cookie, value := range b.cookies() {
			if strings.Contains(cookie, "chiauth0_loop_") {
				name, sealed = cookie, value
			}
		}
		if !strings.HasPrefix(name, "__Host-") {
			t.Errorf("got the cookie %q, want the prefix __Host-", name)
		}
		now := time.Now().Unix()
		for _, value := range []string{
			"", "x", fmt.Sprintf("%d.%d", now, now), fmt.Sprintf(`{"t":%d,"n":[]}`, now),
			sealed[1:], sealed + "A", strings.Repeat("A", 4000),
		} {
			resp := a.browser().get("/auth0/login", "Cookie", name+"="+value)
			if resp.StatusCode != http.StatusFound {
				t.Errorf("%.40q: got %s, want 302", value, resp.Status)
			}
		}
	})
}

func TestLoopIsForgotten(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.inBubble(func(*testing.T) {
		b := a.browser()
		loseTwoLogins(b)
		time.Sleep(61 * time.Second)
		b.begin("/auth0/login")
	})
}
