package main

import (
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// post sends a form, as a button of a page does.
func (a running) post(
	t *testing.T, browser *http.Client, path string, form url.Values,
) (*http.Response, string) {
	t.Helper()
	resp, err := browser.PostForm(a.url+path, form)
	if err != nil {
		t.Fatal(err)
	}
	return resp, readBody(t, resp)
}

// action returns the path of a user's form on the staff page.
func action(t *testing.T, page, name, verb string) string {
	t.Helper()
	form := regexp.MustCompile(
		`action="(/staff/\d+/` + verb + `)">\s*<button [^>]*aria-label="[^"]*` + name)
	found := form.FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("the page has no form %q for %s:\n%s", verb, name, page)
	}
	return found[1]
}

// deactivation returns the path of the page that asks before a user is deactivated.
func deactivation(t *testing.T, page, name string) string {
	t.Helper()
	link := regexp.MustCompile(
		`href="(/staff/\d+/deactivate[^"]*)"\s+aria-label="Deactivate ` + name)
	found := link.FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("the page has no link that deactivates %s:\n%s", name, page)
	}
	return html.UnescapeString(found[1])
}

// A staffSite is an application with users of each role who are logged in.
type staffSite struct {
	running
	t                    *testing.T
	uma, stella, sunil   *http.Client
	umaLogout            string // path of the form that ends Uma's sessions
	umaActive, ownActive string // paths of the forms that deactivate Uma and Sunil
}

func startStaffSite(t *testing.T, settings ...string) *staffSite {
	t.Helper()
	s := &staffSite{running: start(t, settings...), t: t}
	s.uma, _, _ = s.signIn(t, "user@example.com", "/account")
	s.stella, _, _ = s.signIn(t, "staff@example.com", "/account")
	s.sunil, _, _ = s.signIn(t, "superuser@example.com", "/account")
	_, page := s.get(t, s.sunil, "/staff")
	s.umaLogout = action(t, page, "Uma Usher", "logout")
	s.umaActive = strings.TrimSuffix(s.umaLogout, "logout") + "active"
	own := action(t, page, "Sunil Superville", "logout")
	s.ownActive = strings.TrimSuffix(own, "logout") + "active"
	return s
}

func (s *staffSite) checkStatus(name string, browser *http.Client, want int) {
	s.t.Helper()
	if got := s.status(s.t, browser); got != want {
		s.t.Errorf("/api/me of %s: got %d, want %d", name, got, want)
	}
}

// forEachDatabase runs a test with users in memory and in a file.
func forEachDatabase(t *testing.T, test func(*staffSite)) {
	t.Run("users in memory", func(t *testing.T) {
		test(startStaffSite(t))
	})
	t.Run("users in a file", func(t *testing.T) {
		database := filepath.Join(t.TempDir(), "users.db")
		test(startStaffSite(t, "DATABASE_URL=sqlite://"+database))
	})
}

var (
	inactive = url.Values{"active": {"false"}}
	active   = url.Values{"active": {"true"}}
)

func TestStaffPageListsUsers(t *testing.T) {
	forEachDatabase(t, func(s *staffSite) {
		_, page := s.get(s.t, s.sunil, "/staff")
		for _, want := range []string{
			"Uma Usher", "user@example.com", "Stella Stafford", "inactive@example.com",
			">never<",
		} {
			if !strings.Contains(page, want) {
				s.t.Errorf("%q is not on the page", want)
			}
		}
		_, page = s.get(s.t, s.stella, "/staff")
		if strings.Contains(page, `<form method="post" action="/staff/`) {
			s.t.Error("a staff user who is not a superuser sees forms")
		}
	})
}

func TestOnlySuperusersChangeUsers(t *testing.T) {
	forEachDatabase(t, func(s *staffSite) {
		for browser, want := range map[*http.Client]int{
			s.stella:                  http.StatusForbidden,
			s.uma:                     http.StatusForbidden,
			chiauth0test.NewBrowser(): http.StatusUnauthorized,
		} {
			for _, path := range []string{s.umaLogout, s.umaActive} {
				resp, _ := s.post(s.t, browser, path, inactive)
				if resp.StatusCode != want {
					s.t.Errorf("%s: got %s, want %d", path, resp.Status, want)
				}
			}
		}
		s.checkStatus("Uma", s.uma, http.StatusOK)
	})
}

func TestSuperuserEndsSessions(t *testing.T) {
	forEachDatabase(t, func(s *staffSite) {
		const message = "<bdi>Uma Usher</bdi> is logged out everywhere."
		resp, page := s.post(s.t, s.sunil, s.umaLogout, nil)
		if resp.Request.URL.Path != "/staff" || !strings.Contains(page, message) {
			s.t.Errorf("got %s %s, want the staff page with a message", resp.Request.URL, page)
		}
		if _, page := s.get(s.t, s.sunil, "/staff"); strings.Contains(page, message) {
			s.t.Error("the page shows the message twice")
		}
		s.checkStatus("Uma", s.uma, http.StatusUnauthorized)
		s.checkStatus("Stella", s.stella, http.StatusOK)
	})
}

