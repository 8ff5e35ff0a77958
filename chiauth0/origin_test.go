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

// Without BaseURL, requests are answered on loopback hosts over plain http only.
func TestDevelopment(t *testing.T) {
	t.Parallel()
	a := newApp(t, func(c *chiauth0.Config) { c.BaseURL = "" })
	request := func(path, host string, change func(*http.Request)) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Host = host
		r.Header.Set("Accept", "text/html")
		if change != nil {
			change(r)
		}
		w := httptest.NewRecorder()
		a.router.ServeHTTP(w, r)
		return w
	}

	for _, host := range []string{"localhost", "localhost:8000", "app.localhost:8000", "LOCALHOST:1", "127.0.0.1:8000", "127.9.9.9", "[::1]:8000", "[::1]"} {
		t.Run("answered on "+host, func(t *testing.T) {
			t.Parallel()
			w := request("/auth0/login", host, nil)
			location, err := url.Parse(w.Header().Get("Location"))
			if want := "http://" + strings.ToLower(host) + "/auth0/callback"; err != nil || location.Query().Get("redirect_uri") != want {
				t.Errorf("answered %d, %q", w.Code, location)
			}
			if w := request("/account", host, nil); w.Code != http.StatusFound {
				t.Errorf("the guard answered %d", w.Code)
			}
			if cookie := w.Header().Get("Set-Cookie"); strings.Contains(cookie, "Secure") || strings.Contains(cookie, "__Host-") {
				t.Errorf("a cookie that http cannot have: %s", cookie)
			}
		})
	}

	for _, host := range []string{
		"app.example", "192.168.0.10:8000", "0.0.0.0:8000", "localhost.example", "127.0.0.1.example", "notlocalhost", "10.0.0.1",
		"[::2]:8000", "localhost:1@evil.example", "",
	} {
		t.Run("refused on "+host, func(t *testing.T) {
			t.Parallel()
			for _, path := range []string{"/auth0", "/auth0/login", "/auth0/callback?state=a&code=b", "/auth0/logout", "/auth0/me", "/custom/path", "/account", "/"} {
				w := request(path, host, nil)
				if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "APP_BASE_URL") {
					t.Errorf("%s answered %d: %s", path, w.Code, w.Body)
				}
				if len(w.Header()["Set-Cookie"]) > 0 || w.Header().Get("Location") != "" {
					t.Errorf("%s: %v", path, w.Header())
				}
			}
		})
	}

	t.Run("refused over TLS", func(t *testing.T) {
		t.Parallel()
		w := request("/account", "localhost:8000", func(r *http.Request) { r.TLS = &tls.ConnectionState{} })
		if w.Code != http.StatusInternalServerError {
			t.Errorf("answered %d", w.Code)
		}
	})
}

// BaseURL alone decides about the prefix and the Secure attribute of the session cookie.
func TestSessionCookie(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]http.Cookie{
		"https://app.example":   {Name: "__Host-chiauth0_session", Secure: true},
		"http://localhost:8000": {Name: "chiauth0_session"},
		"":                      {Name: "chiauth0_session"},
	} {
		t.Run("base "+base, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, func(c *chiauth0.Config) { c.BaseURL = base })
			for _, c := range a.browser().login("/auth0/login", ada).Cookies() {
				if !strings.HasPrefix(c.Name, want.Name+"_") {
					continue
				}
				if c.Secure != want.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
					t.Errorf("cookie %s", c.Raw)
				}
				return
			}
			t.Errorf("no cookie %s", want.Name)
		})
	}
}

