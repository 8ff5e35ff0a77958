package chiauth0

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/userprovider"
)

// fail answers a request that went wrong, and tells the operator why.
func (a *auth) fail(w http.ResponseWriter, r *http.Request, err error) {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Status: http.StatusInternalServerError, Code: "internal_error", Message: "Something went wrong.", Err: err}
	}
	level := slog.LevelInfo
	if e.Status >= 500 {
		level = slog.LevelError
	}
	if e.Status != http.StatusUnauthorized {
		a.Logger.Log(r.Context(), level, "request refused", "path", r.URL.Path, "status", e.Status, "code", e.Code, "err", e.Error())
	}
	h := w.Header()
	h.Set("Cache-Control", "private, no-store")
	if e.Status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "5")
	}
	a.ErrorHandler(w, r, e)
}

// sessionFailed is the ErrorFunc of our manager: the session could not be saved, and the handler's answer is dropped.
func (a *auth) sessionFailed(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, sessionstores.ErrUnavailable) {
		err = unavailable(fmt.Errorf("%w: %w", ErrUnavailable, err))
	}
	a.fail(w, r, err)
}

func unavailable(err error) *Error {
	return &Error{
		Status: http.StatusServiceUnavailable, Code: "temporarily_unavailable",
		Message: "This service cannot tell who you are at the moment. Please try again in a few seconds.", Err: err,
	}
}

// loginFailed says what a failed callback is answered with. Auth0's own words are shown, as the state has opened: it is an
// answer to this browser's question, not a link that somebody made.
func (a *auth) loginFailed(err error, t transaction) *Error {
	e := &Error{Status: http.StatusBadRequest, Code: "login_failed", RetryURL: a.loginURL(t.ReturnTo), Err: err}
	var answered *ProviderError
	switch {
	case errors.Is(err, userprovider.ErrRefused):
		e.Status, e.Code, e.Message = http.StatusForbidden, "access_denied", "This account may not sign in here."
	case errors.Is(err, userprovider.ErrConflict):
		e.Status, e.Code = http.StatusConflict, "conflict"
		e.Message = "Another account here has the same details, such as the e-mail address, already."
	case errors.As(err, &answered):
		e.Code, e.Message = answered.Code, answered.Description
		e.Status = answered.status()
	case errors.Is(err, ErrInvalidToken):
		e.Code, e.Message = "invalid_token", "Auth0's answer to this login is not valid."
	case errors.Is(err, ErrUnavailable), errors.Is(err, sessionstores.ErrUnavailable):
		e.Status, e.Code = http.StatusServiceUnavailable, "temporarily_unavailable"
		e.Message = "The login could not be completed at the moment. Please try again in a few seconds."
	case errors.Is(err, ErrInvalidRequest):
		e.Message = "This address is not complete."
	default:
		e.Status, e.Code = http.StatusInternalServerError, "internal_error"
	}
	if e.Message == "" {
		e.Message = "The login could not be completed."
	}
	if e.Status == http.StatusForbidden {
		// Single sign-on would choose the same account again: the way to another one leads through the logout.
		e.SwitchURL = a.mount + "/logout"
	}
	return e
}

func (e *ProviderError) status() int {
	switch e.Code {
	case "access_denied", "unauthorized": // the latter is Auth0's word for blocked users
		return http.StatusForbidden
	case "server_error", "invalid_client", "unauthorized_client":
		return http.StatusBadGateway
	case "temporarily_unavailable":
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}
