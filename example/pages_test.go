package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/sessionstores"
)

func TestPagesOfAnonymousVisitor(t *testing.T) {
	app := start(t)
	browser := chiauth0test.NewBrowser()

	resp, page := app.get(t, browser, "/?from=here")
	if resp.StatusCode != http.StatusOK {
		t.Errorf("/: got %s, want 200", resp.Status)
	}
	for _, want := range []string{
		"/auth0/login?next_url=%2f%3ffrom%3dhere",
		"login_hint=staff%40example.com", "Log in as Stella (staff)",
		">302 → login<", ">401 JSON<",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("/: %q is not on the page:\n%s", want, page)
		}
	}
	if resp, _ := app.get(t, browser, "/account"); resp.Request.URL.Path != "/u/login" {
		t.Errorf("/account: ended at %s, want the login page", resp.Request.URL)
	}

	resp, body := app.get(t, browser, "/api/me")
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("/api/me: got %s, want 401", resp.Status)
	}
	if got := resp.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("/api/me: got Content-Type %q, want application/problem+json", got)
	}
	if !strings.Contains(body, `"code":"not_signed_in"`) {
		t.Errorf("/api/me: got %s, want the code not_signed_in", body)
	}
	if resp.Header.Get("WWW-Authenticate") == "" {
		t.Error("/api/me: got no WWW-Authenticate header")
	}
}

func TestPagesOfEachRole(t *testing.T) {
	app := start(t)
	for email, opens := range map[string][]string{
		"user@example.com":      {"/account"},
		"staff@example.com":     {"/account", "/staff"},
		"superuser@example.com": {"/account", "/staff", "/superuser"},
	} {
		t.Run(email, func(t *testing.T) {
			browser, status, page := app.signIn(t, email, "/account?tab=1")
			if status != http.StatusOK || !strings.Contains(page, email) {
				t.Fatalf("after the login: got %d %s, want the account page", status, page)
			}
			for _, path := range []string{"/account", "/staff", "/superuser"} {
				checkPage(t, app, browser, path, slices.Contains(opens, path))
			}

			_, home := app.get(t, browser, "/")
			got := strings.Count(home, `class="verdict">200<`)
			if want := len(opens) + 4; got != want { // with /, /reports, /live and /api/me
				t.Errorf("/: %d pages have the verdict 200, want %d", got, want)
			}
			checkMe(t, app, browser, email, opens)
		})
	}
}

func checkPage(t *testing.T, app running, browser *http.Client, path string, allowed bool) {
	t.Helper()
	resp, page := app.get(t, browser, path)
	want := http.StatusForbidden
	if allowed {
		want = http.StatusOK
	}
	if resp.StatusCode != want {
		t.Errorf("%s: got %s, want %d", path, resp.Status, want)
	}
	if !strings.Contains(page, ".Get(&#34;"+path+"&#34;") {
		t.Errorf("%s: the page does not show the line of its guard:\n%s", path, page)
	}
	if !allowed && !strings.Contains(page, "This page needs the "+path[1:]+" role.") {
		t.Errorf("%s: the refusal does not name the role:\n%s", path, page)
	}
}

func checkMe(t *testing.T, app running, browser *http.Client, email string, opens []string) {
	t.Helper()
	resp, body := app.get(t, browser, "/api/me")
	var me apiUser
	if err := json.Unmarshal([]byte(body), &me); err != nil {
		t.Fatalf("/api/me: got %s, %v", resp.Status, err)
	}
	got := fmt.Sprintf("%s %s %v %v", resp.Status, me.Email, me.Staff, me.Superuser)
	want := fmt.Sprintf("200 OK %s %v %v", email,
		slices.Contains(opens, "/staff"), slices.Contains(opens, "/superuser"))
	if got != want {
		t.Errorf("/api/me: got %s, want %s", got, want)
	}
	if me.Fields["first_name"] == "" {
		t.Errorf("/api/me: got %+v, want a first name", me)
	}
}

func TestInactiveUserIsRefused(t *testing.T) {
	app := start(t)
	browser, status, page := app.signIn(t, "inactive@example.com", "/account")
	if status != http.StatusForbidden || !strings.Contains(page, "Use another account") {
		t.Errorf("after the login: got %d %s, want 403 and another account", status, page)
	}
	if got := app.status(t, browser); got != http.StatusUnauthorized {
		t.Errorf("/api/me: got %d, want 401", got)
	}
}

