package chiauth0

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/chiauth0/auth/sessionstores"
)

// LogoutUser ends every session of a user, in every browser and on every node, for example after a
// theft. userID is [userprovider.User.ID]. The session at Auth0 goes on: make the user inactive as
// well to keep them out. An error that wraps errors.ErrUnsupported says that the session store
// cannot find sessions by user.
func LogoutUser(ctx context.Context, cfg *Config, userID string) error {
	a := cfg.init()
	if err := sessionstores.RevokeAll(ctx, a.sessions, a.sessionName("user", userID)); err != nil {
		return fmt.Errorf("chiauth0: LogoutUser: %w", err)
	}
	a.emit(ctx, slog.LevelInfo, Event{Name: EventSessionsEnded, UserID: userID})
	return nil
}
