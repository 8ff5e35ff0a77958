package chiauth0

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

// leeway is how far two clocks may be apart.
const leeway = time.Minute

// verifyIDToken checks what the token endpoint sent against the rules of OpenID Connect Core, section 3.1.3.7, and against
// what this login asked for. go-oidc checks the signature, iss, aud and exp; the rest it leaves to its caller.
func (a *auth) verifyIDToken(ctx context.Context, meta *metadata, t transaction, raw, accessToken string) (map[string]any, error) {
	if raw == "" {
		return nil, invalidToken("the answer has no ID token: is openid among the scopes?")
	}
	if err := a.checkHeader(raw); err != nil {
		return nil, err
	}
	token, err := a.verify(ctx, meta, raw, a.ClientID)
	if err != nil {
		return nil, err
	}
	claims, err := claimsOf(token)
	if err != nil {
		return nil, err
	}

	now := time.Now()
	azp, hasAZP := claims["azp"]
	_, isLogout := claims["events"]
	switch {
	case token.Subject == "":
		return nil, invalidToken("sub is missing")
	case token.Nonce == "" || token.Nonce != t.Nonce:
		return nil, invalidToken("nonce is not the one of this login")
	case token.IssuedAt.IsZero():
		return nil, invalidToken("iat is missing")
	case token.IssuedAt.After(now.Add(leeway)):
		return nil, invalidToken("iat %v is in the future: is the clock of this machine right?", token.IssuedAt)
	case hasAZP && azp != a.ClientID:
		return nil, invalidToken("azp %q is not this client", azp)
	case !hasAZP && len(token.Audience) > 1:
		return nil, invalidToken("there are several audiences and no azp")
	case isLogout:
		return nil, invalidToken("it is a logout token") // OpenID Connect Back-Channel Logout, section 2.4
	}
	if _, ok := claims["at_hash"]; ok {
		if err := token.VerifyAccessToken(accessToken); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInvalidToken, err)
		}
	}
	return claims, errors.Join(t.checkAuthTime(claims, now), t.checkACR(claims), a.checkOrganization(t, claims))
}

// verify checks what go-oidc checks: signature, algorithm, iss, aud, exp and nbf.
func (a *auth) verify(ctx context.Context, meta *metadata, raw, audience string) (*oidc.IDToken, error) {
	keys := &witness{keySet: a.provider.keys}
	token, err := oidc.NewVerifier(meta.Issuer, keys, &oidc.Config{
		ClientID:             audience,
		SupportedSigningAlgs: []string{a.SigningAlg},
		Now:                  func() time.Time { return time.Now().Add(-leeway) },
	}).Verify(ctx, raw)
	switch {
	case errors.Is(keys.err, ErrUnavailable):
		return nil, keys.err
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrInvalidToken, err)
	}
	return token, nil
}

// witness keeps the error of a keySet, which go-oidc turns into text: that the keys could not be had is nobody's forgery.
type witness struct {
	*keySet
	err error
}

func (w *witness) VerifySignature(ctx context.Context, jwt string) (payload []byte, err error) {
	payload, w.err = w.keySet.VerifySignature(ctx, jwt)
	return payload, w.err
}

// checkHeader refuses early what go-oidc would refuse with a text that does not help, and what it does not look at.
func (a *auth) checkHeader(raw string) error {
	all := append(slices.Clone(signingAlgs), "HS256", "HS384", "HS512", "none")
	algs := make([]jose.SignatureAlgorithm, len(all))
	for i, alg := range all {
		algs[i] = jose.SignatureAlgorithm(alg)
	}
	jws, err := jose.ParseSignedCompact(raw, algs)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalidToken, err)
	}
	header := jws.Signatures[0].Header
	if strings.HasPrefix(header.Algorithm, "HS") {
		return invalidToken("it is signed with %s, not %s: at Auth0, in the application's advanced OAuth settings, "+
			"set the JSON Web Token signature algorithm to %[2]s", header.Algorithm, a.SigningAlg)
	}
	if header.Algorithm != a.SigningAlg {
		return invalidToken("it is signed with %q, not %s", header.Algorithm, a.SigningAlg)
	}
	// Other kinds of tokens say what they are (RFC 8725, section 3.11).
	if typ, ok := header.ExtraHeaders[jose.HeaderType].(string); ok && !strings.EqualFold(typ, "JWT") {
		return invalidToken("it is a %q, not a JWT", typ)
	}
	return nil
}

