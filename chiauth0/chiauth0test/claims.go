package chiauth0test

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"time"
)

func (t *Tenant) idToken(
	client Client, order tokenOrder, user User, access string, now time.Time,
) (string, error) {
	g := order.grant
	claims := profile(user, order.scopes)
	claims["iss"] = t.issuer
	claims["aud"] = client.ID
	claims["iat"] = now.Unix()
	claims["exp"] = now.Add(client.IDTokenLifetime).Unix()
	claims["sid"] = g.sid
	if g.nonce != "" && !order.refreshed { // OpenID Connect Core 1.0, section 12.2
		claims["nonce"] = g.nonce
	}
	if g.tellAuthTime {
		claims["auth_time"] = g.authTime.Unix()
	}
	if g.mfa && !order.refreshed { // Auth0 leaves them out of refreshed ID tokens
		claims["amr"] = []string{"mfa"}
		claims["acr"] = multiFactor
	}
	if t.SessionCeiling > 0 {
		claims["session_expiry"] = g.sessionEnd.Unix()
	}
	t.addOrganization(claims, g.org)
	if t.AccessTokenHash {
		hash := sha256.Sum256([]byte(access))
		claims["at_hash"] = base64.RawURLEncoding.EncodeToString(hash[:16])
	}
	override(claims, user.Claims)

	token := newJWT(client.SigningAlg, "JWT", claims)
	return t.sign(token, client, t.faults.Load().IDToken)
}

// accessToken returns a JWT in Auth0's own profile, for an API and for /userinfo.
func (t *Tenant) accessToken(
	client Client, order tokenOrder, user User, now time.Time,
) (string, error) {
	claims := map[string]any{
		"iss":   t.issuer,
		"sub":   user.Subject,
		"aud":   []string{order.audience, t.url("userinfo", nil)},
		"iat":   now.Unix(),
		"exp":   now.Add(t.accessTokenLifetime(client)).Unix(),
		"azp":   client.ID,
		"scope": strings.Join(order.scopes, " "),
	}
	if t.RBAC {
		claims["permissions"] = t.permissions(order.audience, user)
	}
	t.addOrganization(claims, order.grant.org)
	override(claims, user.AccessTokenClaims)

	token := newJWT("RS256", "JWT", claims)
	return t.sign(token, client, t.faults.Load().AccessToken)
}

func (t *Tenant) addOrganization(claims map[string]any, org *Organization) {
	if org == nil {
		return
	}
	claims["org_id"] = org.ID
	if !t.OrganizationIDsOnly {
		claims["org_name"] = org.Name
	}
}

// profile returns the claims about a user that the scopes grant (OpenID Connect Core 1.0, section
// 5.4). Auth0 puts them into the ID token, too.
func profile(user User, scopes []string) map[string]any {
	claims := map[string]any{"sub": user.Subject}
	if slices.Contains(scopes, "profile") {
		for name, value := range map[string]string{
			"name":        user.Name,
			"nickname":    user.Nickname,
			"given_name":  user.GivenName,
			"family_name": user.FamilyName,
			"picture":     user.Picture,
		} {
			if value != "" {
				claims[name] = value
			}
		}
	}
	if slices.Contains(scopes, "email") {
		claims["email"] = user.Email
		claims["email_verified"] = user.EmailVerified
	}
	return claims
}

// override replaces claims by a user's own. A nil value removes a claim.
func override(claims, own map[string]any) {
	maps.Copy(claims, own)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
}
