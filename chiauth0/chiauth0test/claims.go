package chiauth0test

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"time"
)

func (t *Tenant) idToken(client Client, g *grant, user User, scopes []string, nonce, access string, now time.Time) (
	string, error,
) {
	claims := profile(user, scopes)
	claims["iss"] = t.issuer
	claims["aud"] = client.ID
	claims["iat"] = now.Unix()
	claims["exp"] = now.Add(client.IDTokenLifetime).Unix()
	claims["sid"] = g.sid
	if nonce != "" {
		claims["nonce"] = nonce
	}
	if g.sayAuthTime {
		claims["auth_time"] = g.authTime.Unix()
	}
	if g.mfa {
		claims["amr"] = []string{"mfa"}
		claims["acr"] = multiFactor
	}
	if g.org != nil {
		claims["org_id"], claims["org_name"] = g.org.ID, g.org.Name
	}
	if t.AccessTokenHash {
		hash := sha256.Sum256([]byte(access))
		claims["at_hash"] = base64.RawURLEncoding.EncodeToString(hash[:16])
	}
	override(claims, user.Claims)
	token := &JWT{Header: map[string]any{"alg": client.SigningAlg, "typ": "JWT"}, Claims: claims}
	return t.sign(token, client, t.faults.Load().IDToken)
}

// accessToken is a JWT in Auth0's own profile, for the application's API and for /userinfo.
func (t *Tenant) accessToken(client Client, g *grant, user User, scopes []string, now time.Time) (string, error) {
	claims := map[string]any{
		"iss":   t.issuer,
		"sub":   user.Subject,
		"aud":   []string{g.audience, t.url("userinfo", nil)},
		"iat":   now.Unix(),
		"exp":   now.Add(client.AccessTokenLifetime).Unix(),
		"azp":   client.ID,
		"scope": strings.Join(scopes, " "),
	}
	if g.org != nil {
		claims["org_id"], claims["org_name"] = g.org.ID, g.org.Name
	}
	override(claims, user.AccessTokenClaims)
	token := &JWT{Header: map[string]any{"alg": "RS256", "typ": "JWT"}, Claims: claims}
	return t.sign(token, client, t.faults.Load().AccessToken)
}

func (t *Tenant) sign(token *JWT, client Client, edit func(*JWT)) (string, error) {
	key := t.keys.current()
	if token.Header["alg"] != "HS256" {
		token.Header["kid"] = key.id
	}
	if edit != nil {
		edit(token)
	}
	return token.sign(key.PrivateKey, client.Secret)
}

// profile is what the scopes tell about a user (OpenID Connect Core, section 5.4), in the ID token as well, as Auth0 does.
func profile(user User, scopes []string) map[string]any {
	claims := map[string]any{"sub": user.Subject}
	if slices.Contains(scopes, "profile") {
		for name, value := range map[string]string{
			"name": user.Name, "nickname": user.Nickname, "given_name": user.GivenName, "family_name": user.FamilyName,
			"picture": user.Picture,
		} {
			if value != "" {
				claims[name] = value
			}
		}
	}
	if slices.Contains(scopes, "email") {
		claims["email"], claims["email_verified"] = user.Email, user.EmailVerified
	}
	return claims
}

// override lets a user's own claims win. A nil one removes.
func override(claims, own map[string]any) {
	maps.Copy(claims, own)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
}
