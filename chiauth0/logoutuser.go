package chiauth0

import (
	"context"
	"fmt"

	"github.com/chiauth0/auth/sessionstores"
)

// LogoutUser ends every session of a user, in every browser and on every node: after a theft, or when somebody leaves.
// userID is [userprovider.User.ID]. It does not end the session at Auth0, so make the user inactive as well if they must
// stay out. An error that wraps errors.ErrUnsupported says that the session store cannot find sessions by user.
func LogoutUser(ctx context.Context, cfg *Config, userID string) error {
	a := cfg.use()
	if err := sessionstores.RevokeAll(ctx, a.sessions, a.sessionName("user", userID)); err != nil {
		return fmt.Errorf("chiauth0: LogoutUser: %w", err)
	}
	a.Logger.InfoContext(ctx, "all sessions ended", "user", userID)
	return nil
}
