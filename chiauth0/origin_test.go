package chiauth0_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
)

// A developmentApp is an application without BaseURL, and requests for any Host.
type developmentApp struct{ *app }

func newDevelopmentApp(t *testing.T) developmentApp {
	t.Helper()
	return developmentApp{newApp(t, func(c *chiauth0.Config) { c.BaseURL = "" })}
}

func (a developmentApp) request(path, host string, overTLS bool) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = host
	r.Header.Set("Accept", "text/html")
	if overTLS {
		r.TLS = &tls.ConnectionState{}
	}
	w := httptest.NewRecorder()
	a.router.ServeHTTP(w, r)
	return w
}

// Without BaseURL, requests are answered on loopback hosts over plain http only.
func TestDevelopmentOnLoopbackHosts(t *testing.T) {
	t.Parallel()
	a := newDevelopmentApp(t)
	for _, host := range []string{
		"localhost", "localhost:8000", "app.localhost:8000", "LOCALHOST:1", "127.0.0.1:8000",
		"127.9.9.9", "[::1]:8000", "[::1]",
	} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			w := a.request("/auth0/login", host, false)
			location, err := url.Parse(w.Header().Get("Location"))
			if err != nil {
				t.Fatal(err)
			}
			want := "http://" + strings.ToLower(host) + "/auth0/callback"
			if got := location.Query().Get("redirect_uri"); got != want {
				t.Errorf("got %d with the redirect_uri %q, want %q", w.Code, got, want)
			}
			cookie := w.Header().Get("Set-Cookie")
			if strings.Contains(cookie, "Secure") || strings.Contains(cookie, "__Host-") {
				t.Errorf("the cookie needs https: %s", cookie)
			}
			if w := a.request("/account", host, false); w.Code != http.StatusFound {
				t.Errorf("the guard answers %d, want 302", w.Code)
			}
		})
	}
}

func TestDevelopmentOnOtherHosts(t *testing.T) {
	t.Parallel()
	a := newDevelopmentApp(t)
	paths := []string{
		"/auth0", "/auth0/login", "/auth0/callback?state=a&code=b", "/auth0/logout", "/auth0/me",
		"/custom/path", "/account", "/",
	}
	for _, host := range []string{
		"app.example", "192.168.0.10:8000", "0.0.0.0:8000", "localhost.example",
		"localhost.evil.example", "127.0.0.1.example", "notlocalhost", "10.0.0.1", "[::2]:8000",
		"localhost:1@evil.example", "",
	} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			for _, path := range paths {
				wantNotSetUp(t, path, a.request(path, host, false))
			}
		})
	}
	t.Run("a loopback host over TLS", func(t *testing.T) {
		t.Parallel()
		wantNotSetUp(t, "/account", a.request("/account", "localhost:8000", true))
	})
}

// wantNotSetUp expects an answer that names the missing setting and trusts no header.
func wantNotSetUp(t *testing.T, path string, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Code != http.StatusInternalServerError {
		t.Errorf("%s: got %d, want 500", path, w.Code)
	}
	if !strings.Contains(w.Body.String(), "APP_BASE_URL") {
		t.Errorf("%s: the page does not name APP_BASE_URL: %s", path, w.Body)
	}
	if cookies := w.Header()["Set-Cookie"]; len(cookies) > 0 {
		t.Errorf("%s: cookies are set: %q", path, cookies)
	}
	if location := w.Header().Get("Location"); location != "" {
		t.Errorf("%s: Location is %q, want none", path, location)
	}
}

// BaseURL alone decides about the prefix and the Secure attribute of the session cookie.
func TestSessionCookie(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]http.Cookie{
		"https://app.example":   {Name: "__Host-chiauth0_session", Secure: true},
		"http://localhost:8000": {Name: "chiauth0_session"},
		"":                      {Name: "chiauth0_session"},
	} {
		t.Run("BaseURL "+base, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, func(c *chiauth0.Config) { c.BaseURL = base })
			got := findCookie(a.browser().login("/auth0/login", ada).Cookies(), want.Name)
			if got == nil {
				t.Fatalf("there is no cookie %s", want.Name)
			}
			if got.Secure != want.Secure {
				t.Errorf("Secure is %t, want %t", got.Secure, want.Secure)
			}
			if !got.HttpOnly || got.SameSite != http.SameSiteLaxMode {
				t.Errorf("the cookie is %s, want HttpOnly and SameSite=Lax", got.Raw)
			}
			if got.Path != "/" || got.Domain != "" {
				t.Errorf("the cookie is %s, want Path=/ and no Domain", got.Raw)
			}
		})
	}
}

