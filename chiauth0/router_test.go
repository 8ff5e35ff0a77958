package chiauth0_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/chiauth0/auth/chiauth0"
)

func TestRouterInAnApplication(t *testing.T) {
	t.Parallel()
	var parent *chi.Mux
	build := func(early bool) func(*chiauth0.Config) http.Handler {
		return func(c *chiauth0.Config) http.Handler {
			r := chi.NewRouter()
			r.Use(middleware.GetHead)
			answers := func() {
				r.NotFound(
					func(w http.ResponseWriter, _ *http.Request) {
						http.Error(w, "ours: not found", http.StatusNotFound)
					},
				)
				r.MethodNotAllowed(func(w http.ResponseWriter, _ *http.Request) {
					http.Error(w, "ours: not allowed", http.StatusMethodNotAllowed)
				})
			}
			if early {
				answers()
			}
			r.Mount("/auth0", chiauth0.Router(c))
			r.With(chiauth0.RequireLogin(c)).Get("/account", whoami)
			r.With(chiauth0.LoadUser(c)).Get("/", whoami)
			if !early {
				answers()
			}
			parent = r
			return r
		}
	}
	for name, early := range map[string]bool{"set before the Mount": true, "set after it": false} {
		a := newApp(t)
		a.serveInstead(build(early))
		b := a.browser()
		if resp := b.get("/auth0/nothing"); resp.StatusCode != http.StatusNotFound ||
			!strings.Contains(resp.body, "ours") {
			t.Errorf("NotFound %s: %s, %s", name, resp.Status, resp.body)
		}
		csp := b.get("/auth0/nothing").Header.Get("Content-Security-Policy")
		if strings.Contains(csp, "default-src") {
			t.Errorf("the application's own page may load nothing: %s", csp)
		}
		if resp := b.do(http.MethodDelete, "/auth0/login"); resp.StatusCode != 405 ||
			!strings.Contains(resp.body, "ours") {
			t.Errorf("MethodNotAllowed %s: %s, %s", name, resp.Status, resp.body)
		}
	}

	t.Run("HEAD is GET without a body, and starts and ends nothing", func(t *testing.T) {
		a := newApp(t)
		a.serveInstead(build(true))
		b := a.browser()
		b.signIn(ada)
		for path, want := range map[string]int{
			"/account": 200, "/auth0": 200, "/auth0/me": 200, "/auth0/login": 503,
			"/auth0/logout":                  503,
			"/auth0/callback?state=a&code=b": 405, "/auth0/nothing": 404,
		} {
			resp := b.do(http.MethodHead, path)
			if resp.StatusCode != want || len(resp.Header["Set-Cookie"]) > 0 ||
				resp.location() != "" {
				t.Errorf("HEAD %s answered %s, %v", path, resp.Status, resp.Header)
			}
		}
		if got := b.whoami(); got != "hello "+ada {
			t.Error(got)
		}
		stranger := a.browser().do(http.MethodHead, "/account")
		if stranger.StatusCode != http.StatusFound {
			t.Errorf("HEAD /account answered a stranger %s", stranger.Status)
		}
	})

	t.Run("chi.Walk sees the routes", func(t *testing.T) {
		if _, ok := chiauth0.Router(validConfig()).(*chi.Mux); !ok {
			t.Error("Router is no *chi.Mux")
		}
		routes := map[string]bool{}
		err := chi.Walk(
			parent,
			func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
				routes[method+" "+route] = true
				return nil
			},
		)
		if err != nil {
			t.Fatal(err)
		}
		for _, route := range []string{
			"GET /auth0/", "GET /auth0/login", "GET /auth0/callback", "GET /auth0/logout",
			"POST /auth0/logout", "GET /auth0/me",
		} {
			if !routes[route] {
				t.Errorf("%s is not among %v", route, routes)
			}
		}
	})
}

// TestMissingPages checks the answers of a Router whose application has no handlers for them.
func TestMissingPages(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	b := a.browser()
	for _, path := range []string{"/auth0/nothing", "/auth0/login/more", "/auth0/callback/"} {
		page := b.get(path)
		if page.StatusCode != http.StatusNotFound ||
			!strings.Contains(page.body, "<h1>Page not found</h1>") {
			t.Errorf("%s: got %s: %s", path, page.Status, page.body)
		}
		checkProblem(t, b.get(path, "Accept", "application/json"), 404, "not_found")
	}
	for request, allow := range map[string][]string{
		"POST /auth0/login":       {"GET", "HEAD"},
		"DELETE /auth0/logout":    {"GET", "HEAD", "POST"},
		"PUT /auth0":              {"GET", "HEAD"},
		"PATCH /auth0/me":         {"GET", "HEAD"},
		"OPTIONS /auth0/login":    {"GET", "HEAD"},
		"POST /auth0/callback?x=": {"GET"},
		"HEAD /auth0/callback?x=": {"GET"},
	} {
		method, path, _ := strings.Cut(request, " ")
		resp := b.do(method, path)
		if got := resp.Header["Allow"]; resp.StatusCode != 405 || !slices.Equal(got, allow) {
			t.Errorf("%s: got %s with Allow %q, want 405 with %q", request, resp.Status, got, allow)
		}
		if method != http.MethodHead && !strings.Contains(resp.body, "This does not work here") {
			t.Errorf("%s: got no page: %s", request, resp.body)
		}
	}
}

// HEAD works where GET does, without chi's GetHead too.
func TestHeadOfTheRouter(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	b := a.browser()
	b.signIn(ada)
	for path, want := range map[string]int{
		"/auth0": 200, "/auth0/": 200, "/auth0/me": 200, "/auth0/login": 503, "/auth0/logout": 503,
	} {
		resp := b.do(http.MethodHead, path)
		if resp.StatusCode != want || len(resp.Header["Set-Cookie"]) > 0 {
			t.Errorf("HEAD %s: got %s with %q, want %d", path, resp.Status, resp.Header, want)
		}
	}
}

// With two Configs on one session manager, the user of one is anonymous to the other.
func TestTwoConfigs(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	b := a.browser()
	b.signIn(ada)
	for name, change := range map[string]func(*chiauth0.Config){
		"another client": func(c *chiauth0.Config) { c.ClientID = "other" },
		"another tenant": func(c *chiauth0.Config) { c.Domain = "other.eu.auth0.com" },
	} {
		other := a.cfg.Clone()
		change(other)
		r := chi.NewRouter()
		r.With(chiauth0.LoadUser(a.cfg), chiauth0.RequireLogin(other)).Get("/other", whoami)
		r.With(chiauth0.RequireLogin(a.cfg), chiauth0.LoadUser(other)).Get("/inside", whoami)
		r.With(chiauth0.LoadUser(other), chiauth0.RequireLogin(a.cfg)).Get("/outside", whoami)
		a.net.serve(a.base, r)
		if resp := b.get("/other"); resp.StatusCode != http.StatusFound {
			t.Errorf("%s: the other's guard answered %s: %s", name, resp.Status, resp.body)
		}
		if resp := b.get("/inside"); !strings.HasPrefix(resp.body, "anonymous") {
			t.Errorf("%s: behind the other's LoadUser: %s", name, resp.body)
		}
		if resp := b.get("/outside"); resp.body != "hello "+ada {
			t.Errorf("%s: behind our guard: %s", name, resp.body)
		}
	}
}
