package chiauth0_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// refused checks an answer of the callback that begins no session: its status, no session in the
// store, no session cookie, and no transaction left behind.
func (b *browser) refused(resp *response, status int) {
	t := b.app.t
	t.Helper()
	if resp.StatusCode != status {
		t.Errorf("answered %s, want %d: %s", resp.Status, status, resp.body)
	}
	if n := b.app.sessions(); n != 0 {
		t.Errorf("%d sessions in the store", n)
	}
	if cookie := b.sessionCookie(); cookie != "" {
		t.Errorf("there is a session cookie %q", cookie)
	}
	if names, _ := b.transactions(); len(names) != 0 {
		t.Errorf("left are %q", names)
	}
}

// refusedByRestart checks that a callback begins the login again and begins no session.
func (b *browser) refusedByRestart(resp *response) {
	t := b.app.t
	t.Helper()
	if resp.StatusCode != http.StatusFound ||
		!strings.HasPrefix(resp.location(), b.app.tenant.Issuer()+"authorize?") {
		t.Errorf("answered %s to %q, want a new login", resp.Status, resp.location())
	}
	if n, cookie := b.app.sessions(), b.sessionCookie(); n != 0 || cookie != "" {
		t.Errorf("got %d sessions and the cookie %q, want none", n, cookie)
	}
}

func with(u *url.URL, name, value string) string {
	query := u.Query()
	query.Set(name, value)
	changed := *u
	changed.RawQuery = query.Encode()
	return changed.String()
}

