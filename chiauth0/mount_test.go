package chiauth0_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/chiauth0/auth/chiauth0"
)

// serveInstead replaces the application by one that build makes of a Config of its own.
func (a *app) serveInstead(
	build func(*chiauth0.Config) http.Handler,
	changes ...func(*chiauth0.Config),
) {
	a.t.Helper()
	a.cfg = a.cfg.Clone()
	for _, change := range changes {
		change(a.cfg)
	}
	a.net.serve(a.base, build(a.cfg))
}

// register lets these paths of the application be callback and logout URLs.
func (a *app) register(callback, logout string) {
	a.client.CallbackURLs, a.client.LogoutURLs = []string{
		a.base + callback,
	}, []string{
		a.base + logout,
	}
	a.tenant.AddClient(a.client)
}

// TestMounts proves that a login and a logout work wherever the Router is mounted, as long as
// MountPath says so.
func TestMounts(t *testing.T) {
	t.Parallel()
	type config = chiauth0.Config
	guarded := func(r chi.Router, cfg *chiauth0.Config) {
		r.With(chiauth0.RequireLogin(cfg)).Get("/account", whoami)
	}
	for name, test := range map[string]struct {
		mountPath string // as configured
		account   string // the guarded page
		build     func(*chiauth0.Config) http.Handler
	}{
		"the default": {"", "/account", func(c *config) http.Handler {
			r := chi.NewRouter()
			r.Mount("/auth0", chiauth0.Router(c))
			guarded(r, c)
			return r
		}},
		"the root": {"/", "/account", func(c *config) http.Handler {
			r := chi.NewRouter()
			guarded(r, c)
			r.Mount("/", chiauth0.Router(c))
			return r
		}},
		"final slash": {"/sign/in/", "/account", func(c *config) http.Handler {
			r := chi.NewRouter()
			guarded(r, c)
			r.Mount("/sign/in/", chiauth0.Router(c))
			return r
		}},
		"in a Route": {"/app/auth0", "/app/account", func(c *config) http.Handler {
			r := chi.NewRouter()
			r.Route("/app", func(r chi.Router) {
				r.Mount("/auth0", chiauth0.Router(c))
				guarded(r, c)
			})
			return r
		}},
		"behind a parameter": {"/one/app/auth0", "/one/app/account", func(c *config) http.Handler {
			inner := chi.NewRouter()
			inner.Mount("/auth0", chiauth0.Router(c))
			guarded(inner, c)
			r := chi.NewRouter()
			r.Mount("/{site}/app", inner)
			return r
		}},
		"behind StripPrefix": {"/app/auth0", "/app/account", func(c *config) http.Handler {
			inner := chi.NewRouter()
			inner.Mount("/auth0", chiauth0.Router(c))
			guarded(inner, c)
			return http.StripPrefix("/app", inner)
		}},
		"on http.ServeMux": {"", "/account", func(c *config) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("/auth0/", http.StripPrefix("/auth0", chiauth0.Router(c)))
			mux.Handle("/account", chiauth0.RequireLogin(c)(http.HandlerFunc(whoami)))
			return mux
		}},
		"behind CleanPath and StripSlashes": {"", "/account", func(c *config) http.Handler {
			r := chi.NewRouter()
			r.Use(middleware.CleanPath, middleware.StripSlashes)
			r.Mount("/auth0", chiauth0.Router(c))
			guarded(r, c)
			return r
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.serveInstead(test.build, func(c *chiauth0.Config) { c.MountPath = test.mountPath })
			mount := strings.TrimSuffix(test.mountPath, "/")
			if test.mountPath == "" {
				mount = "/auth0"
			}
			home := mount
			if home == "" {
				home = "/"
			}
			a.register(mount+"/callback", home)

			b := a.browser()
			toLogin := b.get(test.account)
			want := a.base + mount + "/login?next_url=" + url.QueryEscape(test.account)
			if toLogin.location() != want {
				t.Fatalf("%s leads to %q, want %q", test.account, toLogin.location(), want)
			}
			back := b.get(b.authorize(b.begin(toLogin.location()), ada).String())
			if back.location() != a.base+test.account {
				t.Fatalf(
					"the login ends with %s at %q: %s\n%s",
					back.Status,
					back.location(),
					back.body,
					a.log,
				)
			}
			if got := b.get(test.account).body; got != "hello "+ada {
				t.Errorf("signed in, %s says %q", test.account, got)
			}
			// ServeMux adds a slash of its own.
			if end := b.follow(mount + "/logout"); strings.TrimSuffix(
				end.String(),
				"/",
			) != strings.TrimSuffix(
				a.base+home,
				"/",
			) {
				t.Errorf("the logout ends at %s, want %s", end, a.base+home)
			}
		})
	}
}

// follow is get with redirects followed. It returns where they end.
func (b *browser) follow(target string) *url.URL {
	b.app.t.Helper()
	if strings.HasPrefix(target, "/") {
		target = b.app.base + target
	}
	following := *b.Client
	following.CheckRedirect = nil
	resp, err := following.Get(target)
	if err != nil {
		b.app.t.Fatal(err)
	}
	resp.Body.Close()
	return resp.Request.URL
}

func TestMountedElsewhere(t *testing.T) {
	t.Parallel()
	t.Run("every route is an error that names both paths", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.serveInstead(func(c *chiauth0.Config) http.Handler {
			r := chi.NewRouter()
			r.Mount("/elsewhere", chiauth0.Router(c))
			return r
		})
		for _, path := range []string{"", "/", "/login", "/callback", "/logout", "/me"} {
			resp := a.browser().get("/elsewhere" + path)
			if resp.StatusCode != http.StatusInternalServerError ||
				len(resp.Header["Set-Cookie"]) > 0 {
				t.Errorf("/elsewhere%s answered %s", path, resp.Status)
			}
		}
		if log := a.log.String(); !strings.Contains(log, "/elsewhere") ||
			!strings.Contains(log, "MountPath") ||
			!strings.Contains(log, "/auth0") {
			t.Errorf("the log does not name both: %s", log)
		}
	})

	t.Run("a path with an escape is not one: 404", func(t *testing.T) {
		t.Parallel()
		b := newApp(t).browser()
		for _, path := range []string{
			"/auth0/%6Cogin", "/auth0/a%2Fb", "/auth0/%2e%2e/x", "/auth0/nothing", "/auth0/login/x",
		} {
			if resp := b.get(path); resp.StatusCode != http.StatusNotFound {
				t.Errorf("%s answered %s", path, resp.Status)
			}
		}
	})

	t.Run("slashes that chi's CleanPath forgives", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.serveInstead(func(c *chiauth0.Config) http.Handler {
			r := chi.NewRouter()
			r.Use(middleware.CleanPath)
			r.Mount("/auth0", chiauth0.Router(c))
			return r
		})
		if resp := a.browser().get("/auth0//login"); resp.StatusCode != http.StatusFound {
			t.Errorf("answered %s", resp.Status)
		}
	})
}
