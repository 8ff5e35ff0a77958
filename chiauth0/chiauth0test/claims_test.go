package chiauth0test_test

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

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
