package chiauth0

import (
	"errors"
	"fmt"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/userprovider"
)

// loginFailed returns the answer to a callback that made no session. page is where the login was to
// end.
func (a *auth) loginFailed(err error, page string) *Error {
	if answered, ok := errors.AsType[*ProviderError](err); ok {
		return a.providerFailed(answered, err, page)
	}
	e := newError(loginFailureCode(err), err)
	switch e.Code {
	case CodeAccountRefused, CodeConflict, CodeInvalidUserData, CodeStepUpFailed:
		// Single sign-on would choose the same account again, so another attempt is no way out.
		e.SwitchURL = a.switchURL(page)
	case CodeInvalidToken:
		e.RetryURL, e.SwitchURL = a.loginURL(page), a.switchURL(page)
	case CodeMisconfigured:
		// Every login fails until the operator corrects the setting.
	case CodeUnavailable:
		e.Message = "The login could not be completed at the moment. " + textTryAgain
		e.RetryURL = a.loginURL(page)
	default:
		e.RetryURL = a.loginURL(page)
	}
	return e
}

func loginFailureCode(err error) Code {
	if _, ok := errors.AsType[*stepUpError](err); ok {
		return CodeStepUpFailed
	}
	switch {
	case errors.Is(err, userprovider.ErrRefused):
		return CodeAccountRefused
	case errors.Is(err, userprovider.ErrConflict):
		return CodeConflict
	case errors.Is(err, userprovider.ErrInvalid):
		return CodeInvalidUserData
	case errors.Is(err, userprovider.ErrMisconfigured):
		return CodeMisconfigured
	case errors.Is(err, ErrInvalidToken):
		return CodeInvalidToken
	case errors.Is(err, ErrUnavailable), errors.Is(err, sessionstores.ErrUnavailable):
		return CodeUnavailable
	case errors.Is(err, ErrInvalidRequest):
		return CodeInvalidRequest
	}
	return CodeInternal
}

// providerFailed returns the answer to a login that ended with an error of Auth0.
func (a *auth) providerFailed(answered *ProviderError, err error, page string) *Error {
	code := answered.code()
	if code == CodeClientRejected {
		err = fmt.Errorf("%w: check ClientSecret (AUTH0_CLIENT_SECRET) and AuthStyle against the "+
			"application's settings at Auth0, and that Authorization Code is among its grant types",
			err)
	}
	e := newError(code, err)
	e.ProviderCode = answered.Code
	if answered.showsDescription() {
		e.Message = answered.Description
	}
	switch code {
	case CodeAccessDenied:
		e.SwitchURL = a.switchURL(page)
	case CodeClientRejected:
		// Every login fails until the operator corrects the setting.
	case CodeUnavailable:
		e.Message = "The login service is not available at the moment. " + textTryAgain
		e.RetryURL = a.loginURL(page)
	default:
		e.RetryURL = a.loginURL(page)
	}
	return e
}