// Forwarded headers are not read, with BaseURL or without.
func TestForwardedHeaders(t *testing.T) {
	t.Parallel()
	forged := []string{
		"X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "https", "X-Forwarded-Prefix", "/evil", "X-Forwarded-Port", "666",
		"Forwarded", "host=evil.example;proto=https", "X-Original-URL", "/evil", "X-Real-IP", "127.0.0.1", "X-Forwarded-For", "127.0.0.1",
	}
	for _, base := range []string{"", "https://app.example"} {
		t.Run("base "+base, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, func(c *chiauth0.Config) { c.BaseURL = base })
			b := a.browser()
			for _, path := range []string{"/auth0/login", "/account", "/auth0/logout", "/auth0"} {
				resp := b.get(path, forged...)
				seen := resp.location() + resp.body + strings.Join(resp.Header["Set-Cookie"], "\n")
				if strings.Contains(seen, "evil") || strings.Contains(seen, "666") {
					t.Errorf("%s believes it: %s", path, seen)
				}
				if secure := strings.Contains(seen, "Secure"); len(resp.Header["Set-Cookie"]) > 0 && secure != (base != "") {
					t.Errorf("%s: Secure=%t with base %q", path, secure, base)
				}
			}
		})
	}
}

// A login on another name of the host is sent to BaseURL first: the cookie would be missing at the
// callback.
func TestLoginOnAnotherHost(t *testing.T) {
	t.Parallel()
	t.Run("another name of this host is sent to BaseURL's first", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.net.serve("https://www.app.example", a.router)
		for _, query := range []string{"", "?next_url=%2Faccount%3Fa%3Db&prompt=login"} {
			resp := a.browser().get("https://www.app.example/auth0/login" + query)
			want := "https://app.example/auth0/login?moved&" + strings.TrimPrefix(query, "?")
			if resp.StatusCode != http.StatusFound || resp.location() != want {
				t.Errorf("answered %s with %q, want %q", resp.Status, resp.location(), want)
			}
			if len(resp.Cookies()) != 0 {
				t.Errorf("a cookie was set on the wrong host: %v", resp.Cookies())
			}
		}
	})
	t.Run("localhost for 127.0.0.1", func(t *testing.T) {
		t.Parallel()
		a := newApp(t, func(c *chiauth0.Config) { c.BaseURL = "http://127.0.0.1:8000" })
		a.net.serve("http://localhost:8000", a.router)
		if resp := a.browser().get("http://localhost:8000/auth0/login"); resp.location() != "http://127.0.0.1:8000/auth0/login?moved&" {
			t.Errorf("answered %s with %q", resp.Status, resp.location())
		}
	})
	t.Run("a proxy that writes a Host of its own makes no loop", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		b := a.browser()
		resp := b.get("/auth0/login?next_url=%2Faccount", "Host", "backend:8080")
		next, err := url.Parse(resp.location())
		if err != nil {
			t.Fatal(err)
		}
		resp = b.get(next.RequestURI(), "Host", "backend:8080")
		if !strings.HasPrefix(resp.location(), a.tenant.Issuer()+"authorize?") || len(resp.Cookies()) != 1 {
			t.Errorf("answered %s with %q", resp.Status, resp.location())
		}
	})
	t.Run("upper case and the scheme's own port are the same host", func(t *testing.T) {
		t.Parallel()
		b := newApp(t).browser()
		for _, host := range []string{"APP.example", "app.example:443"} {
			if resp := b.get("/auth0/login", "Host", host); len(resp.Cookies()) != 1 {
				t.Errorf("Host %s: answered %s with %q", host, resp.Status, resp.location())
			}
		}
	})
	t.Run("in development a Host that only looks like loopback is refused", func(t *testing.T) {
		t.Parallel()
		b := newApp(t, func(c *chiauth0.Config) { c.BaseURL = "" }).browser()
		for _, host := range []string{"evil.example", "localhost:1@evil.example", "localhost.evil.example", "127.0.0.1.evil.example"} {
			if resp := b.get("/auth0/login", "Host", host); resp.StatusCode != http.StatusInternalServerError || resp.location() != "" {
				t.Errorf("Host %s: answered %s with %q", host, resp.Status, resp.location())
			}
		}
	})
}
