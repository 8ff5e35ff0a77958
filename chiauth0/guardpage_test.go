package chiauth0_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// rawGet requests a target that net/url would write differently.
func (b *browser) rawGet(target string) *response {
	b.app.t.Helper()
	b.app.net.mu.Lock()
	handler := b.app.net.handlers[b.app.base]
	b.app.net.mu.Unlock()
	b.app.net.serve(b.app.base, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RequestURI = target
		r.URL, _ = url.ParseRequestURI(target)
		handler.ServeHTTP(w, r)
	}))
	defer b.app.net.serve(b.app.base, handler)
	return b.get("/")
}

// A page that a guard has sent to the login comes back as it was asked for.
func TestGuardedPageComesBack(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	long := "/account/x?" + strings.Repeat("filter=0123456789&", 27)
	for page, want := range map[string]string{
		"/account":                                 "",
		"/account?":                                "",
		"/account?a=1&b=%2F%2Fx&c=a+b":             "",
		"/account/api/vhosts/%2F/permissions":      "",
		"/account/%5EHOST%5C%2F/top/5?b=1":         "",
		"/account/https%3A%2F%2Fexample.com%2Fx":   "",
		"/account/2//_msearch?type=count":          "",
		"/account/..%2Fx":                          "",
		"/account/x;jsessionid=1":                  "",
		"/account/caf%C3%A9?x=%F0%9F%91%A9":        "",
		"/account/{id}":                            "",
		`/account/a\b`:                             "/account/a%5Cb",
		"/account/ä":                               "/account/%C3%A4",
		"/account/x?next=//evil.example":           "",
		"/account/x?u=https://evil.example/":       "",
		long:                                       "",
		"/account/y?q=" + strings.Repeat("x", 600): "/account/y",
	} {
		t.Run(fmt.Sprintf("%.60s", page), func(t *testing.T) {
			if want == "" {
				want = page
			}
			b := a.browser()
			sent := b.rawGet(page)
			if got := len(sent.location()); sent.StatusCode != http.StatusFound || got > 3000 {
				t.Fatalf("got %s with a Location of %d bytes, want 302", sent.Status, got)
			}
			end := b.login(sent.location(), ada)
			if got := end.location(); got != "https://app.example"+want {
				t.Errorf("got back to %q, want %q", got, want)
			}
		})
	}
}

