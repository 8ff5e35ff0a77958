package chiauth0_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/userprovider"
)

// lastLine is the last line of the log.
func (l *logBuffer) lastLine() string {
	lines := strings.Split(strings.TrimSpace(l.String()), "\n")
	return lines[len(lines)-1]
}

func checkLine(t *testing.T, line string, want ...string) {
	t.Helper()
	for _, words := range want {
		if !strings.Contains(line, words) {
			t.Errorf("the log line lacks %q: %s", words, line)
		}
	}
}

func TestRefusalsAreLogged(t *testing.T) {
	t.Parallel()
	t.Run("by a guard: user, rule and path", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		b := a.browser()
		b.signIn(ada)
		id := "user=" + a.users.Accounts()[0].ID
		for path, rule := range map[string]string{
			"/staff": "rule=staff", "/superuser": "rule=superuser",
			"/editors": `rule="group editors"`,
		} {
			b.get(path)
			checkLine(t, a.log.lastLine(), "level=WARN", "status=403", "code=forbidden", id,
				"subject=", rule, "path="+path)
		}
	})
	t.Run("by the user provider: subject and reason", func(t *testing.T) {
		t.Parallel()
		a := newApp(t, func(c *chiauth0.Config) {
			c.Users = failingUsers{fmt.Errorf("%w: not on the list", userprovider.ErrRefused)}
		})
		a.browser().login("/auth0/login", ada)
		checkLine(t, a.log.lastLine(), "level=WARN", "code=account_refused", "subject=",
			"not on the list", "path=/auth0/callback")
	})
	t.Run("by Auth0: its code and description", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.Misbehave(
			deny("access_denied", "Service not found: https://api.example\r\nlevel=ERROR"),
		)
		a.browser().login("/auth0/login", ada)
		line := a.log.lastLine()
		checkLine(t, line, "level=WARN", "code=access_denied", "provider_code=access_denied",
			"Service not found: https://api.example")
		if strings.Contains(line, `\r`) {
			t.Errorf("the description is not cleaned: %s", line)
		}
	})
}

// failingUsers are a provider whose SyncUser fails.
type failingUsers struct{ err error }

func (u failingUsers) SyncUser(context.Context, userprovider.Login) (userprovider.User, error) {
	return userprovider.User{}, u.err
}

func (u failingUsers) FindUser(context.Context, string) (userprovider.User, error) {
	return userprovider.User{}, u.err
}

// What a stranger sends takes little room in the log.
func TestValuesOfRequestsAreCutInTheLog(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	b := a.browser()
	long := strings.Repeat("A", 500_000)
	callback := func() *url.URL { return b.authorize(b.begin("/auth0/login"), ada) }
	for name, target := range map[string]string{
		"iss of the login":         "/auth0/login?iss=" + long,
		"max_age":                  "/auth0/login?max_age=" + long,
		"organization":             "/auth0/login?organization=" + long,
		"iss of the callback":      with(callback(), "iss", long),
		"error":                    with(callback(), "error", long),
		"error_description":        with(callback(), "error_description", long) + "&error=x",
		"state":                    "/auth0/callback?state=" + long,
		"the path":                 "/auth0/" + long,
		"the path of a refusal":    "/account/" + long,
		"a query that is no query": "/auth0/callback?code=%zz" + long,
	} {
		before := len(a.log.String())
		b.get(target)
		if got := len(a.log.String()) - before; got > 2000 {
			t.Errorf("%s: got %d bytes in the log, want at most 2000", name, got)
		}
	}
}

// Each kind of error of a user provider has its answer.
func TestUserProviderErrors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err    error
		status int
		code   chiauth0.Code
		level  string
		offers string
	}{
		"refused": {userprovider.ErrRefused, 403, chiauth0.CodeAccountRefused, "WARN", "switch"},
		"conflict": {
			userprovider.ErrConflict, 409, chiauth0.CodeConflict, "WARN", "switch",
		},
		"invalid": {
			fmt.Errorf("%w: field email", userprovider.ErrInvalid),
			422, chiauth0.CodeInvalidUserData, "WARN", "switch",
		},
		"misconfigured": {
			fmt.Errorf("%w: no column", userprovider.ErrMisconfigured),
			500, chiauth0.CodeMisconfigured, "ERROR", "",
		},
		"outage": {
			context.DeadlineExceeded, 503, chiauth0.CodeUnavailable, "ERROR", "retry",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var last lastError
			a := newApp(t, func(c *chiauth0.Config) {
				c.Users, c.ErrorHandler = failingUsers{test.err}, last.handle
			})
			resp := a.browser().login("/auth0/login?next_url=/account", ada)
			got := last.err
			if resp.StatusCode != test.status || got.Code != test.code {
				t.Errorf("got %d %s, want %d %s", resp.StatusCode, got.Code, test.status, test.code)
			}
			retry, other := "", ""
			switch test.offers {
			case "retry":
				retry = "/auth0/login?next_url=%2Faccount"
			case "switch":
				other = "/auth0/login?prompt=login&next_url=%2Faccount"
			}
			if got.RetryURL != retry || got.SwitchURL != other {
				t.Errorf("got the links %q and %q, want %q and %q",
					got.RetryURL, got.SwitchURL, retry, other)
			}
			hasRetryAfter := resp.Header.Get("Retry-After") != ""
			if hasRetryAfter != (test.status == 503) {
				t.Errorf("got Retry-After: %t for %d", hasRetryAfter, test.status)
			}
			checkLine(t, a.log.lastLine(), "level="+test.level, "code="+string(test.code))
		})
	}
}

// Each code of an answer has its status, title and message.
func TestCodesAreDocumented(t *testing.T) {
	t.Parallel()
	var seen []chiauth0.Code
	a := newApp(t, func(c *chiauth0.Config) {
		c.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, e *chiauth0.Error) {
			seen = append(seen, e.Code)
			if e.Title == "" || e.Message == "" || e.Title == http.StatusText(e.Status) {
				t.Errorf("%s: got the title %q and the message %q", e.Code, e.Title, e.Message)
			}
			w.WriteHeader(e.Status)
		}
	})
	b := a.browser()
	for _, target := range []string{
		"/auth0/login?max_age=x", "/auth0/callback?state=x", "/auth0/nothing", "/auth0/me",
	} {
		b.get(target)
	}
	want := []chiauth0.Code{
		chiauth0.CodeInvalidRequest, chiauth0.CodeInvalidState, chiauth0.CodeNotFound,
		chiauth0.CodeNotSignedIn,
	}
	if fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", seen, want)
	}
}
