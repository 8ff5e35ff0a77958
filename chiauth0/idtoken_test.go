package chiauth0_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// set is an edit of one claim. A time.Duration is that time from the moment the token is signed, as a NumericDate.
func set(name string, value any) func(*chiauth0test.JWT) {
	return func(token *chiauth0test.JWT) {
		token.Claims[name] = value
		if d, ok := value.(time.Duration); ok {
			token.Claims[name] = time.Now().Add(d).Unix()
		}
	}
}

func drop(name string) func(*chiauth0test.JWT) {
	return func(token *chiauth0test.JWT) { delete(token.Claims, name) }
}

func header(name string, value any) func(*chiauth0test.JWT) {
	return func(token *chiauth0test.JWT) { token.Header[name] = value }
}

func TestBadIDTokens(t *testing.T) {
	t.Parallel()
	forger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		edit func(*chiauth0test.JWT)
		says string // in the log
	}{
		{"nonce missing", drop("nonce"), "nonce"},
		{"nonce empty", set("nonce", ""), "nonce"},
		{"nonce null", set("nonce", nil), "nonce"},
		{"nonce of another login", set("nonce", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), "nonce"},
		{"nonce a number", set("nonce", 1), ""},
		{"iss missing", drop("iss"), "different provider"},
		{"iss of another tenant", set("iss", "https://evil.example/"), "different provider"},
		{"iss with a path more", func(t *chiauth0test.JWT) { t.Claims["iss"] = t.Claims["iss"].(string) + "x" }, "different provider"},
		{"iss without its slash", func(t *chiauth0test.JWT) {
			t.Claims["iss"] = strings.TrimSuffix(t.Claims["iss"].(string), "/")
		}, "different provider"},
		{"aud missing", drop("aud"), "audience"},
		{"aud of another client", set("aud", "another client"), "audience"},
		{"aud empty", set("aud", []string{}), "audience"},
		{"aud null", set("aud", nil), "audience"},
		{"aud in upper case", func(t *chiauth0test.JWT) { t.Claims["aud"] = strings.ToUpper(t.Claims["aud"].(string)) }, "audience"},
		{"several aud and no azp", func(t *chiauth0test.JWT) { t.Claims["aud"] = []any{t.Claims["aud"], "other"} }, "several audiences"},
		{"several aud and azp of another", func(t *chiauth0test.JWT) {
			t.Claims["aud"], t.Claims["azp"] = []any{t.Claims["aud"], "other"}, "other"
		}, "azp"},
		{"azp of another client", set("azp", "another client"), "azp"},
		{"azp empty", set("azp", ""), "azp"},
		{"azp null", set("azp", nil), "azp"},
		{"azp a list", set("azp", []string{"client-of-the-app"}), "azp"},
		{"exp missing", drop("exp"), "expired"},
		{"exp 61 s ago", set("exp", -61*time.Second-time.Second), "expired"},
		{"exp zero", set("exp", 0), "expired"},
		{"exp no number", set("exp", "soon"), ""},
		{"exp null", set("exp", nil), ""},
		{"iat missing", drop("iat"), "iat"},
		{"iat null", set("iat", nil), ""},
		{"iat more than 60 s ahead", set("iat", 90*time.Second), "iat"},
		{"nbf far ahead", set("nbf", time.Hour), "nbf"},
		{"sub missing", drop("sub"), "sub"},
		{"sub empty", set("sub", ""), "sub"},
		{"sub null", set("sub", nil), "sub"},
		{"sub a number", set("sub", 1), ""},
		{"at_hash of another access token", set("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"), "access token hash"},
		{"at_hash empty", set("at_hash", ""), "access token"},
		{"at_hash null", set("at_hash", nil), "access token"},
		{"a logout token", func(t *chiauth0test.JWT) {
			t.Claims["events"] = map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}
		}, "logout token"},
		{"a logout token as specified, without nonce", func(t *chiauth0test.JWT) {
			delete(t.Claims, "nonce")
			t.Claims["events"] = map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}
		}, ""},
		{"typ logout+jwt", header("typ", "logout+jwt"), "logout+jwt"},
		{"typ at+jwt", header("typ", "at+jwt"), "at+jwt"},
		{"typ application/at+jwt", header("typ", "application/at+jwt"), "at+jwt"},
		{"alg none", header("alg", "none"), "not RS256"},
		{"alg HS256 with the client secret", header("alg", "HS256"), "advanced OAuth settings"},
		{"alg PS256 with the right key", header("alg", "PS256"), "not RS256"},
		{"alg ES256", func(t *chiauth0test.JWT) { t.Header["alg"], t.Key = "ES256", curve }, "not RS256"},
		{"another key under a known id", func(t *chiauth0test.JWT) { t.Key = forger }, "none of the tenant's keys"},
		{"another key under an unknown id", func(t *chiauth0test.JWT) { t.Key, t.Header["kid"] = forger, "x" }, "none of the tenant's keys"},
		{"another key without an id", func(t *chiauth0test.JWT) { t.Key = forger; delete(t.Header, "kid") }, "none of the tenant's keys"},
		{"another key in the header", func(t *chiauth0test.JWT) { t.Key, t.Header["jku"] = forger, "https://evil.example/keys" }, "none of the tenant's keys"},
		{"an extension that must be understood", func(t *chiauth0test.JWT) {
			t.Header["crit"], t.Header["x"] = []string{"x"}, true
		}, ""},
		{"claims that differ in case: SUB", set("SUB", "auth0|other"), "SUB"},
		{"sub as go-oidc finds it, and another", set("ſub", "auth0|other"), "ſub"},
		{"iss as go-oidc finds it, and another", func(t *chiauth0test.JWT) {
			t.Claims["iſs"], t.Claims["iss"] = t.Claims["iss"], "https://evil.example/"
		}, "iſs"},
	} {
		t.Run("C7: "+test.name+" is refused, no session", func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.tenant.Misbehave(chiauth0test.Faults{IDToken: test.edit})
			b := a.browser()
			b.refused(b.login("/auth0/login", ada), http.StatusBadRequest)
			if n := len(a.users.Accounts()); n != 0 {
				t.Errorf("%d users", n)
			}
			if log := a.log.String(); !strings.Contains(log, "invalid_token") || !strings.Contains(log, test.says) {
				t.Errorf("the log does not say %q: %s", test.says, log)
			}
		})
	}

	for name, response := range map[string]func(body map[string]any){
		"no ID token":                  func(body map[string]any) { delete(body, "id_token") },
		"an empty ID token":            func(body map[string]any) { body["id_token"] = "" },
		"an ID token that is a number": func(body map[string]any) { body["id_token"] = 1 },
		"garbage":                      func(body map[string]any) { body["id_token"] = "a.b.c" },
		"no signature": func(body map[string]any) {
			token := body["id_token"].(string)
			body["id_token"] = token[:strings.LastIndexByte(token, '.')+1]
		},
		"another signature": func(body map[string]any) { body["id_token"] = body["id_token"].(string)[:300] + "AAAA" },
		"a JSON serialization": func(body map[string]any) {
			parts := strings.Split(body["id_token"].(string), ".")
			body["id_token"] = `{"protected":"` + parts[0] + `","payload":"` + parts[1] + `","signature":"` + parts[2] + `"}`
		},
		"the access token in its place": func(body map[string]any) { body["id_token"] = body["access_token"] },
	} {
		t.Run("C7: "+name+" is refused, no session", func(t *testing.T) {
			t.Parallel()
			a := newApp(t, func(c *chiauth0.Config) { c.Audience = "https://api.example" })
			a.tenant.AddAPI("https://api.example")
			a.tenant.Misbehave(chiauth0test.Faults{TokenResponse: func(_ *int, body map[string]any) { response(body) }})
			b := a.browser()
			b.refused(b.login("/auth0/login", ada), http.StatusBadRequest)
		})
	}
	t.Run("C7: the error is ErrInvalidToken", func(t *testing.T) {
		t.Parallel()
		var last lastError
		a := newApp(t, func(c *chiauth0.Config) { c.ErrorHandler = last.handle })
		a.tenant.Misbehave(chiauth0test.Faults{IDToken: drop("nonce")})
		a.browser().login("/auth0/login", ada)
		if !errors.Is(last.err, chiauth0.ErrInvalidToken) {
			t.Errorf("it is %v", last.err)
		}
	})
}