// A page that no login comes back to as a link would be an open redirect stays on this origin.
func TestGuardedPageStaysOnThisOrigin(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.serveInstead(func(c *chiauth0.Config) http.Handler {
		r := chi.NewRouter()
		r.Mount("/auth0", chiauth0.Router(c))
		r.NotFound(chiauth0.RequireLogin(c)(http.HandlerFunc(whoami)).ServeHTTP)
		return r
	})
	for _, page := range []string{
		"//evil.example/x", "///evil.example", `/\evil.example`, "/%2F/evil",
	} {
		b := a.browser()
		end := b.login(b.rawGet(page).location(), ada)
		origin, _ := strings.CutPrefix(end.location(), "https://app.example/")
		if !strings.HasPrefix(end.location(), "https://app.example/") ||
			strings.Contains(origin, `\`) {
			t.Errorf("%s: got %q, want a page of https://app.example", page, end.location())
		}
	}
}

func TestLocationOfALongPageIsShort(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	for _, page := range []string{
		"/account?q=" + strings.Repeat("%C3%A4", 500),
		"/account/" + strings.Repeat("%2F", 160),
		"/account/" + strings.Repeat("x", 5000),
	} {
		b := a.browser()
		guard := b.get(page)
		if got := len(guard.location()); got > 3000 {
			t.Errorf(
				"%.20s…: got a Location of %d bytes from the guard, want at most 3000",
				page,
				got,
			)
		}
		login := b.get(guard.location())
		if got := len(login.location()); got > 3000 || login.StatusCode != http.StatusFound {
			t.Errorf("%.20s…: got %s with %d bytes from the login", page, login.Status, got)
		}
	}
}

// A guard on the root router lets the login itself through, and nothing else.
func TestGuardOnTheRootRouter(t *testing.T) {
	t.Parallel()
	for name, guard := range map[string]func(*chiauth0.Config) func(http.Handler) http.Handler{
		"RequireLogin": chiauth0.RequireLogin,
		"RequireStaff": chiauth0.RequireStaff,
	} {
		for _, custom := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, a callback of its own: %t", name, custom), func(t *testing.T) {
				t.Parallel()
				a := newApp(t, withGroups, func(c *chiauth0.Config) {
					if custom {
						c.CallbackURI = "/custom/path"
					}
				})
				a.tenant.AddUser(chiauth0test.User{
					Email: ada, Password: "password",
					Claims: map[string]any{"https://app.example/groups": []string{"staff"}},
				})
				a.serveInstead(
					func(c *chiauth0.Config) http.Handler { return rootGuarded(c, guard) },
				)
				stranger := a.browser()
				for _, path := range []string{
					"/", "/open", "/auth0/other", "/auth0/login/x", "/auth0//login", "/auth0x",
					"/nothing",
					"/%61uth0/login", "/auth0/%6Cogin", "/custom", "/login",
				} {
					resp := stranger.rawGet(path)
					if resp.StatusCode != http.StatusFound || strings.Contains(resp.body, "open") {
						t.Errorf("%s: got %s: %s", path, resp.Status, resp.body)
					}
				}
				session := stranger.rawGet("/auth0/session")
				if session.StatusCode != http.StatusOK {
					t.Errorf("/session: got %s, want 200", session.Status)
				}
				b := a.browser()
				if end := b.open("/"); end.body != "hello "+ada {
					t.Errorf("the login ends with %s: %s", end.Status, end.body)
				}
				if got := b.get("/auth0/me").StatusCode; got != http.StatusOK {
					t.Errorf("/me: got %d, want 200", got)
				}
				if got := b.get("/auth0/logout").StatusCode; got != http.StatusSeeOther {
					t.Errorf("/logout: got %d, want 303", got)
				}
			})
		}
	}
}

func rootGuarded(
	c *chiauth0.Config, guard func(*chiauth0.Config) func(http.Handler) http.Handler,
) http.Handler {
	open := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "open") }
	r := chi.NewRouter()
	r.Use(guard(c))
	r.Mount("/auth0", chiauth0.Router(c))
	r.Method(http.MethodGet, "/custom/path", chiauth0.Callback(c))
	r.Get("/", whoami)
	r.Get("/open", open)
	r.Get("/custom", open)
	r.Get("/login", open)
	return r
}

// A middleware that rewrites the URL does not open what a guard on the root router protects.
func TestRootGuardAndRewrittenURLs(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.serveInstead(func(c *chiauth0.Config) http.Handler {
		guarded := chiauth0.RequireLogin(c)(http.HandlerFunc(
			func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "open") }))
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if to := r.Header.Get("X-Rewrite"); to != "" {
				r.URL.Path = to
			}
			guarded.ServeHTTP(w, r)
		})
	})
	for sent, routed := range map[string]string{
		"/auth0/login": "/secret", "/secret": "/auth0/login", "/auth0/me": "/auth0/secret",
	} {
		if resp := a.browser().get(sent, "X-Rewrite", routed); resp.body == "open" {
			t.Errorf("%s rewritten to %s: got %s, want a redirect", sent, routed, resp.Status)
		}
	}
}

// Auth0 sends no session cookie with a logout token.
func TestRootGuardLeavesTheBackchannelLogoutOpen(t *testing.T) {
	t.Parallel()
	for _, on := range []bool{true, false} {
		a := newApp(t, func(c *chiauth0.Config) { c.BackchannelLogout = on })
		handler := rootGuarded(a.cfg, chiauth0.RequireLogin)
		r := httptest.NewRequest(http.MethodPost, a.base+backchannelPath, http.NoBody)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)

		want := http.StatusUnauthorized // of the guard
		if on {
			want = http.StatusBadRequest // of the Router: there is no logout token
		}
		if w.Code != want {
			t.Errorf("BackchannelLogout %t: got %d %s, want %d", on, w.Code, w.Body, want)
		}
	}
}

// At the root, the Router's home page and /session can be the application's own.
func TestRootGuardWithARouterAtTheRoot(t *testing.T) {
	t.Parallel()
	a := newApp(t, func(c *chiauth0.Config) { c.MountPath = "/" })
	handler := chiauth0.RequireLogin(a.cfg)(http.HandlerFunc(whoami))
	a.net.serve(a.base, handler)
	for _, path := range []string{"/", "/session"} {
		if resp := a.browser().get(path); resp.StatusCode != http.StatusFound {
			t.Errorf("%s: got %s: %s, want 302", path, resp.Status, resp.body)
		}
	}
}

// A session of another organization is not let in, whichever Config it comes from.
func TestGuardChecksOrganization(t *testing.T) {
	t.Parallel()
	const ours, theirs = "org_aaaa", "org_bbbb"
	for name, test := range map[string]struct {
		change func(*chiauth0.Config)
		opens  bool
	}{
		"the same organization": {func(c *chiauth0.Config) { c.Organization = ours }, true},
		"the same by name": {
			func(c *chiauth0.Config) { c.Organization = "Ours" }, true,
		},
		"another organization": {
			func(c *chiauth0.Config) { c.Organization = theirs }, false,
		},
		"another by name": {
			func(c *chiauth0.Config) { c.Organization = "theirs" }, false,
		},
		"a list with it": {
			func(c *chiauth0.Config) { c.Organizations = []string{theirs, ours} }, true,
		},
		"a list without it": {
			func(c *chiauth0.Config) { c.Organizations = []string{theirs} }, false,
		},
		"none": {func(*chiauth0.Config) {}, true},
		"a name that looks like its ID": {
			func(c *chiauth0.Config) { c.Organization = "aaaa" }, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.tenant.AddOrganization(chiauth0test.Organization{ID: ours, Name: "ours"})
			a.tenant.AddUser(chiauth0test.User{
				Email: ada, Password: "password", Organizations: []string{ours},
			})
			a.tenant.Misbehave(chiauth0test.Faults{IDToken: func(token *chiauth0test.JWT) {
				token.Claims["org_name"] = "ours"
			}})
			b := a.browser()
			if resp := b.login("/auth0/login?organization="+ours, ada); resp.StatusCode != 303 {
				t.Fatal(resp.Status)
			}
			next := a.cfg.Clone() // the next deployment
			test.change(next)
			a.net.serve(a.base, routes(next))
			page, api := b.get("/account"), b.get("/account", "Accept", "application/json")
			if opened := page.StatusCode == 200 && api.StatusCode == 200; opened != test.opens {
				t.Errorf("got %s and %s, want let in: %t", page.Status, api.Status, test.opens)
			}
			if !test.opens && (page.StatusCode != http.StatusFound || api.StatusCode != 401) {
				t.Errorf("got %s and %s, want the login and 401", page.Status, api.Status)
			}
		})
	}
}
