package memstore

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"
)

// A filed key is found by a name until it expires.
type filed struct {
	key     string
	expires int64
}

// A name has the keys of one shard that are filed under it. They are few: a user has a handful of sessions, and a name that
// has a million of them has four thousand in a shard. So a list will do, which costs a session next to nothing.
type name struct {
	filed []filed
}

// File puts keys under each of the names, until expiry at least.
//
// It is the shard of a key that knows its names: what is filed, created and ended under one key happens under one lock, and
// no name, however many keys it has, makes anyone wait for the sweep.
func (s *Store) File(_ context.Context, names []string, expiry time.Time, keys ...string) error {
	for _, key := range keys {
		key = strings.Clone(key)
		sh := s.shards.lock(key)
		for _, name := range names {
			sh.file(name, key, expiry.UnixMilli())
		}
		sh.mu.Unlock()
	}
	s.keepSweeping()
	return nil
}

// Create stores data under a key that was filed, unless the key has been ended since.
func (s *Store) Create(_ context.Context, key string, data []byte, expiry time.Time) (created bool, err error) {
	now := time.Now()
	e := &session{data: bytes.Clone(data), expires: expiry.UnixMilli()}
	sh := s.shards.lock(key)
	created = !sh.hasEnded(key, now) && sh.put(key, e, now.UnixMilli())
	sh.mu.Unlock()
	if created {
		s.keepSweeping()
	}
	return created, nil
}

// EndAll ends every key that is filed under name.
//
// The keys are forgotten after they have been ended: of two calls at the same time, neither returns while the other has keys
// in hand that are still to be ended. What is filed meanwhile in a shard that has had its turn is a login that began after
// the call, or the successor of a session that has ended or will, which End and Renew see to.
func (s *Store) EndAll(ctx context.Context, name string) error {
	for i := range s.shards.list {
		sh := &s.shards.list[i]
		for _, key := range sh.keys(name) {
			_ = s.End(ctx, key) // cannot fail
		}
		sh.forgetEnded(name, time.Now())
	}
	return nil
}

// file puts key under a name. To file it again never shortens its time.
func (sh *shard) file(by, key string, expires int64) {
	n := sh.names.m[by]
	if n == nil {
		n = new(name)
		sh.names.put(by, n)
	}
	for i := range n.filed {
		if f := &n.filed[i]; f.key == key {
			f.expires = max(f.expires, expires)
			return
		}
	}
	n.filed = append(n.filed, filed{key, expires})
}

// keys returns the keys that are filed under a name. It locks the shard itself.
func (sh *shard) keys(by string) (keys []string) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if n := sh.names.m[by]; n != nil {
		for _, f := range n.filed {
			keys = append(keys, f.key)
		}
	}
	return keys
}

// forgetEnded takes the keys that have been ended from under a name. It locks the shard itself.
func (sh *shard) forgetEnded(by string, now time.Time) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if n := sh.names.m[by]; n != nil && n.keepOnly(func(f filed) bool { return !sh.hasEnded(f.key, now) }) == 0 {
		sh.names.remove(by)
	}
}

// keepOnly drops the keys that are not wanted, and reports how many are left.
func (n *name) keepOnly(wanted func(filed) bool) (left int) {
	n.filed = slices.DeleteFunc(n.filed, func(f filed) bool { return !wanted(f) })
	return len(n.filed)
}
