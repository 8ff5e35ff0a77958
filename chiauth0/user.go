package chiauth0

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"

	"github.com/chiauth0/auth/userprovider"
)

// UserFrom returns the user who is signed in, behind [LoadUser] or a guard. The provider is asked at the first call of a
// request, so that requests which do not ask cost it nothing. [ErrNotSignedIn] says that there is nobody; any other error
// means that we could not tell, because the session store or the user provider did not answer.
func UserFrom(ctx context.Context) (userprovider.User, error) {
	v, ok := ctx.Value(visitorKey{}).(*visitor)
	if !ok {
		return userprovider.User{}, ErrNotSignedIn
	}
	user, _, err := v.who(ctx)
	return user, err
}

// UserAs returns the application's own user: [userprovider.User.Value] as a T. The error is UserFrom's, or says which type
// the provider gave instead.
func UserAs[T any](ctx context.Context) (T, error) {
	user, err := UserFrom(ctx)
	if err != nil {
		return *new(T), err
	}
	value, ok := user.Value.(T)
	if !ok {
		return value, fmt.Errorf("chiauth0: UserAs: the user provider's Value is a %T, not a %v", user.Value, reflect.TypeFor[T]())
	}
	return value, nil
}

// IdentityFrom returns what Auth0 said in the last login about the user who is signed in. Its errors are UserFrom's.
func IdentityFrom(ctx context.Context) (userprovider.Identity, error) {
	v, ok := ctx.Value(visitorKey{}).(*visitor)
	if !ok {
		return userprovider.Identity{}, ErrNotSignedIn
	}
	_, identity, err := v.who(ctx)
	return identity, err
}

// WithUser returns a context in which this user is signed in, for unit tests of handlers. LoadUser and the guards honour
// it, on any host, and ask neither a session store nor a provider who it is.
func WithUser(ctx context.Context, user userprovider.User, identity userprovider.Identity) context.Context {
	return &visitor{Context: ctx, user: user, identity: identity, known: true, given: true}
}

// visitor is whoever sent the request, found out when somebody asks. It is the context that handlers see, too.
type visitor struct {
	context.Context
	auth  *auth
	given bool // by WithUser

	mu       sync.Mutex
	known    bool
	user     userprovider.User
	identity userprovider.Identity
	err      error
}

type visitorKey struct{}

// Value implements context.Context.
func (v *visitor) Value(key any) any {
	if key == (visitorKey{}) {
		return v
	}
	return v.Context.Value(key)
}

// withVisitor adds the visitor of the session to a context in which the session is loaded.
func (a *auth) withVisitor(ctx context.Context) context.Context {
	if v, ok := ctx.Value(visitorKey{}).(*visitor); ok && (v.auth == a || v.given) {
		return nil
	}
	return &visitor{Context: ctx, auth: a}
}

func (v *visitor) who(ctx context.Context) (userprovider.User, userprovider.Identity, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.known {
		v.user, v.identity, v.err = v.auth.signedIn(ctx)
		v.known = true
	}
	return v.user, v.identity, v.err
}

// signedIn reads the session, and asks the provider for its user.
func (a *auth) signedIn(ctx context.Context) (user userprovider.User, identity userprovider.Identity, err error) {
	id, identity, err := a.sessionIdentity(ctx)
	if err != nil {
		return user, identity, err
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
	}
	if err != nil {
		return userprovider.User{}, userprovider.Identity{}, err
	}
	return user, identity, nil
}
