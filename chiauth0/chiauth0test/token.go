package chiauth0test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// refreshLifetime is Auth0's default absolute lifetime of a family of refresh tokens.
const refreshLifetime = 30 * 24 * time.Hour

// A grant is what one login allows one client to do. revoked is guarded by Tenant.mu, the rest does not change.
type grant struct {
	clientID    string
	email       string // the account's key
	scopes      []string
	audience    string
	nonce       string
	org         *Organization
	sid         string
	authTime    time.Time
	sayAuthTime bool
	mfa         bool
	revoked     bool
}

type code struct {
	*grant
	redirectURI string
	challenge   string
	used        bool
}

// A refreshToken stays known after it was used, so that its second use is noticed.
type refreshToken struct {
	*grant
	used    bool
	expires time.Time
}

// A tokenError is an error answer of /oauth/token (RFC 6749, section 5.2).
type tokenError struct {
	status            int
	code, description string
}

func (t *Tenant) token(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
	body, failed := t.exchange(w, r)
	status := http.StatusOK
	if failed != nil {
		status, body = failed.status, map[string]any{"error": failed.code, "error_description": failed.description}
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
	switch kind := r.PostForm.Get("grant_type"); kind {
	case "authorization_code":
		grant, failed := t.redeemCode(client, r.PostForm)
		if failed != nil {
			return nil, failed
		}
		return t.issue(client, grant, grant.scopes, grant.nonce, t.now().Add(refreshLifetime))
	case "refresh_token":
		token, failed := t.redeemRefreshToken(client, r.PostForm)
		if failed != nil {
			return nil, failed
		}
		scopes, failed := narrow(token.scopes, r.PostForm)
		if failed != nil {
			return nil, failed
		}
		return t.issue(client, token.grant, scopes, "", token.expires)
	default:
		return nil, &tokenError{http.StatusBadRequest, "unsupported_grant_type", "grant_type " + kind + " is not supported"}
	}
}

// invalidGrant has the status that Auth0 sends with it, which is not RFC 6749's 400.
func invalidGrant(description string) *tokenError {
	return &tokenError{http.StatusForbidden, "invalid_grant", description}
}

// redeemCode accepts a code once, from the client it was made for, with the redirect URI and the verifier that belong to it.
// Any other attempt uses the code up as well, and the second one also revokes what the first got (RFC 6749, section
// 4.1.2).
func (t *Tenant) redeemCode(client Client, form url.Values) (*grant, *tokenError) {
	t.mu.Lock()
	defer t.mu.Unlock()
	code, found := t.codes.get(form.Get("code"), t.now())
	switch {
	case !found:
		return nil, invalidGrant("Invalid authorization code")
	case code.clientID != client.ID:
		return nil, invalidGrant("The code was issued to another client")
	case code.used:
		code.revoked = true
		return nil, invalidGrant("The code has been used")
	}
	code.used = true
	if form.Get("redirect_uri") != code.redirectURI {
		return nil, invalidGrant("redirect_uri is not the one that the code was asked for with")
	}
	verifier := form.Get("code_verifier")
	hash := sha256.Sum256([]byte(verifier))
	challenge := base64.RawURLEncoding.EncodeToString(hash[:])
	if len(verifier) < 43 || len(verifier) > 128 || challenge != code.challenge { // RFC 7636, sections 4.1 and 4.6
		return nil, invalidGrant("Failed to verify code verifier")
	}
	return code.grant, nil
}

// redeemRefreshToken accepts a refresh token once. Its second use tells that it was stolen, from whom nobody knows, so
// everything of this login is revoked (RFC 9700, section 4.14.2).
func (t *Tenant) redeemRefreshToken(client Client, form url.Values) (*refreshToken, *tokenError) {
	t.mu.Lock()
	defer t.mu.Unlock()
	token, found := t.refreshTokens.get(form.Get("refresh_token"), t.now())
	if !found || token.clientID != client.ID {
		return nil, invalidGrant("Unknown or invalid refresh token.")
	}
	if token.used {
		token.revoked = true
		return nil, invalidGrant("Unknown or invalid refresh token.")
	}
	token.used = true
	return token, nil
}

// narrow applies the scope parameter of a refresh: it may ask for less than was granted, never for more.
func narrow(granted []string, form url.Values) ([]string, *tokenError) {
	asked := strings.Fields(form.Get("scope"))
	if len(asked) == 0 {
		return granted, nil
	}
	for _, scope := range asked {
		if !slices.Contains(granted, scope) {
			return nil, &tokenError{http.StatusBadRequest, "invalid_scope", "scope " + scope + " was not granted"}
		}
	}
	return asked, nil
}

// issue makes the tokens of a grant. The refresh token passes on how long its family lives.
func (t *Tenant) issue(client Client, g *grant, scopes []string, nonce string, familyExpires time.Time) (
	map[string]any, *tokenError,
) {
	now := t.now()
	t.mu.Lock()
	stored, found := t.users[g.email]
	if !found || stored.Blocked || g.revoked {
		t.mu.Unlock()
		return nil, invalidGrant("The user or the grant is no longer good")
	}
	user := stored.clone()
	t.mu.Unlock()

	access := rand.Text() + rand.Text()
	if g.audience != "" {
		var err error
		if access, err = t.accessToken(client, g, user, scopes, now); err != nil {
			return nil, &tokenError{http.StatusInternalServerError, "server_error", err.Error()}
		}
	}
	id, err := t.idToken(client, g, user, scopes, nonce, access, now)
	if err != nil {
		return nil, &tokenError{http.StatusInternalServerError, "server_error", err.Error()}
	}
	body := map[string]any{
		"access_token": access,
		"id_token":     id,
		"scope":        strings.Join(scopes, " "),
		"expires_in":   int64(client.AccessTokenLifetime / time.Second),
		"token_type":   "Bearer",
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.accessTokens.put(access, &accessGrant{g, scopes}, now, now.Add(client.AccessTokenLifetime))
	if slices.Contains(g.scopes, "offline_access") {
		refresh := rand.Text() + rand.Text()
		t.refreshTokens.put(refresh, &refreshToken{grant: g, expires: familyExpires}, now, familyExpires)
		body["refresh_token"] = refresh
	}
	return body, nil
}
