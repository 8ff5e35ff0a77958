package chiauth0test_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// page opens the login page of a new login.
func (a *app) page(e edits) (state, body string) {
	a.t.Helper()
	resp, _ := a.get(a.authorizeURL(e))
	location, err := resp.Location()
	if err != nil || location.Path != "/u/login" {
		a.t.Fatalf("authorize answered %s, %v; want a redirect to /u/login", resp.Status, location)
	}
	resp, body = a.get(location.String())
	if resp.StatusCode != http.StatusOK {
		a.t.Fatalf("login page answered %s", resp.Status)
	}
	return location.Query().Get("state"), body
}

// submit sends the login page.
func (a *app) submit(state string, e edits, header ...string) (*http.Response, string) {
	a.t.Helper()
	return a.send(http.MethodPost, a.tenant.Issuer()+"u/login", e.apply(url.Values{
		"state": {state}, "username": {ada}, "password": {"password"},
	}), header...)
}

func TestLoginPage(t *testing.T) {
	t.Parallel()
	t.Run("has Auth0's labels and escapes input", func(t *testing.T) {
		t.Parallel()
		_, body := newApp(t).page(edits{"login_hint": `"><script>alert(1)</script>`})
		for _, want := range []string{
			`<label for="username">Email address</label>`,
			`<label for="password">Password</label>`,
			`>Continue</button>`,
			`&lt;App&gt;`,
			`value="&#34;&gt;&lt;script&gt;`,
			"stand-in",
		} {
			if !strings.Contains(body, want) {
				t.Errorf("the page lacks %s", want)
			}
		}
		if strings.Contains(body, "<script") {
			t.Error("the page has a script")
		}
	})
	t.Run("loads nothing but its own style", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		state, _ := a.page(nil)
		resp, body := a.get(a.tenant.Issuer() + "u/login?state=" + state)
		_, css, _ := strings.Cut(body, "<style>")
		css, _, _ = strings.Cut(css, "</style>")
		hash := sha256.Sum256([]byte(css))
		policy := resp.Header.Get("Content-Security-Policy")
		for _, want := range []string{
			"default-src 'none'; ",
			"frame-ancestors 'none'",
			"style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'",
		} {
			if !strings.Contains(policy, want) {
				t.Errorf("policy %q lacks %q", policy, want)
			}
		}
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
	})
	t.Run("lists accounts with ListAccounts only", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		if _, body := a.page(nil); strings.Contains(body, ada) {
			t.Error("the page lists an account")
		}
		a.tenant.ListAccounts = true
		a.tenant.AddUser(chiauth0test.User{Email: "nologin@example.com"})
		_, body := a.page(nil)
		if !strings.Contains(body, "<dt>"+ada+"</dt><dd>password</dd>") {
			t.Errorf("the page lacks the account:\n%s", body)
		}
		if strings.Contains(body, "nologin@example.com") {
			t.Error("the page lists an account that cannot log in")
		}
	})
	t.Run("names the organization", func(t *testing.T) {
		t.Parallel()
		a, org := newOrganization(t)
		_, body := a.page(edits{"organization": org.ID})
		if !strings.Contains(body, "<b>acme</b>") {
			t.Errorf("the page lacks the organization:\n%s", body)
		}
	})
}

func TestLoginState(t *testing.T) {
	t.Parallel()
	t.Run("an unknown state is refused", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		resp, _ := a.get(a.tenant.Issuer() + "u/login?state=forged")
		wantErrorPage(t, resp)
		resp, _ = a.submit("forged", nil)
		wantErrorPage(t, resp)
		if cookies := resp.Cookies(); len(cookies) > 0 {
			t.Errorf("got cookies %v, want none", cookies)
		}
	})
	t.Run("expires after an hour", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		state, _ := a.page(nil)
		a.clock = a.clock.Add(time.Hour)
		resp, _ := a.submit(state, nil)
		wantErrorPage(t, resp)
	})
	t.Run("works for one login", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		state, _ := a.page(nil)
		resp, _ := a.submit(state, nil)
		wantStatus(t, "first", resp.StatusCode, http.StatusFound)
		resp, _ = a.submit(state, nil)
		wantErrorPage(t, resp)
	})
	t.Run("another site cannot send it", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		state, _ := a.page(nil)
		for _, header := range [][]string{
			{"Sec-Fetch-Site", "cross-site"}, {"Origin", "http://evil.test"},
		} {
			resp, _ := a.submit(state, nil, header...)
			wantStatus(t, header[0], resp.StatusCode, http.StatusForbidden)
		}
		resp, _ := a.submit(state, nil, "Sec-Fetch-Site", "same-origin")
		wantStatus(t, "the page itself", resp.StatusCode, http.StatusFound)
	})
}

