package chiauth0

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/internal/fields"
	"github.com/chiauth0/auth/internal/seal"
	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/userprovider"
)

// tokenSet is what the token endpoint has returned. It is kept encrypted, as the attachment of the
// session.
type tokenSet struct {
	IDToken      string
	AccessToken  string
	RefreshToken string
	Expiry       time.Time // of the access token; zero if it is not known
}

const tokensVersion = 2

const (
	tokensID      = 'i'
	tokensAccess  = 'a'
	tokensRefresh = 'r'
	tokensExpiry  = 'e'
)

// Tokens that are stored as the decoded parts of a JWT have upper-case identifiers.
const (
	tokensPackedID      = 'I'
	tokensPackedAccess  = 'A'
	tokensPackedRefresh = 'R'
)

var errTokens = errors.New("chiauth0: malformed tokens beside the session")

func (t *tokenSet) encode() []byte {
	b := []byte{tokensVersion}
	b = appendToken(b, tokensID, t.IDToken)
	b = appendToken(b, tokensAccess, t.AccessToken)
	b = appendToken(b, tokensRefresh, t.RefreshToken)
	if !t.Expiry.IsZero() {
		b = fields.AppendInt(b, tokensExpiry, t.Expiry.Unix())
	}

	return b
}

// appendToken stores the three parts of a JWT as the bytes that they encode. In a cookie they are
// going to be encoded in base64 again, and would not fit otherwise.
func appendToken(b []byte, id byte, token string) []byte {
	parts, ok := unpackJWT(token)
	if !ok {
		return fields.AppendNonEmpty(b, id, token)
	}

	packed := []byte{tokensVersion}
	for _, part := range parts {
		packed = fields.Append(packed, id, part)
	}

	return fields.Append(b, id-'a'+'A', packed)
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
			t.IDToken = value
		case tokensAccess:
			t.AccessToken = value
		case tokensRefresh:
			t.RefreshToken = value
		case tokensPackedID:
			t.IDToken, ok = packJWT(value)
		case tokensPackedAccess:
			t.AccessToken, ok = packJWT(value)
		case tokensPackedRefresh:
			t.RefreshToken, ok = packJWT(value)
		case tokensExpiry:
			t.Expiry = time.Unix(fields.Int(value), 0)
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

// unpackJWT returns the decoded parts of a JWT. ok is false if encoding them again does not give
// the same token.
func unpackJWT(token string) (parts []string, ok bool) {
	parts = strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, false
	}

	for i, part := range parts {
		decoded, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil || toBase64(string(decoded)) != part {
			return nil, false
		}
		parts[i] = string(decoded)
	}

	return parts, true
}

// packJWT is the reverse of unpackJWT, for what appendToken has stored.
func packJWT(stored string) (token string, ok bool) {
	r, ok := fields.Read(stored, tokensVersion)
	if !ok {
		return "", false
	}

	var parts []string
	for {
		_, part, more := r.Next()
		if !more {
			break
		}
		parts = append(parts, toBase64(part))
	}

	return strings.Join(parts, "."), len(parts) == 3 && !r.Malformed()
}

func toBase64(part string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(part))
}

// tokenBinding binds tokens to their user. A writer of the store cannot give them to another one.
func (a *auth) tokenBinding(i userprovider.Identity) []byte {
	return seal.Associated(string(a.binding), i.Issuer, i.Subject)
}

// saveTokens attaches the tokens to the session.
func (a *auth) saveTokens(ctx context.Context, i userprovider.Identity, token *oauth2.Token) error {
	idToken, _ := token.Extra("id_token").(string)
	t := tokenSet{
		IDToken:      idToken,
		AccessToken:  token.AccessToken,
		RefreshToken: token.RefreshToken,
		Expiry:       token.Expiry,
	}

	return sessionstores.SetAttachment(ctx, a.sessions, a.tokens.Seal(t.encode(), a.tokenBinding(i)))
}

// readTokens returns the tokens of the session. It returns none if the session has none.
func (a *auth) readTokens(ctx context.Context, i userprovider.Identity) (tokenSet, error) {
	sealed, err := sessionstores.Attachment(ctx, a.sessions)
	if err != nil || sealed == nil {
		return tokenSet{}, err
	}

	plaintext, err := a.tokens.Open(sealed, a.tokenBinding(i))
	if err != nil {
		return tokenSet{}, err
	}

	return decodeTokens(plaintext)
}
