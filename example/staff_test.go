package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// post sends a form as the page's own button would.
func (a running) post(t *testing.T, browser *http.Client, path string, form url.Values) (*http.Response, string) {
	t.Helper()
	resp, err := browser.PostForm(a.url+path, form)
	if err != nil {
		t.Fatal(err)
	}
	return resp, readBody(t, resp)
}

// action returns the form action on the staff page that ends in verb and belongs to somebody.
func action(t *testing.T, page, name, verb string) string {
	t.Helper()
	found := regexp.MustCompile(`action="(/staff/\d+/` + verb + `)">\s*<button [^>]*aria-label="[^"]*` + name).FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("%s has no button for %s:\n%s", name, verb, page)
	}
	return found[1]
}

func (a running) status(t *testing.T, browser *http.Client) int {
	t.Helper()
	resp, _ := a.get(t, browser, "/api/me")
	return resp.StatusCode
}

// What a superuser does to another user's sessions and to the user, with users in memory and in a file.
func TestStaffActions(t *testing.T) {
	for name, settings := range map[string][]string{
		"in memory": nil,
		"in a file": {"DATABASE_URL=sqlite://" + filepath.Join(t.TempDir(), "users.db")},
	} {
		t.Run(name, func(t *testing.T) {
			app := start(t, settings...)
			uma, _, _ := app.signIn(t, "user@example.com", "/account")
			stella, _, _ := app.signIn(t, "staff@example.com", "/account")
			sunil, _, _ := app.signIn(t, "superuser@example.com", "/account")

			_, page := app.get(t, sunil, "/staff")
			for _, want := range []string{"Uma Usher", "user@example.com", "Stella Stafford", "inactive@example.com", "last login never"} {
				if !strings.Contains(page, want) {
					t.Errorf("%q is not on the page", want)
				}
			}
			logout, active := action(t, page, "Uma Usher", "logout"), action(t, page, "Uma Usher", "active")
			own := strings.TrimSuffix(action(t, page, "Sunil Superville", "logout"), "logout") + "active"

			if _, page := app.get(t, stella, "/staff"); strings.Contains(page, "<form method=\"post\" action=\"/staff/") {
				t.Error("staff who are no superusers see the buttons")
			}
			for browser, want := range map[*http.Client]int{
				stella: http.StatusForbidden, uma: http.StatusForbidden, chiauth0test.NewBrowser(): http.StatusUnauthorized,
			} {
				for _, path := range []string{logout, active} {
					if resp, _ := app.post(t, browser, path, url.Values{"active": {"false"}}); resp.StatusCode != want {
						t.Errorf("%s by somebody who may not: %s, want %d", path, resp.Status, want)
					}
				}
			}
			if got := app.status(t, uma); got != http.StatusOK {
				t.Fatalf("Uma is out already: %d", got)
			}

			resp, page := app.post(t, sunil, logout, nil)
			if resp.Request.URL.Path != "/staff" || !strings.Contains(page, "Uma Usher is signed out everywhere.") {
				t.Errorf("after signing Uma out: %s %s", resp.Request.URL, page)
			}
			if _, page := app.get(t, sunil, "/staff"); strings.Contains(page, "is signed out everywhere") {
				t.Error("the page says so twice")
			}
			if got := app.status(t, uma); got != http.StatusUnauthorized {
				t.Errorf("Uma after being signed out: %d", got)
			}
			if got := app.status(t, stella); got != http.StatusOK {
				t.Errorf("Stella, of whom nobody spoke: %d", got)
			}

			if resp, err := app.tenant.SignIn(uma, app.url+"/account", "user@example.com"); err != nil || resp.StatusCode != http.StatusOK {
				t.Fatalf("Uma cannot log in again: %v %v", resp, err)
			}
			if _, page := app.post(t, sunil, active, url.Values{"active": {"false"}}); !strings.Contains(page, "Uma Usher is inactive") {
				t.Error("the page does not say that Uma is inactive")
			}
			if got := app.status(t, uma); got != http.StatusUnauthorized {
				t.Errorf("U6: Uma, who is inactive: %d", got)
			}
			if _, status, _ := app.signIn(t, "user@example.com", "/account"); status != http.StatusForbidden {
				t.Errorf("U6: Uma, who is inactive, logs in: %d", status)
			}
			app.post(t, sunil, active, url.Values{"active": {"true"}})
			if _, status, _ := app.signIn(t, "user@example.com", "/account"); status != http.StatusOK {
				t.Errorf("Uma, who is active again, logs in: %d", status)
			}

			for path, want := range map[string]int{
				own: http.StatusConflict, "/staff/4711/active": http.StatusNotFound, "/staff/x/active": http.StatusNotFound,
				"/staff/4711/logout": http.StatusNotFound,
			} {
				if resp, _ := app.post(t, sunil, path, url.Values{"active": {"false"}}); resp.StatusCode != want {
					t.Errorf("%s: %s, want %d", path, resp.Status, want)
				}
			}
			if resp, _ := app.post(t, sunil, active, url.Values{"active": {"perhaps"}}); resp.StatusCode != http.StatusBadRequest {
				t.Errorf("a form that says neither: %s", resp.Status)
			}
		})
	}
}

