package chiauth0

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// defaultAccessTokenAlg is what Auth0 signs access tokens with, unless the API's settings say
// otherwise.
const defaultAccessTokenAlg = "RS256"

// accessTokenClaims returns the claims of the access token of a login, or nil if it is not a JWT
// that verifies. The login does not fail then: fields and permissions from the access token are
// left out.
func (a *auth) accessTokenClaims(
	ctx context.Context, meta *metadata, raw, subject string,
) map[string]any {
	if a.Audience == "" {
		return nil
	}
	claims, err := a.verifyAccessToken(ctx, meta, raw, subject)
	if err == nil {
		return claims
	}
	level := slog.LevelDebug
	if len(a.Mapping.AccessTokenFields) > 0 || a.needPermissions.Load() {
		level = slog.LevelWarn
	}
	a.Logger.Log(ctx, level, "the access token of a login is not used: "+
		"fields and permissions from it are left out", "subject", subject, "err", err)
	return nil
}

// verifyAccessToken returns the claims of an access token that is a JWT for Config.Audience and of
// this user. Auth0 asks clients not to look into access tokens; an application that owns the API
// as well may do so.
func (a *auth) verifyAccessToken(
	ctx context.Context, meta *metadata, raw, subject string,
) (map[string]any, error) {
	claims, err := a.verifyAPIToken(ctx, meta, raw, 0)
	if err != nil {
		return nil, fmt.Errorf("access token: %w", err)
	}
	if claims["sub"] != subject {
		return nil, invalidToken("access token: sub is not that of the ID token")
	}
	return claims, nil
}

// verifyAPIToken checks an access token as the resource server of Config.Audience (RFC 9068,
// section 4). backoff is the least time between two requests for the tenant's keys while there
// are none.
func (a *auth) verifyAPIToken(
	ctx context.Context, meta *metadata, raw string, backoff time.Duration,
) (map[string]any, error) {
	header, err := headerOf(raw)
	if err != nil {
		return nil, err
	}
	if header.Algorithm != a.AccessTokenAlg {
		return nil, invalidToken("it is signed with %q, not %s: see Config.AccessTokenAlg",
			header.Algorithm, a.AccessTokenAlg)
	}
	switch typ := typeOf(header); typ {
	case "", "jwt", "at+jwt": // Auth0's own profile says JWT
	default:
		return nil, invalidToken("it is a %q, not an access token", typ)
	}

	signatures := &signatureVerifier{
		keys: a.provider.keys, alg: a.AccessTokenAlg, backoff: backoff,
	}
	token, claims, err := verifyJWT(ctx, signatures, meta.Issuer, raw, a.Audience)
	if err != nil {
		return nil, err
	}
	if err := checkSubject(token); err != nil {
		return nil, err
	}
	if token.IssuedAt.After(time.Now().Add(leeway)) {
		return nil, invalidToken("iat %v is in the future", token.IssuedAt)
	}
	return claims, checkNoOtherToken(claims)
}

// checkNoOtherToken refuses ID tokens, logout tokens, and tokens that are bound to a key of the
// client (RFC 9449, section 7.1; RFC 8705, section 3).
func checkNoOtherToken(claims map[string]any) error {
	for _, name := range []string{"nonce", "at_hash", "c_hash"} {
		if _, found := claims[name]; found {
			return invalidToken("it has the claim %s: it is an ID token", name)
		}
	}
	if _, found := claims["cnf"]; found {
		return invalidToken("it is bound to a key (cnf) and no bearer token")
	}
	return checkNoLogoutToken(claims)
}
