package chiauth0

import (
	"context"
	"errors"
	"fmt"

	"github.com/chiauth0/auth/userprovider"
)

// syncRefreshed maps the claims of a new ID token and updates the user, if SyncOnRefresh is set.
// The roles are then as fresh as the token.
func (a *auth) syncRefreshed(
	ctx context.Context, i *userprovider.Identity, claims map[string]any,
) error {
	if !a.SyncOnRefresh || claims == nil {
		return nil
	}

	login, _ := a.Mapping.Apply(claims, nil)
	keepAuthentication(&login.Identity, i)
	user, err := a.syncUser(ctx, login)
	switch {
	case errors.Is(err, userprovider.ErrRefused):
		a.Logger.WarnContext(ctx, "user refused at a refresh, session ended",
			"subject", i.Subject, "err", err)
		if err := a.endSession(ctx); err != nil {
			return err
		}
		return fmt.Errorf("%w: %w", ErrSessionEnded, err)
	case err != nil:
		a.Logger.WarnContext(ctx, "user not updated at a refresh", "subject", i.Subject, "err", err)
		return nil
	}

	before, _ := decodeIdentity(a.sessions.GetString(ctx, identityField))
	a.putIdentity(ctx, user.ID, login.Identity, before.ceiling)

	return nil
}

// keepAuthentication keeps what the login has said about the authentication. Auth0 leaves it out of
// refreshed ID tokens, and a refresh neither grants nor takes away a second factor.
func keepAuthentication(refreshed, login *userprovider.Identity) {
	refreshed.ACR = login.ACR
	refreshed.AMR = login.AMR
	refreshed.AuthTime = login.AuthTime
	refreshed.Permissions = login.Permissions
	if refreshed.SessionID == "" {
		refreshed.SessionID = login.SessionID
	}
}
