package chiauth0

import (
	"context"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf8"
)

// An Event is what Config.Events receives, and what Config.Logger receives as a line. The names,
// the messages and the attributes are stable: later versions only add to them.
//
//	Name            message              level            attributes
//	login           login succeeded      INFO             user, subject, new_user
//	login_failed    login failed         by status        code, status, subject, path, err
//	logout          logged out           INFO             user, subject
//	refusal         request refused      by status        code, status, user, subject, rule, path, err
//	session_ended   session ended        WARN             code, user
//	sessions_ended  all sessions ended   INFO             user
//
// An attribute that is not known is left out. "By status" is ERROR for a status of 500 and above,
// DEBUG for 401 and 404, and INFO otherwise. The code is that of [Error]; for session_ended it is
// user_not_found, user_inactive, or another reason.
type Event struct {
	// Name is one of the constants that begin with Event.
	Name string

	// UserID is the ID of the local user, and Subject the sub at Auth0. They are empty for requests
	// of unknown users.
	UserID  string
	Subject string

	// NewUser tells of a login that it has created the local user.
	NewUser bool

	// Code is why a login failed, a request was refused, or a session ended.
	Code string

	// Status is the HTTP status of the response to a failed login or a refused request.
	Status int

	// Rule is the guard that refused the user, such as "RequireStaff".
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
	EventSessionEnded:  "session ended",
	EventSessionsEnded: "all sessions ended",
}

// emit logs an event and passes it to Config.Events.
func (a *auth) emit(ctx context.Context, e Event) {
	e.Path = cutText(e.Path)
	a.Logger.LogAttrs(ctx, e.level(), eventMessages[e.Name], e.attrs()...)
	if a.Events != nil {
		a.Events(ctx, e)
	}
}

func (e Event) level() slog.Level {
	switch {
	case e.Status >= 500:
		return slog.LevelError
	case e.Status == 401 || e.Status == 404:
		return slog.LevelDebug
	case e.Name == EventSessionEnded:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

func (e Event) attrs() []slog.Attr {
	var attrs []slog.Attr
	add := func(name, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(name, value))
		}
	}
	add("code", e.Code)
	if e.Status != 0 {
		attrs = append(attrs, slog.Int("status", e.Status))
	}
	add("user", e.UserID)
	add("subject", e.Subject)
	if e.NewUser {
		attrs = append(attrs, slog.Bool("new_user", true))
	}
	add("rule", e.Rule)
	add("path", e.Path)
	if e.Err != nil {
		attrs = append(attrs, slog.String("err", e.Err.Error()))
	}
	return attrs
}

// maxEventText bounds a value of a request in a log line, in bytes.
const maxEventText = 200

// cutText shortens a value of a request and removes its control characters.
func cutText(s string) string {
	if len(s) > maxEventText {
		s = strings.ToValidUTF8(s[:maxEventText], "") + "…"
	}
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || c == utf8.RuneError {
			return ' '
		}
		return c
	}, s)
}
