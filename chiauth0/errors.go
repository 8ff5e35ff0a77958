package chiauth0

import (
	"errors"
	"fmt"

	"github.com/chiauth0/auth/userprovider"
)

var (
	// ErrNotSignedIn says that no user is signed in.
	ErrNotSignedIn = errors.New("chiauth0: not signed in")

	// ErrForbidden says that the signed-in user is not allowed to do this.
	ErrForbidden = errors.New("chiauth0: not allowed")

	// ErrUnavailable says that Auth0, the session store or the user provider could not be reached
	// or did not answer in time. A later attempt can succeed.
	ErrUnavailable = errors.New("chiauth0: unavailable")

	// ErrInvalidState says that a callback belongs to no login of this browser, or to an expired
	// one.
	ErrInvalidState = errors.New("chiauth0: no such login in progress")

	// ErrInvalidToken says that the answer of the token endpoint failed a check of OpenID Connect
	// Core, section 3.1.3.7, or does not fulfil what the login asked for.
	ErrInvalidToken = errors.New("chiauth0: invalid ID token")

	// ErrInvalidRequest says that a parameter of the request is missing, malformed or not allowed.
	ErrInvalidRequest = errors.New("chiauth0: invalid request")
)

const (
	titleLoginFailed = "The login did not work"
	titleNeedsLogin  = "You need to log in"
	textTryAgain     = "Please try again in a few seconds."
	titleNotSetUp    = "The login is not set up correctly"
	textNotSetUp     = "The login of this application is not set up correctly. " +
		"Please tell the people who run it."
)

// An Error is what an ErrorHandler is given: how to answer, and why. errors.Is and errors.As look
// through it, for the variables of this package and of userprovider, and for a *[ProviderError].
type Error struct {
	// Status is the HTTP status to answer with.
	Status int

	// Code is the reason, for programs.
	Code Code

	// ProviderCode is the error code that Auth0 sent, such as "access_denied". It is empty if the
	// error is not an answer of Auth0.
	ProviderCode string

	// Title is a heading for people, and Message a sentence. Message holds Auth0's description for
	// a refusal at Auth0's login page. Escape it.
	Title, Message string

	// RetryURL is where "Try again" leads: to the login, or to the page that was asked for. It is
	// empty if another attempt would end the same way.
	RetryURL string

	// SwitchURL is where "Use another account" leads. A GET starts a login that asks for the
	// account, and ends at the page that was asked for.
	SwitchURL string

	// HomeURL is the application's home page.
	HomeURL string

	// Err is the cause. It is for the log alone.
	Err error
}

// refusal adds to the Err of an Error what the event says about it.
type refusal struct {
	error
	user, subject, rule string
	ofLogin             bool // the answer to a callback
}

func (r *refusal) Unwrap() error { return r.error }

// Error implements error.
func (e *Error) Error() string {
	if e.Err == nil {
		return "chiauth0: " + string(e.Code)
	}
	return e.Err.Error()
}

// Unwrap is for errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Err }

// newError returns the Error of a code, with the code's status and texts.
func newError(code Code, err error) *Error {
	info := codeInfos[code]
	return &Error{
		Status: info.status, Code: code, Title: info.title, Message: info.message, Err: err,
	}
}

// asError returns the Error in err, and an internal error if there is none.
func asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return newError(CodeInternal, err)
}

// unavailable is the answer if a store, a user provider or Auth0 has failed.
func unavailable(err error) *Error {
	if errors.Is(err, userprovider.ErrMisconfigured) {
		return newError(CodeMisconfigured, err)
	}
	return newError(CodeUnavailable, err)
}

// badRequest refuses a parameter of a link. The value goes to the log only.
func badRequest(name, value, why string) *Error {
	e := newError(CodeInvalidRequest,
		fmt.Errorf("%w: %s %q %s", ErrInvalidRequest, name, cut(value), why))
	e.Message = fmt.Sprintf("The parameter %s of this link %s.", name, why)
	return e
}

// Error implements error.
func (e *ProviderError) Error() string {
	if e.tokenEndpoint {
		return fmt.Sprintf("chiauth0: the token endpoint answered %d %q", e.status, e.Code)
	}
	return fmt.Sprintf("chiauth0: Auth0 answered %q", e.Code)
}
