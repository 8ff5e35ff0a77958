package chiauth0test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
)

// A code stays known after its use, so that a second use is noticed. Tenant.mu guards used.
type code struct {
	*grant
	redirectURI string
	challenge   string
	used        bool
}

// redeemCode accepts a code once, from the client it was issued to, with the login's redirect URI
// and verifier. A failed attempt spends the code. A second attempt also revokes the tokens of the
// first (RFC 6749, section 4.1.2).
func (t *Tenant) redeemCode(client Client, form url.Values) (tokenOrder, *tokenError) {
	t.mu.Lock()
	defer t.mu.Unlock()
	code, found := t.codes.get(form.Get("code"), t.now())
	if !found {
		return tokenOrder{}, invalidGrant("Invalid authorization code")
	}
	if code.clientID != client.ID {
		return tokenOrder{}, invalidGrant("The code was issued to another client")
	}
	if code.used {
		t.revokeGrant(code.grant)
		return tokenOrder{}, invalidGrant("The code has been used")
	}

	code.used = true
	if form.Get("redirect_uri") != code.redirectURI {
		return tokenOrder{}, invalidGrant("redirect_uri differs from that of the login")
	}
	if !code.verifies(form.Get("code_verifier")) {
		return tokenOrder{}, invalidGrant("Failed to verify code verifier")
	}
	return tokenOrder{
		grant:    code.grant,
		audience: code.audience,
		scopes:   code.scopes,
		rotated:  true,
		expires:  t.now().Add(refreshLifetime),
	}, nil
}

// verifies checks the PKCE verifier (RFC 7636, sections 4.1 and 4.6).
func (c *code) verifies(verifier string) bool {
	if len(verifier) < 43 || len(verifier) > 128 {
		return false
	}
	hash := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(hash[:]) == c.challenge
}
