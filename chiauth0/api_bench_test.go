package chiauth0_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
)

// BenchmarkAccessToken measures one request of a signed-in user with the session in memory. "user"
// asks for the user, and "token" for an access token that the session has as well. The metric
// reads/op counts the reads of the session store.
func BenchmarkAccessToken(b *testing.B) {
	a := newTokenApp(b)
	a.tenant.AccessTokenLifetime = time.Hour
	browser := a.browser()
	browser.signIn(ada)
	use := func(w http.ResponseWriter, r *http.Request) {
		if _, err := chiauth0.UserFrom(r.Context()); err != nil {
			b.Fatal(err)
		}
	}

	b.Run("user", func(b *testing.B) {
		browser.serveRequests(b, use)
	})
	b.Run("token", func(b *testing.B) {
		browser.serveRequests(b, func(w http.ResponseWriter, r *http.Request) {
			use(w, r)
			if _, err := chiauth0.AccessToken(r.Context(), reportsAPI); err != nil {
				b.Fatal(err)
			}
		})
	})
}

func (b *browser) serveRequests(bench *testing.B, h http.HandlerFunc) {
	handler := chiauth0.LoadUser(b.app.cfg)(h)
	request := httptest.NewRequest(http.MethodGet, "https://app.example/page", nil)
	for name, value := range b.cookies() {
		request.AddCookie(&http.Cookie{Name: name, Value: value})
	}

	before := b.app.store.reads.Load()
	bench.ReportAllocs()
	for bench.Loop() {
		handler.ServeHTTP(&blankWriter{header: make(http.Header)}, request)
	}
	reads := b.app.store.reads.Load() - before
	bench.ReportMetric(float64(reads)/float64(bench.N), "reads/op")
}
