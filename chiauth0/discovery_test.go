package chiauth0_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

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
			want := "https://app.example/auth0/login?moved&" + strings.TrimPrefix(query, "?")
			if resp.StatusCode != http.StatusFound || resp.location() != want {
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
		if resp := a.browser().get("http://localhost:8000/auth0/login"); resp.location() != "http://127.0.0.1:8000/auth0/login?moved&" {
			t.Errorf("answered %s with %q", resp.Status, resp.location())
		}
	})
	t.Run("L9: a proxy that writes a Host of its own makes no loop", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		b := a.browser()
		resp := b.get("/auth0/login?next_url=%2Faccount", "Host", "backend:8080")
		next, err := url.Parse(resp.location())
		if err != nil {
			t.Fatal(err)
		}
		resp = b.get(next.RequestURI(), "Host", "backend:8080")
		if !strings.HasPrefix(resp.location(), a.tenant.Issuer()+"authorize?") || len(resp.Cookies()) != 1 {
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
