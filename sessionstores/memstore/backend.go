package memstore

import (
	"context"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

// Get returns a copy of the data under key, and the expiry. For a tombstone, found is false and
// expiry is the end of the tombstone.
func (s *Store) Get(
	_ context.Context, key string,
) (data []byte, expiry time.Time, found bool, err error) {
	sh := s.shards.lock(key)
	e := sh.entry(key)
	if e == nil {
		sh.mu.Unlock()
		return nil, time.Time{}, false, nil
	}
	copied := *e
	sh.mu.Unlock()

	expiry = time.UnixMilli(copied.end).UTC()
	if copied.kind != session {
		return nil, expiry, false, nil
	}
	return []byte(copied.value), expiry, true, nil
}

// Create stores a session, unless there is a tombstone under key.
func (s *Store) Create(
	_ context.Context, key string, data []byte, expiry time.Time,
) (created bool, err error) {
	value := string(data)
	sh := s.shards.lock(key)
	created = !sh.hasTombstone(key) && sh.storeSession(key, value, expiry.UnixMilli())
	sh.mu.Unlock()

	if created {
		s.keepSweeping()
	}
	return created, nil
}

// Update replaces the data and the expiry of a session whose data is old, or equals data already.
func (s *Store) Update(
	_ context.Context, key string, old, data []byte, expiry time.Time,
) (found bool, err error) {
	value := string(data)
	sh := s.shards.lock(key)
	defer sh.mu.Unlock()

	e := sh.session(key)
	if e == nil {
		return false, nil
	}
	if e.value != string(old) && e.value != value {
		return true, sessionstores.ErrConflict
	}
	return sh.storeSession(key, value, expiry.UnixMilli()), nil
}

// Touch replaces the expiry of a session.
func (s *Store) Touch(_ context.Context, key string, expiry time.Time) (found bool, err error) {
	sh := s.shards.lock(key)
	defer sh.mu.Unlock()

	e := sh.session(key)
	if e == nil {
		return false, nil
	}
	return sh.storeSession(key, e.value, expiry.UnixMilli()), nil
}

// Renew moves a session whose data is old from oldKey to newKey, in one step for all other calls.
func (s *Store) Renew(
	_ context.Context, oldKey, newKey string, old, data []byte, expiry time.Time,
) (found bool, err error) {
	value := string(data)
	from, to := s.shards.lockPair(oldKey, newKey)
	defer unlockPair(from, to)

	if to.hasTombstone(newKey) {
		return false, nil
	}
	e := from.entry(oldKey)
	if e == nil {
		return false, nil
	}
	if e.kind != session {
		repeated := e.kind == renewed && e.value == newKey
		return repeated, nil
	}
	if e.value != string(old) {
		return false, sessionstores.ErrConflict
	}

	if expiry.UnixMilli() <= to.now {
		from.removeSession(oldKey)
		return false, nil
	}
	from.storeTombstone(oldKey, renewed, newKey)
	return to.storeSession(newKey, value, expiry.UnixMilli()), nil
}

// Revoke removes the session under key and its successors, and leaves a tombstone under each of
// their keys.
//
// It locks one key after the other. A Renew at the same time is either complete, and its successor
// is the next key, or it finds the tombstone and changes nothing.
func (s *Store) Revoke(_ context.Context, key string) (found bool, err error) {
	for hasNext := true; hasNext; {
		var removed bool
		removed, key, hasNext = s.revokeOne(key)
		found = found || removed
	}
	s.keepSweeping()
	return found, nil
}

// revokeOne replaces the session under key with a tombstone and returns the successor, if any. A
// tombstone keeps its successor: a second Revoke at the same time must not return before the
// successor is removed either.
func (s *Store) revokeOne(key string) (removed bool, successor string, hasSuccessor bool) {
	sh := s.shards.lock(key)
	defer sh.mu.Unlock()

	e := sh.entry(key)
	if e != nil && e.kind == renewed {
		sh.storeTombstone(key, renewed, e.value)
		return false, e.value, true
	}
	removed = e != nil && e.kind == session
	sh.storeTombstone(key, revoked, "")
	return removed, "", false
}
