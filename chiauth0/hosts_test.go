package chiauth0_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/userprovider"
)

// The origins of a hostsApp.
const (
	appOrigin    = "https://app.example"
	shopOrigin   = "https://shop.example"
	acmeOrigin   = "https://acme.app.example"
	globexOrigin = "https://globex.app.example"
	otherOrigin  = "https://other.example"
)

// A hostsApp is an application on several origins. Ada is a member of the organizations acme and
// globex, Grace of acme.
type hostsApp struct {
	*app
	acme, globex chiauth0test.Organization
}

func newHostsApp(t testing.TB, changes ...func(*chiauth0.Config)) hostsApp {
	t.Helper()
	tenant := chiauth0test.Start(t)
	origins := func(c *chiauth0.Config) {
		c.Origins = []string{"https://{organization}.app.example", shopOrigin}
	}
	changes = append([]func(*chiauth0.Config){origins}, changes...)
	a := hostsApp{app: newAppAt(t, tenant, changes...)}
	a.acme = tenant.AddOrganization(chiauth0test.Organization{Name: "acme"})
	a.globex = tenant.AddOrganization(chiauth0test.Organization{Name: "globex"})
	both := []string{a.acme.ID, a.globex.ID}
	tenant.AddUser(chiauth0test.User{Email: ada, Password: "password", Organizations: both})
	tenant.AddUser(chiauth0test.User{Email: grace, Password: "password", Organizations: both[:1]})
	a.client.CallbackURLs = []string{
		"https://{organization_name}.app.example/auth0/callback",
		shopOrigin + "/auth0/callback",
		appOrigin + "/auth0/callback",
	}
	a.client.LogoutURLs = []string{appOrigin + "/auth0"}
	tenant.AddClient(a.client)
	for _, origin := range []string{shopOrigin, acmeOrigin, globexOrigin, otherOrigin} {
		a.net.serve(origin, a.router)
	}
	return a
}

// signInAt logs a user in at an origin.
func (b *browser) signInAt(origin, email string) {
	b.app.t.Helper()
	resp := b.login(origin+"/auth0/login", email)
	if resp.StatusCode != http.StatusSeeOther {
		b.app.t.Fatalf("the login at %s answered %s: %s", origin, resp.Status, b.app.log)
	}
	b.isAt(origin, "hello "+email)
}

// isAt checks what the public page of an origin says about this browser.
func (b *browser) isAt(origin, want string) {
	b.app.t.Helper()
	if got := b.get(origin + "/").body; !strings.HasPrefix(got, want) {
		b.app.t.Errorf("at %s: got %q, want %q", origin, got, want)
	}
}

// carry gives the session cookies of one origin to another, as a cookie with a Domain is.
func (b *browser) carry(from, to string) {
	b.app.t.Helper()
	source, err := url.Parse(from)
	if err != nil {
		b.app.t.Fatal(err)
	}
	target, err := url.Parse(to)
	if err != nil {
		b.app.t.Fatal(err)
	}
	b.Jar.SetCookies(target, b.Jar.Cookies(source))
}

func TestOtherHostsGetMisdirectedRequest(t *testing.T) {
	t.Parallel()
	a := newHostsApp(t, func(c *chiauth0.Config) { c.Audience = "https://api.example" })
	a.router.With(chiauth0.RequireBearer(a.cfg)).Get("/api", whoami)
	for _, host := range []string{
		"other.example", "a.b.app.example", ".app.example", "-a.app.example", "a-.app.example",
		"a_b.app.example", "xapp.example", "app.example.", "acme.app.example.", "app.example:8443",
		"acme.app.example:8443", "acme.shop.example", "app.example@evil.example", "192.0.2.1", "",
		strings.Repeat("a", 64) + ".app.example", "\u212a.app.example",
	} {
		t.Run(host, func(t *testing.T) {
			for _, path := range []string{
				"/auth0", "/auth0/login", "/auth0/login?moved", "/auth0/callback?state=a&code=b",
				"/auth0/logout", "/auth0/me", "/auth0/session", "/custom/path", "/account",
				"/staff", "/api", "/",
			} {
				r := httptest.NewRequest(http.MethodGet, path, nil)
				r.Host = host
				r.Header.Set("Accept", "text/html")
				r.Header.Set("X-Forwarded-Host", "app.example")
				r.Header.Set("Forwarded", "host=app.example")
				w := httptest.NewRecorder()
				a.router.ServeHTTP(w, r)
				if w.Code != http.StatusMisdirectedRequest {
					t.Errorf("GET %s: got %d to %q, want 421",
						path, w.Code, w.Header().Get("Location"))
				}
				if got := w.Header()["Set-Cookie"]; got != nil {
					t.Errorf("GET %s: got the cookies %q, want none", path, got)
				}
			}
		})
	}
	for _, want := range []string{"misdirected_request", "APP_ORIGINS", "other.example"} {
		if log := a.log.String(); !strings.Contains(log, want) {
			t.Errorf("the log lacks %q", want)
		}
	}
}

