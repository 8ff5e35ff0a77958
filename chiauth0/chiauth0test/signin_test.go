package chiauth0test_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// site is an application that redirects to the tenant and shows the query of its callback.
func (a *app) site() string {
	a.t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/login":
			http.SetCookie(w, &http.Cookie{Name: "transaction", Value: "1"})
			http.Redirect(w, r, a.authorizeURL(edits{"redirect_uri": "http://" + r.Host + "/callback"}), http.StatusFound)
		case "/callback":
			if _, err := r.Cookie("transaction"); err != nil {
				http.Error(w, "no transaction", http.StatusBadRequest)
				return
			}
			http.Redirect(w, r, "/home?"+r.URL.RawQuery, http.StatusSeeOther)
		case "/broken":
			http.Redirect(w, r, a.authorizeURL(edits{"client_id": "unknown"}), http.StatusFound)
		case "/endless":
			http.Redirect(w, r, "/endless", http.StatusFound)
		default:
			fmt.Fprint(w, "home")
		}
	}))
	a.t.Cleanup(server.Close)
	a.client.CallbackURLs = append(a.client.CallbackURLs, server.URL+"/callback")
	a.tenant.AddClient(a.client)
	return server.URL
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	t.Run("by the login page, then by single sign-on", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		site := a.site()
		for range 2 {
			resp, err := a.tenant.SignIn(a.browser, site+"/login", ada)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			query := resp.Request.URL.Query()
			if resp.StatusCode != http.StatusOK || resp.Request.URL.Path != "/home" || query.Get("code") == "" ||
				query.Get("state") != "the state" {
				t.Errorf("answered %s at %s", resp.Status, resp.Request.URL)
			}
		}
		if n := len(a.tenant.Requests("/u/login")); n != 2 { // its page and its form, once
			t.Errorf("%d requests to the login page", n)
		}
	})
	t.Run("a client that follows no redirects keeps doing so", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		resp, err := a.tenant.SignIn(a.browser, a.site()+"/login", ada)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.Request.URL.Path != "/home" || a.browser.CheckRedirect == nil {
			t.Errorf("ended at %s", resp.Request.URL)
		}
	})
	t.Run("a blocked user comes back with the error", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.AddUser(chiauth0test.User{Email: ada, Password: "password", Blocked: true})
		resp, err := a.tenant.SignIn(a.browser, a.site()+"/login", ada)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Request.URL.Query().Get("error"); got != "unauthorized" {
			t.Errorf("error %q", got)
		}
	})
	for name, test := range map[string]struct {
		path, email, want string
		jarless           bool
	}{
		"wrong password":            {"/login", "nologin@example.com", "Wrong email or password", false},
		"unknown account":           {"/login", "eve@example.com", `no account "eve@example.com"`, false},
		"refused by the tenant":     {"/broken", ada, `400 Bad Request: Unknown client: "unknown"`, false},
		"never came to the tenant":  {"/home", ada, "answered 200 OK and did not lead to http://127.0.0.1:", false},
		"redirects without end":     {"/endless", ada, "stopped after 20 redirects", false},
		"no jar to keep cookies in": {"/login", ada, "set Jar, or use NewBrowser", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.tenant.AddUser(chiauth0test.User{Email: "nologin@example.com"})
			if test.jarless {
				a.browser = &http.Client{}
			}
			resp, err := a.tenant.SignIn(a.browser, a.site()+test.path, test.email)
			if err == nil {
				resp.Body.Close()
				t.Fatalf("ended at %s", resp.Request.URL)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v; want %q in it", err, test.want)
			}
		})
	}
}

func TestAuthorizeDriver(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		edits       edits
		base, email string
		want        string
	}{
		"not the tenant's":  {nil, "http://127.0.0.1:1/", ada, "is not a URL of"},
		"unknown client":    {edits{"client_id": "x"}, "", ada, "Unknown client"},
		"wrong password":    {nil, "", "nologin@example.com", "Wrong email or password"},
		"unknown account":   {nil, "", "eve@example.com", "no account"},
		"unreadable target": {nil, "http://[", ada, "is not a URL of"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.tenant.AddUser(chiauth0test.User{Email: "nologin@example.com"})
			target := a.authorizeURL(test.edits)
			if test.base != "" {
				target = test.base
			}
			callback, err := a.tenant.Authorize(a.browser, target, test.email)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, %v; want %q", callback, err, test.want)
			}
		})
	}
	t.Run("no jar", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		if _, err := a.tenant.Authorize(nil, a.authorizeURL(nil), ada); err == nil {
			t.Error("no error")
		}
	})
}

func TestRequests(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.tokens(nil)
	requests := a.tenant.Requests("/oauth/token")
	if len(requests) != 1 || requests[0].Method != http.MethodPost || requests[0].ClientAuth != chiauth0test.SecretPost ||
		requests[0].Form.Get("grant_type") != "authorization_code" {
		t.Errorf("requests %v", requests)
	}
	for _, request := range a.tenant.Requests("") {
		for name, values := range request.Form {
			for _, secret := range []string{a.client.Secret, "password", a.verifier} {
				if values[0] == secret {
					t.Errorf("%s %s kept the secret in %s", request.Method, request.Path, name)
				}
			}
		}
		if request.Form.Has("code") && request.Form.Get("code") != "…" {
			t.Errorf("%s kept a code", request.Path)
		}
	}
	paths := map[string]int{}
	for _, request := range a.tenant.Requests("") {
		paths[request.Path]++
	}
	if paths["/authorize"] != 1 || paths["/u/login"] != 2 || paths["/oauth/token"] != 1 {
		t.Errorf("requests %v", paths)
	}
	for range 1100 {
		serve(a.tenant, http.MethodGet, "/v2/logout", url.Values{"a": {"b"}}.Encode(), "", "")
	}
	if n := len(a.tenant.Requests("")); n != 1000 {
		t.Errorf("%d requests kept", n)
	}
}
