// Package userprovider is where Auth0's users become the application's own.
//
// On every login a [Mapping] turns the claims of the tokens into a [Login], and a [UserProvider] stores it. [Memory] is
// the provider for development, tests and small sites; package sqlusers has one for a table of the application's, and
// any type with the interface's two methods will do: package providertest says whether it keeps the promises.
package userprovider

import (
	"context"
	"errors"
	"time"
)

// A UserProvider keeps the application's users. chiauth0 calls it on every login and, when a handler or a guard asks who
// the user is, once per request. Implementations are safe for concurrent use.
type UserProvider interface {
	// SyncUser is called on every login, after everything Auth0 said has been verified. It finds the user of
	// (login.Identity.Issuer, login.Identity.Subject), or creates it, writes login.Fields and the roles that are set, and
	// returns the user as it now is. It never finds a user by anything else: matching by e-mail is how accounts get taken
	// over. A login without issuer or subject is an error. Either all of a login is stored or nothing.
	//
	// An error that wraps [ErrRefused] refuses this login with 403, one that wraps [ErrConflict] with 409; any other
	// error means that the provider could not tell, and answers 503. No session is made in all three cases. A user
	// returned with Active false is refused with 403 as well.
	SyncUser(ctx context.Context, login Login) (User, error)

	// FindUser finds a user by [User.ID], as kept in the session. [ErrNotFound] signs the session out, as does a user
	// who is not active; any other error means that the provider could not tell, and answers 503 where a user is needed.
	FindUser(ctx context.Context, id string) (User, error)
}

// A User is a local user, as far as chiauth0 has to know it.
type User struct {
	// ID is the application's own key. It is kept in the session and handed to FindUser. It must not be empty, and must
	// never be given to another user later.
	ID string

	// Active is false for a user who may not be signed in.
	Active bool

	// Staff and Superuser are the roles behind RequireStaff and RequireSuperuser.
	Staff, Superuser bool

	// Value is the application's own user, for chiauth0.UserAs. The library never looks into it.
	Value any
}

// An Identity is what Auth0 said about the user in the last login. Every field comes from the verified ID token (Groups
// by way of Mapping.Extract, if there is one); a claim that was absent, or not of its type, leaves the field at its zero
// value.
type Identity struct {
	Issuer        string    // iss
	Subject       string    // sub; unique within Issuer
	Name          string    // name
	Nickname      string    // nickname
	Email         string    // email
	EmailVerified bool      // email_verified; true only for the Boolean true
	Picture       string    // picture
	Groups        []string  // the claim that Mapping.GroupsField names
	OrgID         string    // org_id
	OrgName       string    // org_name
	SessionID     string    // sid: the session at Auth0
	AuthTime      time.Time // auth_time: when the user last proved who they are; zero if not said
}

// A Login is one login, ready to be stored: the mapping from claims to fields and roles has been applied (see [Mapping]),
// so that a provider only stores and never interprets.
type Login struct {
	Identity Identity

	// Claims are the verified ID token's claims. Numbers are json.Number, so that none loses digits. Read-only.
	Claims map[string]any

	// Fields are the user fields to write, by field name. A mapped claim that the token lacks, or that is null, has no
	// entry, and the field stays as it is. "email" is always present when Auth0 sent an e-mail. A provider that lacks a
	// field, or whose field cannot hold the value, returns an error that names the field; it never skips one. The map is
	// the caller's: a provider neither changes nor keeps it.
	Fields map[string]any

	// Staff and Superuser are the roles to set; nil means that no group is configured for the role and that it stays as
	// it is.
	Staff, Superuser *bool
}

// A FieldChecker is a UserProvider that knows which fields it can write. chiauth0 calls it once, when the configuration
// is first used, with the sorted names of all mapped fields; the error names those that the provider does not have, or
// that no claim may write. A provider that wraps another hides the other's CheckFields unless it has one that calls it;
// a field that is not there is then an error at login.
type FieldChecker interface {
	CheckFields(fields []string) error
}

var (
	// ErrNotFound is FindUser's answer for a user who does not exist (any more).
	ErrNotFound = errors.New("userprovider: no such user")

	// ErrRefused is SyncUser's answer for somebody who may not sign in. Wrap it to say why in the log.
	ErrRefused = errors.New("userprovider: login refused")

	// ErrConflict is SyncUser's answer when a field must be unique and another user has its value already.
	ErrConflict = errors.New("userprovider: another user has this value already")
)
