package chiauth0test

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A refreshToken stays known after its use, so that a second use is noticed. The tokens of one
// login form a family: they share its grant. Tenant.mu guards usedAt.
type refreshToken struct {
	*grant
	usedAt  time.Time // zero: unused
	expires time.Time
}

// spent reports whether the token has been used and its overlap period has passed.
func (r *refreshToken) spent(overlap time.Duration, now time.Time) bool {
	return !r.usedAt.IsZero() && !now.Before(r.usedAt.Add(overlap))
}

// RefreshCounts counts what happened to a tenant's refresh tokens since it was created.
type RefreshCounts struct {
	Refreshes int // successful refreshes
	Reuses    int // attempts to use a spent refresh token

	// RevokedFamilies is the number of families of refresh tokens that were revoked, after a reuse
	// of a refresh token or code, or by /oauth/revoke.
	RevokedFamilies int

	// Live is the number of refresh tokens that work now.
	Live int
}

// RefreshCounts returns the counts of all clients.
func (t *Tenant) RefreshCounts() RefreshCounts {
	t.mu.Lock()
	defer t.mu.Unlock()
	counts := t.refreshCounts
	now := t.now()
	for _, token := range t.refreshTokens.live(now) {
		var overlap time.Duration
		if client, found := t.clients[token.clientID]; found {
			overlap = client.RefreshOverlap
		}
		if !token.revoked && !token.spent(overlap, now) {
			counts.Live++
		}
	}
	return counts
}

// redeemRefreshToken accepts a rotating refresh token once. The use of a spent token means that the
// token was stolen or lost. It revokes the family (RFC 9700, section 4.14.2). A refused request
// does not spend the token.
func (t *Tenant) redeemRefreshToken(client Client, form url.Values) (tokenOrder, *tokenError) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	token, found := t.refreshTokens.get(form.Get("refresh_token"), now)
	if !found || token.clientID != client.ID {
		return tokenOrder{}, invalidRefreshToken()
	}
	if token.spent(client.RefreshOverlap, now) {
		t.refreshCounts.Reuses++
		t.revokeGrant(token.grant)
		return tokenOrder{}, invalidRefreshToken()
	}
	user, found := t.users[token.email]
	if token.revoked || !found || user.Blocked {
		return tokenOrder{}, invalidRefreshToken()
	}
	audience, scopes, failed := t.refreshTarget(client, token.grant, form)
	if failed != nil {
		return tokenOrder{}, failed
	}
	if slices.Contains(t.MFAAudiences, audience) && !token.mfa {
		return tokenOrder{}, mfaRequired()
	}

	if !client.NonRotating && token.usedAt.IsZero() {
		token.usedAt = now
	}
	t.refreshCounts.Refreshes++
	return tokenOrder{
		grant:     token.grant,
		audience:  audience,
		scopes:    scopes,
		refreshed: true,
		rotated:   !client.NonRotating,
		expires:   token.expires,
	}, nil
}

func invalidRefreshToken() *tokenError {
	return invalidGrant("Unknown or invalid refresh token.")
}

// mfaRequired is Auth0's answer when an Action asks for multi-factor authentication in a refresh.
func mfaRequired() *tokenError {
	failed := failure(http.StatusForbidden, "mfa_required",
		"Multifactor authentication required")
	failed.extra = map[string]any{"mfa_token": rand.Text() + rand.Text()}
	return failed
}

// refreshTarget returns the audience and the scopes of a refresh. Without an audience, the request
// may narrow the scopes of the login. With one, Auth0 drops silently what the client's policies do
// not list. The caller holds t.mu.
func (t *Tenant) refreshTarget(
	client Client, g *grant, form url.Values,
) (audience string, scopes []string, failed *tokenError) {
	asked := strings.Fields(form.Get("scope"))
	audience = form.Get("audience")
	if audience == "" {
		scopes, failed = narrow(g.scopes, asked)
		return g.audience, scopes, failed
	}

	granted := g.scopes
	policy, listed := client.RefreshPolicies[audience]
	apiScopes, registered := t.apis[audience]
	switch {
	case !listed || !registered:
		audience = g.audience
	case audience == g.audience:
		granted = slices.Concat(g.scopes, intersect(policy, apiScopes))
	default:
		granted = slices.Concat(intersect(g.scopes, oidcScopes), intersect(policy, apiScopes))
	}
	if len(asked) == 0 {
		return audience, granted, nil
	}
	return audience, intersect(asked, granted), nil
}

// narrow applies the scope parameter of a refresh, which cannot add scopes (RFC 6749, section 6).
func narrow(granted, asked []string) ([]string, *tokenError) {
	if len(asked) == 0 {
		return granted, nil
	}
	for _, scope := range asked {
		if !slices.Contains(granted, scope) {
			return nil, failure(http.StatusBadRequest, "invalid_scope",
				"scope %s was not granted", scope)
		}
	}
	return asked, nil
}

// revokeGrant revokes all tokens of a login. The caller holds t.mu.
func (t *Tenant) revokeGrant(g *grant) {
	if g.revoked {
		return
	}
	g.revoked = true
	if slices.Contains(g.scopes, "offline_access") {
		t.refreshCounts.RevokedFamilies++
	}
}
