// Package memstore keeps sessions in the memory of the process: for development, for tests, and for an application that
// runs as one process and may sign everybody out when it restarts.
//
// It is the store that chiauth0 uses when it is given none, keeps every promise of [sessionstores.Namer], and works as a
// plain [scs.Store] too. A session costs at most 250 bytes beyond its data, and some more for each name it is filed under.
package memstore

import (
	"bytes"
	"context"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
)

// A Store keeps sessions in memory. Make one with [New]. All methods are safe for concurrent use. They wait for nothing but
// a lock that is held for a moment, so they ignore their context, and a request that was given up can still save its
// session. Only [Store.AllCtx], which may take long, stops when its context is done, and only it returns an error.
//
// An expiry is kept to the millisecond.
//
// Data is copied on its way in and on its way out. Handing out the stored slice would save less than a tenth of a
// microsecond, and would be safe with [sessionstores.Codec], which copies as well; but one store serves any codec, and one
// that decodes in place would let a handler that writes into its []byte rewrite the session of a concurrent request.
type Store struct {
	shards shards
	sweeps sweeps
}

var (
	_ sessionstores.Namer  = (*Store)(nil)
	_ scs.IterableStore    = (*Store)(nil)
	_ scs.IterableCtxStore = (*Store)(nil)
)

// New returns an empty store. It removes expired sessions by itself, a few at a time and each within a minute or so, for
// which it keeps a timer while it holds anything, and no goroutine. A store that is no longer referenced is collected with
// all that is in it; [Store.Close] is for those who want the timer gone at once.
func New() *Store {
	return &Store{shards: newShards()}
}

// ReadTimeout tells package sessionstores that no read waits, and so needs no timer.
func (s *Store) ReadTimeout() time.Duration { return 0 }

// Commit stores data under key until expiry, whether or not there was something before.
func (s *Store) Commit(key string, data []byte, expiry time.Time) error {
	s.put(key, data, expiry)
	return nil
}

// CommitCtx is Commit.
func (s *Store) CommitCtx(_ context.Context, key string, data []byte, expiry time.Time) error {
	return s.Commit(key, data, expiry)
}

// Find returns a copy of the data under key.
func (s *Store) Find(key string) (data []byte, found bool, err error) {
	data, _, found = s.get(key)
	return data, found, nil
}

// FindCtx is Find.
func (s *Store) FindCtx(_ context.Context, key string) (data []byte, found bool, err error) {
	return s.Find(key)
}

// Get is Find that also says when the session expires.
func (s *Store) Get(_ context.Context, key string) (data []byte, expiry time.Time, found bool, err error) {
	data, expires, found := s.get(key)
	if expires == 0 {
		return nil, time.Time{}, false, nil
	}
	return data, time.UnixMilli(expires).UTC(), found, nil
}

// get returns a copy of the data under key and when it expires. Of a session that was renewed or ended it returns when that
// will be forgotten, and found=false.
func (s *Store) get(key string) (data []byte, expires int64, found bool) {
	now := time.Now().UnixMilli()
	sh := s.shards.lock(key)
	if e := sh.live(key, now); e != nil {
		data, expires, found = e.data, e.expires, true
	} else if t := sh.traces.m[key]; t != nil && t.forget > now {
		expires = t.forget
	}
	sh.mu.Unlock()
	// Stored slices are replaced and never written into, so this one may be copied after the lock is gone.
	return bytes.Clone(data), expires, found
}

// Delete removes the session under key, if there is one.
func (s *Store) Delete(key string) error {
	sh := s.shards.lock(key)
	defer sh.mu.Unlock()
	sh.sessions.remove(key)
	return nil
}

// DeleteCtx is Delete.
func (s *Store) DeleteCtx(_ context.Context, key string) error {
	return s.Delete(key)
}

// Remove is Delete that also says whether the session was still there.
func (s *Store) Remove(_ context.Context, key string) (found bool, err error) {
	now := time.Now()
	sh := s.shards.lock(key)
	defer sh.mu.Unlock()
	if sh.live(key, now.UnixMilli()) == nil {
		return false, nil
	}
	sh.sessions.remove(key)
	sh.trace(key, now)
	return true, nil
}

// Update replaces the data and the expiry of a session that is still there.
func (s *Store) Update(_ context.Context, key string, data []byte, expiry time.Time) (found bool, err error) {
	data = bytes.Clone(data)
	now := time.Now().UnixMilli()
	sh := s.shards.lock(key)
	defer sh.mu.Unlock()
	e := sh.move(key, expiry.UnixMilli(), now)
	if e == nil {
		return false, nil
	}
	e.data = data
	return true, nil
}

// Touch replaces the expiry of a session that is still there.
func (s *Store) Touch(_ context.Context, key string, expiry time.Time) (found bool, err error) {
	now := time.Now().UnixMilli()
	sh := s.shards.lock(key)
	defer sh.mu.Unlock()
	return sh.move(key, expiry.UnixMilli(), now) != nil, nil
}

// All returns a copy of every session, by key. It copies one shard at a time, so a session that is written meanwhile is in
// the result or not.
func (s *Store) All() (map[string][]byte, error) {
	return s.AllCtx(context.Background())
}

// AllCtx is All, and stops with the error of a context that is done.
func (s *Store) AllCtx(ctx context.Context) (map[string][]byte, error) {
	all := make(map[string][]byte)
	for i := range s.shards.list {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s.shards.list[i].copyTo(all, time.Now().UnixMilli())
	}
	return all, nil
}

// put stores a session, or removes it when its expiry is past already.
func (s *Store) put(key string, data []byte, expiry time.Time) {
	e := &session{data: bytes.Clone(data), expires: expiry.UnixMilli()}
	now := time.Now().UnixMilli()
	sh := s.shards.lock(key)
	stored := sh.put(key, e, now)
	sh.mu.Unlock()
	if stored {
		s.keepSweeping()
	}
}