func TestSuperuserDeactivatesUser(t *testing.T) {
	forEachDatabase(t, func(s *staffSite) {
		_, page := s.post(s.t, s.sunil, s.umaActive, inactive)
		if !strings.Contains(page, "<bdi>Uma Usher</bdi> is inactive") {
			s.t.Errorf("the page does not show that Uma is inactive:\n%s", page)
		}
		s.checkStatus("Uma", s.uma, http.StatusUnauthorized)
		_, status, _ := s.signIn(s.t, "user@example.com", "/account")
		if status != http.StatusForbidden {
			s.t.Errorf("login of the inactive user: got %d, want 403", status)
		}

		s.post(s.t, s.sunil, s.umaActive, active)
		_, status, _ = s.signIn(s.t, "user@example.com", "/account")
		if status != http.StatusOK {
			s.t.Errorf("login of the active user: got %d, want 200", status)
		}
	})
}

func TestInvalidStaffActions(t *testing.T) {
	forEachDatabase(t, func(s *staffSite) {
		for path, want := range map[string]int{
			s.ownActive:          http.StatusConflict,
			"/staff/4711/active": http.StatusNotFound,
			"/staff/x/active":    http.StatusNotFound,
			"/staff/4711/logout": http.StatusNotFound,
		} {
			resp, _ := s.post(s.t, s.sunil, path, inactive)
			if resp.StatusCode != want {
				s.t.Errorf("%s: got %s, want %d", path, resp.Status, want)
			}
		}
		resp, _ := s.post(s.t, s.sunil, s.umaActive, url.Values{"active": {"perhaps"}})
		if resp.StatusCode != http.StatusBadRequest {
			s.t.Errorf("active=perhaps: got %s, want 400", resp.Status)
		}
	})
}

func TestStaffFormsOfOtherSitesAreRefused(t *testing.T) {
	s := startStaffSite(t)
	for _, path := range []string{s.umaLogout, s.umaActive} {
		form := strings.NewReader("active=false")
		req := httptest.NewRequest(http.MethodPost, s.url+path, form)
		req.RequestURI = ""
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		resp, err := s.sunil.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		readBody(t, resp)
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s from another site: got %s, want 403", path, resp.Status)
		}
	}
	s.checkStatus("Uma", s.uma, http.StatusOK)
}

// Cookie sessions without a revocation list cannot be found by their user. The page has no logout
// button then, and the route answers 501. Deactivation works.
func TestStaffPageWithCookieSessions(t *testing.T) {
	app := start(t, "SESSION_STORE=cookie", "AUTH0_SECRET="+strings.Repeat("s", 32),
		"DATABASE_URL=sqlite://"+filepath.Join(t.TempDir(), "users.db"))
	uma, _, _ := app.signIn(t, "user@example.com", "/account")
	sunil, _, _ := app.signIn(t, "superuser@example.com", "/account")

	_, page := app.get(t, sunil, "/staff")
	if !strings.Contains(page, "cannot find the sessions of a user") {
		t.Errorf("the page does not explain the missing button:\n%s", page)
	}
	if strings.Contains(page, "Log out everywhere") {
		t.Errorf("the page has a logout button:\n%s", page)
	}
	_, page = app.get(t, sunil, deactivation(t, page, "Uma Usher"))
	activePath := regexp.MustCompile(`/staff/\d+/active`).FindString(page)
	logoutPath := strings.Replace(activePath, "/active", "/logout", 1)
	resp, _ := app.post(t, sunil, logoutPath, nil)
	if resp.StatusCode != http.StatusNotImplemented {
		t.Errorf("%s: got %s, want 501", logoutPath, resp.Status)
	}

	resp, page = app.post(t, sunil, activePath, inactive)
	if !strings.Contains(page, "<bdi>Uma Usher</bdi> is inactive") {
		t.Errorf("%s: got %s %s, want Uma to be inactive", activePath, resp.Status, page)
	}
	if got := app.status(t, uma); got != http.StatusUnauthorized {
		t.Errorf("/api/me of Uma: got %d, want 401", got)
	}
}

// While the database does not answer, pages of signed-in users answer 503. The sessions continue
// when it is back.
func TestDatabaseDown(t *testing.T) {
	app := start(t)
	sunil, _, _ := app.signIn(t, "superuser@example.com", "/account")
	conn, err := app.users.db.Conn(t.Context()) // the only connection
	if err != nil {
		t.Fatal(err)
	}
	resp, _ := app.get(t, sunil, "/staff")
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("without the database: got %s, want 503", resp.Status)
	}
	conn.Close()
	resp, _ = app.get(t, sunil, "/staff")
	if resp.StatusCode != http.StatusOK {
		t.Errorf("with the database back: got %s, want 200", resp.Status)
	}
}