func TestStrayCallback(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	t.Run("none of code, error and state leads home", func(t *testing.T) {
		for _, query := range []string{
			"", "?", "?x=1", "?iss=https://evil.example/", "?error_description=hello",
		} {
			resp := a.browser().get("/auth0/callback" + query)
			if resp.StatusCode != http.StatusSeeOther || resp.location() != "https://app.example/" {
				t.Errorf("%q answered %s to %q", query, resp.Status, resp.location())
			}
		}
	})
	for _, test := range []struct{ name, query string }{
		{"no state", "code=x"},
		{"an empty state", "code=x&state="},
		{"an unknown state", "code=x&state=ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
		{"a state alone", "state=ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
		{"a short state", "code=x&state=A"},
		{"a state of bytes", "code=x&state=%00%ff%0d%0a%3b%3d"},
		{"a long state", "code=x&state=" + strings.Repeat("A", 10000)},
		{"an error without a state", "error=access_denied"},
		{"two codes", "code=x&code=y&state=z"},
		{"two states", "code=x&state=y&state=z"},
		{"a query that is none", "code=%zz"},
		{"a semicolon", "code=x;state=y"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := a.browser()
			resp := b.get("/auth0/callback?" + test.query)
			if resp.StatusCode != http.StatusBadRequest || len(resp.Cookies()) != 0 {
				t.Errorf("answered %s with %v", resp.Status, resp.Cookies())
			}
			if strings.Contains(test.query, "%zz") || strings.Contains(test.query, ";") ||
				strings.Count(test.query, "=") > 2 {
				return // the login is not known
			}
			if link := resp.retryLink(t); link != "/auth0/login" {
				t.Errorf("Try again leads to %q", link)
			}
		})
	}
	t.Run("an error's description is not shown without its state", func(t *testing.T) {
		resp := a.browser().
			get("/auth0/callback?error=access_denied&error_description=Call+555-EVIL&state=unknown")
		if strings.Contains(resp.body, "EVIL") || strings.Contains(resp.body, "access_denied") {
			t.Errorf("the page says %s", resp.body)
		}
	})
	t.Run(
		"an error without a valid state changes no session and no login",
		func(t *testing.T) {
			b := a.browser()
			b.signIn(ada)
			pending := b.begin("/auth0/login")
			before := b.cookies()
			for _, query := range []string{
				"error=access_denied", "error=login_required&state=unknown", "error=x&state=",
			} {
				if resp := b.get("/auth0/callback?" + query); resp.StatusCode != 303 ||
					len(resp.Cookies()) != 0 {
					t.Errorf("answered %s with %v", resp.Status, resp.Cookies())
				}
			}
			for name, value := range before {
				if b.cookies()[name] != value {
					t.Errorf("the cookie %s has changed", name)
				}
			}
			if got := b.whoami(); got != "hello "+ada {
				t.Errorf("now it is %s", got)
			}
			if resp := b.get(b.authorize(pending, ada).String()); resp.StatusCode != 303 {
				t.Errorf("the login under way ends with %s", resp.Status)
			}
		},
	)
	t.Run("of two codes neither is redeemed", func(t *testing.T) {
		a := newApp(t)
		b := a.browser()
		callback := b.authorize(b.begin("/auth0/login"), ada)
		for _, more := range []string{"&code=x", "&iss=x&iss=y", "&error=&error=", "&state=x"} {
			if resp := b.get(callback.String() + more); resp.StatusCode != http.StatusBadRequest {
				t.Errorf("with %s, answered %s", more, resp.Status)
			}
		}
		if n := len(a.tenant.Requests("/oauth/token")); n != 0 || b.sessionCookie() != "" {
			t.Errorf("%d requests for tokens", n)
		}
	})
	t.Run("GET only, where HEAD and the rest are routed to it too", func(t *testing.T) {
		a := newApp(t)
		r := chi.NewRouter()
		r.Use(middleware.GetHead)
		r.Mount("/auth0", chiauth0.Router(a.cfg))
		r.Handle("/custom/path", chiauth0.Callback(a.cfg))
		a.net.serve(a.base, r)
		b := a.browser()
		callback := b.authorize(b.begin("/auth0/login"), ada)
		for _, request := range []string{
			"HEAD /auth0/callback", "HEAD /custom/path", "POST /custom/path", "PUT /custom/path",
		} {
			method, path, _ := strings.Cut(request, " ")
			resp := b.do(method, path+"?"+callback.RawQuery)
			if resp.StatusCode != http.StatusMethodNotAllowed ||
				resp.Header.Get("Allow") != "GET" ||
				len(resp.Cookies()) != 0 {
				t.Errorf("%s answered %s, %v", request, resp.Status, resp.Header)
			}
		}
		if n := len(a.tenant.Requests("/oauth/token")); n != 0 {
			t.Errorf("%d requests for tokens", n)
		}
		if resp := b.do(http.MethodHead, "/auth0/login"); resp.StatusCode != 503 ||
			len(resp.Cookies()) != 0 {
			t.Errorf("HEAD /auth0/login answered %s, %v", resp.Status, resp.Header)
		}
	})
	t.Run("GET only", func(t *testing.T) {
		for _, method := range []string{
			http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodHead,
		} {
			for _, path := range []string{"/auth0/callback", "/custom/path"} {
				b := a.browser()
				callback := b.authorize(b.begin("/auth0/login"), ada)
				if resp := b.do(method, path+"?"+callback.RawQuery); resp.StatusCode != 405 {
					t.Errorf("%s %s answered %s", method, path, resp.Status)
				}
				if b.sessionCookie() != "" {
					t.Errorf("%s %s made a session", method, path)
				}
			}
		}
	})
}

func TestCallbackAgain(t *testing.T) {
	t.Parallel()
	t.Run("the back button while signed in leads home", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		b := a.browser()
		callback := b.authorize(b.begin("/auth0/login?next_url=/account"), ada)
		b.get(callback.String())
		session := b.sessionCookie()
		for range 2 {
			resp := b.get(callback.String())
			if resp.StatusCode != http.StatusSeeOther || resp.location() != "https://app.example/" {
				t.Errorf("answered %s to %q", resp.Status, resp.location())
			}
		}
		if b.sessionCookie() != session || len(a.tenant.Requests("/oauth/token")) != 1 {
			t.Error("the code was redeemed again")
		}
	})
	t.Run("while signed out it begins the login again", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		b := a.browser()
		callback := b.authorize(b.begin("/auth0/login"), ada)
		b.get(callback.String())
		b.get("/auth0/logout")
		b.refusedByRestart(b.get(callback.String()))
	})
	t.Run("a duplicate still in flight leads to next_url, and redeems nothing", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.inBubble(func(t *testing.T) {
			b := a.browser()
			callback := b.authorize(b.begin("/auth0/login?next_url=/account"), ada)
			names, _ := b.transactions()
			transaction := names[0] + "=" + b.cookies()[names[0]]
			arrived, answer := make(chan struct{}), make(chan struct{})
			a.tenant.Misbehave(
				chiauth0test.Faults{Intercept: func(_ http.ResponseWriter, r *http.Request) bool {
					if r.URL.Path == "/oauth/token" {
						close(arrived)
						<-answer
					}
					return false
				}},
			)
			var wg sync.WaitGroup
			wg.Go(func() {
				if resp := b.get(callback.String()); resp.StatusCode != http.StatusSeeOther {
					t.Errorf("the first one ends with %s", resp.Status)
				}
			})
			<-arrived
			twin := a.browser() // the same browser, before the first answer
			resp := twin.get(callback.String(), "Cookie", transaction)
			if resp.StatusCode != http.StatusSeeOther ||
				resp.location() != "https://app.example/account" ||
				twin.sessionCookie() != "" {
				t.Errorf("the second one answered %s to %q", resp.Status, resp.location())
			}
			close(answer)
			wg.Wait()
			if n := len(a.tenant.Requests("/oauth/token")); n != 1 {
				t.Errorf("%d requests for tokens", n)
			}
			if got := b.whoami(); got != "hello "+ada {
				t.Errorf("then it is %s", got)
			}
		})
	})
	t.Run("two tabs log in at once", func(t *testing.T) {
		t.Parallel()
		b := newApp(t).browser()
		first, second := b.begin(
			"/auth0/login?next_url=/account/1",
		), b.begin(
			"/auth0/login?next_url=/account/2",
		)
		secondBack, firstBack := b.authorize(second, ada), b.authorize(first, ada)
		for callback, want := range map[*url.URL]string{
			firstBack: "/account/1", secondBack: "/account/2",
		} {
			resp := b.get(callback.String())
			if resp.StatusCode != http.StatusSeeOther ||
				resp.location() != "https://app.example"+want {
				t.Errorf("answered %s to %q, want %s", resp.Status, resp.location(), want)
			}
			if got := b.get(want).body; got != "hello "+ada {
				t.Errorf("%s says %q", want, got)
			}
		}
	})
}

