package chiauth0

import (
	"errors"
	"fmt"
)

var (
	// ErrNotSignedIn says that nobody is signed in.
	ErrNotSignedIn = errors.New("chiauth0: not signed in")

	// ErrForbidden says that the user who is signed in may not do this.
	ErrForbidden = errors.New("chiauth0: not allowed")

	// ErrUnavailable says that Auth0, the session store or the user provider could not be reached or did not answer in
	// time. Trying again later may help.
	ErrUnavailable = errors.New("chiauth0: unavailable")

	// ErrInvalidState says that a callback does not belong to a login that this browser began, or to one too long ago.
	ErrInvalidState = errors.New("chiauth0: no such login in progress")

	// ErrInvalidToken says that Auth0's answer did not pass the checks of OpenID Connect Core, section 3.1.3.7, or does not
	// fulfil what the login asked for.
	ErrInvalidToken = errors.New("chiauth0: invalid ID token")

	// ErrInvalidRequest says that the parameters of a request make no sense.
	ErrInvalidRequest = errors.New("chiauth0: invalid request")
)

// An Error is what an ErrorHandler is given: how to answer, and why. errors.Is and errors.As look through it, for the
// variables of this package and of userprovider, and for a *ProviderError.
type Error struct {
	// Status is the HTTP status to answer with.
	Status int

	// Code is a word for programs, such as "login_required". It is the "code" of a problem+json answer.
	Code string

	// Message is a sentence for people. It says nothing that the visitor may not know, and may hold what Auth0 sent:
	// escape it.
	Message string

	// RetryURL, when set, is where "Try again" leads, and SwitchURL where "Use another account" does.
	RetryURL, SwitchURL string

	// Err is the cause, for the log alone.
	Err error
}

// Error implements error.
func (e *Error) Error() string {
	if e.Err == nil {
		return "chiauth0: " + e.Code
	}
	return e.Err.Error()
}

// Unwrap is for errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Err }

// A ProviderError is what Auth0 answered in place of a login: in the callback's query (RFC 6749, section 4.1.2.1; OpenID
// Connect Core, section 3.1.2.6), or at the token endpoint (RFC 6749, section 5.2).
type ProviderError struct {
	Code        string // error, such as "access_denied" or "login_required"
	Description string // error_description; written by whoever made the request, so escape it
}

// Error implements error. The description stays out: it may say what is no business of a log.
func (e *ProviderError) Error() string { return fmt.Sprintf("chiauth0: Auth0 answered %q", e.Code) }
