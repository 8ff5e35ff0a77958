package chiauth0

import (
	"context"
	"encoding/json"
	"time"

	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/internal/seal"
	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/userprovider"
)

// tokenRecord is what the token endpoint gave, kept beside the session and sealed: a dump of the store yields no token.
type tokenRecord struct {
	IDToken      string    `json:"id_token,omitempty"`
	AccessToken  string    `json:"access_token,omitempty"`
	RefreshToken string    `json:"refresh_token,omitempty"`
	Expiry       time.Time `json:"expiry,omitzero"` // of the access token
}

// tokenBinding ties a record to whom it belongs: whoever can write to the store cannot give one user's tokens to another.
func (a *auth) tokenBinding(i userprovider.Identity) []byte {
	return seal.Associated(string(a.binding), i.Issuer, i.Subject)
}

func (a *auth) saveTokens(ctx context.Context, i userprovider.Identity, token *oauth2.Token) error {
	idToken, _ := token.Extra("id_token").(string)
	plaintext, err := json.Marshal(tokenRecord{
		IDToken: idToken, AccessToken: token.AccessToken, RefreshToken: token.RefreshToken, Expiry: token.Expiry,
	})
	if err != nil {
		return err
	}
	return sessionstores.SetRecord(ctx, a.sessions, a.tokens.Seal(plaintext, a.tokenBinding(i)))
}

// readTokens returns the tokens of the session; none if it has none, or if they do not open.
func (a *auth) readTokens(ctx context.Context, i userprovider.Identity) (tokenRecord, error) {
	var record tokenRecord
	sealed, err := sessionstores.Record(ctx, a.sessions)
	if err != nil || sealed == nil {
		return record, err
	}
	plaintext, err := a.tokens.Open(sealed, a.tokenBinding(i))
	if err != nil {
		return record, err
	}
	return record, json.Unmarshal(plaintext, &record)
}
