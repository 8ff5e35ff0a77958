package chiauth0_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-chi/chi/v5"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/userprovider"
)

// countingUsers counts the calls, and fails on demand.
type countingUsers struct {
	userprovider.UserProvider
	finds atomic.Int64
	down  atomic.Pointer[error]
}

func (u *countingUsers) FindUser(ctx context.Context, id string) (userprovider.User, error) {
	u.finds.Add(1)
	if err := u.down.Load(); err != nil {
		return userprovider.User{}, *err
	}
	return u.UserProvider.FindUser(ctx, id)
}

// TestGuardsInAnyOrder proves that no order and nesting of middleware leaves a route open, and that
// none asks the store or the provider twice.
func TestGuardsInAnyOrder(t *testing.T) {
	t.Parallel()
	type config = chiauth0.Config
	page := http.HandlerFunc(whoami)
	type guards = []func(*config) func(http.Handler) http.Handler
	with := func(guards guards) func(*config) http.Handler {
		return func(c *config) http.Handler {
			r := chi.NewRouter()
			for _, guard := range guards {
				r.Use(guard(c))
			}
			r.Handle("/app/page", page)
			return r
		}
	}
	for name, build := range map[string]func(*config) http.Handler{
		"guard without LoadUser": with(guards{chiauth0.RequireLogin}),
		"guard after LoadUser":   with(guards{chiauth0.LoadUser, chiauth0.RequireLogin}),
		"guard before LoadUser":  with(guards{chiauth0.RequireLogin, chiauth0.LoadUser}),
		"guard twice":            with(guards{chiauth0.RequireLogin, chiauth0.RequireLogin}),
		"two guards":             with(guards{chiauth0.RequireStaff, chiauth0.RequireLogin}),
		"all of them, LoadUser within": with(guards{
			chiauth0.RequireStaff, chiauth0.LoadUser, chiauth0.RequireLogin, chiauth0.LoadUser,
			chiauth0.RequireStaff,
		}),
		"With": func(c *config) http.Handler {
			r := chi.NewRouter()
			r.With(chiauth0.RequireStaff(c)).Get("/app/page", whoami)
			return r
		},
		"Group beside an open one": func(c *config) http.Handler {
			r := chi.NewRouter()
			r.Group(func(r chi.Router) { r.Get("/open", whoami) })
			r.Group(func(r chi.Router) {
				r.Use(chiauth0.RequireStaff(c))
				r.Get("/app/page", whoami)
			})
			return r
		},
		"Route": func(c *config) http.Handler {
			r := chi.NewRouter()
			r.Use(chiauth0.LoadUser(c))
			r.Route("/app", func(r chi.Router) {
				r.Use(chiauth0.RequireStaff(c))
				r.Get("/page", whoami)
			})
			return r
		},
		"guarded Mount": func(c *config) http.Handler {
			inner := chi.NewRouter()
			inner.Get("/page", whoami)
			r := chi.NewRouter()
			r.With(chiauth0.RequireStaff(c)).Mount("/app", inner)
			return r
		},
		"Mount of guarded": func(c *config) http.Handler {
			inner := chi.NewRouter()
			inner.With(chiauth0.RequireStaff(c)).Get("/{name}", whoami)
			r := chi.NewRouter()
			r.Mount("/app", inner)
			return r
		},
		"behind StripPrefix": func(c *config) http.Handler {
			return http.StripPrefix("/app", chiauth0.RequireStaff(c)(page))
		},
		"before StripPrefix": func(c *config) http.Handler {
			return chiauth0.RequireStaff(c)(http.StripPrefix("/app", page))
		},
		"as a NotFound": func(c *config) http.Handler {
			r := chi.NewRouter()
			r.NotFound(chiauth0.RequireStaff(c)(page).ServeHTTP)
			return r
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			users := &countingUsers{UserProvider: userprovider.NewMemory()}
			a := newApp(t, withGroups, func(c *config) { c.Users = users })
			a.tenant.AddUser(chiauth0test.User{
				Email: ada, Password: "password",
				Claims: map[string]any{"https://app.example/groups": []string{"staff"}},
			})
			b := a.browser()
			b.signIn(ada)
			a.serveInstead(func(c *config) http.Handler {
				guarded := build(c)
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if strings.HasPrefix(r.URL.Path, "/app/") {
						guarded.ServeHTTP(w, r)
						return
					}
					a.router.ServeHTTP(w, r)
				})
			})

			stranger := a.browser().get("/app/page?a=b")
			want := "https://app.example/auth0/login?next_url=" + url.QueryEscape("/app/page?a=b")
			if stranger.location() != want {
				t.Errorf(
					"a stranger gets %s, %q: %s",
					stranger.Status,
					stranger.location(),
					stranger.body,
				)
			}
			reads, finds := a.store.reads.Load(), users.finds.Load()
			if resp := b.get("/app/page"); resp.body != "hello "+ada {
				t.Errorf("Ada gets %s: %s", resp.Status, resp.body)
			}
			if n := a.store.reads.Load() - reads; n != 1 {
				t.Errorf("%d reads of the store", n)
			}
			if n := users.finds.Load() - finds; n != 1 {
				t.Errorf("%d calls of FindUser", n)
			}
			if a.sessions() != 1 {
				t.Errorf("%d sessions", a.sessions())
			}
		})
	}
}
