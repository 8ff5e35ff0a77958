package sessionstores

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
)

// A Namer is a [Backend] that can find the sessions of a user, or of a login at Auth0, without their tokens: it files keys
// under names, and ends all that is filed under one. The index is written first and the session second, so that there is
// never a session that its name does not lead to.
type Namer interface {
	Backend

	// File puts keys under each of the names, until expiry or later. A key may be filed before there is anything under it,
	// and be filed again.
	File(ctx context.Context, names []string, expiry time.Time, keys ...string) error

	// Create stores data under a key that was filed and has never been in use. created is false, and nothing is stored,
	// when the key has been ended since it was filed: whoever ends all sessions of a name ends those that are just
	// beginning, too.
	Create(ctx context.Context, key string, data []byte, expiry time.Time) (created bool, err error)

	// EndAll ends every key that is filed under name, as End does, and forgets the name. If it fails half-way it can be
	// called again.
	EndAll(ctx context.Context, name string) error
}

// namesField holds the names of a session, in the session, so that it is filed again under a new token.
const namesField = "__names"

// namePrefix sets the keys of names apart from those of sessions and records.
const namePrefix = "name:"

// SetNames files the session under names when it is saved: [EndAll] finds it by any of them. By names it had before it is
// found as well, until it has a new token. Names are hashed in the store. A store that cannot file sessions ignores them; [CanEndAll] tells.
func SetNames(ctx context.Context, m *scs.SessionManager, names ...string) error {
	st, err := mustFind(ctx, m)
	if err != nil || !st.loader.keeper.names() {
		return err
	}
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = nameKey(name)
	}
	m.Put(ctx, namesField, strings.Join(keys, " "))
	return nil
}

// EndAll ends every session that is filed under name, in this process and on every other that shares the store: those in
// flight, and those just beginning. Sessions in the browser are refused from then on, by the store's list of revocations. It
// needs no request's context. Its errors are those of [CanEndAll], and [ErrUnavailable].
func EndAll(ctx context.Context, m *scs.SessionManager, name string) error {
	if err := CanEndAll(m); err != nil {
		return err
	}
	var err error
	switch b := keeperOf(m).backend.(type) {
	case *browser:
		err = b.revoker.Revoke(ctx, nameKey(name), time.Now().Add(m.Lifetime))
	case Namer:
		err = b.EndAll(ctx, nameKey(name))
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return nil
}

// CanEndAll returns nil if the manager's store can find sessions by name, and otherwise an error that wraps
// errors.ErrUnsupported and says which store it is.
func CanEndAll(m *scs.SessionManager) error {
	if k := keeperOf(m); !k.names() {
		return fmt.Errorf("sessionstores: %T cannot find sessions by name: %w", k.store(), errors.ErrUnsupported)
	}
	return nil
}

// names reports whether sessions can be found by name.
func (k *keeper) names() bool {
	if b, ok := k.backend.(*browser); ok {
		return b.revoker != nil
	}
	_, ok := k.backend.(Namer)
	return ok
}

// keeperOf returns the manager's keeper, or one for a manager that was not made by New.
func keeperOf(m *scs.SessionManager) *keeper {
	if k, ok := m.Store.(*keeper); ok {
		return k
	}
	return newKeeper(m.Store, false)
}

func nameKey(name string) string { return namePrefix + hashed(name) }
