package chiauth0

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// refreshScopes asks for openid as well, so that the answer has a new ID token.
func (a *auth) refreshScopes(req *tokenRequest) []string {
	scopes := slices.Clone(req.scopes)
	if !slices.Contains(scopes, "openid") {
		scopes = append(scopes, "openid")
	}

	return scopes
}

// checkRefreshed checks a new ID token against the one of the login (OpenID Connect Core, section
// 12.2).
func (a *auth) checkRefreshed(
	ctx context.Context, r *refreshing, answer *tokenAnswer,
) (claims map[string]any, err error) {
	if answer.IDToken == "" {
		return nil, nil
	}

	token, claims, err := a.verifyJWT(ctx, r.metadata, answer.IDToken, a.ClientID, a.SigningAlg)
	if err != nil {
		return nil, err
	}
	for _, err := range []error{
		checkIssuedAt(token, time.Now()),
		a.checkAuthorizedParty(token, claims),
		checkNoLogoutToken(claims),
	} {
		if err != nil {
			return nil, err
		}
	}
	if token.Subject != r.identity.Subject {
		return nil, invalidToken("the refreshed sub is not that of the login")
	}

	before := unverifiedClaims(r.tokens.idToken)
	for _, name := range []string{"azp", "org_id", "org_name", "auth_time", "nonce"} {
		old, had := before[name]
		now, has := claims[name]
		mustStay := name == "org_id" || name == "org_name"
		if (has || mustStay) && had && fmt.Sprint(old) != fmt.Sprint(now) {
			return nil, invalidToken("the refreshed %s is not that of the login", name)
		}
	}

	return claims, nil
}
