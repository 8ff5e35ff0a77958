package chiauth0test_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// verify lets go-oidc verify an ID token with the tenant's discovery document and keys.
func (a *app) verify(token any) (*oidc.IDToken, error) {
	a.t.Helper()
	provider, err := oidc.NewProvider(a.t.Context(), a.tenant.Issuer())
	if err != nil {
		return nil, err
	}
	config := &oidc.Config{ClientID: a.client.ID, Now: a.tenant.Now}
	text, _ := token.(string)
	return provider.VerifierContext(a.t.Context(), config).Verify(a.t.Context(), text)
}

func TestForgedIDTokens(t *testing.T) {
	t.Parallel()
	ellipticKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	claim := func(name string, value any) func(*chiauth0test.JWT) {
		return func(token *chiauth0test.JWT) { token.Claims[name] = value }
	}
	header := func(name string, value any) func(*chiauth0test.JWT) {
		return func(token *chiauth0test.JWT) { token.Header[name] = value }
	}
	for name, test := range map[string]struct {
		edit func(*chiauth0test.JWT)
		want string // in go-oidc's error
	}{
		"another iss": {claim("iss", "http://evil.test/"), "issued by a different provider"},
		"another aud": {claim("aud", "other"), "expected audience"},
		"past exp":    {claim("exp", time.Now().Add(-time.Hour).Unix()), "expired"},
		"alg none":    {header("alg", "none"), "unexpected signature algorithm"},
		"alg HS256":   {header("alg", "HS256"), "unexpected signature algorithm"},
		"unknown kid": {header("kid", "x"), "failed to verify signature"},
		"another key": {func(token *chiauth0test.JWT) {
			token.Key = testKeys()[0]
		}, "failed to verify signature"},
		"alg ES256": {func(token *chiauth0test.JWT) {
			token.Header["alg"], token.Key = "ES256", ellipticKey
		}, "unexpected signature algorithm"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.setFaults(chiauth0test.Faults{
				IDToken: test.edit,
				Discovery: func(doc map[string]any) {
					doc["id_token_signing_alg_values_supported"] = []string{"RS256"}
				},
			})
			_, err := a.verify(a.tokens(nil)["id_token"])
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one that contains %q", err, test.want)
			}
			a.setFaults(chiauth0test.Faults{})
			if _, err := a.verify(a.tokens(nil)["id_token"]); err != nil {
				t.Errorf("without the fault: %v", err)
			}
		})
	}
}

func TestForgedClaimsThatGoOIDCIgnores(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.setFaults(chiauth0test.Faults{IDToken: func(token *chiauth0test.JWT) {
		token.Header["alg"] = "PS256"
		token.Claims["nonce"] = "replayed"
		token.Claims["azp"] = "other"
		token.Claims["sub"] = ""
		delete(token.Claims, "iat")
		token.Claims["events"] = map[string]any{
			"http://schemas.openid.net/event/backchannel-logout": map[string]any{},
		}
	}})
	token, err := a.verify(a.tokens(nil)["id_token"])
	if err != nil {
		t.Fatal(err)
	}
	if token.Nonce != "replayed" || token.Subject != "" {
		t.Errorf("nonce is %q and sub %q, want the forged ones", token.Nonce, token.Subject)
	}
}

func TestSigningAlg(t *testing.T) {
	t.Parallel()
	for _, alg := range []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.HS256} {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.updateClient(func(c *chiauth0test.Client) { c.SigningAlg = string(alg) })
			text, _ := a.tokens(nil)["id_token"].(string)
			signed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{alg})
			if err != nil {
				t.Fatal(err)
			}
			var key any = a.keys()
			if alg == jose.HS256 {
				key = append([]byte(a.client.Secret), make([]byte, 32-len(a.client.Secret))...)
			}
			if _, err := signed.Verify(key); err != nil {
				t.Error(err)
			}
		})
	}
}
