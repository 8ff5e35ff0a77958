package sessionstores

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alexedwards/scs/v2"
)

// markPrefix distinguishes the keys of marks from those of sessions.
const markPrefix = "mark:"

// SetMark stores a small value that belongs to no session, in the store that all nodes share, for
// as long as ttl. chiauth0 keeps in marks which logout tokens it has seen, and for whom. A cookie
// session has such a store if its revocations are kept; otherwise the error wraps
// errors.ErrUnsupported.
func SetMark(
	ctx context.Context, m *scs.SessionManager, name string, value []byte, ttl time.Duration,
) error {
	backend, err := adapterOf(m).markBackend()
	if err != nil {
		return err
	}

	return unavailable(backend.CommitCtx(ctx, markKey(name), value, time.Now().Add(ttl)))
}

// Mark returns a value that SetMark has stored on any node, or nil.
func Mark(ctx context.Context, m *scs.SessionManager, name string) ([]byte, error) {
	backend, err := adapterOf(m).markBackend()
	if err != nil {
		return nil, err
	}

	value, _, found, err := backend.Get(ctx, markKey(name))
	if err != nil || !found {
		return nil, unavailable(err)
	}

	return value, nil
}

// markBackend returns the backend of the sessions, or of the revocations of cookie sessions.
func (a *storeAdapter) markBackend() (Backend, error) {
	if a.backend != nil {
		return a.backend, nil
	}

	cookies, ok := a.carrier.(*cookieCarrier)
	if !ok || cookies.revocations == nil {
		return nil, fmt.Errorf("sessionstores: %T keeps nothing on a server: %w",
			a.store, errors.ErrUnsupported)
	}

	return withTimeouts(cookies.revocations.store, cookies.revocations.timeouts), nil
}

func markKey(name string) string {
	return markPrefix + hash(name)
}
