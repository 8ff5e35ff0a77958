package chiauth0_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/userprovider"
)

func TestRequirePermission(t *testing.T) {
	t.Parallel()
	cfg := validConfig()
	cfg.Audience = audience
	guard := chiauth0.RequirePermission(cfg, "read:reports")
	page := guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	}))
	for name, test := range map[string]struct {
		permissions []string
		want        int
	}{
		"the permission":          {[]string{"read:reports"}, http.StatusNoContent},
		"the permission and more": {[]string{"a", "read:reports"}, http.StatusNoContent},
		"none":                    {nil, http.StatusForbidden},
		"another":                 {[]string{"write:reports"}, http.StatusForbidden},
		"another case":            {[]string{"READ:reports"}, http.StatusForbidden},
		"a longer one":            {[]string{"read:reports:all"}, http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			user := userprovider.User{ID: "1", Active: true}
			identity := userprovider.Identity{Permissions: test.permissions}
			w := httptest.NewRecorder()
			page.ServeHTTP(w, r.WithContext(chiauth0.WithUser(r.Context(), user, identity)))
			if w.Code != test.want {
				t.Errorf("got %d, want %d", w.Code, test.want)
			}
		})
	}
	t.Run("anonymous", func(t *testing.T) {
		t.Parallel()
		w := httptest.NewRecorder()
		page.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://app.example/", nil))
		if w.Code != http.StatusUnauthorized {
			t.Errorf("got %d, want 401", w.Code)
		}
	})
}

// newOrganizations starts an application with pages of organizations. Ada is a member of both.
func newOrganizations(t *testing.T) *app {
	t.Helper()
	a := newApp(t)
	a.tenant.AddOrganization(chiauth0test.Organization{ID: "org_one", Name: "one"})
	a.tenant.AddOrganization(chiauth0test.Organization{ID: "org_two", Name: "two"})
	a.tenant.AddUser(chiauth0test.User{
		Email: ada, Password: "password", Organizations: []string{"org_one", "org_two"},
	})
	r := a.router
	r.With(chiauth0.RequireOrganization(a.cfg, "org_one")).HandleFunc("/one", whoami)
	r.With(chiauth0.RequireOrganization(a.cfg, "One")).HandleFunc("/one-by-name", whoami)
	r.With(chiauth0.RequireOrganization(a.cfg, "org_one", "two")).HandleFunc("/either", whoami)
	return a
}

func TestRequireOrganization(t *testing.T) {
	t.Parallel()
	a := newOrganizations(t)
	for name, test := range map[string]struct {
		login string // the organization of the session; "-" for no session
		path  string
		want  int
		to    string // the organization of the login that the person is sent to
	}{
		"a member, by ID":             {"org_one", "/one", 200, ""},
		"a member, by name":           {"org_one", "/one-by-name", 200, ""},
		"a member of the first":       {"org_one", "/either", 200, ""},
		"a member of the second":      {"org_two", "/either", 200, ""},
		"another organization":        {"org_two", "/one", 302, "org_one"},
		"another, by name":            {"org_two", "/one-by-name", 302, "One"},
		"no organization":             {"", "/one", 302, "org_one"},
		"no organization, of several": {"", "/either", 403, ""},
		"no session":                  {"-", "/one", 302, "org_one"},
		"no session, of several":      {"-", "/either", 302, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := a.browser()
			if test.login != "-" {
				b.login("/auth0/login?organization="+test.login, ada)
			}
			resp := b.get(test.path)
			if resp.StatusCode != test.want {
				t.Fatalf("got %s, want %d: %s", resp.Status, test.want, resp.body)
			}
			if test.want != http.StatusFound {
				return
			}
			location, err := resp.Location()
			if err != nil {
				t.Fatal(err)
			}
			if got := location.Query().Get("organization"); got != test.to {
				t.Errorf("Location %q has organization %q, want %q", location, got, test.to)
			}
		})
	}
	t.Run("a program with another session", func(t *testing.T) {
		t.Parallel()
		b := a.browser()
		b.login("/auth0/login?organization=org_two", ada)
		if resp := b.get("/one", "Accept", "application/json"); resp.StatusCode != 403 {
			t.Errorf("got %s, want 403", resp.Status)
		}
		if resp := b.do(http.MethodPost, "/one"); resp.StatusCode != 403 {
			t.Errorf("POST got %s, want 403", resp.Status)
		}
	})
	t.Run("a program without a session", func(t *testing.T) {
		t.Parallel()
		resp := a.browser().get("/one", "Accept", "application/json")
		if resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("got %s, want 401", resp.Status)
		}
	})
}

// The login that a person is sent to ends on the page that was asked for.
func TestRequireOrganizationEndsOnThePage(t *testing.T) {
	t.Parallel()
	a := newOrganizations(t)
	b := a.browser()
	b.login("/auth0/login?organization=org_two", ada)
	login := b.get("/one?q=a%2Fb").location()
	resp := b.login(strings.TrimPrefix(login, a.base), ada)
	if want := a.base + "/one?q=a%2Fb"; resp.location() != want {
		t.Fatalf("the login ends on %q, want %q", resp.location(), want)
	}
	if resp := b.get("/one?q=a%2Fb"); resp.StatusCode != http.StatusOK {
		t.Errorf("got %s, want 200", resp.Status)
	}
}

func TestRequireOrganizationWhileTheStoreIsDown(t *testing.T) {
	t.Parallel()
	a := newOrganizations(t)
	b := a.browser()
	b.login("/auth0/login?organization=org_one", ada)
	a.store.down.Store(true)
	if resp := b.get("/one"); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("got %s, want 503", resp.Status)
	}
}
