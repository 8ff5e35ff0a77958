package chiauth0test_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

func (a *app) revoke(token any, e edits) (status int, body map[string]any) {
	a.t.Helper()
	text, _ := token.(string)
	return a.post("oauth/revoke", e.apply(url.Values{
		"token":         {text},
		"client_id":     {a.client.ID},
		"client_secret": {a.client.Secret},
	}))
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	t.Run("revokes all tokens of the login", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		tokens := a.tokens(offline)
		status, body := a.revoke(tokens["refresh_token"], nil)
		if status != http.StatusOK || body != nil {
			t.Errorf("got %d %v, want 200 without body", status, body)
		}
		status, body = a.refresh(tokens["refresh_token"], nil)
		wantError(t, status, body, http.StatusForbidden, "invalid_grant")
		wantStatus(t, "userinfo", a.userinfoStatus(tokens["access_token"]),
			http.StatusUnauthorized)
		a.wantCounts(chiauth0test.RefreshCounts{RevokedFamilies: 1})
	})
	t.Run("an unknown or revoked token is answered with 200", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		token := a.tokens(offline)["refresh_token"]
		for _, token := range []any{"unknown", token, token} {
			status, _ := a.revoke(token, nil)
			wantStatus(t, "revocation", status, http.StatusOK)
		}
		a.wantCounts(chiauth0test.RefreshCounts{RevokedFamilies: 1})
	})
}

func TestRevokeRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		edits  edits
		status int
		code   string
	}{
		"a wrong secret": {edits{"client_secret": "x"}, 401, "access_denied"},
		"no token":       {edits{"token": ""}, 400, "invalid_request"},
		"another client": {
			edits{"client_id": "other", "client_secret": "other secret"}, 400, "invalid_grant",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.addOther()
			token := a.tokens(offline)["refresh_token"]
			status, body := a.revoke(token, test.edits)
			wantError(t, status, body, test.status, test.code)
			a.mustRefresh(token, nil)
		})
	}
	t.Run("an access token", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		token := a.tokens(nil)["access_token"]
		status, body := a.revoke(token, nil)
		wantError(t, status, body, http.StatusBadRequest, "unsupported_token_type")
		wantStatus(t, "userinfo", a.userinfoStatus(token), http.StatusOK)
	})
}