func TestGoodIDTokens(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*chiauth0test.JWT){
		"exp 50 s ago":       set("exp", -50*time.Second),
		"iat 50 s ahead":     set("iat", 50*time.Second),
		"iat with fractions": set("iat", float64(time.Now().Unix())+0.5),
		"nbf 50 s ahead":     set("nbf", 50*time.Second),
		"azp of this client": set("azp", "client-of-the-app"),
		"several aud and azp": func(t *chiauth0test.JWT) {
			t.Claims["azp"], t.Claims["aud"] = t.Claims["aud"], []any{t.Claims["aud"], "other"}
		},
		"no typ":            func(t *chiauth0test.JWT) { delete(t.Header, "typ") },
		"typ in lower case": header("typ", "jwt"),
		"no kid":            func(t *chiauth0test.JWT) { delete(t.Header, "kid") },
	} {
		t.Run("C7: "+name+" is accepted", func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.tenant.Misbehave(chiauth0test.Faults{IDToken: edit})
			a.browser().signIn(ada)
		})
	}
	t.Run("C7: the right at_hash is accepted", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.AccessTokenHash = true
		a.browser().signIn(ada)
	})
	t.Run("C7: another algorithm is the one when it is pinned", func(t *testing.T) {
		t.Parallel()
		a := newApp(t, func(c *chiauth0.Config) { c.SigningAlg = "PS256" })
		b := a.browser()
		b.refused(b.login("/auth0/login", ada), http.StatusBadRequest)
		a.client.SigningAlg = "PS256"
		a.tenant.AddClient(a.client)
		a.browser().signIn(ada)
	})
	t.Run("C7: the tenant's discovery may list what it wants", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.Misbehave(chiauth0test.Faults{
			Discovery: func(doc map[string]any) { doc["id_token_signing_alg_values_supported"] = []string{"none", "HS256"} },
			IDToken:   header("alg", "HS256"),
		})
		b := a.browser()
		b.refused(b.login("/auth0/login", ada), http.StatusBadRequest)
	})
}
