package chiauth0

import (
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/internal/fields"
)

// An accessToken is an access token that the session keeps, and what it is good for.
type accessToken struct {
	audience string // empty for a login without an audience
	scope    string // what was granted, separated by spaces
	token    string
	issued   time.Time // when it was received
	expiry   time.Time // zero if Auth0 has not said
}

const (
	accessAudience    = 'o'
	accessScope       = 's'
	accessValue       = 'v'
	accessPackedValue = 'V'
	accessIssued      = 't'
	accessExpiry      = 'e'
)

func (t *accessToken) encode() []byte {
	b := []byte{tokensVersion}
	b = fields.AppendNonEmpty(b, accessAudience, t.audience)
	b = fields.AppendNonEmpty(b, accessScope, t.scope)
	b = appendToken(b, accessValue, t.token)
	b = fields.AppendInt(b, accessIssued, t.issued.Unix())
	if !t.expiry.IsZero() {
		b = fields.AppendInt(b, accessExpiry, t.expiry.Unix())
	}

	return b
}

func decodeAccessToken(encoded string) (t accessToken, ok bool) {
	r, ok := fields.Read(encoded, tokensVersion)
	if !ok {
		return t, false
	}

	for {
		id, value, more := r.Next()
		if !more {
			return t, !r.Malformed()
		}

		switch id {
		case accessAudience:
			t.audience = value
		case accessScope:
			t.scope = value
		case accessValue:
			t.token = value
		case accessPackedValue:
			t.token, ok = packJWT(value)
		case accessIssued:
			t.issued = time.Unix(fields.Int(value), 0)
		case accessExpiry:
			t.expiry = time.Unix(fields.Int(value), 0)
		}
		if !ok {
			return accessToken{}, false
		}
	}
}

// refreshLeeway is how long before its expiry an access token is replaced. A token with a short
// life is replaced when half of it has passed.
const refreshLeeway = time.Minute

// fresh reports whether the token can be handed out without replacing it first.
func (t *accessToken) fresh(now time.Time) bool {
	if t.expiry.IsZero() {
		return true
	}

	leeway := min(refreshLeeway, t.expiry.Sub(t.issued)/2)
	return now.Before(t.expiry.Add(-leeway))
}

func (t *accessToken) expired(now time.Time) bool {
	return !t.expiry.IsZero() && !now.Before(t.expiry)
}

// oauth2 returns the token in the form of package oauth2.
func (t *accessToken) oauth2() *oauth2.Token {
	token := &oauth2.Token{AccessToken: t.token, TokenType: "Bearer", Expiry: t.expiry}
	return token.WithExtra(map[string]any{"scope": t.scope})
}

// A tokenRequest is what a caller needs an access token for.
type tokenRequest struct {
	audience string
	scopes   []string
	rejected string // a token that the API has refused, which is not handed out again
}

// accepts reports whether a token is good for the request: for the same audience, with all scopes.
func (r *tokenRequest) accepts(t *accessToken) bool {
	if t.audience != r.audience || t.token == r.rejected {
		return false
	}

	granted := strings.Fields(t.scope)
	for _, scope := range r.scopes {
		if !slices.Contains(granted, scope) {
			return false
		}
	}

	return true
}

// find returns the token with the fewest scopes that is good for the request and passes the test.
func (t *tokenSet) find(r *tokenRequest, test func(*accessToken) bool) (found *accessToken) {
	for i := range t.access {
		access := &t.access[i]
		if !r.accepts(access) || !test(access) {
			continue
		}
		if found == nil || len(strings.Fields(access.scope)) < len(strings.Fields(found.scope)) {
			found = access
		}
	}

	return found
}

// loginAccessToken is the access token of a login.
func (a *auth) loginAccessToken(token *oauth2.Token) accessToken {
	scope, _ := token.Extra("scope").(string)
	if scope == "" {
		scope = strings.Join(a.Scopes, " ") // RFC 6749, section 5.1: as it was asked for
	}

	return accessToken{
		audience: a.Audience,
		scope:    scope,
		token:    token.AccessToken,
		issued:   time.Now(),
		expiry:   token.Expiry,
	}
}
