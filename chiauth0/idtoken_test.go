package chiauth0_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// set edits one claim. A time.Duration counts from the signing of the token.
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

// logoutEvents is the claim that makes a token a logout token.
var logoutEvents = map[string]any{
	"http://schemas.openid.net/event/backchannel-logout": map[string]any{},
}

type edit = func(*chiauth0test.JWT)

// all applies several edits.
func all(edits ...edit) edit {
	return func(token *chiauth0test.JWT) {
		for _, edit := range edits {
			edit(token)
		}
	}
}

// change edits one claim that is a string.
func change(name string, f func(string) string) edit {
	return func(token *chiauth0test.JWT) {
		value, _ := token.Claims[name].(string)
		token.Claims[name] = f(value)
	}
}

// audiences adds audiences to that of the client.
func audiences(more ...any) edit {
	return func(token *chiauth0test.JWT) {
		token.Claims["aud"] = append([]any{token.Claims["aud"]}, more...)
	}
}

// signedBy signs with another key than the tenant's.
func signedBy(key any) edit {
	return func(token *chiauth0test.JWT) { token.Key = key }
}

func withoutKeyID(token *chiauth0test.JWT) { delete(token.Header, "kid") }

// badIDTokens are ID tokens that are refused, with a part of the log line.
func badIDTokens(t *testing.T) map[string]struct {
	edit edit
	says string
} {
	forger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const unknownKey = "none of the tenant's keys"
	return map[string]struct {
		edit edit
		says string
	}{
		"nonce missing":          {drop("nonce"), "nonce"},
		"nonce empty":            {set("nonce", ""), "nonce"},
		"nonce null":             {set("nonce", nil), "nonce"},
		"nonce of another login": {set("nonce", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), "nonce"},
		"nonce a number":         {set("nonce", 1), ""},

		"iss missing":           {drop("iss"), "different provider"},
		"iss of another tenant": {set("iss", "https://evil.example/"), "different provider"},
		"iss with a path more": {
			change("iss", func(iss string) string { return iss + "x" }), "different provider",
		},
		"iss without its slash": {
			change("iss", func(iss string) string { return strings.TrimSuffix(iss, "/") }),
			"different provider",
		},

		"aud missing":           {drop("aud"), "audience"},
		"aud of another client": {set("aud", "another client"), "audience"},
		"aud empty":             {set("aud", []string{}), "audience"},
		"aud null":              {set("aud", nil), "audience"},
		"aud in upper case":     {change("aud", strings.ToUpper), "audience"},
		"several aud, no azp":   {audiences("other"), "several audiences"},
		"several aud, azp of another client": {
			all(audiences("other"), set("azp", "other")), "azp",
		},
		"azp of another client": {set("azp", "another client"), "azp"},
		"azp empty":             {set("azp", ""), "azp"},
		"azp null":              {set("azp", nil), "azp"},
		"azp a list":            {set("azp", []string{"client-of-the-app"}), "azp"},

		"exp missing":              {drop("exp"), "expired"},
		"exp more than 60 s ago":   {set("exp", -62*time.Second), "expired"},
		"exp zero":                 {set("exp", 0), "expired"},
		"exp no number":            {set("exp", "soon"), ""},
		"exp null":                 {set("exp", nil), ""},
		"iat missing":              {drop("iat"), "iat"},
		"iat null":                 {set("iat", nil), ""},
		"iat more than 60 s ahead": {set("iat", 90*time.Second), "iat"},
		"nbf more than 60 s ahead": {set("nbf", 90*time.Second), "nbf"},
		"nbf an hour ahead":        {set("nbf", time.Hour), "nbf"},
		"nbf no number":            {set("nbf", "soon"), ""},

		"sub missing":  {drop("sub"), "sub"},
		"sub empty":    {set("sub", ""), "sub"},
		"sub null":     {set("sub", nil), "sub"},
		"sub a number": {set("sub", 1), ""},

		"at_hash of another access token": {
			set("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"), "access token hash",
		},
		"at_hash empty": {set("at_hash", ""), "access token"},
		"at_hash null":  {set("at_hash", nil), "access token"},

		"a logout token with a nonce": {set("events", logoutEvents), "logout token"},
		"a logout token":              {all(drop("nonce"), set("events", logoutEvents)), ""},
		"typ logout+jwt":              {header("typ", "logout+jwt"), "logout+jwt"},
		"typ at+jwt":                  {header("typ", "at+jwt"), "at+jwt"},
		"typ application/at+jwt":      {header("typ", "application/at+jwt"), "at+jwt"},

		"alg none":                         {header("alg", "none"), "not RS256"},
		"alg HS256 with the client secret": {header("alg", "HS256"), "advanced OAuth settings"},
		"alg PS256 with the right key":     {header("alg", "PS256"), "not RS256"},
		"alg ES256": {
			all(header("alg", "ES256"), signedBy(curve)), "not RS256",
		},
		"another key with a known ID":    {signedBy(forger), unknownKey},
		"another key with an unknown ID": {all(signedBy(forger), header("kid", "x")), unknownKey},
		"another key without an ID":      {all(signedBy(forger), withoutKeyID), unknownKey},
		"another key in the header": {
			all(signedBy(forger), header("jku", "https://evil.example/keys")), unknownKey,
		},
		"an extension that must be understood": {
			all(header("crit", []string{"x"}), header("x", true)), "",
		},

		"a second spelling of sub":        {set("SUB", "auth0|other"), "SUB"},
		"a second spelling with a long s": {set("ſub", "auth0|other"), "ſub"},
		"iss as go-oidc finds it, and another": {
			func(token *chiauth0test.JWT) {
				token.Claims["iſs"] = token.Claims["iss"]
				token.Claims["iss"] = "https://evil.example/"
			},
			"iſs",
		},
	}
}

