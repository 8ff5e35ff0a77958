package chiauth0_test

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
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
			jar.SetCookies(req.URL, []*http.Cookie{{Name: name, Path: "/", MaxAge: -1, Secure: true}})
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
		if resp := b.login("/auth0/login?next_url=/account", ada); resp.StatusCode != http.StatusSeeOther {
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
		if resp.StatusCode != http.StatusTooManyRequests || resp.location() != "" || !strings.Contains(resp.body, "cookies") {
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
	t.Run("what the browser claims to have tried can be anything", func(t *testing.T) {
		t.Parallel()
		b := newApp(t).browser()
		for _, value := range []string{"", ".", "a.b", "9223372036854775807.9223372036854775807", "-1.-1", strings.Repeat("1.", 4000)} {
			if resp := b.get("/auth0/login", "Cookie", "chiauth0_attempts="+value); resp.StatusCode != http.StatusFound {
				t.Errorf("%.40q: answered %s", value, resp.Status)
			}
		}
	})
}

// L10: after a minute nothing is held against the browser.
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
