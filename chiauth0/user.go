package chiauth0

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"sync"

	"github.com/chiauth0/auth/internal/slot"
	"github.com/chiauth0/auth/userprovider"
)

// UserFrom returns the user who is signed in. The request has to be served through [LoadUser], a
// guard or the Router. The first call of a request asks the user provider; a request that does not
// call it costs the provider nothing.
//
// [ErrNotSignedIn] says that the visitor is anonymous. [ErrUnavailable] says that the session store
// or the user provider did not answer. Any other error is a mistake of the program.
func UserFrom(ctx context.Context) (userprovider.User, error) {
	user, _, err := userOf(ctx)
	return user, err
}

// UserAs returns the application's own user: the Value of [userprovider.User] as a T. The error is
// that of UserFrom, or names the type that the provider has returned instead.
func UserAs[T any](ctx context.Context) (T, error) {
	var none T
	user, err := UserFrom(ctx)
	if err != nil {
		return none, err
	}

	value, ok := user.Value.(T)
	if !ok {
		return none, fmt.Errorf("chiauth0: UserAs: the user provider's Value is a %T, not a %v",
			user.Value, reflect.TypeFor[T]())
	}

	return value, nil
}

// IdentityFrom returns what Auth0 has said about the user at the last login. Its errors are those
// of UserFrom.
func IdentityFrom(ctx context.Context) (userprovider.Identity, error) {
	_, identity, err := userOf(ctx)
	return identity, err
}

// WithUser returns a context in which a user is signed in. It is for unit tests of handlers.
// LoadUser and the guards accept it on any host, and ask neither the session store nor the user
// provider.
func WithUser(
	ctx context.Context, user userprovider.User, identity userprovider.Identity,
) context.Context {
	found := &foundUser{user: user, identity: identity}

	return &requestUser{Context: ctx, found: found, given: true}
}

// errNoUser is an ErrNotSignedIn, so that a handler which is reached without LoadUser refuses.
var errNoUser = fmt.Errorf("%w: the request is not served through LoadUser or a guard",
	ErrNotSignedIn)

func userOf(ctx context.Context) (userprovider.User, userprovider.Identity, error) {
	u, ok := requestUserOf(ctx)
	if !ok {
		return userprovider.User{}, userprovider.Identity{}, errNoUser
	}

	return u.find(ctx)
}

// requestUserOf returns the requestUser of WithUser, or that of the request.
func requestUserOf(ctx context.Context) (*requestUser, bool) {
	if u, ok := ctx.Value(requestUserKey{}).(*requestUser); ok {
		return u, true
	}

	if s := slot.From(ctx); s != nil {
		u, ok := s.Load().(*requestUser)
		return u, ok
	}

	return nil, false
}

// A requestUser finds the user of a request, once, when something asks. It is in the context of the
// request: in the slot of its session, or by itself if WithUser has made it.
type requestUser struct {
	context.Context // of WithUser
	auth            *auth
	given           bool // by WithUser

	mu    sync.Mutex
	found *foundUser // nil until something has asked
}

// A foundUser is the answer to who has sent a request.
type foundUser struct {
	user     userprovider.User
	identity userprovider.Identity
	err      error
}

type requestUserKey struct{}

// Value implements context.Context.
func (u *requestUser) Value(key any) any {
	if key == (requestUserKey{}) {
		return u
	}

	return u.Context.Value(key)
}

// withRequestUser adds a requestUser to the requests of next, unless there is one. The last Config
// decides what the handlers see.
func (a *auth) withRequestUser(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, ok := requestUserOf(r.Context())
		if !ok || u.auth != a && !u.given {
			slot.From(r.Context()).Store(&requestUser{auth: a})
		}
		next.ServeHTTP(w, r)
	})
}

// find returns the user of the request. Calls at the same time wait for the first.
func (u *requestUser) find(ctx context.Context) (userprovider.User, userprovider.Identity, error) {
	u.mu.Lock()
	defer u.mu.Unlock()

	if u.found == nil {
		user, identity, err := u.auth.findUser(ctx)
		u.found = &foundUser{user, identity, err}
	}

	return u.found.user, u.found.identity, u.found.err
}

// findUser reads the session and asks the provider for its user.
func (a *auth) findUser(
	ctx context.Context,
) (user userprovider.User, identity userprovider.Identity, err error) {
	id, identity, err := a.sessionIdentity(ctx)
	if err != nil {
		return user, userprovider.Identity{}, err
	}

	lookup := &lazyTimeout{Context: ctx, timeout: a.UserTimeout}
	defer lookup.cancel()

	user, err = a.Users.FindUser(lookup, id)
	switch {
	case errors.Is(err, userprovider.ErrNotFound):
		err = a.signOut(lookup, "user_not_found", id)
	case err != nil:
		err = fmt.Errorf("%w: user provider: %w", ErrUnavailable, err)
	case !user.Active:
		err = a.signOut(lookup, "user_inactive", id)
	case isAnother(&user, &identity):
		err = a.signOut(lookup, "user_replaced", id)
	}
	if err != nil {
		return userprovider.User{}, userprovider.Identity{}, err
	}

	return user, identity, nil
}

// isAnother reports whether a user is known to have another identity than the session. A database
// that was restored from a backup can give an old ID to a new user.
func isAnother(user *userprovider.User, i *userprovider.Identity) bool {
	if user.Issuer == "" && user.Subject == "" {
		return false // the provider cannot tell
	}

	return withSlash(user.Issuer) != withSlash(i.Issuer) || user.Subject != i.Subject
}
