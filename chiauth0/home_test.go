package chiauth0_test

import (
	"encoding/json"
	"html/template"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// TestOwnHomePage proves that the application's own page is shown, with what it needs, escaped, and
// free to load its style.
func TestOwnHomePage(t *testing.T) {
	t.Parallel()
	a := newApp(t, func(c *chiauth0.Config) {
		c.Pages = template.Must(template.New("home").Parse(
			`<link rel=stylesheet href=/app.css>{{.SignedIn}} {{.Name}} {{.User.Active}} ` +
				`{{.Identity.Email}} {{.LoginURL}} {{.LogoutURL}}`),
		)
	})
	a.tenant.AddUser(chiauth0test.User{Email: ada, Password: "password", Name: "<b>Ada</b>"})
	b := a.browser()
	want := "<link rel=stylesheet href=/app.css>false  false  /auth0/login /auth0/logout"
	if got := b.get("/auth0").body; got != want {
		t.Errorf("signed out: %s", got)
	}
	b.signIn(ada)
	page := b.get("/auth0")
	want = "<link rel=stylesheet href=/app.css>true &lt;b&gt;Ada&lt;/b&gt; true " + ada +
		" /auth0/login /auth0/logout"
	if page.body != want {
		t.Errorf("signed in: %s", page.body)
	}
	if csp := page.Header.Get("Content-Security-Policy"); csp != "frame-ancestors 'none'" ||
		page.Header.Get("Cache-Control") != "private, no-store" {
		t.Errorf("headers %v", page.Header)
	}

	t.Run("one that fails is an error page, and no half of a page", func(t *testing.T) {
		broken := newApp(t, func(c *chiauth0.Config) {
			c.Pages = template.Must(template.New("home").Parse(`half a page {{.Nothing}}`))
		})
		resp := broken.browser().get("/auth0")
		if resp.StatusCode != http.StatusInternalServerError ||
			strings.Contains(resp.body, "half a page") ||
			strings.Contains(resp.body, "Nothing") {
			t.Errorf("answered %s: %s", resp.Status, resp.body)
		}
	})
}

// TestPagesOfTheApplication replaces the pages of Config one by one.
func TestPagesOfTheApplication(t *testing.T) {
	t.Parallel()
	own := template.Must(template.New("").Parse(`
{{define "error"}}own error: {{with .Error}}{{.Title}} {{.Code}} {{.HomeURL}}{{end}} {{.Languages}}
{{- end}}
{{define "confirm"}}own confirm: {{.LogoutURL}} {{.HomeURL}} {{.Languages}}{{end}}
`))
	a := newApp(t, func(c *chiauth0.Config) { c.Pages = own })
	b := a.browser()
	for _, test := range []struct {
		page   *response
		status int
		want   string
	}{
		{
			b.get("/auth0/callback?state=x", "Accept-Language", "en;q=0.1,de"), 400,
			"own error: This login has expired invalid_state / [de en]",
		},
		{
			b.get("/auth0/logout", "Sec-Fetch-Site", "cross-site", "Accept-Language", "fr"), 200,
			"own confirm: /auth0/logout / [fr]",
		},
	} {
		if test.page.body != test.want || test.page.StatusCode != test.status {
			t.Errorf(
				"got %s: %s, want %d: %s",
				test.page.Status,
				test.page.body,
				test.status,
				test.want,
			)
		}
		if csp := test.page.Header.Get("Content-Security-Policy"); csp != "frame-ancestors 'none'" {
			t.Errorf("got the policy %q for a page of the application", csp)
		}
	}
	home := b.get("/auth0")
	if !strings.Contains(home.body, "<h1>Auth0 Login</h1>") {
		t.Errorf("a page that is not defined is not the built-in one: %s", home.body)
	}
	if csp := home.Header.Get("Content-Security-Policy"); !strings.Contains(
		csp,
		"default-src 'none'",
	) {
		t.Errorf("got the policy %q for a built-in page", csp)
	}
}

func TestErrorPageThatFails(t *testing.T) {
	t.Parallel()
	a := newApp(t, func(c *chiauth0.Config) {
		c.Pages = template.Must(template.New("error").Parse(`half a page {{.Nothing}}`))
	})
	page := a.browser().get("/auth0/callback?state=x")
	if page.StatusCode != 400 || strings.Contains(page.body, "half") ||
		!strings.Contains(page.body, "This login has expired") {
		t.Errorf("got %s: %s, want the built-in page", page.Status, page.body)
	}
	if !strings.Contains(a.log.String(), "Pages") {
		t.Errorf("the log lacks the fault: %s", a.log)
	}
}

// TestHomeName proves which name people are greeted by.
func TestHomeName(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	for _, test := range []struct {
		want   string
		claims map[string]any
	}{
		{"Ada", map[string]any{"name": "Ada"}},
		{"Nick", map[string]any{"name": nil, "nickname": "Nick"}},
		{ada, map[string]any{"name": nil, "nickname": nil}},
		{"auth0|1", map[string]any{"name": nil, "nickname": nil, "email": nil}},
	} {
		a.tenant.AddUser(
			chiauth0test.User{
				Email:    ada,
				Password: "password",
				Subject:  "auth0|1",
				Claims:   test.claims,
			},
		)
		b := a.browser()
		b.login("/auth0/login", ada)
		if page := b.get("/auth0"); !strings.Contains(
			page.body,
			"<h1>Welcome, "+test.want+"</h1>",
		) {
			t.Errorf("want %s: %s", test.want, page.body)
		}
	}
}

// TestMe proves the shape of /me: programs depend on it.
func TestMe(t *testing.T) {
	t.Parallel()
	a := newApp(t, withGroups)
	organization := a.tenant.AddOrganization(
		chiauth0test.Organization{Name: "acme", ID: "org_acme"},
	)
	a.tenant.AddUser(chiauth0test.User{
		Email: ada, Password: "password", Subject: "auth0|1", Name: "Ada", Nickname: "ada",
		Picture:       "https://pics.example/a.png",
		EmailVerified: true, Organizations: []string{organization.ID},
		Claims: map[string]any{"https://app.example/groups": []string{"staff", "</script>"}},
	})
	a.tenant.AddUser(chiauth0test.User{
		Email: grace, Password: "password", Subject: "auth0|2",
		Claims: map[string]any{"name": nil, "nickname": nil, "email": nil},
	})
	me := func(loginPath, email string) map[string]any {
		b := a.browser()
		b.login(loginPath, email)
		resp := b.get("/auth0/me")
		if resp.StatusCode != http.StatusOK ||
			resp.Header.Get("Content-Type") != "application/json" ||
			resp.Header.Get("Cache-Control") != "private, no-store" {
			t.Errorf("answered %s, %v", resp.Status, resp.Header)
		}
		if strings.ContainsAny(resp.body, "<>") {
			t.Errorf("not escaped: %s", resp.body)
		}
		got := map[string]any{}
		if err := json.Unmarshal([]byte(resp.body), &got); err != nil {
			t.Fatalf("%v: %s", err, resp.body)
		}
		return got
	}
	got := me("/auth0/login?organization=org_acme", ada)
	want := map[string]any{
		"id": a.users.Accounts()[0].ID, "sub": "auth0|1", "name": "Ada", "nickname": "ada",
		"email": ada, "email_verified": true,
		"picture": "https://pics.example/a.png", "groups": []any{"staff", "</script>"},
		"org_id": "org_acme",
		"staff":  true, "superuser": false,
	}
	delete(got, "org_name") // the tenant may say it or not
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	got = me("/auth0/login", grace)
	want = map[string]any{
		"id": a.users.Accounts()[1].ID, "sub": "auth0|2", "email_verified": false, "staff": false,
		"superuser": false,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("little is known: got %v\nwant %v", got, want)
	}
	checkProblem(
		t,
		a.browser().get("/auth0/me", "Accept", "application/json"),
		http.StatusUnauthorized,
		"not_signed_in",
	)
	if resp := a.browser().get("/auth0/me"); resp.StatusCode != http.StatusUnauthorized ||
		resp.location() != "" {
		t.Errorf("/me answers a person with %s", resp.Status)
	}
}
