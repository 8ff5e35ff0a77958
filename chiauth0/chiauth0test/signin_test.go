package chiauth0test_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// site starts an application that redirects to the tenant and shows the query of its callback.
func (a *app) site() string {
	a.t.Helper()
	server := httptest.NewServer(http.HandlerFunc(a.serveSite))
	a.t.Cleanup(server.Close)
	a.updateClient(func(c *chiauth0test.Client) {
		c.CallbackURLs = append(c.CallbackURLs, server.URL+"/callback")
	})
	return server.URL
}

func (a *app) serveSite(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/login":
		http.SetCookie(w, &http.Cookie{Name: "transaction", Value: "1"})
		callback := edits{"redirect_uri": "http://" + r.Host + "/callback"}
		http.Redirect(w, r, a.authorizeURL(callback), http.StatusFound)
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
}

// signIn returns the last response. Its body is closed.
func (a *app) signIn(loginURL string) *http.Response {
	a.t.Helper()
	resp, err := a.tenant.SignIn(a.browser, loginURL, ada)
	if err != nil {
		a.t.Fatal(err)
	}
	resp.Body.Close()
	return resp
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	t.Run("by the login page, then by the session", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		site := a.site()
		for range 2 {
			resp := a.signIn(site + "/login")
			if resp.StatusCode != http.StatusOK || resp.Request.URL.Path != "/home" {
				t.Errorf("got %s at %s", resp.Status, resp.Request.URL)
			}
			query := resp.Request.URL.Query()
			if query.Get("code") == "" || query.Get("state") != "the state" {
				t.Errorf("callback query is %v", query)
			}
		}
		if got := a.tenant.RequestCount("/u/login"); got != 2 { // the page and its form
			t.Errorf("%d requests for the login page, want 2", got)
		}
	})
	t.Run("leaves the client's redirect policy alone", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.browser.CheckRedirect = func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}
		resp := a.signIn(a.site() + "/login")
		if resp.Request.URL.Path != "/home" || a.browser.CheckRedirect == nil {
			t.Errorf("the last request is %s, want /home", resp.Request.URL)
		}
	})
	t.Run("a blocked user comes back with the error", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.addUser(chiauth0test.User{Blocked: true})
		resp := a.signIn(a.site() + "/login")
		wantCallbackError(t, resp.Request.URL.Query(), "unauthorized", "user is blocked")
	})
}

func TestSignInErrors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		path, email, want string
		noJar             bool
	}{
		"an account without password": {
			"/login", "nologin@example.com", "Wrong email or password", false,
		},
		"an unknown account": {
			"/login", "eve@example.com", `no account "eve@example.com"`, false,
		},
		"a refusal by the tenant": {
			"/broken", ada, `400 Bad Request: Unknown client: "unknown"`, false,
		},
		"a page without login": {
			"/home", ada, "answered 200 OK and did not lead to http://127.0.0.1:", false,
		},
		"endless redirects":      {"/endless", ada, "stopped after 20 redirects", false},
		"a client without a jar": {"/login", ada, "set Jar, or use NewBrowser", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.tenant.AddUser(chiauth0test.User{Email: "nologin@example.com"})
			if test.noJar {
				a.browser = &http.Client{}
			}
			resp, err := a.tenant.SignIn(a.browser, a.site()+test.path, test.email)
			if err == nil {
				resp.Body.Close()
				t.Fatalf("no error, but %s", resp.Request.URL)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one that contains %q", err, test.want)
			}
		})
	}
}

func TestTenantAuthorizeErrors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		edits             edits
		base, email, want string
	}{
		"a URL of another server": {nil, "http://127.0.0.1:1/", ada, "is not a URL of"},
		"an unreadable URL":       {nil, "http://[", ada, "is not a URL of"},
		"an unknown client":       {edits{"client_id": "x"}, "", ada, "Unknown client"},
		"a wrong password":        {nil, "", "nologin@example.com", "Wrong email or password"},
		"an unknown account":      {nil, "", "eve@example.com", "no account"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.tenant.AddUser(chiauth0test.User{Email: "nologin@example.com"})
			target := a.authorizeURL(test.edits)
			if test.base != "" {
				target = test.base
			}
			_, err := a.tenant.Authorize(a.browser, target, test.email)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one that contains %q", err, test.want)
			}
		})
	}
	t.Run("no client", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		if _, err := a.tenant.Authorize(nil, a.authorizeURL(nil), ada); err == nil {
			t.Error("no error")
		}
	})
}
