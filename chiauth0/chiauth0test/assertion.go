package chiauth0test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	assertionType        = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	maxAssertionSize     = 2048 // bytes, as at Auth0
	maxAssertionClaim    = 64   // characters of iss, sub and jti, as at Auth0
	maxAssertionLifetime = 60 * time.Second
	assertionClockSkew   = 10 * time.Second // for iat and nbf, as at Auth0
)

var assertionAlgorithms = []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.PS256}

// checkAssertion authenticates a client by private_key_jwt (RFC 7523, section 3). It is stricter
// than Auth0, which accepts assertions that live up to five minutes.
func (t *Tenant) checkAssertion(form url.Values) (Client, *tokenError) {
	client, err := t.verifyAssertion(form)
	if err != nil {
		return Client{}, failure(http.StatusUnauthorized, "invalid_client",
			"Failed client authentication: %v", err)
	}
	return client, nil
}

func (t *Tenant) verifyAssertion(form url.Values) (Client, error) {
	if kind := form.Get("client_assertion_type"); kind != assertionType {
		return Client{}, fmt.Errorf("client_assertion_type is %q: want %s", kind, assertionType)
	}
	raw := form.Get("client_assertion")
	if len(raw) > maxAssertionSize {
		return Client{}, fmt.Errorf("client_assertion has %d bytes: want at most %d",
			len(raw), maxAssertionSize)
	}
	signed, err := jose.ParseSignedCompact(raw, assertionAlgorithms)
	if err != nil {
		return Client{}, fmt.Errorf("client_assertion is not a JWT signed with one of %q",
			assertionAlgorithms)
	}

	// sub names the client, and the client has the keys.
	var claims assertionClaims
	if err := json.Unmarshal(signed.UnsafePayloadWithoutVerification(), &claims); err != nil {
		return Client{}, errors.New("the claims of client_assertion cannot be read")
	}
	client, known := t.client(claims.Subject)
	if !known || !slices.Contains(client.AuthMethods, PrivateKeyJWT) {
		return Client{}, fmt.Errorf("sub is %q: want a client registered for %s",
			claims.Subject, PrivateKeyJWT)
	}
	if id := form.Get("client_id"); id != "" && id != client.ID {
		return Client{}, fmt.Errorf("sub is %q, but client_id is %q", claims.Subject, id)
	}
	if !verifiesAny(signed, client) {
		return Client{}, errors.New("no key of the client verifies client_assertion")
	}
	if err := claims.check(t.issuer, t.now()); err != nil {
		return Client{}, err
	}
	if !t.spendAssertion(claims) {
		return Client{}, errors.New("jti has been used")
	}
	return client, nil
}

func verifiesAny(signed *jose.JSONWebSignature, client Client) bool {
	for _, key := range client.PublicKeys {
		if _, err := signed.Verify(key); err == nil {
			return true
		}
	}
	return false
}

type assertionClaims struct {
	Issuer    string          `json:"iss"`
	Subject   string          `json:"sub"`
	Audience  json.RawMessage `json:"aud"`
	ID        string          `json:"jti"`
	Expires   int64           `json:"exp"`
	IssuedAt  int64           `json:"iat"` // optional
	NotBefore int64           `json:"nbf"` // optional
}

func (c assertionClaims) check(issuer string, now time.Time) error {
	if c.Issuer != c.Subject {
		return fmt.Errorf("iss is %q, but sub is %q", c.Issuer, c.Subject)
	}
	var audience string
	if err := json.Unmarshal(c.Audience, &audience); err != nil || audience != issuer {
		return fmt.Errorf("aud is %s: want %q, one string", c.Audience, issuer)
	}
	if c.ID == "" || max(len(c.ID), len(c.Subject)) > maxAssertionClaim {
		return fmt.Errorf("sub and jti must have 1 to %d characters", maxAssertionClaim)
	}

	expires := time.Unix(c.Expires, 0)
	if !now.Before(expires) {
		return errors.New("exp is missing or past")
	}
	if expires.After(now.Add(maxAssertionLifetime)) {
		return fmt.Errorf("exp is more than %v ahead", maxAssertionLifetime)
	}
	latest := now.Add(assertionClockSkew)
	if time.Unix(max(c.IssuedAt, c.NotBefore), 0).After(latest) {
		return errors.New("iat or nbf is in the future")
	}
	return nil
}

// spendAssertion records the jti until the assertion expires. It returns false if it is recorded
// already.
func (t *Tenant) spendAssertion(claims assertionClaims) bool {
	key := claims.Subject + "\x00" + claims.ID
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, used := t.assertionIDs.get(key, now); used {
		return false
	}
	t.assertionIDs.put(key, struct{}{}, now, time.Unix(claims.Expires, 0))
	return true
}
