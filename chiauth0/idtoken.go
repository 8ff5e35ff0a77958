package chiauth0

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// leeway is the difference between two clocks that is accepted.
const leeway = time.Minute

// verifyIDToken returns the claims of an ID token that passes the checks of OpenID Connect Core
// 1.0, section 3.1.3.7, and that fulfils what the login asked for. go-oidc checks the signature,
// iss, aud and exp, and leaves the rest to its caller.
func (a *auth) verifyIDToken(
	ctx context.Context, meta *metadata, t transaction, raw, accessToken string,
) (map[string]any, error) {
	if raw == "" {
		return nil, invalidToken("the answer has no ID token: is openid among the scopes?")
	}
	if err := checkIDTokenHeader(raw, a.SigningAlg); err != nil {
		return nil, err
	}
	token, claims, err := a.verifyJWT(ctx, meta, raw, a.ClientID, a.SigningAlg)
	if err != nil {
		return nil, err
	}

	now := time.Now()
	for _, err := range []error{
		checkSubject(token),
		checkNonce(token, t),
		checkIssuedAt(token, now),
		a.checkAuthorizedParty(token, claims),
		checkNoLogoutToken(claims),
		checkSessionCeiling(token, claims, now),
		checkAccessTokenHash(token, claims, accessToken),
		t.checkAuthTime(claims, now),
		t.checkACR(claims),
		a.checkOrganization(t, claims),
	} {
		if err != nil {
			return nil, err
		}
	}
	return claims, nil
}

// verifyJWT checks the signature, its algorithm, iss, aud, exp and nbf. The error wraps
// ErrUnavailable if the tenant's keys could not be fetched.
func (a *auth) verifyJWT(
	ctx context.Context, meta *metadata, raw, audience, alg string,
) (*oidc.IDToken, map[string]any, error) {
	signatures := &signatureVerifier{keys: a.provider.keys, alg: alg}
	return verifyJWT(ctx, signatures, meta.Issuer, raw, audience)
}

func verifyJWT(
	ctx context.Context, signatures *signatureVerifier, issuer, raw, audience string,
) (*oidc.IDToken, map[string]any, error) {
	now := time.Now()
	token, err := oidc.NewVerifier(issuer, signatures, &oidc.Config{
		ClientID:             audience,
		SupportedSigningAlgs: []string{signatures.alg},
		Now:                  func() time.Time { return now.Add(-leeway) },
	}).Verify(ctx, raw)
	if errors.Is(signatures.err, ErrUnavailable) {
		return nil, nil, signatures.err
	}
	if errors.Is(signatures.err, errStaleKeys) {
		return nil, nil, fmt.Errorf("%w: %w", ErrInvalidToken, errStaleKeys)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrInvalidToken, err)
	}

	claims, err := claimsOf(token)
	if err != nil {
		return nil, nil, err
	}
	if err := checkNotBefore(claims, now); err != nil {
		return nil, nil, err
	}
	return token, claims, nil
}

// checkNotBefore checks nbf with the leeway of all other times. go-oidc allows five minutes.
func checkNotBefore(claims map[string]any, now time.Time) error {
	notBefore, ok := numericDate(claims["nbf"])
	if ok && notBefore.After(now.Add(leeway)) {
		return invalidToken("nbf %v is in the future: is the clock of this machine right?",
			notBefore)
	}
	return nil
}

func checkSubject(token *oidc.IDToken) error {
	if token.Subject == "" {
		return invalidToken("sub is missing")
	}
	return nil
}

func checkNonce(token *oidc.IDToken, t transaction) error {
	if token.Nonce == "" || token.Nonce != t.Nonce {
		return invalidToken("nonce is not the one of this login")
	}
	return nil
}

func checkIssuedAt(token *oidc.IDToken, now time.Time) error {
	if token.IssuedAt.IsZero() {
		return invalidToken("iat is missing")
	}
	if token.IssuedAt.After(now.Add(leeway)) {
		return invalidToken("iat %v is in the future: is the clock of this machine right?",
			token.IssuedAt)
	}
	return nil
}

