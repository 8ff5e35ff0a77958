package chiauth0test_test

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

func TestClientAuthentication(t *testing.T) {
	t.Parallel()
	basic := func(id, secret string) string {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret)) // RFC 6749, section 2.3.1
		return r.Header.Get("Authorization")
	}
	inHeader := edits{"client_id": "", "client_secret": ""}
	const secret = "s e/c+r:et"
	for name, test := range map[string]struct {
		methods       []string
		edits         edits
		authorization string
		status        int
		code          string
	}{
		"post":                           {nil, nil, "", 200, ""},
		"post, wrong secret":             {nil, edits{"client_secret": "x"}, "", 401, "invalid_client"},
		"post, no secret":                {nil, edits{"client_secret": ""}, "", 401, "invalid_client"},
		"post, unknown client":           {nil, edits{"client_id": "x"}, "", 401, "invalid_client"},
		"nothing":                        {nil, inHeader, "", 401, "invalid_client"},
		"basic at a client for post":     {nil, inHeader, basic("app", secret), 401, "invalid_client"},
		"basic":                          {[]string{chiauth0test.SecretBasic}, inHeader, basic("app", secret), 200, ""},
		"basic with client_id":           {[]string{chiauth0test.SecretBasic}, edits{"client_secret": ""}, basic("app", secret), 200, ""},
		"basic with another client_id":   {[]string{chiauth0test.SecretBasic}, edits{"client_id": "x", "client_secret": ""}, basic("app", secret), 401, "invalid_client"},
		"basic, wrong secret":            {[]string{chiauth0test.SecretBasic}, inHeader, basic("app", "x"), 401, "invalid_client"},
		"basic, unknown client":          {[]string{chiauth0test.SecretBasic}, inHeader, basic("x", secret), 401, "invalid_client"},
		"basic, not encoded":             {[]string{chiauth0test.SecretBasic}, inHeader, "Basic YXBwOnMgZS9jK3I6ZXQ=", 401, "invalid_client"},
		"basic, broken encoding":         {[]string{chiauth0test.SecretBasic}, inHeader, "Basic YXBwOiV6eg==", 401, "invalid_client"},
		"basic, no base64":               {[]string{chiauth0test.SecretBasic}, inHeader, "Basic ?", 401, "invalid_client"},
		"post at a client for basic":     {[]string{chiauth0test.SecretBasic}, nil, "", 401, "invalid_client"},
		"post at a client for both":      {[]string{chiauth0test.SecretBasic, chiauth0test.SecretPost}, nil, "", 200, ""},
		"basic at a client for both":     {[]string{chiauth0test.SecretBasic, chiauth0test.SecretPost}, inHeader, basic("app", secret), 200, ""},
		"both at once":                   {[]string{chiauth0test.SecretBasic, chiauth0test.SecretPost}, nil, basic("app", secret), 400, "invalid_request"},
		"unknown grant type":             {nil, edits{"grant_type": "password"}, "", 400, "unsupported_grant_type"},
		"no grant type":                  {nil, edits{"grant_type": ""}, "", 400, "unsupported_grant_type"},
		"wrong secret before grant type": {nil, edits{"grant_type": "", "client_secret": "x"}, "", 401, "invalid_client"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.client.AuthMethods = test.methods
			a.tenant.AddClient(a.client)
			form := a.codeForm(a.code(nil), test.edits)
			var header []string
			if test.authorization != "" {
				header = []string{"Authorization", test.authorization}
			}
			status, body := a.post("oauth/token", form, header...)
			if code, _ := body["error"].(string); status != test.status || code != test.code {
				t.Errorf("answered %d %v, want %d %s", status, body, test.status, test.code)
			}
		})
	}
	t.Run("parameters in the URL", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		form := a.codeForm(a.code(nil), nil)
		if status, body := a.post("oauth/token?"+form.Encode(), form); status != 400 || body["error"] != "invalid_request" {
			t.Errorf("answered %d %v", status, body)
		}
	})
	t.Run("a parameter twice", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		form := a.codeForm(a.code(nil), nil)
		form.Add("code", "another")
		if status, body := a.post("oauth/token", form); status != 400 || body["error"] != "invalid_request" {
			t.Errorf("answered %d %v", status, body)
		}
	})
}

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
		for _, e := range []edits{{"refresh_token": "x"}, {"refresh_token": ""}, {"client_id": "other", "client_secret": "other's secret"}} {
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

func TestClaims(t *testing.T) {
	t.Parallel()
	t.Run("ID token", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		claims := a.idToken(nil)
		for name, want := range map[string]any{
			"iss": a.tenant.Issuer(), "aud": "app", "nonce": "the nonce", "name": "Ada Lovelace", "nickname": "Ada", "email": ada,
			"email_verified": true,
		} {
			if claims[name] != want {
				t.Errorf("%s is %v, want %v", name, claims[name], want)
			}
		}
		if sub, _ := claims["sub"].(string); !strings.HasPrefix(sub, "auth0|") {
			t.Errorf("sub is %v", claims["sub"])
		}
		if iat, exp := number(claims["iat"]), number(claims["exp"]); iat != a.clock.Unix() || exp != iat+36000 {
			t.Errorf("iat %d, exp %d, now %d", iat, exp, a.clock.Unix())
		}
		for _, name := range []string{"azp", "at_hash", "auth_time", "org_id", "picture", "given_name"} {
			if claims[name] != nil {
				t.Errorf("%s is %v", name, claims[name])
			}
		}
	})
	t.Run("what the scopes leave out", func(t *testing.T) {
		t.Parallel()
		claims := newApp(t).idToken(edits{"scope": "openid", "nonce": ""})
		if got := slices.Sorted(maps.Keys(claims)); !slices.Equal(got, []string{"aud", "exp", "iat", "iss", "sid", "sub"}) {
			t.Errorf("claims %v", got)
		}
	})
	t.Run("a user's own, changed from the next token on", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		user := a.tenant.AddUser(chiauth0test.User{
			Email: ada, Password: "password", Subject: "google-oauth2|1", GivenName: "Ada", FamilyName: "Lovelace",
			Picture: "http://app.test/ada.png", Claims: map[string]any{"groups": []string{"staff"}, "email_verified": "true"},
		})
		claims := a.idToken(nil)
		if groups, _ := claims["groups"].([]any); len(groups) != 1 || groups[0] != "staff" || claims["sub"] != "google-oauth2|1" ||
			claims["given_name"] != "Ada" || claims["family_name"] != "Lovelace" || claims["email_verified"] != "true" ||
			claims["picture"] != "http://app.test/ada.png" {
			t.Errorf("claims %v", claims)
		}
		user.Claims = map[string]any{"email": nil, "groups": nil}
		a.tenant.AddUser(user)
		if claims := a.idToken(nil); claims["groups"] != nil || claims["email"] != nil || claims["email_verified"] != false {
			t.Errorf("claims %v", claims)
		}
	})
	t.Run("AddUser keeps a copy", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		claims := map[string]any{"groups": "staff"}
		returned := a.tenant.AddUser(chiauth0test.User{Email: ada, Password: "password", Claims: claims})
		claims["groups"], returned.Claims["groups"] = "superusers", "superusers"
		if got := a.idToken(nil)["groups"]; got != "staff" {
			t.Errorf("groups %v", got)
		}
	})
	t.Run("at_hash", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.AccessTokenHash = true
		tokens := a.tokens(nil)
		access, _ := tokens["access_token"].(string)
		if got, want := a.open(tokens["id_token"])["at_hash"], leftHalf(access); got != want {
			t.Errorf("at_hash %v, want %v", got, want)
		}
	})
	t.Run("access token of an API", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.AddAPI("https://api.test", "read:all")
		a.tenant.AddUser(chiauth0test.User{Email: ada, Password: "password", AccessTokenClaims: map[string]any{"role": "editor"}})
		tokens := a.tokens(edits{"audience": "https://api.test", "scope": "openid read:all write:all"})
		claims := a.open(tokens["access_token"])
		if tokens["scope"] != "openid read:all" || claims["scope"] != "openid read:all" {
			t.Errorf("scope %v, in the token %v", tokens["scope"], claims["scope"])
		}
		aud, _ := claims["aud"].([]any)
		if len(aud) != 2 || aud[0] != "https://api.test" || aud[1] != a.tenant.Issuer()+"userinfo" || claims["azp"] != "app" ||
			claims["role"] != "editor" || claims["gty"] != nil || claims["sub"] != a.open(tokens["id_token"])["sub"] {
			t.Errorf("claims %v", claims)
		}
		if number(claims["exp"])-number(claims["iat"]) != 86400 {
			t.Errorf("claims %v", claims)
		}
	})
	t.Run("access token without an API is opaque", func(t *testing.T) {
		t.Parallel()
		if token, _ := newApp(t).tokens(nil)["access_token"].(string); token == "" || strings.Contains(token, ".") {
			t.Errorf("access token %q", token)
		}
	})
}