func TestUnitTestsWithUserWorkOnAnyHost(t *testing.T) {
	t.Parallel()
	a := newHostsApp(t)
	user := userprovider.User{ID: "1", Active: true}
	r := httptest.NewRequest(http.MethodGet, "/account", nil) // for example.com
	ctx := chiauth0.WithUser(r.Context(), user, userprovider.Identity{Email: ada})
	w := httptest.NewRecorder()
	a.router.ServeHTTP(w, r.WithContext(ctx))
	if got, want := w.Body.String(), "hello "+ada; got != want {
		t.Errorf("got %d %q, want %q", w.Code, got, want)
	}
}

// A login stays on the origin where it was begun.
func TestLoginStaysOnItsOrigin(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{appOrigin, shopOrigin, acmeOrigin} {
		t.Run(origin, func(t *testing.T) {
			t.Parallel()
			a := newHostsApp(t)
			b := a.browser()
			const forwarded = "X-Forwarded-Host"
			page := b.get(origin+"/account?x=1", forwarded, "other.example")
			if !strings.HasPrefix(page.location(), origin+"/auth0/login?") {
				t.Fatalf("the guard redirects to %q, want the login of %s",
					page.location(), origin)
			}
			authorize := b.begin(page.location())
			want := origin + "/auth0/callback"
			if got := authorize.Query().Get("redirect_uri"); got != want {
				t.Errorf("got the redirect_uri %q, want %q", got, want)
			}
			resp := b.get(b.authorize(authorize, ada).String())
			if got, want := resp.location(), origin+"/account?x=1"; got != want {
				t.Errorf("the login ends at %q, want %q: %s", got, want, a.log)
			}
			b.isAt(origin, "hello "+ada)
		})
	}
	t.Run("the host in upper case, with the default port", func(t *testing.T) {
		t.Parallel()
		a := newHostsApp(t)
		authorize := a.browser().beginAs(acmeOrigin+"/auth0/login", "ACME.App.Example:443")
		query := authorize.Query()
		if got, want := query.Get("redirect_uri"), acmeOrigin+"/auth0/callback"; got != want {
			t.Errorf("got the redirect_uri %q, want %q", got, want)
		}
		if got := query.Get("organization"); got != "acme" {
			t.Errorf("got the organization %q, want acme", got)
		}
	})
	t.Run("next_url on another origin of the application", func(t *testing.T) {
		t.Parallel()
		a := newHostsApp(t)
		b := a.browser()
		next := url.QueryEscape(globexOrigin + "/account")
		resp := b.login(acmeOrigin+"/auth0/login?next_url="+next, ada)
		if got, want := resp.location(), acmeOrigin+"/"; got != want {
			t.Errorf("the login ends at %q, want %q", got, want)
		}
	})
}

// beginAs is begin with a Host header of its own.
func (b *browser) beginAs(target, host string) *url.URL {
	b.app.t.Helper()
	location, err := b.get(target, "Host", host).Location()
	if err != nil {
		b.app.t.Fatal(err)
	}
	return location
}

func TestCallbackOnAnotherOriginIsRefused(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*testing.T, *browser){
		"anonymous": func(*testing.T, *browser) {},
		"with the cookie of the login": func(_ *testing.T, b *browser) {
			b.carry(acmeOrigin, globexOrigin)
		},
		"signed in there": func(_ *testing.T, b *browser) { b.signInAt(globexOrigin, ada) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newHostsApp(t)
			b := a.browser()
			callback := b.authorize(b.begin(acmeOrigin+"/auth0/login?next_url=/account"), ada)
			prepare(t, b)
			before := a.sessions()
			moved := strings.Replace(callback.String(), acmeOrigin, globexOrigin, 1)
			resp := b.get(moved)
			if resp.StatusCode != http.StatusBadRequest ||
				!strings.Contains(resp.body, "This login has expired") {
				t.Errorf("got %s to %q, want 400: %s", resp.Status, resp.location(), resp.body)
			}
			if strings.Contains(resp.body, "account") {
				t.Errorf("the answer names the page of the other origin: %s", resp.body)
			}
			if got := a.sessions(); got != before {
				t.Errorf("got %d sessions, want %d", got, before)
			}
			resp = b.get(callback.String())
			if got, want := resp.location(), acmeOrigin+"/account"; got != want {
				t.Errorf("the login at its own origin ends at %q, want %q", got, want)
			}
		})
	}
}
