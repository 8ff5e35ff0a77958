package chiauth0test_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

const multiFactor = "http://schemas.openid.net/pape/policies/2007/06/multi-factor"

// page opens the login page of a new login.
func (a *app) page(e edits) (state, body string) {
	a.t.Helper()
	resp, _ := a.get(a.authorizeURL(e))
	location, err := resp.Location()
	if err != nil || location.Path != "/u/login" {
		a.t.Fatalf("authorize answered %s, %v", resp.Status, location)
	}
	resp, body = a.get(location.String())
	if resp.StatusCode != http.StatusOK {
		a.t.Fatalf("login page: %s", resp.Status)
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
	t.Run("shows what Auth0's shows, escaped", func(t *testing.T) {
		t.Parallel()
		_, body := newApp(t).page(edits{"login_hint": `"><script>alert(1)</script>`})
		for _, want := range []string{
			`<label for="username">Email address</label>`, `<label for="password">Password</label>`, `>Continue</button>`,
			`&lt;App&gt;`, `value="&#34;&gt;&lt;script&gt;`, "stand-in",
		} {
			if !strings.Contains(body, want) {
				t.Errorf("no %s", want)
			}
		}
		if strings.Contains(body, "<script") {
			t.Error("there is a script")
		}
	})
	t.Run("runs and loads nothing but its own style", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		state, _ := a.page(nil)
		resp, body := a.get(a.tenant.Issuer() + "u/login?state=" + state)
		policy := resp.Header.Get("Content-Security-Policy")
		_, css, _ := strings.Cut(body, "<style>")
		css, _, _ = strings.Cut(css, "</style>")
		hash := sha256.Sum256([]byte(css))
		if want := "'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"; !strings.Contains(policy, "style-src "+want) {
			t.Errorf("the style's hash %s is not in the policy %s", want, policy)
		}
		if !strings.HasPrefix(policy, "default-src 'none'; ") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("policy %s", policy)
		}
		if resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("headers %v", resp.Header)
		}
	})
	t.Run("lists accounts only when told to", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		if _, body := a.page(nil); strings.Contains(body, ada) {
			t.Error("the account is listed")
		}
		a.tenant.ListAccounts = true
		a.tenant.AddUser(chiauth0test.User{Email: "nologin@example.com"})
		if _, body := a.page(nil); !strings.Contains(body, "<dt>"+ada+"</dt><dd>password</dd>") ||
			strings.Contains(body, "nologin@example.com") {
			t.Errorf("page:\n%s", body)
		}
	})
	t.Run("unknown state", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		if resp, _ := a.get(a.tenant.Issuer() + "u/login?state=forged"); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("answered %s", resp.Status)
		}
		if resp, _ := a.submit("forged", nil); resp.StatusCode != http.StatusBadRequest || len(resp.Cookies()) > 0 {
			t.Errorf("answered %s with %v", resp.Status, resp.Cookies())
		}
	})
	t.Run("expires", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		state, _ := a.page(nil)
		a.clock = a.clock.Add(time.Hour)
		if resp, _ := a.submit(state, nil); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("answered %s", resp.Status)
		}
	})
	t.Run("is good for one login", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		state, _ := a.page(nil)
		if resp, _ := a.submit(state, nil); resp.StatusCode != http.StatusFound {
			t.Fatalf("answered %s", resp.Status)
		}
		if resp, _ := a.submit(state, nil); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("answered %s", resp.Status)
		}
	})
	t.Run("another site cannot send it", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		state, _ := a.page(nil)
		for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "http://evil.test"}} {
			if resp, _ := a.submit(state, nil, header...); resp.StatusCode != http.StatusForbidden {
				t.Errorf("%v: answered %s", header, resp.Status)
			}
		}
		if resp, _ := a.submit(state, nil, "Sec-Fetch-Site", "same-origin"); resp.StatusCode != http.StatusFound {
			t.Errorf("the page itself: answered %s", resp.Status)
		}
	})
}

