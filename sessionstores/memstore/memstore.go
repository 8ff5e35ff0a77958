// Package memstore keeps sessions in the memory of the process. It is meant for development, for
// tests, and for an application that runs as one process and may lose all sessions at a restart.
//
// chiauth0 uses it if no other store is configured. It implements
// [sessionstores.IndexedBackend] and works as a plain [scs.Store] as well. A session costs about
// 140 bytes beyond its data, and about 180 more for each name in the index.
package memstore

import (
	"context"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
)

// A Store keeps sessions in memory. [New] returns one. All methods are safe for concurrent use.
//
// A method waits for locks that are held for a moment, and for nothing else. So it ignores its
// context, and a request that was cancelled can still save its session. [Store.AllCtx] may take
// long and is the exception: it stops when its context is done.
//
// Expiries are kept to the millisecond. Data is copied on its way in and on its way out.
type Store struct {
	shards  shards
	sweeper sweeper
}

var (
	_ sessionstores.IndexedBackend = (*Store)(nil)
	_ scs.IterableStore            = (*Store)(nil)
	_ scs.IterableCtxStore         = (*Store)(nil)
)

// New returns an empty store. It removes expired sessions about a minute after their expiry, in
// small portions. For this it keeps a timer while it holds anything, and no goroutine.
//
// A store that is no longer referenced is garbage collected with its timer. [Store.Close] stops the
// timer at once.
func New() *Store {
	return &Store{shards: newShards()}
}

// ReadTimeout returns 0: no read waits, so that package sessionstores needs no timer for it.
func (s *Store) ReadTimeout() time.Duration { return 0 }

// Commit stores data under key until expiry and replaces whatever is there, also a tombstone. With
// an expiry in the past it removes the session under key. The error is always nil.
func (s *Store) Commit(key string, data []byte, expiry time.Time) error {
	value := string(data)
	sh := s.shards.lock(key)
	stored := sh.storeSession(key, value, expiry.UnixMilli())
	sh.mu.Unlock()

	if stored {
		s.keepSweeping()
	}
	return nil
}

// CommitCtx is Commit.
func (s *Store) CommitCtx(_ context.Context, key string, data []byte, expiry time.Time) error {
	return s.Commit(key, data, expiry)
}

// Find returns a copy of the data under key. The error is always nil.
func (s *Store) Find(key string) (data []byte, found bool, err error) {
	sh := s.shards.lock(key)
	e := sh.session(key)
	if e == nil {
		sh.mu.Unlock()
		return nil, false, nil
	}
	value := e.value
	sh.mu.Unlock()
	return []byte(value), true, nil
}

// FindCtx is Find.
func (s *Store) FindCtx(_ context.Context, key string) (data []byte, found bool, err error) {
	return s.Find(key)
}

// Delete removes the session under key, if there is one. It leaves a tombstone in place. The error
// is always nil.
func (s *Store) Delete(key string) error {
	sh := s.shards.lock(key)
	defer sh.mu.Unlock()
	sh.removeSession(key)
	return nil
}

// DeleteCtx is Delete.
func (s *Store) DeleteCtx(_ context.Context, key string) error {
	return s.Delete(key)
}

// All returns copies of all sessions by key. It locks one part of the store at a time: a session
// that is written meanwhile may be in the result or not. The error is always nil.
func (s *Store) All() (map[string][]byte, error) {
	return s.AllCtx(context.Background())
}

// AllCtx is All, but returns the error of a context that is done.
func (s *Store) AllCtx(ctx context.Context) (map[string][]byte, error) {
	all := make(map[string][]byte)
	for i := range s.shards.list {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		sh := s.shards.lockAt(i)
		sh.copySessions(all)
		sh.mu.Unlock()
	}
	return all, nil
}
