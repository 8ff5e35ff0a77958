package chiauth0test_test

import (
	"fmt"
	"testing"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

const multiFactor = "http://schemas.openid.net/pape/policies/2007/06/multi-factor"

var stepUp = edits{"acr_values": "other " + multiFactor}

// wantMFA checks acr and amr of an ID token.
func wantMFA(t *testing.T, claims map[string]any, given bool) {
	t.Helper()
	if !given {
		wantClaims(t, claims, map[string]any{"acr": nil, "amr": nil})
		return
	}
	wantClaims(t, claims, map[string]any{"acr": multiFactor})
	if got := fmt.Sprint(claims["amr"]); got != "[mfa]" {
		t.Errorf("amr is %s, want [mfa]", got)
	}
}

func TestMFA(t *testing.T) {
	t.Parallel()
	t.Run("a user without a second factor has no acr and amr", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		wantMFA(t, a.idToken(stepUp), false)
		if a.showsLoginPage(stepUp) {
			t.Error("the second login shows the login page")
		}
	})
	t.Run("a login that does not ask has no acr and amr", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.addUser(chiauth0test.User{MFA: true})
		wantMFA(t, a.idToken(nil), false)
	})
	t.Run("a session without a second factor does not satisfy a step-up", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.addUser(chiauth0test.User{MFA: true})
		a.code(nil)
		query := a.login(edits{"acr_values": multiFactor, "prompt": "none"})
		wantCallbackError(t, query, "login_required", "")
		wantMFA(t, a.idToken(stepUp), true)
		if a.showsLoginPage(stepUp) {
			t.Error("a second step-up shows the login page")
		}
	})
	t.Run("a refreshed ID token has no acr and amr", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.addUser(chiauth0test.User{MFA: true})
		tokens := a.tokens(edits{
			"acr_values": multiFactor, "scope": "openid offline_access", "max_age": "0",
		})
		wantMFA(t, a.open(tokens["id_token"]), true)
		refreshed := a.open(a.mustRefresh(tokens["refresh_token"], nil)["id_token"])
		wantMFA(t, refreshed, false)
		if got := number(refreshed["auth_time"]); got != a.clock.Unix() {
			t.Errorf("auth_time is %d, want that of the login, %d", got, a.clock.Unix())
		}
	})
	t.Run("NoMFAAction ignores acr_values", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.NoMFAAction = true
		a.addUser(chiauth0test.User{MFA: true})
		wantMFA(t, a.idToken(stepUp), false)
		if a.showsLoginPage(stepUp) {
			t.Error("the second login shows the login page")
		}
	})
}
