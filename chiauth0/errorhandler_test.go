package chiauth0_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
)

// TestProblems proves that programs get problem+json wherever people get a page.
func TestProblems(t *testing.T) {
	t.Parallel()
	codes := map[string]string{
		"400, stray callback": "invalid_state", "400, login": "invalid_request",
		"401": "not_signed_in", "403, guard": "forbidden",
		"403, a logout from another": "cross_origin", "403, denied": "access_denied",
		"503": "temporarily_unavailable",
	}
	pages := ownPages(t, "Accept", "application/json")
	for name, page := range pages {
		if codes[name] == "" {
			continue // a page for people, also for programs
		}
		checkProblem(t, page, page.StatusCode, codes[name])
		if page.Header.Get("X-Content-Type-Options") != "nosniff" ||
			page.Header.Get("Cache-Control") != "private, no-store" {
			t.Errorf("%s: headers %v", name, page.Header)
		}
		if strings.ContainsAny(page.body, "<>") {
			t.Errorf("%s: not escaped: %s", name, page.body)
		}
	}
	for header, want := range map[string]string{
		"text/html":                              "text/html; charset=utf-8",
		"application/xhtml+xml, text/html;q=0.9": "text/html; charset=utf-8",
		"application/problem+json":               "application/problem+json",
		"*/*":                                    "application/problem+json",
		"":                                       "application/problem+json",
		"text/plain":                             "application/problem+json",
	} {
		resp := newApp(t).browser().get("/auth0/callback?state=x", "Accept", header)
		if got := resp.Header.Get("Content-Type"); got != want {
			t.Errorf("Accept %q is answered with %s", header, got)
		}
	}
}

// TestErrorHandler proves that it is given every refusal, and that nothing of ours gets in the way
// of its answer.
func TestErrorHandler(t *testing.T) {
	t.Parallel()
	var last *chiauth0.Error
	a := newApp(t, func(c *chiauth0.Config) {
		c.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, err *chiauth0.Error) {
			last = err
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusTeapot)
			_, _ = w.Write([]byte("mine"))
		}
	})
	b := a.browser()
	a.tenant.Misbehave(deny("access_denied", "not you"))
	var provider *chiauth0.ProviderError
	for _, test := range []struct {
		name string
		ask  func() *response
		want chiauth0.Error
		is   func(error) bool
	}{
		{
			"stray callback", func() *response { return b.get("/auth0/callback?state=x") },
			chiauth0.Error{Status: 400, Code: "invalid_state", RetryURL: "/auth0/login"},
			func(err error) bool { return errors.Is(err, chiauth0.ErrInvalidState) },
		},
		{
			"guard", func() *response { return b.do(http.MethodPost, "/account") },
			chiauth0.Error{Status: 401, Code: "not_signed_in", RetryURL: "/auth0/login"},
			func(err error) bool { return errors.Is(err, chiauth0.ErrNotSignedIn) },
		},
		{
			"denied", func() *response { return b.login("/auth0/login?next_url=/account", ada) },
			chiauth0.Error{
				Status: 403, Code: "access_denied", ProviderCode: "access_denied",
				SwitchURL: "/auth0/login?prompt=login&next_url=%2Faccount",
			},
			func(err error) bool {
				return errors.As(err, &provider) && provider.Description == "not you"
			},
		},
		{
			"login", func() *response { return b.get("/auth0/login?iss=https://evil.example/") },
			chiauth0.Error{Status: 400, Code: "invalid_request"},
			func(err error) bool { return errors.Is(err, chiauth0.ErrInvalidRequest) },
		},
		{
			"a session that cannot be saved", func() *response {
				a.store.down.Store(true)
				defer a.store.down.Store(false)
				return b.get("/cart?add=book")
			},
			chiauth0.Error{
				Status: 503, Code: "temporarily_unavailable", RetryURL: "/cart?add=book",
			},
			func(err error) bool {
				return errors.Is(err, chiauth0.ErrUnavailable) && errors.Is(err, errStoreDown)
			},
		},
	} {
		last = nil
		resp := test.ask()
		if resp.StatusCode != http.StatusTeapot || resp.body != "mine" ||
			resp.Header.Get("Content-Type") != "text/plain" {
			t.Errorf("%s: answered %s: %s", test.name, resp.Status, resp.body)
		}
		if csp := resp.Header.Get("Content-Security-Policy"); strings.Contains(csp, "default-src") {
			t.Errorf("%s: the handler's page may load nothing: %s", test.name, csp)
		}
		if last == nil {
			t.Fatalf("%s: ErrorHandler was not called", test.name)
		}
		got := *last
		if !test.is(last) || got.Message == "" || got.Title == "" || got.HomeURL != "/" {
			t.Errorf("%s: got %+v", test.name, got)
		}
		got.Message, got.Title, got.HomeURL, got.Err = "", "", "", nil
		if got != test.want {
			t.Errorf("%s: got %+v, want %+v", test.name, got, test.want)
		}
	}
}