// The callback's query is a stranger's: with a login under way or without, nothing that is not the
// tenant's answer begins a session or causes a panic.
func FuzzCallback(f *testing.F) {
	a := newApp(f)
	for _, query := range []string{
		"", "code=x", "state=STATE", "code=x&state=STATE", "error=access_denied&state=STATE",
		"error=server_error",
		"error=x&error_description=%3Cscript%3E&state=STATE",
		"code=x&state=STATE&iss=https://evil.example/", "code=%zz;state",
		"code=x&code=y&state=STATE", "state=&code=",
		"error=temporarily_unavailable&state=STATE&state=STATE",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		a.t = t
		b := a.browser()
		state := b.begin("/auth0/login").Query().Get("state")
		if strings.ContainsFunc(
			query,
			func(c rune) bool { return c <= ' ' || c >= 0x7f || c == '#' },
		) {
			query = url.QueryEscape(query) // or it is no request
		}
		resp := b.get("/auth0/callback?" + strings.ReplaceAll(query, "STATE", state))
		answered := strings.Contains(query, "STATE") && strings.Contains(query, "error")
		if resp.StatusCode >= 500 && !answered {
			t.Fatalf("%q answered %s", query, resp.Status)
		}
		if b.sessionCookie() != "" || a.sessions() != 0 {
			t.Fatalf("%q made a session", query)
		}
		if origin := resp.location(); origin != "" && origin != "https://app.example/" {
			t.Fatalf("%q leads to %q", query, origin)
		}
	})
}
