package chiauth0_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/userprovider"
)

// in is the same application, for a parallel sub-test.
func (a *app) in(t *testing.T) *app {
	t.Helper()
	b := *a
	b.t = t
	return &b
}

// TestGuardRefusals lists who is sent to the login, and who gets an answer for programs.
func TestGuardRefusals(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	const html = "text/html,application/xhtml+xml,*/*;q=0.8"
	for name, test := range map[string]struct {
		method, accept, mode string
		redirected           bool
	}{
		"GET of a page":                 {"GET", html, "navigate", true},
		"GET of a page, an old browser": {"GET", html, "", true},
		"HEAD of a page":                {"HEAD", html, "", true},
		"GET in a frame":                {"GET", html, "same-origin", true},
		"GET by fetch":                  {"GET", html, "cors", false},
		"GET of JSON":                   {"GET", "application/json", "", false},
		"GET of anything":               {"GET", "*/*", "", false},
		"GET without Accept":            {"GET", "", "", false},
		"GET of an image":               {"GET", "image/avif,image/*,*/*;q=0.8", "no-cors", false},
		"POST of a form":                {"POST", html, "navigate", false},
		"PUT":                           {"PUT", html, "", false},
		"DELETE by a program":           {"DELETE", "application/json", "", false},
		"OPTIONS":                       {"OPTIONS", html, "", false},
		"POST that claims to be a HEAD": {"POST", html, "navigate", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			headers := []string{"Accept", test.accept}
			if test.mode != "" {
				headers = append(headers, "Sec-Fetch-Mode", test.mode)
			}
			if strings.Contains(name, "claims") {
				headers = append(headers, "X-HTTP-Method-Override", "HEAD")
			}
			resp := a.in(t).browser().do(test.method, "/account?a=b%26c&d=e#f", headers...)
			if got := resp.Header.Get("Cache-Control"); got != "private, no-store" {
				t.Errorf("Cache-Control %q", got)
			}
			if len(resp.Header["Set-Cookie"]) > 0 {
				t.Errorf("cookies %q", resp.Header["Set-Cookie"])
			}
			if strings.Contains(resp.body, "hello") || strings.Contains(resp.body, "anonymous") {
				t.Fatalf("the handler was reached: %s", resp.body)
			}
			if test.redirected {
				want := "https://app.example/auth0/login?next_url=" + url.QueryEscape(
					"/account?a=b%26c&d=e",
				)
				if resp.StatusCode != http.StatusFound || resp.location() != want {
					t.Errorf("answered %s, %q; want 302 to %q", resp.Status, resp.location(), want)
				}
				return
			}
			if resp.StatusCode != http.StatusUnauthorized || resp.location() != "" {
				t.Errorf("answered %s, %q", resp.Status, resp.location())
			}
			challenge := resp.Header.Get("WWW-Authenticate")
			want := `Cookie realm="https://app.example", ` +
				`form-action="https://app.example/auth0/login", ` +
				`cookie-name="` + a.cfg.Sessions.Cookie.Name + `"`
			if challenge != want {
				t.Errorf("WWW-Authenticate %s, want %s", challenge, want)
			}
			if !strings.Contains(test.accept, "text/html") || test.mode == "cors" {
				checkProblem(t, resp, http.StatusUnauthorized, "not_signed_in")
			}
		})
	}
	t.Cleanup(func() {
		if a.sessions() != 0 {
			t.Errorf("%d sessions of people who are not signed in", a.sessions())
		}
	})
}

// checkProblem checks an answer for programs (RFC 9457).
func checkProblem(t *testing.T, resp *response, status int, code string) {
	t.Helper()
	var problem struct {
		Type, Title, Detail, Code string
		Status                    int
	}
	if resp.StatusCode != status || resp.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("answered %s, %s", resp.Status, resp.Header.Get("Content-Type"))
	}
	if err := json.Unmarshal([]byte(resp.body), &problem); err != nil {
		t.Fatalf("%v in %s", err, resp.body)
	}
	if problem.Type != "about:blank" || problem.Title != http.StatusText(status) ||
		problem.Status != status ||
		problem.Code != code ||
		problem.Detail == "" {
		t.Errorf("problem %+v", problem)
	}
}

// withGroups are the settings under which the group claim decides on roles.
func withGroups(c *chiauth0.Config) {
	c.Mapping = userprovider.Mapping{
		GroupsField:    "https://app.example/groups",
		StaffGroup:     "staff",
		SuperuserGroup: "root",
	}
}

// TestGuardsLetThrough proves for each guard whom it lets through, and that the others get 403,
// people and programs.
func TestGuardsLetThrough(t *testing.T) {
	t.Parallel()
	a := newApp(t, withGroups)
	for name, test := range map[string]struct {
		groups any
		opens  []string
	}{
		"an anonymous visitor":       {nil, nil},
		"staff":                      {[]string{"staff"}, []string{"/staff"}},
		"superuser, who is no staff": {[]string{"root"}, []string{"/superuser"}},
		"editors":                    {[]string{"writers", "editors"}, []string{"/editors"}},
		"one string":                 {"editors", []string{"/editors"}},
		"no splitting":               {"editors,staff root", nil},
		"exact match":                {[]string{"Editors", "staff ", "roots"}, nil},
		"everything": {
			[]string{"staff", "root", "editors"}, []string{"/staff", "/superuser", "/editors"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := a.in(t)
			email := strings.NewReplacer(" ", "-", ",", "", ":", "").
				Replace(strings.ToLower(name)) +
				"@example.com"
			user := chiauth0test.User{Email: email, Password: "password"}
			if test.groups != nil {
				user.Claims = map[string]any{"https://app.example/groups": test.groups}
			}
			a.tenant.AddUser(user)
			b := a.browser()
			b.signIn(email)
			opens := map[string]bool{"/account": true}
			for _, path := range test.opens {
				opens[path] = true
			}
			for _, path := range []string{"/account", "/staff", "/superuser", "/editors"} {
				page, api := b.get(path), b.get(path, "Accept", "application/json")
				if !opens[path] {
					if page.StatusCode != http.StatusForbidden ||
						strings.Contains(page.body, "hello") {
						t.Errorf("%s answered %s: %s", path, page.Status, page.body)
					}
					checkOffersOtherAccount(t, page,
						"/auth0/login?prompt=login&next_url="+url.QueryEscape(path))
					checkProblem(t, api, http.StatusForbidden, "forbidden")
				} else if page.StatusCode != http.StatusOK || api.StatusCode != http.StatusOK {
					t.Errorf("%s answered %s and %s", path, page.Status, api.Status)
				}
				if got := page.Header.Get("Cache-Control"); got != "private, no-store" {
					t.Errorf("%s: Cache-Control %q", path, got)
				}
			}
		})
	}
}
