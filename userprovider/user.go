package userprovider

import (
	"encoding/json"
	"time"
)

// A User is a user of the application, as far as chiauth0 needs to know it.
type User struct {
	// ID is the key of the user in the application. The session holds it, and FindUser gets it. It
	// must not be empty, and it must never be given to another user.
	ID string

	// Issuer and Subject are the identity of the user at Auth0. A provider that knows them sets
	// both. chiauth0 ends a session whose identity differs from them: a database that is restored
	// from a backup can give an old ID to another person. Empty means unknown.
	Issuer, Subject string

	// Active is false for a user who may not be signed in.
	Active bool

	// Staff and Superuser are the roles that RequireStaff and RequireSuperuser check. The one does
	// not imply the other.
	Staff, Superuser bool

	// Created reports that this login created the user, for a welcome mail or an audit log. Only
	// SyncUser sets it. A provider that cannot tell leaves it false.
	Created bool

	// Value is the application's own user, for chiauth0.UserAs. SyncUser and FindUser return values
	// of the same type. A value that was returned is not changed later.
	Value any
}

// An Identity is what Auth0 said about the user in the last login. Unless a comment says otherwise,
// the fields come from the verified ID token. A claim that is missing, or that has another type,
// leaves its field empty.
type Identity struct {
	Issuer        string    // iss
	Subject       string    // sub; unique within Issuer
	Name          string    // name
	Nickname      string    // nickname
	Email         string    // email
	EmailVerified bool      // email_verified; true only for the Boolean true
	Picture       string    // picture
	Groups        []string  // the claim of Mapping.GroupsField, after Mapping.Extract
	OrgID         string    // org_id
	OrgName       string    // org_name
	SessionID     string    // sid: the session at Auth0
	AuthTime      time.Time // auth_time: when the user last authenticated; zero if not known
	ACR           string    // acr: the authentication context class
	AMR           []string  // amr: the authentication methods, such as mfa

	// Permissions is the claim permissions of the verified access token: the permissions that
	// Auth0's role-based access control adds. It is nil without such a token.
	Permissions []string

	// Claims are the claims that Mapping.SessionClaims names, as JSON, by the name used there.
	Claims map[string]json.RawMessage
}

// Claim returns the claim that [Mapping].SessionClaims names, as package encoding/json decodes it,
// with numbers as json.Number. It returns nil if the token had no such claim or the mapping does
// not name it.
func (i Identity) Claim(name string) any {
	value, err := decodeClaim(i.Claims[name])
	if err != nil {
		return nil
	}
	return value
}

// A Login is one login, ready to be stored. A [Mapping] has turned claims into fields and roles: a
// provider stores them and does not interpret claims.
type Login struct {
	Identity Identity

	// Claims are the claims of the verified ID token. Numbers are json.Number, so that no digits
	// are lost. Read-only.
	Claims map[string]any

	// AccessTokenClaims are the claims of the access token, if it was a JWT that verified.
	// Otherwise nil. They are for providers that wrap another one. Read-only.
	AccessTokenClaims map[string]any

	// Fields are the user fields to write, by name. A mapped claim that the token lacks, or that is
	// null, has no entry: the field keeps its value. "email" is present whenever Auth0 sent an
	// e-mail. A provider that lacks a field returns an error that wraps ErrMisconfigured, and one
	// whose field cannot hold the value an error that wraps ErrInvalid. Both name the field. A
	// field is never skipped. The map belongs to the caller: a provider neither changes nor keeps
	// it.
	Fields map[string]any

	// Staff and Superuser are the roles to set. A role that is nil keeps its value: no group is
	// configured for it, or the token could not list the groups.
	Staff, Superuser *bool
}
