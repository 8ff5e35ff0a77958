package chiauth0_test

import (
	"context"

	"github.com/chiauth0/auth/userprovider"
)

// loginRecorder keeps the latest login.
type loginRecorder struct {
	userprovider.UserProvider
	login userprovider.Login
}

func (r *loginRecorder) SyncUser(
	ctx context.Context, login userprovider.Login,
) (userprovider.User, error) {
	r.login = login
	return r.UserProvider.SyncUser(ctx, login)
}
