package chiauth0test_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

func TestCode(t *testing.T) {
	t.Parallel()
	t.Run("the answer", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		resp, body := a.send(http.MethodPost, a.tenant.Issuer()+"oauth/token", a.codeForm(a.code(nil), nil))
		if resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("Content-Type") != "application/json" {
			t.Errorf("headers %v", resp.Header)
		}
		for _, want := range []string{`"expires_in":86400`, `"token_type":"Bearer"`, `"scope":"openid profile email"`} {
			if !strings.Contains(body, want) {
				t.Errorf("no %s in %s", want, body)
			}
		}
		if strings.Contains(body, "refresh_token") {
			t.Errorf("a refresh token that nobody asked for: %s", body)
		}
	})
	for name, e := range map[string]edits{
		"unknown code":           {"code": "x"},
		"no code":                {"code": ""},
		"wrong redirect URI":     {"redirect_uri": "http://app.test/callback"},
		"no redirect URI":        {"redirect_uri": ""},
		"wrong verifier":         {"code_verifier": strings.Repeat("x", 43)},
		"no verifier":            {"code_verifier": ""},
		"verifier too long":      {"code_verifier": strings.Repeat("x", 129)},
		"another client's":       {"client_id": "other", "client_secret": "other's secret"},
		"refresh token in place": {"grant_type": "refresh_token", "refresh_token": "x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.tenant.AddClient(chiauth0test.Client{ID: "other", Secret: "other's secret"})
			status, body := a.redeem(a.code(nil), e)
			if status != http.StatusForbidden || body["error"] != "invalid_grant" || body["access_token"] != nil {
				t.Errorf("answered %d %v", status, body)
			}
		})
	}
	t.Run("a verifier of fewer than 43 characters, though it is the right one", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.verifier = "short"
		if status, body := a.redeem(a.code(nil), nil); status != http.StatusForbidden {
			t.Errorf("answered %d %v", status, body)
		}
	})
	t.Run("expires after ten minutes", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		first, second := a.code(nil), a.code(nil)
		a.clock = a.clock.Add(10*time.Minute - time.Second)
		if status, body := a.redeem(first, nil); status != http.StatusOK {
			t.Errorf("before: %d %v", status, body)
		}
		a.clock = a.clock.Add(time.Second)
		if status, _ := a.redeem(second, nil); status != http.StatusForbidden {
			t.Errorf("after: %d", status)
		}
	})
	t.Run("a wrong guess uses it up", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		code := a.code(nil)
		a.redeem(code, edits{"code_verifier": strings.Repeat("x", 43)})
		if status, _ := a.redeem(code, nil); status != http.StatusForbidden {
			t.Errorf("answered %d", status)
		}
	})
	t.Run("a second use revokes what the first got", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		code := a.code(edits{"scope": "openid offline_access"})
		_, first := a.redeem(code, nil)
		if status := a.userinfoStatus(first["access_token"]); status != http.StatusOK {
			t.Fatalf("userinfo: %d", status)
		}
		if status, body := a.redeem(code, nil); status != http.StatusForbidden || body["error"] != "invalid_grant" {
			t.Errorf("second use: %d %v", status, body)
		}
		if status := a.userinfoStatus(first["access_token"]); status != http.StatusUnauthorized {
			t.Errorf("userinfo afterwards: %d", status)
		}
		if status, _ := a.refresh(first["refresh_token"], nil); status != http.StatusForbidden {
			t.Errorf("refresh afterwards: %d", status)
		}
	})
	t.Run("of a user who was deleted or blocked meanwhile", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		first, second := a.code(nil), a.code(nil)
		a.tenant.AddUser(chiauth0test.User{Email: ada, Password: "password", Blocked: true})
		if status, _ := a.redeem(first, nil); status != http.StatusForbidden {
			t.Errorf("blocked: %d", status)
		}
		a.tenant.DeleteUser(ada)
		a.tenant.AddUser(chiauth0test.User{Email: ada, Password: "password"})
		if status, _ := a.redeem(second, nil); status != http.StatusForbidden {
			t.Errorf("deleted, and added again: %d", status)
		}
	})
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	offline := edits{"scope": "openid profile offline_access"}
	t.Run("T2: rotates", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		first := a.tokens(offline)
		status, second := a.refresh(first["refresh_token"], nil)
		if status != http.StatusOK || second["refresh_token"] == first["refresh_token"] || second["refresh_token"] == "" ||
			second["access_token"] == first["access_token"] || second["scope"] != first["scope"] {
			t.Errorf("answered %d %v, before %v", status, second, first)
		}
		before, after := a.open(first["id_token"]), a.open(second["id_token"])
		for _, claim := range []string{"iss", "sub", "aud", "sid", "name"} {
			if before[claim] != after[claim] {
				t.Errorf("%s was %v and became %v", claim, before[claim], after[claim])
			}
		}
		if after["nonce"] != nil { // OpenID Connect Core, section 12.2
			t.Errorf("nonce %v", after["nonce"])
		}
	})
	t.Run("T3: a used one revokes its family, with 403 as Auth0 says it", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		stranger := a.tokens(offline)
		first := a.tokens(offline)
		_, second := a.refresh(first["refresh_token"], nil)
		status, body := a.refresh(first["refresh_token"], nil)
		if status != http.StatusForbidden || body["error"] != "invalid_grant" {
			t.Errorf("reuse: %d %v", status, body)
		}
		if status, _ := a.refresh(second["refresh_token"], nil); status != http.StatusForbidden {
			t.Errorf("its successor: %d", status)
		}
		if status := a.userinfoStatus(second["access_token"]); status != http.StatusUnauthorized {
			t.Errorf("the access token: %d", status)
		}
		if status, _ := a.refresh(stranger["refresh_token"], nil); status != http.StatusOK {
			t.Errorf("the same user's other login: %d", status)
		}
	})
	t.Run("scope may be narrowed, not widened", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		first := a.tokens(offline)
		status, second := a.refresh(first["refresh_token"], edits{"scope": "openid"})
		if status != http.StatusOK || second["scope"] != "openid" || a.open(second["id_token"])["name"] != nil {
			t.Errorf("narrowed: %d %v", status, second)
		}
		status, third := a.refresh(second["refresh_token"], nil)
		if status != http.StatusOK || third["scope"] != first["scope"] {
			t.Errorf("and back: %d %v", status, third)
		}
		if status, body := a.refresh(third["refresh_token"], edits{"scope": "openid email"}); status != http.StatusBadRequest ||
			body["error"] != "invalid_scope" {
			t.Errorf("widened: %d %v", status, body)
		}
	})
	t.Run("unknown, or another client's", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.AddClient(chiauth0test.Client{ID: "other", Secret: "other's secret"})
		for _, e := range []edits{
			{"refresh_token": "x"}, {"refresh_token": ""}, {"client_id": "other", "client_secret": "other's secret"},
		} {
			if status, body := a.refresh(a.tokens(offline)["refresh_token"], e); status != http.StatusForbidden {
				t.Errorf("%v: %d %v", e, status, body)
			}
		}
	})
	t.Run("a family lives thirty days, however often it is used", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		token := a.tokens(offline)["refresh_token"]
		for range 29 {
			a.clock = a.clock.Add(24 * time.Hour)
			status, body := a.refresh(token, nil)
			if status != http.StatusOK {
				t.Fatalf("answered %d %v", status, body)
			}
			token = body["refresh_token"]
		}
		a.clock = a.clock.Add(24 * time.Hour)
		if status, _ := a.refresh(token, nil); status != http.StatusForbidden {
			t.Errorf("answered %d", status)
		}
	})
	t.Run("revoked", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		tokens := a.tokens(offline)
		token, _ := tokens["refresh_token"].(string)
		form := url.Values{"client_id": {"app"}, "client_secret": {"wrong"}, "token": {token}}
		if status, _ := a.post("oauth/revoke", form); status != http.StatusUnauthorized {
			t.Errorf("wrong secret: %d", status)
		}
		form.Set("client_secret", a.client.Secret)
		form.Set("token", "")
		if status, _ := a.post("oauth/revoke", form); status != http.StatusBadRequest {
			t.Errorf("no token: %d", status)
		}
		form.Set("token", "unknown")
		if status, _ := a.post("oauth/revoke", form); status != http.StatusOK {
			t.Errorf("unknown token: %d", status)
		}
		form.Set("token", token)
		a.tenant.AddClient(chiauth0test.Client{ID: "other", Secret: "other's secret"})
		byOther := edits{"client_id": "other", "client_secret": "other's secret"}.apply(maps.Clone(form))
		if a.post("oauth/revoke", byOther); a.userinfoStatus(tokens["access_token"]) != http.StatusOK {
			t.Error("another client revoked it")
		}
		if status, _ := a.post("oauth/revoke", form); status != http.StatusOK {
			t.Errorf("answered %d", status)
		}
		if status, _ := a.refresh(token, nil); status != http.StatusForbidden {
			t.Errorf("refresh: %d", status)
		}
		if status := a.userinfoStatus(tokens["access_token"]); status != http.StatusUnauthorized {
			t.Errorf("userinfo: %d", status)
		}
	})
}

// FuzzToken sends anything at all to /oauth/token: without the client's secret there is never a token.
func FuzzToken(f *testing.F) {
	tenant := chiauth0test.New("http://tenant.test")
	tenant.AddClient(chiauth0test.Client{ID: "app", AuthMethods: []string{chiauth0test.SecretPost, chiauth0test.SecretBasic}})
	for _, form := range []string{
		"", "grant_type=authorization_code&code=x&client_id=app",
		"grant_type=refresh_token&refresh_token=x&client_id=app&client_secret=",
		"client_id=app&client_id=app", "%zz", "grant_type=authorization_code;client_secret", "client_id=app&client_secret=%00",
	} {
		f.Add(form, "")
		f.Add(form, "Basic YXBwOg==")
	}
	f.Fuzz(func(t *testing.T, form, authorization string) {
		r := httptest.NewRequest(http.MethodPost, "/oauth/token", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		tenant.ServeHTTP(w, r)
		if w.Code < 400 || w.Code >= 500 || strings.Contains(w.Body.String(), "access_token") {
			t.Errorf("answered %d %s", w.Code, w.Body)
		}
	})
}