// checkAuthorizedParty checks azp: the token is issued to this client, and with several audiences
// it says so.
func (a *auth) checkAuthorizedParty(token *oidc.IDToken, claims map[string]any) error {
	azp, found := claims["azp"]
	if found && azp != a.ClientID {
		return invalidToken("azp %q is not this client", azp)
	}
	if !found && len(token.Audience) > 1 {
		return invalidToken("there are several audiences and no azp")
	}
	return nil
}

// checkNoLogoutToken refuses logout tokens (OpenID Connect Back-Channel Logout 1.0, section 2.4).
func checkNoLogoutToken(claims map[string]any) error {
	if _, found := claims["events"]; found {
		return invalidToken("it is a logout token")
	}
	return nil
}

// checkAccessTokenHash checks at_hash if it is there. The code flow makes it optional.
func checkAccessTokenHash(
	token *oidc.IDToken, claims map[string]any, accessToken string,
) error {
	if _, found := claims["at_hash"]; !found {
		return nil
	}
	if err := token.VerifyAccessToken(accessToken); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalidToken, err)
	}
	return nil
}

// checkAuthTime checks that a login with max_age has proved the identity of the user recently. The
// age counts from the begin of the login, because a second factor and a consent take time.
func (t *transaction) checkAuthTime(claims map[string]any, now time.Time) error {
	if t.MaxAge == nil {
		return nil
	}
	at, ok := numericDate(claims["auth_time"])
	if !ok {
		return invalidToken("max_age was asked for, and auth_time is missing")
	}
	oldest := time.Unix(t.Created-*t.MaxAge, 0).Add(-leeway)
	if at.Before(oldest) || at.After(now.Add(leeway)) {
		return invalidToken("max_age %d was asked for, and auth_time is %v", *t.MaxAge, at)
	}
	return nil
}

// checkACR checks that the login has the authentication context class that was asked for. The
// request passes through the browser, where acr_values can be removed, so only the token counts.
// Auth0 states multi-factor authentication as "mfa" in amr.
func (t *transaction) checkACR(claims map[string]any) error {
	if t.ACRValues == "" {
		return nil
	}
	acr, ok := claims["acr"].(string)
	if ok && slices.Contains(strings.Fields(t.ACRValues), acr) {
		return nil
	}
	amr, ok := claims["amr"].([]any)
	if ok && slices.Contains(amr, any("mfa")) {
		return nil
	}
	return invalidToken("acr_values %q was asked for, and neither acr nor amr says so", t.ACRValues)
}

// checkOrganization checks the organization that was asked for, and Config.Organizations. The
// query of the login URL can ask for any organization, so asking for one admits no one.
func (a *auth) checkOrganization(t transaction, claims map[string]any) error {
	id, _ := claims["org_id"].(string)
	name, _ := claims["org_name"].(string)
	if t.Organization != "" && !matchesOrganization(t.Organization, id, name) {
		return invalidToken("organization %q was asked for, and the token is of %q %q",
			t.Organization, id, name)
	}
	if a.Organization != "" || len(a.Organizations) == 0 {
		return nil
	}
	for _, allowed := range a.Organizations {
		if matchesOrganization(allowed, id, name) {
			return nil
		}
	}
	return invalidToken("organization %q %q is not in Organizations", id, name)
}

// matchesOrganization compares as Auth0 documents it: an ID exactly, a name without regard to case.
func matchesOrganization(want, id, name string) bool {
	if strings.HasPrefix(want, "org_") {
		return id == want
	}
	return name != "" && strings.EqualFold(name, want)
}

// numericDate reads a NumericDate (RFC 7519, section 2). It reports false for a value that is not
// a positive number of seconds.
func numericDate(claim any) (time.Time, bool) {
	number, ok := claim.(json.Number)
	if !ok {
		return time.Time{}, false
	}
	seconds, err := number.Float64()
	if err != nil || !(seconds > 0 && seconds <= 1<<40) {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0), true
}

func invalidToken(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalidToken, fmt.Sprintf(format, args...))
}