func TestLogin(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]edits{
		"wrong password":              {"password": "Password"},
		"no password":                 {"password": ""},
		"unknown account":             {"username": "eve@example.com"},
		"account without a password":  {"username": "nologin@example.com", "password": ""},
		"markup in place of an email": {"username": "<script>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.tenant.AddUser(chiauth0test.User{Email: "nologin@example.com"})
			state, _ := a.page(nil)
			resp, body := a.submit(state, e)
			if resp.StatusCode != http.StatusBadRequest || !strings.Contains(body, "Wrong email or password") ||
				len(resp.Cookies()) > 0 || strings.Contains(body, "<script>") {
				t.Errorf("answered %s with %v:\n%s", resp.Status, resp.Cookies(), body)
			}
			if resp, _ := a.submit(state, nil); resp.StatusCode != http.StatusFound {
				t.Errorf("second try: %s", resp.Status)
			}
		})
	}
	t.Run("the e-mail in any case", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		state, _ := a.page(nil)
		if resp, _ := a.submit(state, edits{"username": " ADA@EXAMPLE.com "}); resp.StatusCode != http.StatusFound {
			t.Errorf("answered %s", resp.Status)
		}
	})
	t.Run("C4: a blocked user is unauthorized, with a session or without", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.AddUser(chiauth0test.User{Email: ada, Password: "password", Blocked: true})
		for range 2 {
			query := a.login(nil)
			if query.Get("error") != "unauthorized" || query.Get("error_description") != "user is blocked" {
				t.Errorf("callback query %v", query)
			}
			a.tenant.AddUser(chiauth0test.User{Email: ada, Password: "password"})
			a.code(nil)
			a.tenant.AddUser(chiauth0test.User{Email: ada, Password: "password", Blocked: true})
		}
	})
	t.Run("a blocked user's attempt starts no session", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.AddUser(chiauth0test.User{Email: ada, Password: "password", Blocked: true})
		a.login(nil)
		a.tenant.AddUser(chiauth0test.User{Email: ada, Password: "password"})
		if a.loggedIn() {
			t.Error("there is a session")
		}
	})
	t.Run("C4: cancelling is access_denied", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		state, _ := a.page(nil)
		resp, _ := a.submit(state, edits{"action": "cancel", "username": "", "password": ""})
		location, err := resp.Location()
		if err != nil || location.Query().Get("error") != "access_denied" || location.Query().Get("state") != "the state" {
			t.Errorf("answered %s, %v", resp.Status, location)
		}
	})
	t.Run("the cookie", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		state, _ := a.page(nil)
		resp, _ := a.submit(state, nil)
		cookies := resp.Cookies()
		if len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteLaxMode || cookies[0].Path != "/" {
			t.Errorf("cookies %v", cookies)
		}
	})
}