// G5: the buttons of the staff page are of no use to other sites.
func TestStaffActionsOfOtherSites(t *testing.T) {
	app := start(t)
	uma, _, _ := app.signIn(t, "user@example.com", "/account")
	sunil, _, _ := app.signIn(t, "superuser@example.com", "/account")
	_, page := app.get(t, sunil, "/staff")
	for _, path := range []string{action(t, page, "Uma Usher", "logout"), action(t, page, "Uma Usher", "active")} {
		req := httptest.NewRequest(http.MethodPost, app.url+path, strings.NewReader("active=false"))
		req.RequestURI = ""
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		resp, err := sunil.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if readBody(t, resp); resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s from another site: %s", path, resp.Status)
		}
	}
	if got := app.status(t, uma); got != http.StatusOK {
		t.Errorf("Uma: %d", got)
	}
}

// A store that cannot find the sessions of a user says so, on the page and to whoever asks all the same. Being inactive does
// not depend on it.
func TestStaffPageWithCookieSessions(t *testing.T) {
	app := start(t, "SESSION_STORE=cookie", "AUTH0_SECRET="+strings.Repeat("s", 32),
		"DATABASE_URL=sqlite://"+filepath.Join(t.TempDir(), "users.db"))
	uma, _, _ := app.signIn(t, "user@example.com", "/account")
	sunil, _, _ := app.signIn(t, "superuser@example.com", "/account")
	_, page := app.get(t, sunil, "/staff")
	if !strings.Contains(page, "cannot find the sessions of a user") || strings.Contains(page, `/logout">`) && strings.Contains(page, "Sign out everywhere") {
		t.Errorf("the page offers what it cannot do, or does not say so:\n%s", page)
	}
	active := action(t, page, "Uma Usher", "active")
	if resp, _ := app.post(t, sunil, strings.Replace(active, "/active", "/logout", 1), nil); resp.StatusCode != http.StatusNotImplemented {
		t.Errorf("signing out: %s, want 501", resp.Status)
	}
	if resp, page := app.post(t, sunil, active, url.Values{"active": {"false"}}); !strings.Contains(page, "Uma Usher is inactive") {
		t.Errorf("switching off: %s", resp.Status)
	}
	if got := app.status(t, uma); got != http.StatusUnauthorized {
		t.Errorf("Uma, who is inactive: %d", got)
	}
}

// With a database that does not answer, the pages of signed-in users say 503, and everybody is still signed in afterwards.
func TestDatabaseDown(t *testing.T) {
	app := start(t)
	sunil, _, _ := app.signIn(t, "superuser@example.com", "/account")
	users := app.users
	conn, err := users.db.Conn(t.Context()) // the only one there is
	if err != nil {
		t.Fatal(err)
	}
	if resp, page := app.get(t, sunil, "/staff"); resp.StatusCode != http.StatusServiceUnavailable || strings.Contains(page, "Log in first") {
		t.Errorf("S11: without its database: %s", resp.Status)
	}
	conn.Close()
	if resp, _ := app.get(t, sunil, "/staff"); resp.StatusCode != http.StatusOK {
		t.Errorf("S11: with its database back: %s", resp.Status)
	}
}
