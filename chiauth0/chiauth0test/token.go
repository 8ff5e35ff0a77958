package chiauth0test

import (
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// refreshLifetime is Auth0's default absolute lifetime of a family of refresh tokens.
const refreshLifetime = 30 * 24 * time.Hour

// A grant is what one login allows one client. Tenant.mu guards revoked; the rest is constant.
type grant struct {
	clientID     string
	email        string // the account's key
	scopes       []string
	audience     string
	nonce        string
	org          *Organization
	sid          string
	authTime     time.Time
	sessionEnd   time.Time
	tellAuthTime bool
	mfa          bool
	revoked      bool
}

// A tokenError is an error answer to a client (RFC 6749, section 5.2).
type tokenError struct {
	status            int
	code, description string
	extra             map[string]any
}

func failure(status int, code, format string, args ...any) *tokenError {
	return &tokenError{
		status:      status,
		code:        code,
		description: cleanDescription(fmt.Sprintf(format, args...)),
	}
}

// invalidGrant has status 403, as at Auth0. RFC 6749 has 400.
func invalidGrant(description string) *tokenError {
	return failure(http.StatusForbidden, "invalid_grant", "%s", description)
}

func (e *tokenError) body() map[string]any {
	body := map[string]any{"error": e.code, "error_description": e.description}
	maps.Copy(body, e.extra)
	return body
}

func writeTokenError(w http.ResponseWriter, e *tokenError) { writeJSON(w, e.status, e.body()) }

// token serves /oauth/token.
func (t *Tenant) token(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
	status := http.StatusOK
	body, failed := t.exchange(w, r)
	if failed != nil {
		status, body = failed.status, failed.body()
	}
	if edit := t.faults.Load().TokenResponse; edit != nil {
		edit(&status, body)
	}
	writeJSON(w, status, body)
}

func (t *Tenant) exchange(w http.ResponseWriter, r *http.Request) (map[string]any, *tokenError) {
	client, failed := t.authenticate(w, r)
	if failed != nil {
		return nil, failed
	}

	var order tokenOrder
	switch kind := r.PostForm.Get("grant_type"); kind {
	case "authorization_code":
		order, failed = t.redeemCode(client, r.PostForm)
	case "refresh_token":
		order, failed = t.redeemRefreshToken(client, r.PostForm)
	default:
		failed = failure(http.StatusBadRequest, "unsupported_grant_type",
			"grant_type %s is not supported", kind)
	}
	if failed != nil {
		return nil, failed
	}
	return t.issue(client, order)
}

// A tokenOrder says which tokens to issue.
type tokenOrder struct {
	grant     *grant
	audience  string
	scopes    []string
	refreshed bool // by a refresh token
	rotated   bool // a refresh token is issued, if the login asked for offline_access
	expires   time.Time
}

func (t *Tenant) issue(client Client, order tokenOrder) (map[string]any, *tokenError) {
	now := t.now()
	user, found := t.grantee(order.grant)
	if !found {
		return nil, invalidGrant("The user is gone or blocked, or the grant is revoked")
	}
	order.scopes = t.allowedScopes(order.scopes, user)
	body, err := t.signTokens(client, order, user, now)
	if err != nil {
		return nil, failure(http.StatusInternalServerError, "server_error", "%v", err)
	}

	lifetime := t.accessTokenLifetime(client)
	body["scope"] = strings.Join(order.scopes, " ")
	body["expires_in"] = int64(lifetime / time.Second)
	body["token_type"] = "Bearer"
	access, _ := body["access_token"].(string)

	t.mu.Lock()
	defer t.mu.Unlock()
	t.accessTokens.put(access, &accessGrant{order.grant, order.scopes}, now, now.Add(lifetime))
	if order.rotated && slices.Contains(order.grant.scopes, "offline_access") {
		refresh := rand.Text() + rand.Text()
		token := &refreshToken{grant: order.grant, expires: order.expires}
		t.refreshTokens.put(refresh, token, now, order.expires)
		body["refresh_token"] = refresh
	}
	return body, nil
}

// grantee returns the user of a grant, if both are still valid.
func (t *Tenant) grantee(g *grant) (user User, valid bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	stored, found := t.users[g.email]
	if !found || stored.Blocked || g.revoked {
		return User{}, false
	}
	return stored.clone(), true
}

// signTokens returns the access token and, if the scopes contain openid, the ID token.
func (t *Tenant) signTokens(
	client Client, order tokenOrder, user User, now time.Time,
) (map[string]any, error) {
	access := rand.Text() + rand.Text()
	if order.audience != "" && !t.OpaqueAccessTokens {
		var err error
		if access, err = t.accessToken(client, order, user, now); err != nil {
			return nil, err
		}
	}
	body := map[string]any{"access_token": access}
	if !slices.Contains(order.scopes, "openid") {
		return body, nil
	}
	id, err := t.idToken(client, order, user, access, now)
	if err != nil {
		return nil, err
	}
	body["id_token"] = id
	return body, nil
}
