package chiauth0test_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

func TestTokenAnswer(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	form := a.codeForm(a.code(nil), nil)
	resp, body := a.send(http.MethodPost, a.tenant.Issuer()+"oauth/token", form)
	if got := resp.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control is %q, want no-store", got)
	}
	if got := resp.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type is %q, want application/json", got)
	}
	for _, want := range []string{
		`"expires_in":86400`, `"token_type":"Bearer"`, `"scope":"openid profile email"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("answer %s lacks %s", body, want)
		}
	}
	if strings.Contains(body, "refresh_token") {
		t.Errorf("answer %s has a refresh token without offline_access", body)
	}
}

func TestAccessTokenLifetime(t *testing.T) {
	t.Parallel()
	t.Run("of the tenant", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.AccessTokenLifetime = 30 * time.Second
		a.tenant.AddAPI("https://api.test")
		tokens := a.tokens(edits{"audience": "https://api.test"})
		if tokens["expires_in"] != 30.0 {
			t.Errorf("expires_in is %v, want 30", tokens["expires_in"])
		}
		claims := a.open(tokens["access_token"])
		if got := number(claims["exp"]) - number(claims["iat"]); got != 30 {
			t.Errorf("the JWT lives %d seconds, want 30", got)
		}
		a.clock = a.clock.Add(30 * time.Second)
		wantStatus(t, "userinfo after it expired",
			a.userinfoStatus(tokens["access_token"]), http.StatusUnauthorized)
	})
	t.Run("of the client takes precedence", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.AccessTokenLifetime = 30 * time.Second
		a.updateClient(func(c *chiauth0test.Client) { c.AccessTokenLifetime = time.Minute })
		if got := a.tokens(nil)["expires_in"]; got != 60.0 {
			t.Errorf("expires_in is %v, want 60", got)
		}
	})
}

func TestOddExpiresIn(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	for _, sent := range []any{
		0, -1, 0.5, "3600", "", "soon", true, nil,
		[]int{1},
		json.RawMessage("1e3"),
		json.RawMessage("99999999999999999999"),
	} {
		encoded, err := json.Marshal(sent)
		if err != nil {
			t.Fatal(err)
		}
		a.tenant.Misbehave(chiauth0test.Faults{
			TokenResponse: func(_ *int, body map[string]any) { body["expires_in"] = sent },
		})
		form := a.codeForm(a.code(nil), nil)
		_, body := a.send(http.MethodPost, a.tenant.Issuer()+"oauth/token", form)
		if want := `"expires_in":` + string(encoded); !strings.Contains(body, want) {
			t.Errorf("answer %s lacks %s", body, want)
		}
	}
}

func TestNoIDTokenWithoutOpenID(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	first := a.tokens(edits{"scope": "openid email offline_access"})
	second := a.mustRefresh(first["refresh_token"], edits{"scope": "email"})
	if second["id_token"] != nil || second["access_token"] == nil {
		t.Errorf("answer is %v, want an access token and no ID token", second)
	}
}

// FuzzToken checks that no form gets a token without the client's secret.
func FuzzToken(f *testing.F) {
	tenant := chiauth0test.New("http://tenant.test")
	tenant.AddClient(chiauth0test.Client{
		ID:          "app",
		AuthMethods: []string{chiauth0test.SecretPost, chiauth0test.SecretBasic},
	})
	for _, form := range []string{
		"",
		"grant_type=authorization_code&code=x&client_id=app",
		"grant_type=refresh_token&refresh_token=x&client_id=app&client_secret=",
		"grant_type=refresh_token&refresh_token=x&audience=y&scope=z",
		"client_id=app&client_id=app",
		"%zz",
		"grant_type=authorization_code;client_secret",
		"client_id=app&client_secret=%00",
	} {
		f.Add(form, "")
		f.Add(form, "Basic YXBwOg==")
	}
	f.Fuzz(func(t *testing.T, form, authorization string) {
		for _, path := range []string{"/oauth/token", "/oauth/revoke"} {
			w := serveAuthorized(tenant, path, form, authorization)
			if w.Code < 400 || w.Code >= 500 || strings.Contains(w.Body.String(), "access_token") {
				t.Errorf("%s with form %q and header %q: got %d %s, want an error",
					path, form, authorization, w.Code, w.Body)
			}
		}
	})
}