func TestBadIDTokens(t *testing.T) {
	t.Parallel()
	for name, test := range badIDTokens(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.tenant.Misbehave(chiauth0test.Faults{IDToken: test.edit})
			b := a.browser()
			b.refused(b.login("/auth0/login", ada), http.StatusBadRequest)
			if n := len(a.users.Accounts()); n != 0 {
				t.Errorf("%d users, want none", n)
			}
			log := a.log.String()
			if !strings.Contains(log, "invalid_token") || !strings.Contains(log, test.says) {
				t.Errorf("the log lacks invalid_token or %q: %s", test.says, log)
			}
		})
	}
}

// TestBadTokenResponses has answers of the token endpoint without a good ID token.
func TestBadTokenResponses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(body map[string]any, idToken string){
		"no ID token": func(body map[string]any, _ string) { delete(body, "id_token") },
		"an empty ID token": func(body map[string]any, _ string) {
			body["id_token"] = ""
		},
		"a number": func(body map[string]any, _ string) { body["id_token"] = 1 },
		"garbage":  func(body map[string]any, _ string) { body["id_token"] = "a.b.c" },
		"no signature": func(body map[string]any, idToken string) {
			body["id_token"] = idToken[:strings.LastIndexByte(idToken, '.')+1]
		},
		"another signature": func(body map[string]any, idToken string) {
			body["id_token"] = idToken[:300] + "AAAA"
		},
		"JSON serialization": func(body map[string]any, idToken string) {
			parts := strings.Split(idToken, ".")
			body["id_token"] = fmt.Sprintf(`{"protected":%q,"payload":%q,"signature":%q}`,
				parts[0], parts[1], parts[2])
		},
		"the access token": func(body map[string]any, _ string) {
			body["id_token"] = body["access_token"]
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, func(c *chiauth0.Config) { c.Audience = "https://api.example" })
			a.tenant.AddAPI("https://api.example")
			a.tenant.Misbehave(chiauth0test.Faults{
				TokenResponse: func(_ *int, body map[string]any) {
					idToken, _ := body["id_token"].(string)
					change(body, idToken)
				},
			})
			b := a.browser()
			b.refused(b.login("/auth0/login", ada), http.StatusBadRequest)
		})
	}
}

func TestBadIDTokenIsErrInvalidToken(t *testing.T) {
	t.Parallel()
	var last lastError
	a := newApp(t, func(c *chiauth0.Config) { c.ErrorHandler = last.handle })
	a.tenant.Misbehave(chiauth0test.Faults{IDToken: drop("nonce")})
	a.browser().login("/auth0/login", ada)
	if !errors.Is(last.err, chiauth0.ErrInvalidToken) {
		t.Errorf("the error is %v, want ErrInvalidToken", last.err)
	}
}

func TestGoodIDTokens(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]edit{
		"exp 50 s ago":        set("exp", -50*time.Second),
		"iat 50 s ahead":      set("iat", 50*time.Second),
		"iat with fractions":  set("iat", float64(time.Now().Unix())+0.5),
		"nbf 50 s ahead":      set("nbf", 50*time.Second),
		"nbf in the past":     set("nbf", -time.Hour),
		"azp of this client":  set("azp", "client-of-the-app"),
		"several aud and azp": all(set("azp", "client-of-the-app"), audiences("other")),
		"no typ":              func(token *chiauth0test.JWT) { delete(token.Header, "typ") },
		"typ in lower case":   header("typ", "jwt"),
		"no kid":              withoutKeyID,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.tenant.Misbehave(chiauth0test.Faults{IDToken: edit})
			a.browser().signIn(ada)
		})
	}
	t.Run("the right at_hash", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.AccessTokenHash = true
		a.browser().signIn(ada)
	})
}

func TestSigningAlg(t *testing.T) {
	t.Parallel()
	t.Run("the configured one is accepted, and no other", func(t *testing.T) {
		t.Parallel()
		a := newApp(t, func(c *chiauth0.Config) { c.SigningAlg = "PS256" })
		b := a.browser()
		b.refused(b.login("/auth0/login", ada), http.StatusBadRequest)
		a.client.SigningAlg = "PS256"
		a.tenant.AddClient(a.client)
		a.browser().signIn(ada)
	})
	t.Run("the list in the discovery document is ignored", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.Misbehave(chiauth0test.Faults{
			Discovery: func(doc map[string]any) {
				doc["id_token_signing_alg_values_supported"] = []string{"none", "HS256"}
			},
			IDToken: header("alg", "HS256"),
		})
		b := a.browser()
		b.refused(b.login("/auth0/login", ada), http.StatusBadRequest)
	})
}
