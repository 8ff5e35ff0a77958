package chiauth0test_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

func TestCodeRefused(t *testing.T) {
	t.Parallel()
	other := edits{"client_id": "other", "client_secret": "other secret"}
	for name, e := range map[string]edits{
		"an unknown code":            {"code": "x"},
		"no code":                    {"code": ""},
		"another redirect URI":       {"redirect_uri": "http://app.test/callback"},
		"no redirect URI":            {"redirect_uri": ""},
		"another verifier":           {"code_verifier": strings.Repeat("x", 43)},
		"no verifier":                {"code_verifier": ""},
		"a verifier that is long":    {"code_verifier": strings.Repeat("x", 129)},
		"another client":             other,
		"a refresh token in between": {"grant_type": "refresh_token", "refresh_token": "x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.addOther()
			status, body := a.redeem(a.code(nil), e)
			wantError(t, status, body, http.StatusForbidden, "invalid_grant")
		})
	}
	t.Run("the right verifier if it has fewer than 43 characters", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.verifier = "short"
		status, body := a.redeem(a.code(nil), nil)
		wantError(t, status, body, http.StatusForbidden, "invalid_grant")
	})
}

func TestCode(t *testing.T) {
	t.Parallel()
	t.Run("expires after ten minutes", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		first, second := a.code(nil), a.code(nil)
		a.clock = a.clock.Add(10*time.Minute - time.Second)
		status, _ := a.redeem(first, nil)
		wantStatus(t, "before", status, http.StatusOK)
		a.clock = a.clock.Add(time.Second)
		status, _ = a.redeem(second, nil)
		wantStatus(t, "after", status, http.StatusForbidden)
	})
	t.Run("a failed attempt spends it", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		code := a.code(nil)
		a.redeem(code, edits{"code_verifier": strings.Repeat("x", 43)})
		status, _ := a.redeem(code, nil)
		wantStatus(t, "second attempt", status, http.StatusForbidden)
	})
	t.Run("a second use revokes the tokens of the first", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		code := a.code(edits{"scope": "openid offline_access"})
		_, first := a.redeem(code, nil)
		wantStatus(t, "userinfo", a.userinfoStatus(first["access_token"]), http.StatusOK)
		status, body := a.redeem(code, nil)
		wantError(t, status, body, http.StatusForbidden, "invalid_grant")
		wantStatus(t, "userinfo after the second use",
			a.userinfoStatus(first["access_token"]), http.StatusUnauthorized)
		status, _ = a.refresh(first["refresh_token"], nil)
		wantStatus(t, "refresh after the second use", status, http.StatusForbidden)
		want := chiauth0test.RefreshCounts{RevokedFamilies: 1}
		if got := a.tenant.RefreshCounts(); got != want {
			t.Errorf("counts are %+v, want %+v", got, want)
		}
	})
	t.Run("a code of a blocked user is refused", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		code := a.code(nil)
		a.addUser(chiauth0test.User{Blocked: true})
		status, _ := a.redeem(code, nil)
		wantStatus(t, "token endpoint", status, http.StatusForbidden)
	})
	t.Run("a code of a deleted user is refused", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		code := a.code(nil)
		a.tenant.DeleteUser(ada)
		a.addUser(chiauth0test.User{})
		status, _ := a.redeem(code, nil)
		wantStatus(t, "token endpoint", status, http.StatusForbidden)
	})
}
