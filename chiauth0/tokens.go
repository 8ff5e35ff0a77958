package chiauth0

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/internal/seal"
	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/userprovider"
)

// tokenRecord is what the token endpoint gave, kept beside the session and sealed: a dump of the store yields no token.
type tokenRecord struct {
	IDToken, AccessToken, RefreshToken string

	Expiry time.Time // of the access token; zero if not said
}

const tokensVersion = 1

var errTokens = errors.New("chiauth0: malformed tokens beside the session")

// encode packs the tokens. A JWT's three parts are kept as the bytes that they are the base64 of: in a cookie they are
// going to be base64 again, and three kilobytes of it would not fit into one.
func (t tokenRecord) encode() []byte {
	b := []byte{tokensVersion}
	for _, token := range []string{t.IDToken, t.AccessToken, t.RefreshToken} {
		parts, isJWT := unpackJWT(token)
		if !isJWT {
			parts = []string{token}
		}
		b = append(b, byte(len(parts)))
		for _, part := range parts {
			b = packString(b, part)
		}
	}
	expiry := int64(0)
	if !t.Expiry.IsZero() {
		expiry = t.Expiry.Unix()
	}
	return packInt(b, expiry)
}

func decodeTokens(b []byte) (t tokenRecord, err error) {
	r := reader{rest: string(b)}
	if r.byte() != tokensVersion {
		return t, errTokens
	}
	for _, token := range []*string{&t.IDToken, &t.AccessToken, &t.RefreshToken} {
		switch r.byte() {
		case 1:
			*token = r.string()
		case 3:
			header, payload, signature := r.string(), r.string(), r.string()
			*token = toBase64(header) + "." + toBase64(payload) + "." + toBase64(signature)
		default:
			return tokenRecord{}, errTokens
		}
	}
	if expiry := r.int(); expiry != 0 {
		t.Expiry = time.Unix(expiry, 0)
	}
	if r.bad || r.rest != "" {
		return tokenRecord{}, errTokens
	}
	return t, nil
}

// unpackJWT returns the three decoded parts of a JWT, if encoding them again gives the same token to the letter.
func unpackJWT(token string) ([]string, bool) {
	parts := strings.Split(token, ".")
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

func toBase64(part string) string { return base64.RawURLEncoding.EncodeToString([]byte(part)) }

// tokenBinding ties a record to whom it belongs: whoever can write to the store cannot give one user's tokens to another.
func (a *auth) tokenBinding(i userprovider.Identity) []byte {
	return seal.Associated(string(a.binding), i.Issuer, i.Subject)
}

func (a *auth) saveTokens(ctx context.Context, i userprovider.Identity, token *oauth2.Token) error {
	idToken, _ := token.Extra("id_token").(string)
	plaintext := tokenRecord{
		IDToken: idToken, AccessToken: token.AccessToken, RefreshToken: token.RefreshToken, Expiry: token.Expiry,
	}.encode()
	return sessionstores.SetRecord(ctx, a.sessions, a.tokens.Seal(plaintext, a.tokenBinding(i)))
}

// readTokens returns the tokens of the session; none if it has none, or if they do not open.
func (a *auth) readTokens(ctx context.Context, i userprovider.Identity) (tokenRecord, error) {
	sealed, err := sessionstores.Record(ctx, a.sessions)
	if err != nil || sealed == nil {
		return tokenRecord{}, err
	}
	plaintext, err := a.tokens.Open(sealed, a.tokenBinding(i))
	if err != nil {
		return tokenRecord{}, err
	}
	return decodeTokens(plaintext)
}
