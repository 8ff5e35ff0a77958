package chiauth0

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"sync"

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
		return none, fmt.Errorf("chiauth0: UserAs: the Value of the user provider is a %T, not a %v",
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
	return &requestUser{Context: ctx, user: user, identity: identity, known: true, given: true}
}

// errNoUser is an ErrNotSignedIn, so that a handler which is reached without LoadUser refuses.
var errNoUser = fmt.Errorf("%w: the request is not served through chiauth0.LoadUser or a guard",
	ErrNotSignedIn)

func userOf(ctx context.Context) (userprovider.User, userprovider.Identity, error) {
	u, ok := ctx.Value(requestUserKey{}).(*requestUser)
	if !ok {
		return userprovider.User{}, userprovider.Identity{}, errNoUser
	}

	return u.find(ctx)
}

// A requestUser finds the user of a request, once, when something asks. It is the context that the
// handlers see.
type requestUser struct {
	context.Context
	auth  *auth
	given bool // by WithUser

	mu       sync.Mutex
	known    bool
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

// withRequestUser adds a requestUser to the requests of next, unless there is one.
func (a *auth) withRequestUser(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		u, ok := ctx.Value(requestUserKey{}).(*requestUser)
		if !ok || u.auth != a && !u.given {
			r = r.WithContext(&requestUser{Context: ctx, auth: a})
		}
		next.ServeHTTP(w, r)
	})
}

// find returns the user of the request. Calls at the same time wait for the first.
func (u *requestUser) find(ctx context.Context) (userprovider.User, userprovider.Identity, error) {
	u.mu.Lock()
	defer u.mu.Unlock()

	if !u.known {
		u.user, u.identity, u.err = u.auth.findUser(ctx)
		u.known = true
	}

	return u.user, u.identity, u.err
}

// findUser reads the session and asks the provider for its user.
func (a *auth) findUser(
	ctx context.Context,
) (user userprovider.User, identity userprovider.Identity, err error) {
	id, identity, err := a.sessionIdentity(ctx)
	if err != nil {
		return user, userprovider.Identity{}, err
	}

	lookup := &deadline{Context: ctx, timeout: a.UserTimeout}
	defer lookup.cancel()

	user, err = a.Users.FindUser(lookup, id)
	switch {
	case errors.Is(err, userprovider.ErrNotFound):
		err = a.signOut(lookup, "user not found", id)
	case err != nil:
		err = fmt.Errorf("%w: user provider: %w", ErrUnavailable, err)
	case !user.Active:
		err = a.signOut(lookup, "user not active", id)
	}
	if err != nil {
		return userprovider.User{}, userprovider.Identity{}, err
	}

	return user, identity, nil
}
