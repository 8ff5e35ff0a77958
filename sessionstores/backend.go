package sessionstores

import (
	"context"
	"errors"
	"time"

	"github.com/alexedwards/scs/v2"
)

// A Backend is a session store on the server side that closes the races between requests of one
// browser. Any other scs.Store works with [New] as well; New documents what it leaves open.
//
// A key holds one of three things: nothing, a session, or a tombstone. A tombstone marks a session
// that was revoked or renewed. It lives for [TombstoneTTL], also if the session would have expired
// earlier. The tombstone of a renewed session names the key of its successor.
//
// The rules for all methods:
//
//   - Keys are opaque strings. Data is opaque bytes.
//   - A session past its expiry is absent. The clock of the store decides, and it is the same clock
//     for every method: no method finds a session that another one has reported as expired.
//   - The time zone of an expiry has no effect. A store may round an expiry to a second.
//   - A write with an expiry in the past stores nothing, removes the session under the key, and
//     reports false. Renew removes the session under oldKey.
//   - An error means that the outcome is unknown, except for [ErrConflict]. Every method may be
//     repeated after an error, with the result that the first call would have had. Revoke and
//     RevokeAll report only what the repeated call has removed.
//   - No method keeps or changes a data slice that it is given. No slice that it returns shares
//     memory with the store.
//   - All methods are safe for concurrent use.
//
// Find, Commit and Delete serve the store as a plain scs.Store. Commit replaces whatever is under
// the key, also a tombstone with its successor. Delete removes a session without leaving a
// tombstone, and leaves a tombstone in place.
//
// A Backend may have two more methods. ReadTimeout() time.Duration is the longest time that one
// read may take: one second if there is no such method. Zero is for a store in memory, whose calls
// never wait. HonorsDeadline() bool returns true if every call returns soon after the deadline of
// its context. The calls of other stores run in goroutines of their own, so that a store that hangs
// cannot hold up a request.
//
// Package storetest has a conformance suite.
type Backend interface {
	scs.CtxStore

	// Get returns the data and the expiry of a session. For a tombstone, found is false, data is
	// nil and expiry is the end of the tombstone. For an absent key, found is false, data is nil
	// and expiry is zero.
	Get(ctx context.Context, key string) (data []byte, expiry time.Time, found bool, err error)

	// Create stores a session under a key that has not been used before. It replaces a session that
	// is there already, so that a repeated call succeeds. It returns created=false, and changes
	// nothing, if there is a tombstone: the session was revoked before it was created, see
	// [IndexedBackend].
	Create(ctx context.Context, key string, data []byte, expiry time.Time) (created bool, err error)

	// Update replaces the data and the expiry of an existing session whose data is still old. It
	// returns found=false if there is no session. If the data is no longer old, it changes nothing
	// and returns found=true and [ErrConflict]; data that equals what is stored is no conflict, so
	// that a repeated call succeeds.
	Update(
		ctx context.Context, key string, old, data []byte, expiry time.Time,
	) (found bool, err error)

	// Touch replaces the expiry of an existing session and leaves its data alone. It returns
	// found=false if there is no session.
	Touch(ctx context.Context, key string, expiry time.Time) (found bool, err error)

	// Renew moves a session whose data is still old from oldKey to newKey, and replaces its data
	// and expiry. It leaves a tombstone under oldKey that names newKey as the successor. newKey is
	// a key that has not been used before. Renew checks these conditions in turn:
	//
	//   - A tombstone under newKey: Renew changes nothing and returns found=false.
	//   - A tombstone under oldKey whose successor is newKey: an earlier call has left it. Renew
	//     changes nothing, not even the successor, and returns found=true.
	//   - No session under oldKey: Renew changes nothing and returns found=false.
	//   - The data is no longer old: Renew changes nothing and returns found=false and
	//     [ErrConflict].
	//
	// A failure at any point leaves at least one usable session. found=true together with an error
	// says that the session under newKey exists, while the one under oldKey may exist as well; the
	// caller continues with newKey. found=false together with an error says that the session under
	// oldKey may still exist; the caller continues with oldKey.
	Renew(
		ctx context.Context, oldKey, newKey string, old, data []byte, expiry time.Time,
	) (found bool, err error)

	// Revoke removes the session under key, the session that Renew has made its successor, and so
	// on. It leaves a tombstone under each of these keys, also where nothing was: a Create or Renew
	// that is in progress then reports false. A tombstone that names a successor keeps it.
	//
	// found is true if there was a session under one of the keys. Of several calls at the same
	// time, one returns true.
	//
	// Revoke also works when the store is full.
	Revoke(ctx context.Context, key string) (found bool, err error)
}

// TombstoneTTL is how long a [Backend] keeps a tombstone, at least. It is longer than any request
// is expected to take.
const TombstoneTTL = 5 * time.Minute

// ErrConflict is returned by [Backend.Update] and [Backend.Renew] when the stored data is not what
// the caller has read.
var ErrConflict = errors.New("sessionstores: the session was changed by another request")

// An IndexedBackend is a [Backend] that finds sessions by name, such as all sessions of one user. A
// session is added to the index before it is created, so that no session exists that its names do
// not lead to.
type IndexedBackend interface {
	Backend

	// Index adds keys to the index under each of the names, until expiry. An entry that exists
	// keeps the later expiry. Index changes no session and no tombstone.
	Index(ctx context.Context, names []string, expiry time.Time, keys ...string) error

	// Keys returns the keys that are in the index under name and whose entries have not expired, in
	// any order and each once. It is read for a list of sessions: a key may hold no session, or a
	// tombstone.
	Keys(ctx context.Context, name string) ([]string, error)

	// RevokeAll calls Revoke for every key that is in the index under name, and removes these
	// entries afterwards. It returns how many of the calls found a session. Keys that are added
	// while it runs are not affected: a later call finds them. After an error it may be called
	// again.
	RevokeAll(ctx context.Context, name string) (revoked int, err error)
}
