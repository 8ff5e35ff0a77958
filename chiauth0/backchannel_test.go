package chiauth0_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/cookiestore"
)

const backchannelPath = "/auth0/backchannel-logout"

// newBackchannelApp starts an application that the tenant calls when a session ends.
func newBackchannelApp(t testing.TB, changes ...func(*chiauth0.Config)) *app {
	t.Helper()

	all := append([]func(*chiauth0.Config){func(c *chiauth0.Config) {
		c.BackchannelLogout = true
	}}, changes...)

	return newApp(t, all...)
}

// sendLogoutToken signs a logout token and posts it to the application.
func (a *app) sendLogoutToken(
	t testing.TB,
	token chiauth0test.LogoutToken,
) *httptest.ResponseRecorder {
	t.Helper()

	token.ClientID = a.cfg.ClientID
	raw, err := a.tenant.SignLogoutToken(token)
	if err != nil {
		t.Fatal(err)
	}

	return a.postLogout(url.Values{"logout_token": {raw}}.Encode())
}

func (a *app) postLogout(form string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, a.base+backchannelPath, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	w := httptest.NewRecorder()
	a.router.ServeHTTP(w, r)

	return w
}

func (b *browser) identity() (subject, sid string) {
	b.app.t.Helper()

	fields := strings.Fields(b.get("/sid").body)
	if len(fields) != 2 {
		b.app.t.Fatalf("got the identity %q, want a subject and a sid", fields)
	}

	return fields[0], fields[1]
}

func TestLogoutTokenEndsTheSessionsItNames(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		token            func(subject, sid string) chiauth0test.LogoutToken
		all              bool
		endsHere, endsOn bool // in this browser, and in another one of the same user
	}{
		"sid alone": {
			token: func(_, sid string) chiauth0test.LogoutToken {
				return chiauth0test.LogoutToken{SessionID: sid}
			},
			endsHere: true,
		},
		"sub alone": {
			token: func(subject, _ string) chiauth0test.LogoutToken {
				return chiauth0test.LogoutToken{Subject: subject}
			},
			endsHere: true, endsOn: true,
		},
		"sid and sub": {
			token: func(subject, sid string) chiauth0test.LogoutToken {
				return chiauth0test.LogoutToken{Subject: subject, SessionID: sid}
			},
			endsHere: true,
		},
		"sid and sub, where all sessions end": {
			token: func(subject, sid string) chiauth0test.LogoutToken {
				return chiauth0test.LogoutToken{Subject: subject, SessionID: sid}
			},
			all: true, endsHere: true, endsOn: true,
		},
		"another sid": {
			token: func(_, _ string) chiauth0test.LogoutToken {
				return chiauth0test.LogoutToken{SessionID: "another"}
			},
		},
		"the typ that Auth0 sends": {
			token: func(_, sid string) chiauth0test.LogoutToken {
				return chiauth0test.LogoutToken{
					SessionID: sid,
					Edit:      func(token *chiauth0test.JWT) { token.Header["typ"] = "JWT" },
				}
			},
			endsHere: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			a := newBackchannelApp(
				t,
				func(c *chiauth0.Config) { c.BackchannelLogoutAll = test.all },
			)
			a.router.With(chiauth0.RequireLogin(a.cfg)).Get("/sid", showSession)
			here, there, other := a.browser(), a.browser(), a.browser()
			here.signIn(ada)
			there.signIn(ada)
			other.signIn(grace)
			subject, sid := here.identity()

			for range 2 { // a token that is sent twice is answered twice
				resp := a.sendLogoutToken(t, test.token(subject, sid))
				if resp.Code != http.StatusOK || len(resp.Result().Cookies()) != 0 {
					t.Fatalf("got %d with cookies %v, want 200 and none: %s\n%s",
						resp.Code, resp.Result().Cookies(), resp.Body, a.log)
				}
			}

			if got := here.whoami() != "hello "+ada; got != test.endsHere {
				t.Errorf("this browser: got ended %t, want %t", got, test.endsHere)
			}
			if got := there.whoami() != "hello "+ada; got != test.endsOn {
				t.Errorf("the other browser: got ended %t, want %t", got, test.endsOn)
			}
			if got := other.whoami(); got != "hello "+grace {
				t.Errorf("another user: got %q, want to be signed in", got)
			}
		})
	}
}

