package chiauth0test_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

func TestSingleSignOn(t *testing.T) {
	t.Parallel()
	t.Run("a second login shows no page and has the same sid", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		if !a.showsLoginPage(nil) {
			t.Fatal("the first login shows no page")
		}
		first := a.idToken(nil)
		if a.showsLoginPage(nil) {
			t.Error("the second login shows the page")
		}
		second := a.idToken(nil)
		if first["sid"] == "" || second["sid"] != first["sid"] {
			t.Errorf("sid is %v, want %v", second["sid"], first["sid"])
		}
	})
	t.Run("a session ends after three days", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.code(nil)
		a.clock = a.clock.Add(3 * 24 * time.Hour)
		if !a.showsLoginPage(nil) {
			t.Error("the session has not ended")
		}
	})
	t.Run("prompt and max_age show the page", func(t *testing.T) {
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
			if got := a.showsLoginPage(test.edits); got != test.want {
				t.Errorf("%v: login page is %v, want %v", test.edits, got, test.want)
			}
		}
	})
	t.Run("prompt=none is login_required if the page is needed", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		wantCallbackError(t, a.login(edits{"prompt": "none"}), "login_required", "")
		a.code(nil)
		query := a.login(edits{"prompt": "none", "max_age": "0"})
		wantCallbackError(t, query, "login_required", "")
		a.code(edits{"prompt": "none"})
	})
}

func TestSessionAtNextLogin(t *testing.T) {
	t.Parallel()
	t.Run("of the same user has a new cookie and the old sid", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		issuer, err := url.Parse(a.tenant.Issuer())
		if err != nil {
			t.Fatal(err)
		}
		sid := a.idToken(nil)["sid"]
		before := a.browser.Jar.Cookies(issuer)[0]
		if again := a.idToken(edits{"prompt": "login"})["sid"]; again != sid {
			t.Errorf("sid is %v, want %v", again, sid)
		}
		if after := a.browser.Jar.Cookies(issuer)[0]; before.Value == after.Value {
			t.Error("the cookie has not changed")
		}
		a.browser.Jar.SetCookies(issuer, []*http.Cookie{before})
		if !a.showsLoginPage(nil) {
			t.Error("the old cookie still works")
		}
	})
	t.Run("of another user has another sid", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		sid := a.idToken(nil)["sid"]
		a.loginBob()
		claims := a.idToken(nil)
		wantClaims(t, claims, map[string]any{"email": bob})
		if claims["sid"] == sid {
			t.Error("the sid has not changed")
		}
	})
}

// loginBob logs another user in, in the same browser.
func (a *app) loginBob() {
	a.t.Helper()
	a.addUser(chiauth0test.User{Email: bob})
	target := a.authorizeURL(edits{"prompt": "select_account"})
	if _, err := a.tenant.Authorize(a.browser, target, bob); err != nil {
		a.t.Fatal(err)
	}
}

func TestEndedSession(t *testing.T) {
	t.Parallel()
	t.Run("EndSessions ends all of a user", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		token := a.tokens(offline)["refresh_token"]
		a.tenant.EndSessions(ada)
		if !a.showsLoginPage(nil) {
			t.Error("the session has not ended")
		}
		a.mustRefresh(token, nil)
	})
	t.Run("EndSessions keeps those of other users", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.code(nil)
		a.tenant.EndSessions(bob)
		if a.showsLoginPage(nil) {
			t.Error("the session has ended")
		}
	})
	t.Run("DeleteUser ends them, also for a later account", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.code(nil)
		a.tenant.DeleteUser(ada)
		if !a.showsLoginPage(nil) {
			t.Error("the session has not ended")
		}
		a.addUser(chiauth0test.User{})
		if !a.showsLoginPage(nil) {
			t.Error("the new account has the session of the old one")
		}
	})
}

func TestDeletedUserHasNoTokens(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	tokens := a.tokens(offline)
	a.tenant.DeleteUser(ada)
	a.addUser(chiauth0test.User{})
	status, body := a.refresh(tokens["refresh_token"], nil)
	wantError(t, status, body, http.StatusForbidden, "invalid_grant")
	wantStatus(t, "userinfo", a.userinfoStatus(tokens["access_token"]), http.StatusUnauthorized)
	a.wantCounts(chiauth0test.RefreshCounts{})
}

func TestSessionCeiling(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.tenant.SessionCeiling = time.Hour
	want := a.clock.Add(time.Hour).Unix()
	tokens := a.tokens(offline)
	if got := number(a.open(tokens["id_token"])["session_expiry"]); got != want {
		t.Errorf("session_expiry is %d, want %d", got, want)
	}

	a.clock = a.clock.Add(time.Hour - time.Second)
	if got := number(a.idToken(nil)["session_expiry"]); got != want {
		t.Errorf("session_expiry of a later login is %d, want %d", got, want)
	}
	refreshed := a.mustRefresh(tokens["refresh_token"], nil)
	if got := number(a.open(refreshed["id_token"])["session_expiry"]); got != want {
		t.Errorf("session_expiry after a refresh is %d, want %d", got, want)
	}

	a.clock = a.clock.Add(time.Second)
	if !a.showsLoginPage(nil) {
		t.Error("the session has not ended at its ceiling")
	}
}
