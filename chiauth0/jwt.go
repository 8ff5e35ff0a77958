package chiauth0

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

// signingAlgs are the asymmetric algorithms that a token may be signed with (RFC 7518, section
// 3.1; RFC 8037, section 3.1). With HS256, each party that can verify a token can make one.
var signingAlgs = []string{
	"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
}

// anyAlg are the algorithms that a header may name before it is refused with a helpful error.
var anyAlg = func() []jose.SignatureAlgorithm {
	algs := []jose.SignatureAlgorithm{"HS256", "HS384", "HS512", "none"}
	for _, alg := range signingAlgs {
		algs = append(algs, jose.SignatureAlgorithm(alg))
	}
	return algs
}()

// checkIDTokenHeader refuses other algorithms than the configured one, and other kinds of tokens
// (RFC 8725, sections 3.1 and 3.11).
func checkIDTokenHeader(raw, alg string) error {
	header, err := headerOf(raw)
	if err != nil {
		return err
	}
	if strings.HasPrefix(header.Algorithm, "HS") {
		return invalidToken("it is signed with %s, not %s: at Auth0, in the application's "+
			"advanced OAuth settings, set the JSON Web Token signature algorithm to %[2]s",
			header.Algorithm, alg)
	}
	if header.Algorithm != alg {
		return invalidToken("it is signed with %q, not %s", header.Algorithm, alg)
	}
	if typ := typeOf(header); typ != "" && typ != "jwt" {
		return invalidToken("it is a %q, not a JWT", typ)
	}
	return nil
}

// headerOf returns the header of a JWT in compact serialization. The signature is not checked.
func headerOf(raw string) (jose.Header, error) {
	jws, err := jose.ParseSignedCompact(raw, anyAlg)
	if err != nil {
		return jose.Header{}, fmt.Errorf("%w: %w", ErrInvalidToken, err)
	}
	return jws.Signatures[0].Header, nil
}

// typeOf returns typ in lower case and without the prefix application/ (RFC 7515, section 4.1.9).
func typeOf(header jose.Header) string {
	typ, _ := header.ExtraHeaders[jose.HeaderType].(string)
	return strings.TrimPrefix(strings.ToLower(typ), "application/")
}

// checkedClaims are the claims that go-oidc finds without regard to case, as encoding/json does.
// This package reads them by their exact names.
var checkedClaims = []string{"iss", "sub", "aud", "exp", "iat", "nbf", "nonce", "at_hash"}

// claimsOf returns the claims of a verified token. It refuses a token with a second spelling of a
// claim, such as "Sub" beside "sub": go-oidc might have checked one, and the other be used.
func claimsOf(token *oidc.IDToken) (map[string]any, error) {
	var raw json.RawMessage
	if err := token.Claims(&raw); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidToken, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber() // a number beyond 2^53 keeps its digits
	var claims map[string]any
	if err := decoder.Decode(&claims); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidToken, err)
	}

	for name := range claims {
		exact := slices.IndexFunc(checkedClaims, func(checked string) bool {
			return strings.EqualFold(name, checked)
		})
		if exact >= 0 && name != checkedClaims[exact] {
			return nil, invalidToken("the claim %q is not spelled %q", name, checkedClaims[exact])
		}
	}
	return claims, nil
}
