package chiauth0test_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

func TestIDTokenClaims(t *testing.T) {
	t.Parallel()
	t.Run("are those of Auth0", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		claims := a.idToken(nil)
		wantClaims(t, claims, map[string]any{
			"iss":            a.tenant.Issuer(),
			"aud":            "app",
			"nonce":          "the nonce",
			"name":           "Ada Lovelace",
			"nickname":       "Ada",
			"email":          ada,
			"email_verified": true,

			"azp": nil, "at_hash": nil, "auth_time": nil, "acr": nil, "amr": nil,
			"org_id": nil, "session_expiry": nil, "picture": nil, "given_name": nil,
		})
		if sub, _ := claims["sub"].(string); !strings.HasPrefix(sub, "auth0|") {
			t.Errorf("sub is %q, want the prefix auth0|", sub)
		}
		iat, exp := number(claims["iat"]), number(claims["exp"])
		if iat != a.clock.Unix() || exp != iat+36000 {
			t.Errorf("iat is %d and exp %d, want %d and 36000 more", iat, exp, a.clock.Unix())
		}
	})
	t.Run("are fewer with fewer scopes", func(t *testing.T) {
		t.Parallel()
		claims := newApp(t).idToken(edits{"scope": "openid", "nonce": ""})
		got := slices.Sorted(maps.Keys(claims))
		want := []string{"aud", "exp", "iat", "iss", "sid", "sub"}
		if !slices.Equal(got, want) {
			t.Errorf("claims are %v, want %v", got, want)
		}
	})
	t.Run("AccessTokenHash adds at_hash", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.AccessTokenHash = true
		tokens := a.tokens(nil)
		access, _ := tokens["access_token"].(string)
		hash := sha256.Sum256([]byte(access)) // OpenID Connect Core 1.0, section 3.1.3.6
		want := base64.RawURLEncoding.EncodeToString(hash[:len(hash)/2])
		wantClaims(t, a.open(tokens["id_token"]), map[string]any{"at_hash": want})
	})
}

func TestUserClaims(t *testing.T) {
	t.Parallel()
	t.Run("replace and remove the tenant's, beginning with the next token", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		user := a.addUser(chiauth0test.User{
			Subject:    "google-oauth2|1",
			GivenName:  "Ada",
			FamilyName: "Lovelace",
			Picture:    "http://app.test/ada.png",
			Claims:     map[string]any{"groups": "staff", "email_verified": "true"},
		})
		wantClaims(t, a.idToken(nil), map[string]any{
			"sub":            "google-oauth2|1",
			"given_name":     "Ada",
			"family_name":    "Lovelace",
			"picture":        "http://app.test/ada.png",
			"groups":         "staff",
			"email_verified": "true",
		})
		user.Claims = map[string]any{"email": nil, "groups": nil}
		a.addUser(user)
		wantClaims(t, a.idToken(nil), map[string]any{
			"groups": nil, "email": nil, "email_verified": false,
		})
	})
	t.Run("are copied by AddUser", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		claims := map[string]any{"groups": "staff"}
		returned := a.addUser(chiauth0test.User{Claims: claims})
		claims["groups"] = "admins"
		returned.Claims["groups"] = "admins"
		wantClaims(t, a.idToken(nil), map[string]any{"groups": "staff"})
	})
}

func TestAuthTime(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	start := a.clock.Unix()
	wantClaims(t, a.idToken(edits{"prompt": "login"}), map[string]any{"auth_time": nil})
	a.clock = a.clock.Add(time.Minute)
	if got := number(a.idToken(edits{"max_age": "3600"})["auth_time"]); got != start {
		t.Errorf("auth_time is %d, want the login at %d", got, start)
	}
	if got := number(a.idToken(edits{"max_age": "0"})["auth_time"]); got != start+60 {
		t.Errorf("auth_time is %d, want the second login at %d", got, start+60)
	}
}

func TestAccessToken(t *testing.T) {
	t.Parallel()
	const api = "https://api.test"
	t.Run("of an API is a JWT", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.AddAPI(api, "read:all")
		a.addUser(chiauth0test.User{AccessTokenClaims: map[string]any{"role": "editor"}})
		tokens := a.tokens(edits{"audience": api, "scope": "openid read:all write:all"})
		claims := a.open(tokens["access_token"])
		wantClaims(t, claims, map[string]any{
			"iss":         a.tenant.Issuer(),
			"sub":         a.open(tokens["id_token"])["sub"],
			"azp":         "app",
			"scope":       "openid read:all",
			"role":        "editor",
			"gty":         nil,
			"permissions": nil,
		})
		if tokens["scope"] != "openid read:all" {
			t.Errorf("scope of the answer is %v, want %q", tokens["scope"], "openid read:all")
		}
		want := fmt.Sprint([]string{api, a.tenant.Issuer() + "userinfo"})
		if got := fmt.Sprint(claims["aud"]); got != want {
			t.Errorf("aud is %s, want %s", got, want)
		}
		if got := number(claims["exp"]) - number(claims["iat"]); got != 86400 {
			t.Errorf("the lifetime is %d, want 86400", got)
		}
	})
	t.Run("without an API is opaque", func(t *testing.T) {
		t.Parallel()
		wantOpaque(t, newApp(t).tokens(nil)["access_token"])
	})
	t.Run("of an API is opaque with OpaqueAccessTokens", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.OpaqueAccessTokens = true
		a.tenant.AddAPI(api)
		token := a.tokens(edits{"audience": api})["access_token"]
		wantOpaque(t, token)
		wantStatus(t, "userinfo", a.userinfoStatus(token), 200)
	})
}

func wantOpaque(t *testing.T, token any) {
	t.Helper()
	if text, _ := token.(string); text == "" || strings.Contains(text, ".") {
		t.Errorf("access token is %v, want an opaque one", token)
	}
}

func TestRBAC(t *testing.T) {
	t.Parallel()
	const api = "https://api.test"
	a := newApp(t)
	a.tenant.AddAPI(api, "read:all", "write:all", "delete:all")
	a.addUser(chiauth0test.User{Permissions: []string{"delete:all", "read:all", "other"}})
	login := edits{"audience": api, "scope": "openid offline_access read:all write:all"}

	claims := a.open(a.tokens(login)["access_token"])
	wantClaims(t, claims, map[string]any{
		"scope": "openid offline_access read:all write:all", "permissions": nil,
	})

	a.tenant.RBAC = true
	tokens := a.tokens(login)
	claims = a.open(tokens["access_token"])
	wantClaims(t, claims, map[string]any{"scope": "openid offline_access read:all"})
	if got := fmt.Sprint(claims["permissions"]); got != "[read:all delete:all]" {
		t.Errorf("permissions are %s, want those of the API that the user holds", got)
	}

	a.addUser(chiauth0test.User{})
	claims = a.open(a.mustRefresh(tokens["refresh_token"], nil)["access_token"])
	wantClaims(t, claims, map[string]any{"scope": "openid offline_access"})
	if got, isList := claims["permissions"].([]any); !isList || len(got) != 0 {
		t.Errorf("permissions are %v, want an empty list", claims["permissions"])
	}
}
