package chiauth0test

import (
	"net/http"
	"strings"
)

// An accessGrant is what an access token is good for: its grant, perhaps with fewer scopes.
type accessGrant struct {
	*grant
	scopes []string
}

// userinfo answers for every access token of the tenant's, a JWT included: what it says is never read from the token.
func (t *Tenant) userinfo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	user, scopes, found := t.bearer(token)
	if !strings.EqualFold(scheme, "Bearer") || !found {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`) // RFC 6750, section 3
		writeJSON(w, http.StatusUnauthorized, map[string]any{
			"error": "invalid_token", "error_description": "The access token is missing, unknown, expired or revoked",
		})
		return
	}
	claims := profile(user, scopes)
	override(claims, user.Claims)
	writeJSON(w, http.StatusOK, claims)
}

func (t *Tenant) bearer(token string) (user User, scopes []string, found bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	grant, found := t.accessTokens.get(token, t.now())
	if !found || grant.revoked {
		return User{}, nil, false
	}
	stored, found := t.users[grant.email]
	if !found {
		return User{}, nil, false
	}
	return stored.clone(), grant.scopes, true
}

// revoke ends the grant that a refresh token belongs to (RFC 7009). A token that is unknown is as good as revoked.
func (t *Tenant) revoke(w http.ResponseWriter, r *http.Request) {
	client, failed := t.authenticate(w, r)
	if failed == nil && r.PostForm.Get("token") == "" {
		failed = &tokenError{http.StatusBadRequest, "invalid_request", "Parameter token is missing"}
	}
	if failed != nil {
		writeJSON(w, failed.status, map[string]any{"error": failed.code, "error_description": failed.description})
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if token, found := t.refreshTokens.get(r.PostForm.Get("token"), t.now()); found && token.clientID == client.ID {
		token.revoked = true
	}
	w.WriteHeader(http.StatusOK)
}