func showSession(w http.ResponseWriter, r *http.Request) {
	identity, err := chiauth0.IdentityFrom(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = w.Write([]byte(identity.Subject + " " + identity.SessionID))
}

func TestInvalidLogoutTokenEndsNothing(t *testing.T) {
	t.Parallel()

	a := newBackchannelApp(t)
	a.router.With(chiauth0.RequireLogin(a.cfg)).Get("/sid", showSession)
	b := a.browser()
	b.signIn(ada)
	subject, sid := b.identity()

	for name, fault := range chiauth0test.LogoutTokenFaults() {
		resp := a.sendLogoutToken(t, chiauth0test.LogoutToken{
			Subject: subject, SessionID: sid, Edit: fault,
		})
		if resp.Code != http.StatusBadRequest || resp.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got %d, Cache-Control %q, want 400 and no-store: %s",
				name, resp.Code, resp.Header().Get("Cache-Control"), resp.Body)
		}
		if got := b.whoami(); got != "hello "+ada {
			t.Fatalf("%s: got %q afterwards, want to be signed in", name, got)
		}
	}
}

func TestBackchannelLogoutTakesOneSmallForm(t *testing.T) {
	t.Parallel()

	a := newBackchannelApp(t)
	for name, form := range map[string]string{
		"an empty form":   "",
		"no token":        "token=x",
		"two tokens":      "logout_token=a&logout_token=b",
		"a long token":    "logout_token=" + strings.Repeat("x", 9<<10),
		"a long form":     "logout_token=x&rest=" + strings.Repeat("x", 70<<10),
		"a broken escape": "logout_token=%zz",
		"no JWT":          "logout_token=x.y.z",
	} {
		if resp := a.postLogout(form); resp.Code != http.StatusBadRequest {
			t.Errorf("%s: got %d, want 400", name, resp.Code)
		}
	}

	resp := a.browser().get(backchannelPath)
	if resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: got %s, want 405", resp.Status)
	}
}

func TestBackchannelLogoutFailsWhenTheStoreIsDown(t *testing.T) {
	t.Parallel()

	a := newBackchannelApp(t)
	a.router.With(chiauth0.RequireLogin(a.cfg)).Get("/sid", showSession)
	b := a.browser()
	b.signIn(ada)
	_, sid := b.identity()

	a.store.down.Store(true)
	if resp := a.sendLogoutToken(t, chiauth0test.LogoutToken{SessionID: sid}); resp.Code != 503 {
		t.Errorf("got %d, want 503", resp.Code)
	}
	a.store.down.Store(false)

	if resp := a.sendLogoutToken(t, chiauth0test.LogoutToken{SessionID: sid}); resp.Code != 200 {
		t.Errorf("sent again: got %d, want 200", resp.Code)
	}
	if got := b.whoami(); got == "hello "+ada {
		t.Errorf("got %q, want to be signed out", got)
	}
}

func TestLogoutTokenDuringALoginWins(t *testing.T) {
	t.Parallel()

	for name, token := range map[string]func(subject, sid string) chiauth0test.LogoutToken{
		"by sid": func(_, sid string) chiauth0test.LogoutToken {
			return chiauth0test.LogoutToken{SessionID: sid}
		},
		"by sub": func(subject, _ string) chiauth0test.LogoutToken {
			return chiauth0test.LogoutToken{Subject: subject}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			a := newBackchannelApp(t)
			a.tenant.Misbehave(chiauth0test.Faults{IDToken: func(id *chiauth0test.JWT) {
				subject, _ := id.Claims["sub"].(string)
				sid, _ := id.Claims["sid"].(string)
				if resp := a.sendLogoutToken(t, token(subject, sid)); resp.Code != 200 {
					t.Errorf("got %d, want 200: %s", resp.Code, resp.Body)
				}
			}})

			b := a.browser()
			resp := b.login("/auth0/login", ada)
			if resp.StatusCode < 400 {
				t.Errorf("login: got %s, want a refusal", resp.Status)
			}
			if got := b.whoami(); got == "hello "+ada {
				t.Errorf("got %q, want to be signed out", got)
			}
		})
	}
}

func TestBackchannelLogoutNeedsAStoreThatFindsSessions(t *testing.T) {
	t.Parallel()

	c := &chiauth0.Config{
		Domain:            "tenant.eu.auth0.com",
		ClientID:          "client",
		ClientSecret:      "secret",
		BackchannelLogout: true,
		Sessions:          sessionstores.New(cookiestore.New(strings.Repeat("s", 32))),
	}
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "BackchannelLogout") {
		t.Errorf("got %v, want a fault of BackchannelLogout", err)
	}
}
