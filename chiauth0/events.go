package chiauth0

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
)

// An Event is what Config.Events receives, and what Config.Logger receives as a line. The names,
// the messages and the attributes are stable: later versions only add to them.
//
//	name            level    message             attributes
//	login           INFO     login succeeded     user, subject, new_user
//	login_failed    by code  login failed        those of refusal, and provider_code, description
//	logout          INFO     logged out          user, subject
//	refusal         by code  request refused     code, status, user, subject, rule, path, err
//	session_ended   WARN     signed out          code, user; INFO for the codes of EndSession and
//	                                             EndOtherSessions
//	sessions_ended  INFO     all sessions ended  user
//
// An attribute that is not known is left out. [Code] lists the codes of failed logins and refused
// requests, with their levels; for a session that has ended, the code is user_not_found,
// user_inactive or user_replaced, and session_revoked or other_sessions_revoked if [EndSession] or
// [EndOtherSessions] has ended it. Requests without a login (not_signed_in) and unknown pages
// (not_found) are events without a line.
type Event struct {
	// Name is one of the constants that begin with Event.
	Name string

	// UserID is the ID of the local user, and Subject the sub at Auth0. They are empty if the user
	// is not known.
	UserID  string
	Subject string

	// NewUser tells of a login that it has created the local user.
	NewUser bool

	// Code is why a login failed, a request was refused, or a session ended.
	Code string

	// ProviderCode and Description are error and error_description of Auth0, cut at 200 bytes. The
	// description can have text of a stranger in it.
	ProviderCode string
	Description  string

	// Status is the HTTP status of the response to a failed login or a refused request. For a
	// silent login, whose response is a redirect, it is the status of the code.
	Status int

	// Rule is the guard that refused the user, such as "staff" or "group editors".
	Rule string

	// Path is the path of the request, cut at 200 bytes.
	Path string

	// Err is the cause. It has no secrets in it.
	Err error
}

// The names of the events. See [Event].
const (
	EventLogin         = "login"
	EventLoginFailed   = "login_failed"
	EventLogout        = "logout"
	EventRefusal       = "refusal"
	EventSessionEnded  = "session_ended"
	EventSessionsEnded = "sessions_ended"
)

var eventMessages = map[string]string{
	EventLogin:         "login succeeded",
	EventLoginFailed:   "login failed",
	EventLogout:        "logged out",
	EventRefusal:       "request refused",
	EventSessionEnded:  "signed out",
	EventSessionsEnded: "all sessions ended",
}

// emit logs an event and passes it to Config.Events.
func (a *auth) emit(ctx context.Context, level slog.Level, e Event) {
	e.Path, e.Description = cut(e.Path), cut(e.Description)
	if e.isLogged() {
		a.Logger.LogAttrs(ctx, level, eventMessages[e.Name], e.attrs()...)
	}
	if a.Events != nil {
		a.Events(ctx, e)
	}
}

// isLogged is false for requests without a login, which each visitor makes, and for unknown pages.
func (e Event) isLogged() bool {
	if e.Status == http.StatusUnauthorized {
		return e.Code != string(CodeNotSignedIn)
	}
	return e.Status != http.StatusNotFound
}

func (e Event) attrs() []slog.Attr {
	var attrs []slog.Attr
	add := func(name, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(name, value))
		}
	}
	add("path", e.Path)
	if e.Status != 0 {
		attrs = append(attrs, slog.Int("status", e.Status))
	}
	add("code", e.Code)
	add("provider_code", e.ProviderCode)
	add("description", e.Description)
	add("user", e.UserID)
	add("subject", e.Subject)
	if e.NewUser {
		attrs = append(attrs, slog.Bool("new_user", true))
	}
	add("rule", e.Rule)
	if e.Err != nil {
		attrs = append(attrs, slog.String("err", e.Err.Error()))
	}
	return attrs
}

// emitError emits the event of an answer that is an error.
func (a *auth) emitError(r *http.Request, e *Error) {
	event := Event{
		Name:   EventRefusal,
		Code:   string(e.Code),
		Status: e.Status,
		Path:   r.URL.Path,
		Err:    e,
	}
	if info, ok := errors.AsType[*refusal](e.Err); ok {
		event.UserID, event.Subject, event.Rule = info.user, info.subject, info.rule
		if info.ofLogin {
			event.Name = EventLoginFailed
		}
	}
	if answered, ok := errors.AsType[*ProviderError](e.Err); ok {
		event.ProviderCode, event.Description = answered.Code, answered.Description
	}
	a.emit(r.Context(), e.level(), event)
}
