package chiauth0test

import (
	"crypto/rsa"
	"encoding/json"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

var hintAlgorithms = []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.HS256}

type hintClaims struct {
	Issuer    string `json:"iss"`
	Audience  string `json:"aud"`
	SessionID string `json:"sid"`
}

// readHint verifies an ID token except for its expiry. A logout may come after the ID token has
// expired (OpenID Connect RP-Initiated Logout 1.0, section 4).
func (t *Tenant) readHint(hint string) (hintClaims, error) {
	signed, err := jose.ParseSignedCompact(hint, hintAlgorithms)
	if err != nil {
		return hintClaims{}, err
	}

	// The payload names the client, whose secret is the key of an HS256 signature.
	var claims hintClaims
	err = json.Unmarshal(signed.UnsafePayloadWithoutVerification(), &claims)
	if err != nil {
		return hintClaims{}, err
	}
	if claims.Issuer != t.issuer {
		return hintClaims{}, fmt.Errorf("its iss is %q", claims.Issuer)
	}
	if _, err := signed.Verify(t.hintKey(signed.Signatures[0].Header, claims)); err != nil {
		return hintClaims{}, err
	}
	return claims, nil
}

func (t *Tenant) hintKey(header jose.Header, claims hintClaims) any {
	if header.Algorithm == string(jose.HS256) {
		client, _ := t.client(claims.Audience)
		return macKey(client.Secret)
	}
	for _, key := range t.keys.published() {
		if key.id == header.KeyID {
			return key.Public()
		}
	}
	return (*rsa.PublicKey)(nil)
}
