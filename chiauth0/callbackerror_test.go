package chiauth0_test

import (
	"errors"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

type errorHandler = func(http.ResponseWriter, *http.Request, *chiauth0.Error)

// lastError is an ErrorHandler that keeps what it is given, for errors.Is and errors.As.
type lastError struct {
	mu  sync.Mutex
	err *chiauth0.Error
}

func (l *lastError) handle(w http.ResponseWriter, _ *http.Request, err *chiauth0.Error) {
	l.mu.Lock()
	l.err = err
	l.mu.Unlock()
	w.WriteHeader(err.Status)
}

// checkOffersOtherAccount checks that a page offers another account and no attempt with the same
// one.
func checkOffersOtherAccount(t *testing.T, resp *response, want string) {
	t.Helper()
	link := switchLink.FindStringSubmatch(resp.body)
	if len(link) != 2 || html.UnescapeString(link[1]) != want {
		t.Errorf("got the links %q to another account, want %q", link, want)
	}
	if strings.Contains(resp.body, "Try again") {
		t.Errorf("the page offers the same refusal again: %s", resp.body)
	}
}

var switchLink = regexp.MustCompile(`href="([^"]*)">Use another account<`)

func TestProviderErrors(t *testing.T) {
	t.Parallel()
	for code, status := range map[string]int{
		"access_denied": 403, "unauthorized": 403,
		"login_required": 400, "consent_required": 400, "interaction_required": 400,
		"invalid_request":            400,
		"account_selection_required": 400, "something else": 400,
		"server_error": 502, "temporarily_unavailable": 503,
	} {
		t.Run(""+code, func(t *testing.T) {
			t.Parallel()
			var last lastError
			for _, handler := range []errorHandler{nil, last.handle} {
				a := newApp(t, func(c *chiauth0.Config) { c.ErrorHandler = handler })
				a.tenant.Misbehave(chiauth0test.Faults{Callback: func(query url.Values) {
					query.Del("code")
					query.Set("error", code)
					query.Set("error_description", `<script>alert("x")</script> & so on`)
				}})
				b := a.browser()
				resp := b.login("/auth0/login?next_url=/account", ada)
				b.refused(resp, status)
				if n := len(a.tenant.Requests("/oauth/token")); n != 0 {
					t.Errorf("%d requests for tokens", n)
				}
				if !strings.Contains(a.log.String(), "so on") {
					t.Errorf("the description is not in the log: %s", a.log)
				}
				if handler != nil {
					continue
				}
				shown := strings.Contains(resp.body, "&lt;script&gt;")
				forPeople := status == 403 || strings.HasSuffix(code, "_required")
				if strings.Contains(resp.body, "<script") || shown != forPeople {
					t.Errorf("got a page with the description: %t, want %t", shown, forPeople)
				}
				if status == 403 {
					checkOffersOtherAccount(
						t,
						resp,
						"/auth0/login?prompt=login&next_url=%2Faccount",
					)
					continue
				}
				if link := resp.retryLink(t); link != "/auth0/login?next_url=%2Faccount" {
					t.Errorf("Try again leads to %q", link)
				}
			}
			var answered *chiauth0.ProviderError
			if !errors.As(last.err, &answered) || answered.Code != code {
				t.Errorf("the error is %v", last.err)
			}
			if last.err.ProviderCode != code {
				t.Errorf("got ProviderCode %q, want %q", last.err.ProviderCode, code)
			}
			if strings.HasSuffix(code, "_required") && string(last.err.Code) != code {
				t.Errorf("got Code %q, want %q", last.err.Code, code)
			}
		})
	}
	t.Run("a blocked user", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.AddUser(chiauth0test.User{Email: ada, Password: "password", Blocked: true})
		b := a.browser()
		b.refused(b.login("/auth0/login", ada), http.StatusForbidden)
	})
	t.Run("prompt=none without a session at the tenant", func(t *testing.T) {
		t.Parallel()
		var last lastError
		a := newApp(t, func(c *chiauth0.Config) { c.ErrorHandler = last.handle })
		b := a.browser()
		b.refused(b.login("/auth0/login?prompt=none", ada), http.StatusBadRequest)
		var answered *chiauth0.ProviderError
		if !errors.As(last.err, &answered) || answered.Code != "login_required" ||
			last.err.Code != "login_required" {
			t.Errorf("the error is %v", last.err)
		}
	})
	t.Run("an error wins over a code", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.Misbehave(
			chiauth0test.Faults{
				Callback: func(query url.Values) { query.Set("error", "access_denied") },
			},
		)
		b := a.browser()
		b.refused(b.login("/auth0/login", ada), http.StatusForbidden)
	})
	t.Run("a valid state with neither code nor error", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.Misbehave(
			chiauth0test.Faults{Callback: func(query url.Values) { query.Del("code") }},
		)
		b := a.browser()
		b.refused(b.login("/auth0/login", ada), http.StatusBadRequest)
		if n := len(a.tenant.Requests("/oauth/token")); n != 0 {
			t.Errorf("%d requests for tokens", n)
		}
	})
}

func TestCodeIsBound(t *testing.T) {
	t.Parallel()
	t.Run("a stranger's code is refused: PKCE", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		attacker, victim := a.browser(), a.browser()
		stolen := attacker.authorize(attacker.begin("/auth0/login"), grace)
		pending := victim.authorize(victim.begin("/auth0/login"), ada)
		victim.refused(
			victim.get(with(pending, "code", stolen.Query().Get("code"))),
			http.StatusBadRequest,
		)
	})
	t.Run("a stranger's whole callback is refused: login CSRF", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		attacker, victim := a.browser(), a.browser()
		planted := attacker.authorize(attacker.begin("/auth0/login"), grace)
		victim.refusedByRestart(victim.get(planted.String()))
		if n := len(a.tenant.Requests("/oauth/token")); n != 0 {
			t.Errorf("%d requests for tokens", n)
		}
	})
	t.Run(
		"a failed login loses its cookie, and its code is not tried again",
		func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			b := a.browser()
			callback := b.authorize(b.begin("/auth0/login"), ada)
			names, _ := b.transactions()
			transaction := b.cookies()[names[0]]
			a.tenant.Misbehave(
				chiauth0test.Faults{
					TokenResponse: func(status *int, _ map[string]any) { *status = 500 },
				},
			)
			b.refused(b.get(callback.String()), http.StatusServiceUnavailable)
			a.tenant.Misbehave(chiauth0test.Faults{})
			b.plant(names[0], transaction) // a browser that sends it all the same
			b.refused(b.get(callback.String()), http.StatusSeeOther)
			if n := len(a.tenant.Requests("/oauth/token")); n != 1 {
				t.Errorf("%d requests for tokens", n)
			}
		},
	)
	t.Run("an expired login's cookie goes while signed in, too", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.inBubble(func(t *testing.T) {
			b := a.browser()
			callback := b.authorize(b.begin("/auth0/login?next_url=/account"), ada)
			sleepOverTransaction()
			b.signIn(ada)
			if resp := b.get(callback.String()); resp.StatusCode != http.StatusSeeOther ||
				resp.location() != "https://app.example/account" {
				t.Errorf("answered %s to %q", resp.Status, resp.location())
			}
			if names, _ := b.transactions(); len(names) != 0 {
				t.Errorf("left are %q", names)
			}
		})
	})
}
