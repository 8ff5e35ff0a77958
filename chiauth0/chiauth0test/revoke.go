package chiauth0test

import "net/http"

// revoke serves /oauth/revoke (RFC 7009). It revokes all tokens of the login that a refresh token
// belongs to, as Auth0 does. An unknown token counts as revoked (section 2.2).
func (t *Tenant) revoke(w http.ResponseWriter, r *http.Request) {
	client, failed := t.authenticate(w, r)
	if failed == nil {
		failed = t.revokeToken(client, r.PostForm.Get("token"))
	}
	if failed != nil {
		writeTokenError(w, failed)
		return
	}
	w.WriteHeader(http.StatusOK)
}

func (t *Tenant) revokeToken(client Client, token string) *tokenError {
	if token == "" {
		return failure(http.StatusBadRequest, "invalid_request", "Parameter token is missing")
	}

	t.mu.Lock()
	defer t.mu.Unlock()
	if _, found := t.accessTokens.get(token, t.now()); found {
		return failure(http.StatusBadRequest, "unsupported_token_type",
			"Access tokens cannot be revoked")
	}
	refresh, found := t.refreshTokens.get(token, t.now())
	if !found {
		return nil
	}
	if refresh.clientID != client.ID { // RFC 7009, section 2.1
		return failure(http.StatusBadRequest, "invalid_grant",
			"The token was issued to another client")
	}
	t.revokeGrant(refresh.grant)
	return nil
}