func TestFormsOfOtherOriginsAreRefused(t *testing.T) {
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
			readBody(t, resp)
			if resp.StatusCode != http.StatusForbidden {
				t.Errorf("POST %s with %v: got %s, want 403", path, header, resp.Status)
			}
		}
	}
	if got := app.status(t, browser); got != http.StatusOK {
		t.Errorf("/api/me after the refused logouts: got %d, want 200", got)
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
			"default-src 'none'", "style-src 'self'", "script-src 'self'", "connect-src 'self'",
			"frame-ancestors 'none'", "base-uri 'none'",
			"form-action 'self' http://" + tenant.Host,
		} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: got the policy %q, want %q in it", path, policy, want)
			}
		}
		if strings.Contains(page, "<script") || strings.Contains(page, "style=") {
			t.Errorf("%s: the page has a script or a style that its policy forbids", path)
		}
		if got := resp.Header.Get("Cache-Control"); got != "private, no-store" {
			t.Errorf("%s: got Cache-Control %q, want private, no-store", path, got)
		}
	}
}

// failingStore is a session store that is down.
type failingStore struct{}

var errStoreDown = errors.New("the store is down")

func (failingStore) Find(string) ([]byte, bool, error)      { return nil, false, errStoreDown }
func (failingStore) Commit(string, []byte, time.Time) error { return errStoreDown }
func (failingStore) Delete(string) error                    { return errStoreDown }

// /healthz answers 200 while the session store is down. Otherwise a load balancer would remove all
// nodes.
func TestHealthzUsesNoSession(t *testing.T) {
	cfg := &chiauth0.Config{
		Domain:       "tenant.example",
		ClientID:     "id",
		ClientSecret: strings.Repeat("s", 32),
		BaseURL:      "http://localhost:8000",
		Sessions:     sessionstores.New(failingStore{}),
		Logger:       slog.New(slog.DiscardHandler),
	}
	handler, err := newSite(cfg, nil, settings{}).handler()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{
		"/healthz":   http.StatusOK,
		"/account":   http.StatusServiceUnavailable,
		"/":          http.StatusOK,
		"/style.css": http.StatusOK,
	} {
		r := httptest.NewRequest(http.MethodGet, "http://localhost:8000"+path, nil)
		r.AddCookie(&http.Cookie{Name: cfg.Sessions.Cookie.Name, Value: strings.Repeat("A", 43)})
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s: got %d, want %d", path, w.Code, want)
		}
		if cookies := w.Result().Cookies(); len(cookies) > 0 {
			t.Errorf("%s: got the cookies %v, want none", path, cookies)
		}
	}
}

func TestEveryRouteHasASourceLine(t *testing.T) {
	for _, route := range catalog {
		got := route.Source()
		if got == nil {
			t.Errorf("%s: no line of routes.go found", route.Path)
			continue
		}
		line := lineOf(t, got)
		if strings.TrimSpace(line) != got.Text {
			t.Errorf("%s: line %d is %q, want %q", route.Path, got.Line, line, got.Text)
		}
		if !strings.HasPrefix(got.Text, "r.With(") {
			t.Errorf("%s: got %q, want a line with a guard", route.Path, got.Text)
		}
	}
}

func lineOf(t *testing.T, source *sourceLine) string {
	t.Helper()
	content, err := sources.ReadFile(source.File)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(content), "\n")[source.Line-1]
}

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{
		"Stella Stafford": "SS",
		"Åsa von Östen":   "ÅÖ",
		"uma":             "U",
		"uma@example.com": "U",
		"":                "?",
		"…":               "?",
		"R2 D2":           "RD",
	} {
		if got := initials(name); got != want {
			t.Errorf("initials(%q): got %q, want %q", name, got, want)
		}
	}
}

func TestOrigin(t *testing.T) {
	for domain, want := range map[string]string{
		"tenant.eu.auth0.com":           "https://tenant.eu.auth0.com",
		"http://localhost:9000/":        "http://localhost:9000",
		"https://login.example/tenant/": "https://login.example",
	} {
		if got := origin(domain); got != want {
			t.Errorf("origin(%q): got %q, want %q", domain, got, want)
		}
	}
}