func TestSingleSignOn(t *testing.T) {
	t.Parallel()
	// asks says whether a login that is sent with these edits shows the login page.
	asks := func(a *app, e edits) bool {
		resp, _ := a.get(a.authorizeURL(e))
		location, err := resp.Location()
		if err != nil {
			a.t.Fatalf("answered %s", resp.Status)
		}
		return location.Path == "/u/login"
	}
	t.Run("a second login asks nothing", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		if !asks(a, nil) {
			t.Fatal("nobody was asked")
		}
		first := a.idToken(nil)
		if asks(a, nil) {
			t.Error("asked again")
		}
		if second := a.idToken(nil); second["sid"] != first["sid"] || first["sid"] == "" {
			t.Errorf("sid %v, then %v", first["sid"], second["sid"])
		}
		a.clock = a.clock.Add(3 * 24 * time.Hour)
		if !asks(a, nil) {
			t.Error("the session does not end")
		}
	})
	t.Run("prompt and max_age ask", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.code(nil)
		a.clock = a.clock.Add(time.Minute)
		for _, test := range []struct {
			edits edits
			want  bool
		}{
			{edits{"prompt": "login"}, true},
			{edits{"prompt": "select_account"}, true},
			{edits{"prompt": "consent"}, false},
			{edits{"prompt": "none"}, false},
			{edits{"max_age": "0"}, true},
			{edits{"max_age": "59"}, true},
			{edits{"max_age": "60"}, false},
		} {
			if got := asks(a, test.edits); got != test.want {
				t.Errorf("%v asks: %v", test.edits, got)
			}
		}
	})
	t.Run("C4: prompt=none is login_required when a page would be needed", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		if query := a.login(edits{"prompt": "none"}); query.Get("error") != "login_required" {
			t.Errorf("no session: %v", query)
		}
		a.code(nil)
		if query := a.login(edits{"prompt": "none", "max_age": "0"}); query.Get("error") != "login_required" {
			t.Errorf("max_age=0: %v", query)
		}
		a.code(edits{"prompt": "none"})
	})
	t.Run("C8: auth_time only when max_age was asked for, and true", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		start := a.clock.Unix()
		if claims := a.idToken(edits{"prompt": "login"}); claims["auth_time"] != nil {
			t.Errorf("auth_time %v", claims["auth_time"])
		}
		a.clock = a.clock.Add(time.Minute)
		if got := number(a.idToken(edits{"max_age": "3600"})["auth_time"]); got != start {
			t.Errorf("auth_time %d, logged in at %d", got, start)
		}
		if got := number(a.idToken(edits{"max_age": "0"})["auth_time"]); got != start+60 {
			t.Errorf("auth_time %d, logged in again at %d", got, start+60)
		}
	})
	t.Run("a new cookie at every login", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		issuer, _ := url.Parse(a.tenant.Issuer())
		sid := a.idToken(nil)["sid"]
		before := a.browser.Jar.Cookies(issuer)[0]
		if again := a.idToken(edits{"prompt": "login"})["sid"]; again != sid {
			t.Errorf("sid %v became %v for the same user", sid, again)
		}
		after := a.browser.Jar.Cookies(issuer)[0]
		if before.Value == after.Value {
			t.Error("the same cookie")
		}
		a.browser.Jar.SetCookies(issuer, []*http.Cookie{before})
		if !asks(a, nil) {
			t.Error("the old cookie is still good")
		}
	})
	t.Run("another user is another session", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		sid := a.idToken(nil)["sid"]
		a.tenant.AddUser(chiauth0test.User{Email: "bob@example.com", Password: "password"})
		callback, err := a.tenant.Authorize(a.browser, a.authorizeURL(edits{"prompt": "select_account"}), "bob@example.com")
		if err != nil {
			t.Fatal(err)
		}
		if bob := a.idToken(nil); bob["email"] != "bob@example.com" || bob["sid"] == sid {
			t.Errorf("%s, then %v with sid %v (before: %v)", callback, bob["email"], bob["sid"], sid)
		}
	})
	t.Run("a deleted account is logged out", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.code(nil)
		a.tenant.DeleteUser(ada)
		if !asks(a, nil) {
			t.Error("the session of a deleted account is good")
		}
		a.tenant.AddUser(chiauth0test.User{Email: ada, Password: "password"})
		if !asks(a, nil) {
			t.Error("the new account has the old one's session")
		}
	})
	t.Run("C18: a second factor, for those who have one", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		stepUp := edits{"acr_values": multiFactor}
		if claims := a.idToken(stepUp); claims["amr"] != nil || claims["acr"] != nil {
			t.Errorf("without a second factor: amr %v, acr %v", claims["amr"], claims["acr"])
		}
		a.tenant.AddUser(chiauth0test.User{Email: ada, Password: "password", MFA: true})
		if claims := a.idToken(nil); claims["amr"] != nil {
			t.Errorf("not asked for: amr %v", claims["amr"])
		}
		if query := a.login(edits{"acr_values": multiFactor, "prompt": "none"}); query.Get("error") != "login_required" {
			t.Errorf("silently: %v", query)
		}
		claims := a.idToken(stepUp)
		if amr, _ := claims["amr"].([]any); len(amr) != 1 || amr[0] != "mfa" || claims["acr"] != multiFactor {
			t.Errorf("amr %v, acr %v", claims["amr"], claims["acr"])
		}
		if asks(a, stepUp) {
			t.Error("asked again")
		}
	})
}

// number reads a JSON number from verified claims.
func number(claim any) int64 {
	n, _ := claim.(json.Number)
	value, _ := n.Int64()
	return value
}
