package chiauth0_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	scsmem "github.com/alexedwards/scs/v2/memstore"
	"github.com/go-chi/chi/v5"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/memstore"
)

// BenchmarkRequest is one whole request of somebody who is signed in, through chi to a handler that asks who it is, with the
// session in memory. Beside it, from the least to what most applications have:
//
//   - chi: the router and an empty handler.
//   - cookie: r.Cookie and one value in the context, the least that any login with net/http's cookies costs.
//   - scs: stock scs.LoadAndSave with its gob codec and memory store, the same identity and tokens in the session.
//   - scs-idle: the same with an idle timeout, which our session has.
func BenchmarkRequest(b *testing.B) {
	cookie, identity, tokens, loadUser := benchmarkSession(b)

	b.Run("chi", func(b *testing.B) {
		benchmarkRequests(b, cookie, func(http.ResponseWriter, *http.Request) {})
	})
	b.Run("cookie", func(b *testing.B) {
		type key struct{}
		benchmarkRequests(b, cookie, func(_ http.ResponseWriter, r *http.Request) {
			if value, _ := r.Context().Value(key{}).(string); value == "" {
				b.Fatal("nobody")
			}
		}, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				c, err := r.Cookie("__Host-chiauth0_session")
				if err != nil {
					b.Fatal(err)
				}
				next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, c.Value)))
			})
		})
	})
	b.Run("LoadUser", func(b *testing.B) {
		benchmarkRequests(b, cookie, func(_ http.ResponseWriter, r *http.Request) {
			user, err := chiauth0.UserFrom(r.Context())
			if err != nil || user.ID == "" {
				b.Fatal(user, err)
			}
			if identity, err := chiauth0.IdentityFrom(r.Context()); err != nil || identity.Email != ada {
				b.Fatal(identity, err)
			}
		}, loadUser)
	})
	for name, idle := range map[string]time.Duration{"scs": 0, "scs-idle": 24 * time.Hour} {
		b.Run(name, func(b *testing.B) {
			m := scs.New()
			m.Store, m.IdleTimeout = scsmem.NewWithCleanupInterval(0), idle
			ctx, err := m.Load(b.Context(), "")
			if err != nil {
				b.Fatal(err)
			}
			m.Put(ctx, "identity", identity)
			for name, token := range tokens {
				m.Put(ctx, name, token)
			}
			token, _, err := m.Commit(ctx)
			if err != nil {
				b.Fatal(err)
			}
			benchmarkRequests(b, m.Cookie.Name+"="+token, func(_ http.ResponseWriter, r *http.Request) {
				if len(m.GetString(r.Context(), "identity")) != len(identity) {
					b.Fatal("nobody")
				}
			}, m.LoadAndSave)
		})
	}
}

// benchmarkSession logs Ada in, and returns her cookie, what her session holds, and the middleware that reads it. With its
// three tokens it is 3 KB, as at many applications.
func benchmarkSession(b *testing.B) (cookie, identity string, tokens map[string]string, loadUser func(http.Handler) http.Handler) {
	a := newApp(b, func(c *chiauth0.Config) {
		c.Sessions = sessionstores.New(memstore.New())
		c.Audience = "https://api.example"
		c.Scopes = []string{"openid", "profile", "email", "offline_access"}
	})
	a.tenant.AddAPI("https://api.example", "offline_access")
	a.tenant.AddUser(chiauth0test.User{
		Email: ada, Password: "password", Name: "Ada Lovelace", EmailVerified: true, Picture: "https://pics.example/ada.png",
		Claims: map[string]any{"https://app.example/about": strings.Repeat("all about Ada ", 50)},
	})
	tokens = map[string]string{}
	a.tenant.Misbehave(chiauth0test.Faults{TokenResponse: func(_ *int, body map[string]any) {
		for _, name := range []string{"id_token", "access_token", "refresh_token"} {
			tokens[name], _ = body[name].(string)
		}
	}})
	browser := a.browser()
	browser.signIn(ada)
	identity = browser.get("/auth0/me").body
	for name, token := range tokens {
		if token == "" {
			b.Fatal("no " + name)
		}
	}
	return "__Host-chiauth0_session=" + browser.sessionCookie(), identity, tokens, chiauth0.LoadUser(a.cfg)
}

func benchmarkRequests(b *testing.B, cookie string, handler http.HandlerFunc, middlewares ...func(http.Handler) http.Handler) {
	r := chi.NewRouter()
	r.Use(middlewares...)
	r.Get("/page", handler)
	request := httptest.NewRequest(http.MethodGet, "https://app.example/page", nil)
	request.Header.Set("Cookie", cookie)
	b.ReportAllocs()
	for b.Loop() {
		r.ServeHTTP(&blankWriter{header: make(http.Header)}, request) // a server makes a header for each request as well
	}
}

// blankWriter is a ResponseWriter that goes nowhere.
type blankWriter struct{ header http.Header }

func (w *blankWriter) Header() http.Header         { return w.header }
func (w *blankWriter) Write(p []byte) (int, error) { return len(p), nil }
func (w *blankWriter) WriteHeader(int)             {}
