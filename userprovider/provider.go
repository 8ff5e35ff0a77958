// Package userprovider turns the users of Auth0 into users of the application.
//
// On every login, a [Mapping] turns the claims of the tokens into a [Login], and a [UserProvider]
// stores it. [Memory] is a provider for development, tests and small sites. Package sqlusers has a
// provider for a table of the application. Any type with the two methods of the interface is a
// provider; package providertest checks that it keeps the contract.
package userprovider

import "context"

// A UserProvider stores the users of the application. chiauth0 calls SyncUser on every login and
// FindUser at most once per request, when a handler or a guard asks for the user. Implementations
// are safe for concurrent use.
type UserProvider interface {
	// SyncUser stores a login. chiauth0 has verified all tokens before the call.
	//
	// It finds the user of (login.Identity.Issuer, login.Identity.Subject), or creates it. It
	// writes login.Fields and the roles that are set, and returns the user as it is afterwards. It
	// does not find users by any other value: an account can be taken over where users are matched
	// by e-mail. A login without issuer or subject is an error. A login is stored completely or not
	// at all.
	//
	// The kind of an error decides which page the visitor gets. No session starts in any case.
	//
	//   - [ErrRefused]: this user may not log in (403), as a user with Active false.
	//   - [ErrConflict]: a field must be unique, and another user has the value (409).
	//   - [ErrInvalid]: a field cannot hold the value of its claim (422).
	//   - [ErrMisconfigured]: no login can succeed until the operator changes a setting (500).
	//   - any other error: the provider does not answer, which may pass (503).
	SyncUser(ctx context.Context, login Login) (User, error)

	// FindUser finds a user by [User.ID], which the session holds. [ErrNotFound] ends the session,
	// and so does a user with Active false. After any other error a route that needs a user answers
	// 503, and the session stays.
	FindUser(ctx context.Context, id string) (User, error)
}

// A FieldChecker is a [UserProvider] that can tell which fields it is able to write. chiauth0 calls
// it at start with the sorted names of all mapped fields. The error names the fields that the
// provider lacks and the fields that no claim may write.
//
// A provider that embeds a UserProvider hides the optional interfaces of the embedded value. It
// needs methods of its own that forward the calls. Without them, a field that does not exist is an
// error at login.
type FieldChecker interface {
	CheckFields(fields []string) error
}

// A RoleChecker is a [UserProvider] that can tell which roles it is able to store. chiauth0 calls
// it at start. staff and superuser tell which roles the mapping sets (see [Mapping.Roles]). The
// error names the roles that the provider cannot store.
type RoleChecker interface {
	CheckRoles(staff, superuser bool) error
}

// A SubjectFinder is a [UserProvider] that finds users by their identity at Auth0. chiauth0 uses it
// for requests with a bearer token, which have no session.
type SubjectFinder interface {
	// FindSubject finds a user without storing anything. Both values are compared byte by byte.
	// The errors are those of FindUser. A user who is not active is returned with Active false.
	FindSubject(ctx context.Context, issuer, subject string) (User, error)
}