// findCookie returns the cookie whose name is name and the suffix of the Config.
func findCookie(cookies []*http.Cookie, name string) *http.Cookie {
	for _, cookie := range cookies {
		if strings.HasPrefix(cookie.Name, name+"_") {
			return cookie
		}
	}
	return nil
}

// Forwarded headers are not read, with BaseURL or without.
func TestForwardedHeaders(t *testing.T) {
	t.Parallel()
	forged := []string{
		"X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "https",
		"X-Forwarded-Prefix", "/evil", "X-Forwarded-Port", "666",
		"Forwarded", "host=evil.example;proto=https", "X-Original-URL", "/evil",
		"X-Real-IP", "127.0.0.1", "X-Forwarded-For", "127.0.0.1",
	}
	for _, base := range []string{"", "https://app.example"} {
		t.Run("BaseURL "+base, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, func(c *chiauth0.Config) { c.BaseURL = base })
			b := a.browser()
			for _, path := range []string{"/auth0/login", "/account", "/auth0/logout", "/auth0"} {
				resp := b.get(path, forged...)
				cookies := strings.Join(resp.Header["Set-Cookie"], "\n")
				seen := resp.location() + resp.body + cookies
				if strings.Contains(seen, "evil") || strings.Contains(seen, "666") {
					t.Errorf("%s: the answer has a forged value: %s", path, seen)
				}
				secure := strings.Contains(cookies, "Secure")
				if want := base != ""; cookies != "" && secure != want {
					t.Errorf("%s: Secure is %t, want %t", path, secure, want)
				}
			}
		})
	}
}

// A login on another name of the host goes to BaseURL first: the cookie would be missing at the
// callback.
func TestLoginOnAnotherHost(t *testing.T) {
	t.Parallel()
	t.Run("www", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.net.serve("https://www.app.example", a.router)
		for _, query := range []string{"", "?next_url=%2Faccount%3Fa%3Db&prompt=login"} {
			resp := a.browser().get("https://www.app.example/auth0/login" + query)
			want := "https://app.example/auth0/login?moved&" + strings.TrimPrefix(query, "?")
			if resp.StatusCode != http.StatusFound || resp.location() != want {
				t.Errorf("got %s, Location %q, want 302 to %q", resp.Status, resp.location(), want)
			}
			if n := len(resp.Cookies()); n != 0 {
				t.Errorf("%d cookies are set on the wrong host, want none", n)
			}
		}
	})
	t.Run("localhost for 127.0.0.1", func(t *testing.T) {
		t.Parallel()
		a := newApp(t, func(c *chiauth0.Config) { c.BaseURL = "http://127.0.0.1:8000" })
		a.net.serve("http://localhost:8000", a.router)
		resp := a.browser().get("http://localhost:8000/auth0/login")
		if want := "http://127.0.0.1:8000/auth0/login?moved&"; resp.location() != want {
			t.Errorf("got %s, Location %q, want %q", resp.Status, resp.location(), want)
		}
	})
	t.Run("a proxy with a Host of its own makes no loop", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		b := a.browser()
		resp := b.get("/auth0/login?next_url=%2Faccount", "Host", "backend:8080")
		next, err := url.Parse(resp.location())
		if err != nil {
			t.Fatal(err)
		}
		resp = b.get(next.RequestURI(), "Host", "backend:8080")
		if !strings.HasPrefix(resp.location(), a.tenant.Issuer()+"authorize?") {
			t.Errorf("got %s, Location %q, want the tenant", resp.Status, resp.location())
		}
		if n := len(resp.Cookies()); n != 1 {
			t.Errorf("%d cookies are set, want 1", n)
		}
	})
	t.Run("upper case and the port of https are the same host", func(t *testing.T) {
		t.Parallel()
		b := newApp(t).browser()
		for _, host := range []string{"APP.example", "app.example:443"} {
			resp := b.get("/auth0/login", "Host", host)
			if len(resp.Cookies()) != 1 {
				t.Errorf("Host %s: got %s, Location %q", host, resp.Status, resp.location())
			}
		}
	})
}
