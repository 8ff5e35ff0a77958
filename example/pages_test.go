package main

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/sessionstores"
)

func TestPages(t *testing.T) {
	app := start(t)

	t.Run("nobody", func(t *testing.T) {
		browser := chiauth0test.NewBrowser()
		resp, page := app.get(t, browser, "/?from=here")
		if resp.StatusCode != http.StatusOK || !strings.Contains(page, "/auth0/login?next_url=%2f%3ffrom%3dhere") {
			t.Errorf("/: %s, or no link to log in and come back", resp.Status)
		}
		if resp, _ := app.get(t, browser, "/account"); resp.Request.URL.Path != "/u/login" {
			t.Errorf("/account ended at %s, want the login page", resp.Request.URL)
		}
		resp, body := app.get(t, browser, "/api/me")
		if resp.StatusCode != http.StatusUnauthorized || resp.Header.Get("Content-Type") != "application/problem+json" ||
			!strings.Contains(body, `"code":"not_signed_in"`) || resp.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("/api/me: %s %v %s, want a 401 for programs, even for a browser", resp.Status, resp.Header, body)
		}
	})

	for email, opens := range map[string][]string{
		"user@example.com":      {"/account"},
		"staff@example.com":     {"/account", "/staff"},
		"superuser@example.com": {"/account", "/staff", "/superuser"},
	} {
		t.Run(email, func(t *testing.T) {
			browser, status, page := app.signIn(t, email, "/account?tab=1")
			if status != http.StatusOK || !strings.Contains(page, email) {
				t.Fatalf("after the login: %d %s", status, page)
			}
			for _, path := range []string{"/account", "/staff", "/superuser"} {
				want := http.StatusForbidden
				if strings.Contains(strings.Join(opens, " "), path) {
					want = http.StatusOK
				}
				resp, page := app.get(t, browser, path)
				if resp.StatusCode != want || !strings.Contains(page, ".Get(&#34;"+path+"&#34;") {
					t.Errorf("%s: %s, want %d and the line that guards it", path, resp.Status, want)
				}
			}
			_, home := app.get(t, browser, "/")
			if got := strings.Count(home, ">Open to you<"); got != len(opens)+2 { // and the home page, and /api/me
				t.Errorf("the home page calls %d pages open, want %d", got, len(opens)+2)
			}
			resp, body := app.get(t, browser, "/api/me")
			var me apiUser
			if err := json.Unmarshal([]byte(body), &me); err != nil || resp.StatusCode != http.StatusOK {
				t.Fatalf("/api/me: %s %v", resp.Status, err)
			}
			if me.Email != email || me.Staff != (len(opens) > 1) || me.Superuser != (len(opens) > 2) || me.Fields["first_name"] == "" {
				t.Errorf("/api/me: %+v", me)
			}
		})
	}

	t.Run("inactive@example.com", func(t *testing.T) {
		browser, status, page := app.signIn(t, "inactive@example.com", "/account")
		if status != http.StatusForbidden || !strings.Contains(page, "Use another account") {
			t.Errorf("after the login: %d %s, want 403 and another way in", status, page)
		}
		if resp, _ := app.get(t, browser, "/api/me"); resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("/api/me: %s", resp.Status)
		}
	})
}

// G5: another site's form is refused wherever it points to.
func TestCrossOriginProtection(t *testing.T) {
	app := start(t)
	browser, _, _ := app.signIn(t, "user@example.com", "/account")
	for _, header := range []http.Header{
		{"Origin": {"https://evil.example"}},
		{"Sec-Fetch-Site": {"cross-site"}},
		{"Sec-Fetch-Site": {"same-site"}},
	} {
		for _, path := range []string{"/auth0/logout", "/account"} {
			req, err := http.NewRequest(http.MethodPost, app.url+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header = header.Clone()
			resp, err := browser.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			if readBody(t, resp); resp.StatusCode != http.StatusForbidden {
				t.Errorf("POST %s with %v: %s, want 403", path, header, resp.Status)
			}
		}
	}
	if resp, _ := app.get(t, browser, "/api/me"); resp.StatusCode != http.StatusOK {
		t.Errorf("/api/me: %s, want the session to have survived", resp.Status)
	}
}

func TestHeaders(t *testing.T) {
	app := start(t)
	tenant, err := url.Parse(app.tenant.Issuer())
	if err != nil {
		t.Fatal(err)
	}
	browser, _, _ := app.signIn(t, "staff@example.com", "/account")
	for _, path := range []string{"/", "/account", "/superuser"} {
		resp, page := app.get(t, browser, path)
		policy := resp.Header.Get("Content-Security-Policy")
		for _, want := range []string{
			"default-src 'none'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'",
			"form-action 'self' http://" + tenant.Host,
		} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: %q is not in the policy %q", path, want, policy)
			}
		}
		if strings.Contains(page, "<script") || strings.Contains(page, "style=") {
			t.Errorf("%s has a script or a style that its policy forbids", path)
		}
		if got := resp.Header.Get("Cache-Control"); got != "private, no-store" {
			t.Errorf("%s: Cache-Control %q", path, got)
		}
	}
}

// deadStore is a session store that is down.
type deadStore struct{}

var errDead = errors.New("the store is down")

func (deadStore) Find(string) ([]byte, bool, error)      { return nil, false, errDead }
func (deadStore) Commit(string, []byte, time.Time) error { return errDead }
func (deadStore) Delete(string) error                    { return errDead }

// A load balancer must not take every node out because the session store is down: healthz does not ask it.
func TestHealthzTouchesNoSession(t *testing.T) {
	cfg := &chiauth0.Config{
		Domain: "tenant.example", ClientID: "id", ClientSecret: strings.Repeat("s", 32), BaseURL: "http://localhost:8000",
		Sessions: sessionstores.New(deadStore{}), Logger: slog.New(slog.DiscardHandler),
	}
	handler, err := newSite(cfg, nil, false).handler()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{
		"/healthz": http.StatusOK, "/account": http.StatusServiceUnavailable, "/": http.StatusOK, "/style.css": http.StatusOK,
	} {
		r := httptest.NewRequest(http.MethodGet, "http://localhost:8000"+path, nil)
		r.AddCookie(&http.Cookie{Name: sessionstores.DefaultCookieName, Value: strings.Repeat("A", 43)})
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != want || len(w.Result().Cookies()) > 0 {
			t.Errorf("%s: %d with cookies %v, want %d with none", path, w.Code, w.Result().Cookies(), want)
		}
	}
}

func TestEveryPageShowsItsGuard(t *testing.T) {
	for _, route := range catalog {
		if got := route.Source(); !strings.HasPrefix(got, "r.With(") || !strings.Contains(got, `"`+route.Path+`"`) {
			t.Errorf("%s: the line that guards it is %q", route.Path, got)
		}
	}
}

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{
		"Stella Stafford": "SS", "Åsa von Östen": "ÅÖ", "uma": "U", "uma@example.com": "U", "": "?", "…": "?", "R2 D2": "RD",
	} {
		if got := initials(name); got != want {
			t.Errorf("initials(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestOrigin(t *testing.T) {
	for domain, want := range map[string]string{
		"tenant.eu.auth0.com": "https://tenant.eu.auth0.com", "http://localhost:9000/": "http://localhost:9000",
		"https://login.example/tenant/": "https://login.example",
	} {
		if got := origin(domain); got != want {
			t.Errorf("origin(%q) = %q, want %q", domain, got, want)
		}
	}
}