func TestUserinfo(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.tenant.AddUser(chiauth0test.User{Email: ada, Password: "password", Claims: map[string]any{"groups": "staff"}})
	tokens := a.tokens(edits{"scope": "openid email"})
	if status, claims := a.userinfo("Bearer", tokens["access_token"]); status != http.StatusOK || claims["email"] != ada ||
		claims["groups"] != "staff" || claims["name"] != nil || claims["sub"] != a.open(tokens["id_token"])["sub"] {
		t.Errorf("answered %d %v", status, claims)
	}
	for name, try := range map[string][2]any{
		"no token": {"Bearer", ""}, "unknown token": {"Bearer", "x"}, "ID token": {"Bearer", tokens["id_token"]},
		"another scheme": {"Basic", tokens["access_token"]},
	} {
		if status, body := a.userinfo(try[0], try[1]); status != http.StatusUnauthorized {
			t.Errorf("%s: %d %v", name, status, body)
		}
	}
	a.clock = a.clock.Add(24 * time.Hour)
	if status := a.userinfoStatus(tokens["access_token"]); status != http.StatusUnauthorized {
		t.Errorf("expired: %d", status)
	}
}

// leftHalf is at_hash as OpenID Connect Core, section 3.1.3.6, computes it for RS256.
func leftHalf(token string) string {
	hash := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(hash[:len(hash)/2])
}

func (a *app) userinfo(scheme, token any) (status int, claims map[string]any) {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet, a.tenant.Issuer()+"userinfo", http.NoBody)
	if err != nil {
		a.t.Fatal(err)
	}
	schemeText, _ := scheme.(string)
	tokenText, _ := token.(string)
	req.Header.Set("Authorization", schemeText+" "+tokenText)
	return a.do(req)
}

func (a *app) userinfoStatus(token any) int {
	a.t.Helper()
	status, _ := a.userinfo("Bearer", token)
	return status
}

// FuzzToken sends anything at all to /oauth/token: without the client's secret there is never a token.
func FuzzToken(f *testing.F) {
	tenant := chiauth0test.New("http://tenant.test")
	tenant.AddClient(chiauth0test.Client{ID: "app", AuthMethods: []string{chiauth0test.SecretPost, chiauth0test.SecretBasic}})
	for _, form := range []string{
		"", "grant_type=authorization_code&code=x&client_id=app", "grant_type=refresh_token&refresh_token=x&client_id=app&client_secret=",
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
