package chiauth0_test

import (
	"log/slog"
	"net/http"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
)

// One login from end to end, in the process: /login, the tenant's /authorize with single sign-on,
// the callback, and in it the token endpoint's signature and our check of it.
func BenchmarkLogin(b *testing.B) {
	a := newApp(b, func(c *chiauth0.Config) { c.Logger = slog.New(slog.DiscardHandler) })
	browser := a.browser()
	browser.signIn(ada)
	b.ReportAllocs()
	for b.Loop() {
		if resp := browser.login("/auth0/login", ada); resp.StatusCode != http.StatusSeeOther {
			b.Fatal(resp.Status)
		}
	}
}

// What a crawler on /login costs.
func BenchmarkLoginRedirect(b *testing.B) {
	a := newApp(b, func(c *chiauth0.Config) { c.Logger = slog.New(slog.DiscardHandler) })
	b.ReportAllocs()
	for b.Loop() {
		if resp := a.browser().get("/auth0/login?next_url=/account"); resp.StatusCode != 302 {
			b.Fatal(resp.Status)
		}
	}
}
