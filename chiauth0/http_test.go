package chiauth0_test

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"github.com/chiauth0/auth/chiauth0"
)

var continueLink = regexp.MustCompile(`href="([^"]*)">Continue<`)

// continueTo is where the page for service workers leads.
func (r *response) continueTo(t testing.TB) string {
	t.Helper()
	link := continueLink.FindStringSubmatch(r.body)
	if r.StatusCode != http.StatusOK || link == nil {
		t.Fatalf("got %s without a Continue link: %s", r.Status, r.body)
	}
	return html.UnescapeString(link[1])
}

func TestFetchedLogin(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	worker := func(mode string) []string {
		return []string{
			"Sec-Fetch-Mode",
			mode,
			"Sec-Fetch-Dest",
			"empty",
			"Sec-Fetch-Site",
			"same-origin",
		}
	}
	for _, mode := range []string{"cors", "same-origin", "no-cors"} {
		t.Run("a service worker gets a page with a link: "+mode, func(t *testing.T) {
			b := a.in(t).browser()
			page := b.get("/auth0/login?next_url=/account&login_hint=ada", worker(mode)...)
			if len(page.Cookies()) != 0 {
				t.Errorf("got cookies %v, want no login begun", page.Cookies())
			}
			link := page.continueTo(t)

			// A click, with the worker in between again: the page leads to the tenant by itself.
			clicked := b.get(link, worker(mode)...)
			target := clicked.continueTo(t)
			if !strings.HasPrefix(target, a.tenant.Issuer()+"authorize?") ||
				!strings.Contains(target, "login_hint=ada") {
				t.Fatalf("the link leads to %q, want the tenant", target)
			}
			if !strings.Contains(clicked.body, `http-equiv="refresh"`) {
				t.Errorf("the page does not open the link: %s", clicked.body)
			}
			if resp := b.open(target); resp.body != "hello "+ada {
				t.Errorf("the login ends with %s: %s", resp.Status, resp.body)
			}

			// A click without the worker.
			direct := a.in(t).browser().get(link)
			if !strings.HasPrefix(direct.location(), a.tenant.Issuer()+"authorize?") {
				t.Errorf("got %s to %q, want the tenant", direct.Status, direct.location())
			}
		})
	}
	for name, headers := range map[string][]string{
		"fetch":                {"Accept", "*/*"},
		"fetch of JSON":        {"Accept", "application/json"},
		"XMLHttpRequest":       {"X-Requested-With", "XMLHttpRequest"},
		"fetch without Accept": {"Accept", ""},
	} {
		t.Run("a script learns to open the URL as a page: "+name, func(t *testing.T) {
			resp := a.in(t).browser().get("/auth0/login", append(worker("cors"), headers...)...)
			checkProblem(t, resp, http.StatusBadRequest, "navigation_required")
			if len(resp.Cookies()) != 0 || !strings.Contains(resp.body, "as a page") {
				t.Errorf("got %v: %s", resp.Cookies(), resp.body)
			}
		})
	}
}

func TestFramedLogin(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	for dest, framed := range map[string]bool{
		"iframe": true, "frame": true, "embed": true, "object": true, "fencedframe": true,
		"document": false, "": false,
	} {
		resp := a.browser().
			get("/auth0/login", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", dest)
		if framed && (resp.StatusCode != http.StatusBadRequest || len(resp.Cookies()) != 0) {
			t.Errorf(
				"in %q: got %s with %d cookies, want 400",
				dest,
				resp.Status,
				len(resp.Cookies()),
			)
		}
		if !framed && resp.StatusCode != http.StatusFound {
			t.Errorf("in %q: got %s, want 302", dest, resp.Status)
		}
	}
}

// TestPersonOrProgram lists who is sent to the login by a guard.
func TestPersonOrProgram(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	for name, test := range map[string]struct {
		headers []string
		person  bool
	}{
		"a navigation that accepts anything": {
			[]string{"Accept", "*/*", "Sec-Fetch-Mode", "navigate"}, true,
		},
		"a navigation that does not say what it accepts": {
			[]string{"Accept", "", "Sec-Fetch-Mode", "navigate"}, true,
		},
		"an old browser": {[]string{"Accept", "text/html,*/*;q=0.8"}, true},
		"XMLHttpRequest of an old browser": {
			[]string{"Accept", "text/html", "X-Requested-With", "XMLHttpRequest"}, false,
		},
		"htmx in an old browser": {[]string{"Accept", "text/html", "HX-Request", "true"}, false},
		"fetch": {
			[]string{"Accept", "text/html", "Sec-Fetch-Mode", "cors"}, false,
		},
		"a websocket": {
			[]string{"Accept", "text/html", "Sec-Fetch-Mode", "websocket"}, false,
		},
		"curl":            {[]string{"Accept", "*/*"}, false},
		"a probe":         {[]string{"Accept", ""}, false},
		"an event stream": {[]string{"Accept", "text/event-stream"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp := a.in(t).browser().get("/account", test.headers...)
			if test.person {
				if resp.StatusCode != http.StatusFound {
					t.Errorf("got %s, want 302 to the login", resp.Status)
				}
				return
			}
			checkProblem(t, resp, http.StatusUnauthorized, "not_signed_in")
		})
	}
}

// TestFailedSave lets the session store fail after the callback has done its work.
func TestFailedSave(t *testing.T) {
	t.Parallel()
	var told string
	a := newApp(t)
	a.serveInstead(func(c *chiauth0.Config) http.Handler {
		r := chi.NewRouter()
		r.Mount("/auth0", chiauth0.Router(c))
		return r
	}, func(c *chiauth0.Config) {
		c.ErrorHandler = func(w http.ResponseWriter, r *http.Request, e *chiauth0.Error) {
			if identity, err := chiauth0.IdentityFrom(r.Context()); err == nil {
				told = identity.Email
			}
			w.WriteHeader(e.Status)
			_, _ = w.Write([]byte(e.RetryURL))
		}
	})
	b := a.browser()
	callback := b.authorize(b.begin("/auth0/login?next_url=/account"), ada)
	a.store.down.Store(true)
	resp := b.get(callback.String())
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
		t.Errorf("got %s, want 503 with Retry-After", resp.Status)
	}
	if told != "" {
		t.Errorf("the error page is told that %s is signed in, and no session was saved", told)
	}
	if want := "/auth0/login?next_url=%2Faccount"; resp.body != want {
		t.Errorf("got RetryURL %q, want %q", resp.body, want)
	}
	if strings.Contains(a.log.String(), "login succeeded") {
		t.Errorf("the log says that the login succeeded: %s", a.log)
	}
}

// TestOutageLinksBack checks the link of a 503 page.
func TestOutageLinksBack(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	b := a.browser()
	b.signIn(ada)
	a.store.down.Store(true)
	for page, want := range map[string]string{
		"/account?tab=2&x": "/account?tab=2&x",
		"/account/a%2Fb":   "/account/a%2Fb",
		"/account//evil":   "https://app.example/account//evil",
		"/auth0/me?a=b":    "/auth0/me?a=b",
	} {
		resp := b.get(page)
		if got := resp.retryLink(t); resp.StatusCode != 503 || got != want {
			t.Errorf("%s: got %s with a link to %q, want 503 and %q", page, resp.Status, got, want)
		}
	}
	resp := b.do(http.MethodPost, "/account")
	if resp.StatusCode != 503 || strings.Contains(resp.body, "Try again<") {
		t.Errorf(
			"POST: got %s, want 503 without a link that repeats it: %s",
			resp.Status,
			resp.body,
		)
	}
}