// checkedClaims are those that go-oidc has found as encoding/json does, without regard to case. We read them by their
// exact names.
var checkedClaims = []string{"iss", "sub", "aud", "exp", "iat", "nbf", "nonce", "at_hash"}

// claimsOf returns the claims of a verified token. One that has both "sub" and "Sub" is refused: the one would have been
// checked, and the other be used.
func claimsOf(token *oidc.IDToken) (map[string]any, error) {
	var raw json.RawMessage
	if err := token.Claims(&raw); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidToken, err)
	}
	var claims map[string]any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber() // a number beyond 2⁵³ keeps its digits
	if err := decoder.Decode(&claims); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidToken, err)
	}
	for name := range claims {
		for _, checked := range checkedClaims {
			if name != checked && strings.EqualFold(name, checked) {
				return nil, invalidToken("the claim %q is not spelled %q", name, checked)
			}
		}
	}
	return claims, nil
}

// checkAuthTime: who was asked to prove themselves again must have done so.
func (t *transaction) checkAuthTime(claims map[string]any, now time.Time) error {
	if t.MaxAge == nil {
		return nil
	}
	at, ok := numericDate(claims["auth_time"])
	if !ok {
		return invalidToken("max_age was asked for, and auth_time is missing")
	}
	// Counted from when the login began: proving oneself may be followed by a second factor and a consent, and take its time.
	oldest := time.Unix(t.Created-*t.MaxAge, 0).Add(-leeway)
	if at.Before(oldest) || at.After(now.Add(leeway)) {
		return invalidToken("max_age %d was asked for, and auth_time is %v", *t.MaxAge, at)
	}
	return nil
}

// checkACR: the query that asked for a second factor passed through the browser, where anybody could take it out; what
// counts is in the token. Auth0 says "mfa" in amr where others name the class in acr.
func (t *transaction) checkACR(claims map[string]any) error {
	if t.ACRValues == "" {
		return nil
	}
	if acr, ok := claims["acr"].(string); ok && slices.Contains(strings.Fields(t.ACRValues), acr) {
		return nil
	}
	if amr, ok := claims["amr"].([]any); ok && slices.Contains(amr, any("mfa")) {
		return nil
	}
	return invalidToken("acr_values %q was asked for, and neither acr nor amr says so", t.ACRValues)
}

// checkOrganization compares as Auth0 documents it: an id exactly, a name without regard to case.
func (a *auth) checkOrganization(t transaction, claims map[string]any) error {
	id, _ := claims["org_id"].(string)
	name, _ := claims["org_name"].(string)
	is := func(asked string) bool {
		if strings.HasPrefix(asked, "org_") {
			return id != "" && id == asked
		}
		return name != "" && strings.EqualFold(name, asked)
	}
	if t.Organization != "" && !is(t.Organization) {
		return invalidToken("organization %q was asked for, and the token is of %q %q", t.Organization, id, name)
	}
	// Anybody can ask for an organization, in the login URL's query: that one was asked for lets nobody in.
	if a.Organization == "" && len(a.Organizations) > 0 && !slices.ContainsFunc(a.Organizations, is) {
		return invalidToken("organization %q %q is not in Organizations", id, name)
	}
	return nil
}

// verifyAccessToken returns the claims of an access token that is a JWT for our audience, and of this user. Auth0 says that
// clients must not look into access tokens; an application that owns the API as well may, once it is verified.
func (a *auth) verifyAccessToken(ctx context.Context, meta *metadata, raw, subject string) (map[string]any, error) {
	if a.Audience == "" {
		return nil, invalidToken("access token: Audience (AUTH0_AUDIENCE) is not set, so it is not a JWT")
	}
	token, err := a.verify(ctx, meta, raw, a.Audience)
	if err != nil {
		return nil, fmt.Errorf("access token: %w", err)
	}
	if token.Subject != subject {
		return nil, invalidToken("access token: sub is not that of the ID token")
	}
	return claimsOf(token)
}

func numericDate(v any) (time.Time, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return time.Time{}, false
	}
	seconds, err := n.Float64()
	if err != nil || math.IsNaN(seconds) || seconds <= 0 || seconds > 1<<40 {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0), true
}

func invalidToken(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalidToken, fmt.Sprintf(format, args...))
}
