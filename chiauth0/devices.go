package chiauth0

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

// SessionInfo is a session of a user, for a page such as "your devices".
type SessionInfo struct {
	// ID is for [EndSession]. It is not the token and cannot be used as a cookie. It changes when
	// the session gets a new token.
	ID string

	// Created is the time of the login. It is zero if an earlier release has begun the session.
	Created time.Time

	// LastSeen is the last request that is known to have used the session. With an idle timeout,
	// the true time may be up to a tenth of the timeout later, and more near the end of the
	// session's lifetime. Without one, it is Created.
	LastSeen time.Time

	// Expires is when the session ends at the latest.
	Expires time.Time

	// UserAgent is the User-Agent of the login, cut at 256 bytes. It is text of a stranger; escape
	// it.
	UserAgent string

	// Current says that ctx is of a request with this session.
	Current bool
}

// Sessions returns the sessions of a user with this Config, given by User.ID. The last used one
// comes first. It needs no request; in one, the session of the request is marked as Current.
//
// The error wraps errors.ErrUnsupported for cookie sessions and for stores without an index, see
// sessionstores.IndexedBackend, and [ErrUnavailable] if the store does not answer. Sessions panics
// with the error of [Config.Validate].
func Sessions(ctx context.Context, cfg *Config, userID string) ([]SessionInfo, error) {
	a := cfg.init()
	listed, err := sessionstores.List(ctx, a.sessions, a.sessionName("user", userID))
	if err != nil {
		return nil, listError(err)
	}

	sessions := make([]SessionInfo, len(listed))
	for i, l := range listed {
		sessions[i] = SessionInfo(l)
	}

	return sessions, nil
}

// EndSession ends one session of a user, on every node. It does nothing if the user has no session
// with this ID: the ID of a form cannot end a session of another user. The session at Auth0 stays,
// so that a login on that device may need no password. Errors are those of [Sessions].
func EndSession(ctx context.Context, cfg *Config, userID, sessionID string) error {
	a := cfg.init()
	name := a.sessionName("user", userID)
	ended, err := sessionstores.RevokeListed(ctx, a.sessions, name, sessionID)
	if err != nil {
		return listError(err)
	}
	if ended {
		a.emit(ctx, slog.LevelInfo, Event{
			Name: EventSessionEnded, Code: "session_revoked", UserID: userID,
		})
	}

	return nil
}

// EndOtherSessions ends all sessions of the signed-in user but the one of this request, also those
// of logins that are in progress. ctx is the context of a request behind [LoadUser] or a guard.
// Errors are those of [Sessions] and of [UserFrom]. After an error it may be called again.
func EndOtherSessions(ctx context.Context) error {
	a, err := configOf(ctx)
	if err != nil {
		return err
	}
	userID, _, err := a.sessionIdentity(ctx)
	if err != nil {
		return err
	}

	name := a.sessionName("user", userID)
	if err := sessionstores.RevokeOthers(ctx, a.sessions, name); err != nil {
		return listError(err)
	}
	a.emit(ctx, slog.LevelInfo, Event{
		Name: EventSessionEnded, Code: "other_sessions_revoked", UserID: userID,
	})

	return nil
}

// listError marks an error of the session store.
func listError(err error) error {
	if errors.Is(err, sessionstores.ErrUnavailable) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}

	return err
}
