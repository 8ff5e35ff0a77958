package chiauth0test

import (
	"crypto/rand"
	"time"
)

const (
	logoutEvent         = "http://schemas.openid.net/event/backchannel-logout"
	logoutTokenLifetime = 2 * time.Minute // the maximum that the specification recommends
)

// A LogoutToken describes a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.4). A
// valid one has a Subject, a SessionID or both.
type LogoutToken struct {
	ClientID  string // aud, and the client that receives the token
	Subject   string // sub; empty: the claim is left out
	SessionID string // sid; empty: the claim is left out

	// Edit changes the token before it is signed: see [LogoutTokenFaults]. The header's typ is
	// logout+jwt; Edit may set JWT or delete it, which is valid, too. nil changes nothing.
	Edit func(*JWT)
}

// SignLogoutToken returns a logout token, signed with the tenant's key. It has the claims iss, aud,
// iat, exp, jti, events and Auth0's trace_id, and sub and sid as described. The error is that of
// signing after Edit.
func (t *Tenant) SignLogoutToken(token LogoutToken) (string, error) {
	now := t.now()
	claims := map[string]any{
		"iss":      t.issuer,
		"aud":      token.ClientID,
		"iat":      now.Unix(),
		"exp":      now.Add(logoutTokenLifetime).Unix(),
		"jti":      rand.Text(),
		"events":   map[string]any{logoutEvent: map[string]any{}},
		"trace_id": rand.Text(),
	}
	if token.Subject != "" {
		claims["sub"] = token.Subject
	}
	if token.SessionID != "" {
		claims["sid"] = token.SessionID
	}
	client, _ := t.client(token.ClientID)
	return t.sign(newJWT("RS256", "logout+jwt", claims), client, token.Edit)
}

// LogoutTokenFaults returns edits that make a logout token invalid, by name. An application must
// answer each with status 400. Names with the prefix "conformance " are the negative cases of the
// OpenID Foundation's conformance suite for relying parties; the rest follows from section 2.6 of
// OpenID Connect Back-Channel Logout 1.0.
func LogoutTokenFaults() map[string]func(*JWT) {
	return map[string]func(*JWT){
		"conformance alg-none":    setHeader("alg", "none"),
		"conformance no-event":    deleteClaim("events"),
		"conformance with-nonce":  setClaim("nonce", "n"),
		"conformance wrong-alg":   setHeader("alg", "HS256"),
		"conformance wrong-aud":   setClaim("aud", "another client"),
		"conformance wrong-event": setClaim("events", map[string]any{"wrong": map[string]any{}}),
		"conformance wrong-iss":   setClaim("iss", "https://issuer.invalid/"),
		"neither sub nor sid": func(token *JWT) {
			delete(token.Claims, "sub")
			delete(token.Claims, "sid")
		},
		"no aud":             deleteClaim("aud"),
		"no iat":             deleteClaim("iat"),
		"no iss":             deleteClaim("iss"),
		"no jti":             deleteClaim("jti"),
		"events not object":  setClaim("events", []string{logoutEvent}),
		"event not object":   setClaim("events", map[string]any{logoutEvent: true}),
		"expired":            setClaim("exp", int64(1)),
		"iat far past":       setClaim("iat", int64(1)),
		"typ of another JWT": setHeader("typ", "at+jwt"),
		"unknown kid":        setHeader("kid", "unknown"),
		"wrong key":          signWithOtherKey,
	}
}

func setHeader(name string, value any) func(*JWT) {
	return func(token *JWT) { token.Header[name] = value }
}

func setClaim(name string, value any) func(*JWT) {
	return func(token *JWT) { token.Claims[name] = value }
}

func deleteClaim(name string) func(*JWT) {
	return func(token *JWT) { delete(token.Claims, name) }
}

// signWithOtherKey signs with a key that no tenant publishes, under the tenant's kid.
func signWithOtherKey(token *JWT) {
	var ring keyring
	token.Key = ring.current().PrivateKey
	ring.release()
}