func TestLogin(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]edits{
		"a wrong password":           {"password": "Password"},
		"no password":                {"password": ""},
		"an unknown account":         {"username": "eve@example.com"},
		"an account without one":     {"username": "nologin@example.com", "password": ""},
		"markup instead of an email": {"username": "<script>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.tenant.AddUser(chiauth0test.User{Email: "nologin@example.com"})
			state, _ := a.page(nil)
			resp, body := a.submit(state, e)
			wantErrorPage(t, resp)
			if !strings.Contains(body, "Wrong email or password") {
				t.Errorf("the page lacks the message:\n%s", body)
			}
			if len(resp.Cookies()) > 0 || strings.Contains(body, "<script>") {
				t.Errorf("got cookies %v and the page\n%s", resp.Cookies(), body)
			}
			resp, _ = a.submit(state, nil)
			wantStatus(t, "second attempt", resp.StatusCode, http.StatusFound)
		})
	}
	t.Run("the case of the e-mail is ignored", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		state, _ := a.page(nil)
		resp, _ := a.submit(state, edits{"username": " ADA@EXAMPLE.com "})
		wantStatus(t, "login", resp.StatusCode, http.StatusFound)
	})
	t.Run("cancelling is access_denied", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		state, _ := a.page(nil)
		resp, _ := a.submit(state, edits{"action": "cancel", "username": "", "password": ""})
		location, err := resp.Location()
		if err != nil {
			t.Fatal(err)
		}
		wantCallbackError(t, location.Query(), "access_denied", "")
	})
	t.Run("the session cookie is HttpOnly, Lax and limited to the tenant", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		state, _ := a.page(nil)
		resp, _ := a.submit(state, nil)
		cookies := resp.Cookies()
		if len(cookies) != 1 {
			t.Fatalf("got cookies %v, want one", cookies)
		}
		got := cookies[0]
		if !got.HttpOnly || got.SameSite != http.SameSiteLaxMode || got.Path != "/" {
			t.Errorf("cookie is %v", got)
		}
	})
}

func TestBlockedUser(t *testing.T) {
	t.Parallel()
	t.Run("is unauthorized with and without a session", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		for range 2 {
			a.addUser(chiauth0test.User{Blocked: true})
			wantCallbackError(t, a.login(nil), "unauthorized", "user is blocked")
			a.addUser(chiauth0test.User{})
			a.code(nil)
		}
	})
	t.Run("gets no session", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.addUser(chiauth0test.User{Blocked: true})
		a.login(nil)
		a.addUser(chiauth0test.User{})
		if a.loggedIn() {
			t.Error("the browser has a session")
		}
	})
}

// FuzzLogin checks that only the account's password logs in.
func FuzzLogin(f *testing.F) {
	tenant := chiauth0test.New("http://tenant.test")
	client := tenant.AddClient(chiauth0test.Client{CallbackURLs: []string{callbackURL}})
	tenant.AddUser(chiauth0test.User{Email: ada, Password: "password"})
	a := &app{tenant: tenant, client: client, verifier: strings.Repeat("v", 43)}
	query := a.authorizeForm(nil).Encode()
	f.Add(ada, "password")
	f.Add(" ADA@example.COM", "Password")
	f.Add("", "\x00")
	f.Fuzz(func(t *testing.T, username, password string) {
		answer := serve(tenant, http.MethodGet, "/authorize", query, "", "")
		location, err := url.Parse(answer.Header().Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		form := url.Values{
			"state":    location.Query()["state"],
			"username": {username},
			"password": {password},
		}.Encode()
		answer = serve(tenant, http.MethodPost, "/u/login", "", form, "")
		if answer.Code == http.StatusFound && password != "password" {
			t.Errorf("user %q logged in with password %q", username, password)
		}
		if answer.Code >= http.StatusInternalServerError {
			t.Errorf("user %q: status %d", username, answer.Code)
		}
	})
}
