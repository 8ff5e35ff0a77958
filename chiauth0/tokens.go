package chiauth0

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/internal/fields"
	"github.com/chiauth0/auth/internal/seal"
	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/userprovider"
)

// A tokenSet is what the token endpoint has returned since the login. It is kept encrypted, as the
// attachment of the session.
type tokenSet struct {
	idToken      string
	refreshToken string
	access       []accessToken
	lock         refreshLock
}

// A refreshLock says that a process is exchanging the refresh token. It is stored with the tokens,
// so that all nodes see it.
type refreshLock struct {
	owner string
	until time.Time // milliseconds
}

// maxAccessTokens is how many access tokens a session keeps.
const maxAccessTokens = 8

const tokensVersion = 3

const (
	tokensID        = 'i'
	tokensRefresh   = 'r'
	tokensAccess    = 'a' // a record of its own
	tokensLockOwner = 'l'
	tokensLockUntil = 'u'
)

// Tokens that are stored as the decoded parts of a JWT have upper-case identifiers.
const (
	tokensPackedID      = 'I'
	tokensPackedRefresh = 'R'
)

var errTokens = errors.New("chiauth0: malformed tokens beside the session")

func (t *tokenSet) encode() []byte {
	b := []byte{tokensVersion}
	b = appendToken(b, tokensID, t.idToken)
	b = appendToken(b, tokensRefresh, t.refreshToken)
	for _, access := range t.access {
		b = fields.Append(b, tokensAccess, access.encode())
	}
	if t.lock.owner != "" {
		b = fields.Append(b, tokensLockOwner, t.lock.owner)
		b = fields.AppendInt(b, tokensLockUntil, t.lock.until.UnixMilli())
	}

	return b
}

func decodeTokens(b []byte) (t tokenSet, err error) {
	r, ok := fields.Read(string(b), tokensVersion)
	if !ok {
		return t, errTokens
	}

	for {
		id, value, more := r.Next()
		if !more {
			break
		}

		switch id {
		case tokensID:
			t.idToken = value
		case tokensPackedID:
			t.idToken, ok = packJWT(value)
		case tokensRefresh:
			t.refreshToken = value
		case tokensPackedRefresh:
			t.refreshToken, ok = packJWT(value)
		case tokensAccess:
			var access accessToken
			access, ok = decodeAccessToken(value)
			t.access = append(t.access, access)
		case tokensLockOwner:
			t.lock.owner = value
		case tokensLockUntil:
			t.lock.until = time.UnixMilli(fields.Int(value))
		}
		if !ok {
			return tokenSet{}, errTokens
		}
	}
	if r.Malformed() {
		return tokenSet{}, errTokens
	}

	return t, nil
}

// add puts an access token in front of the others. It drops what it replaces and what has expired.
func (t *tokenSet) add(access accessToken, now time.Time) {
	kept := []accessToken{access}
	for _, old := range t.access {
		same := old.audience == access.audience && old.scope == access.scope
		if !same && !old.expired(now) && len(kept) < maxAccessTokens {
			kept = append(kept, old)
		}
	}
	t.access = kept
}

// tokenBinding binds tokens to their user. A writer of the store cannot give them to another one.
func (a *auth) tokenBinding(i userprovider.Identity) []byte {
	return seal.Associated(string(a.binding), i.Issuer, i.Subject)
}

// formerRefreshToken returns the refresh token of the session that a login replaces, if it is of
// the same user. Tokens that cannot be opened are of another user, or of another Config.
func (a *auth) formerRefreshToken(
	ctx context.Context, i *userprovider.Identity,
) (string, error) {
	_, before, err := a.sessionIdentity(ctx)
	if errors.Is(err, ErrNotSignedIn) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if before.Issuer != i.Issuer || before.Subject != i.Subject {
		return "", nil
	}

	t, _, err := a.readTokens(ctx, i)
	if errors.Is(err, sessionstores.ErrUnavailable) {
		return "", fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if err != nil {
		return "", nil //nolint:nilerr // as documented
	}

	return t.refreshToken, nil
}

// saveTokens attaches the tokens of a login to the session. former is the refresh token that is
// used if the login has brought none.
func (a *auth) saveTokens(
	ctx context.Context, i *userprovider.Identity, token *oauth2.Token, former string,
) error {
	var t tokenSet
	t.idToken, _ = token.Extra("id_token").(string)
	t.refreshToken = cmp.Or(token.RefreshToken, former)
	if token.AccessToken != "" {
		t.add(a.loginAccessToken(token), time.Now())
	}

	return sessionstores.SetAttachment(ctx, a.sessions, a.sealTokens(&t, i))
}

func (a *auth) sealTokens(t *tokenSet, i *userprovider.Identity) []byte {
	return a.tokens.Seal(t.encode(), a.tokenBinding(*i))
}

// readTokens returns the tokens of the session, and how they are stored. It returns none if the
// session has none.
func (a *auth) readTokens(
	ctx context.Context, i *userprovider.Identity,
) (t tokenSet, stored []byte, err error) {
	stored, err = sessionstores.Attachment(ctx, a.sessions)
	if err != nil || stored == nil {
		return tokenSet{}, nil, err
	}

	plaintext, err := a.tokens.Open(stored, a.tokenBinding(*i))
	if err != nil {
		return tokenSet{}, nil, err
	}
	t, err = decodeTokens(plaintext)

	return t, stored, err
}
