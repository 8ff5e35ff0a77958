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

// BenchmarkRequest measures one whole request of a signed-in user, through chi, with the session in
// memory. What it is compared with, from the least to what most applications have:
//
//   - chi: the router and an empty handler.
//   - cookie: r.Cookie and one value in the context. No login with the cookies of net/http costs
//     less.
//   - scs: stock scs.LoadAndSave with its gob codec and memory store, and the same data.
//   - scs-idle: the same with an idle timeout, which sessionstores.New sets.
//
// LoadUser asks for the user and the identity. LoadUser-silent asks for nothing.
func BenchmarkRequest(b *testing.B) {
	s := newBenchmarkSession(b)

	b.Run("chi", func(b *testing.B) {
		s.serve(b, s.cookie, func(http.ResponseWriter, *http.Request) {})
	})
	b.Run("cookie", func(b *testing.B) {
		s.serve(b, s.cookie, requireValue(b), s.readCookie)
	})
	b.Run("LoadUser-silent", func(b *testing.B) {
		s.serve(b, s.cookie, func(http.ResponseWriter, *http.Request) {}, chiauth0.LoadUser(s.cfg))
	})
	b.Run("LoadUser", func(b *testing.B) {
		s.serve(b, s.cookie, requireUser(b), chiauth0.LoadUser(s.cfg))
	})
	b.Run("scs", func(b *testing.B) {
		s.serveStock(b, 0)
	})
	b.Run("scs-idle", func(b *testing.B) {
		s.serveStock(b, 24*time.Hour)
	})
}

// A benchmarkSession is the session of a user with three tokens, about 3 KB.
type benchmarkSession struct {
	cfg      *chiauth0.Config
	name     string
	cookie   string
	identity string
	tokens   map[string]string
}

func newBenchmarkSession(b *testing.B) *benchmarkSession {
	a := newApp(b, func(c *chiauth0.Config) {
		c.Sessions = sessionstores.New(memstore.New())
		c.Audience = "https://api.example"
		c.Scopes = []string{"openid", "profile", "email", "offline_access"}
	})
	a.tenant.AddAPI("https://api.example", "offline_access")
	a.tenant.AddUser(chiauth0test.User{
		Email:         ada,
		Password:      "password",
		Name:          "Ada Lovelace",
		EmailVerified: true,
		Picture:       "https://pics.example/ada.png",
		Claims: map[string]any{
			"https://app.example/about": strings.Repeat("all about Ada ", 50),
		},
	})

	s := &benchmarkSession{cfg: a.cfg, tokens: map[string]string{}}
	a.tenant.Misbehave(chiauth0test.Faults{TokenResponse: func(_ *int, body map[string]any) {
		for _, name := range []string{"id_token", "access_token", "refresh_token"} {
			s.tokens[name], _ = body[name].(string)
		}
	}})

	browser := a.browser()
	browser.signIn(ada)
	s.identity = browser.get("/auth0/me").body
	s.name = a.cfg.Sessions.Cookie.Name
	s.cookie = s.name + "=" + browser.sessionCookie()
	for name, token := range s.tokens {
		if token == "" {
			b.Fatalf("the tenant has sent no %s", name)
		}
	}

	return s
}

type benchmarkKey struct{}

func (s *benchmarkSession) readCookie(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := r.Cookie(s.name)
		if err != nil {
			return
		}
		ctx := context.WithValue(r.Context(), benchmarkKey{}, c.Value)
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func requireValue(b *testing.B) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) {
		if value, _ := r.Context().Value(benchmarkKey{}).(string); value == "" {
			b.Fatal("the context has no value")
		}
	}
}

func requireUser(b *testing.B) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) {
		user, err := chiauth0.UserFrom(r.Context())
		if err != nil || user.ID == "" {
			b.Fatal(user, err)
		}
		identity, err := chiauth0.IdentityFrom(r.Context())
		if err != nil || identity.Email != ada {
			b.Fatal(identity, err)
		}
	}
}

// serveStock measures scs's own middleware, gob codec and memory store with the same data.
func (s *benchmarkSession) serveStock(b *testing.B, idle time.Duration) {
	m := scs.New()
	m.Store = scsmem.NewWithCleanupInterval(0)
	m.IdleTimeout = idle

	ctx, err := m.Load(b.Context(), "")
	if err != nil {
		b.Fatal(err)
	}
	m.Put(ctx, "identity", s.identity)
	for name, token := range s.tokens {
		m.Put(ctx, name, token)
	}
	token, _, err := m.Commit(ctx)
	if err != nil {
		b.Fatal(err)
	}

	s.serve(b, m.Cookie.Name+"="+token, func(_ http.ResponseWriter, r *http.Request) {
		if len(m.GetString(r.Context(), "identity")) != len(s.identity) {
			b.Fatal("the session has no identity")
		}
	}, m.LoadAndSave)
}

func (s *benchmarkSession) serve(
	b *testing.B, cookie string, h http.HandlerFunc, middlewares ...func(http.Handler) http.Handler,
) {
	r := chi.NewRouter()
	r.Use(middlewares...)
	r.Get("/page", h)
	request := httptest.NewRequest(http.MethodGet, "https://app.example/page", nil)
	request.Header.Set("Cookie", cookie)

	b.ReportAllocs()
	for b.Loop() {
		// A server makes a header for each request as well.
		r.ServeHTTP(&blankWriter{header: make(http.Header)}, request)
	}
}

// blankWriter is a ResponseWriter that discards the response.
type blankWriter struct{ header http.Header }

func (w *blankWriter) Header() http.Header         { return w.header }
func (w *blankWriter) Write(p []byte) (int, error) { return len(p), nil }
func (w *blankWriter) WriteHeader(int)             {}
