package chiauth0test

import (
	"net/http"
	"strings"
)

// An accessGrant is what an access token allows: its grant, perhaps with fewer scopes.
type accessGrant struct {
	*grant
	scopes []string
}

// userinfo accepts every access token of the tenant. It looks the token up, also if it is a JWT,
// so that a changed JWT is unknown.
func (t *Tenant) userinfo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	user, scopes, found := t.bearer(token)
	if !strings.EqualFold(scheme, "Bearer") || !found {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`) // RFC 6750, section 3
		writeTokenError(w, failure(http.StatusUnauthorized, "invalid_token",
			"The access token is missing, unknown, expired or revoked"))
		return
	}
	claims := profile(user, scopes)
	override(claims, user.Claims)
	writeJSON(w, http.StatusOK, claims)
}

func (t *Tenant) bearer(token string) (user User, scopes []string, found bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	access, found := t.accessTokens.get(token, t.now())
	if !found || access.revoked {
		return User{}, nil, false
	}
	stored, found := t.users[access.email]
	if !found {
		return User{}, nil, false
	}
	return stored.clone(), access.scopes, true
}
