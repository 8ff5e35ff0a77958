package memstore

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"
)

// indexEntries are the keys of one shard that are in the index under one name. They are few: a
// user has a handful of sessions, and a name with a million of them has four thousand in a shard.
// So they are a list, which costs little memory.
type indexEntries struct {
	list []indexEntry
}

type indexEntry struct {
	key string
	end int64 // the expiry in Unix milliseconds
}

// Index adds keys to the index under each of the names, until expiry.
//
// The index entry of a key is in the shard of that key. A name with many keys is spread over all
// shards, and so is the work of sweeping it.
func (s *Store) Index(
	_ context.Context, names []string, expiry time.Time, keys ...string,
) error {
	for _, key := range keys {
		key = strings.Clone(key)
		sh := s.shards.lock(key)
		for _, name := range names {
			sh.addToIndex(name, key, expiry.UnixMilli())
		}
		sh.mu.Unlock()
	}
	s.keepSweeping()
	return nil
}

// Keys returns the keys in the index under name. The error is always nil.
func (s *Store) Keys(_ context.Context, name string) (keys []string, err error) {
	for i := range s.shards.list {
		keys = slices.AppendSeq(keys, maps.Keys(s.indexedKeys(i, name)))
	}
	return keys, nil
}

// RevokeAll revokes every session in the index under name, and returns their number. The error is
// always nil.
//
// The entries are removed after the sessions: of two calls at the same time, none returns before
// all sessions are removed.
func (s *Store) RevokeAll(ctx context.Context, name string) (count int, err error) {
	for i := range s.shards.list {
		keys := s.indexedKeys(i, name)
		for key := range keys {
			found, err := s.Revoke(ctx, key)
			if err != nil {
				return count, err
			}
			if found {
				count++
			}
		}
		s.removeFromIndex(i, name, keys)
	}
	return count, nil
}

// indexedKeys returns the keys of the shard i that are in the index under name.
func (s *Store) indexedKeys(i int, name string) map[string]bool {
	sh := s.shards.lockAt(i)
	defer sh.mu.Unlock()

	entries := sh.index.m[name]
	if entries == nil {
		return nil
	}
	keys := make(map[string]bool, len(entries.list))
	for _, e := range entries.list {
		if e.end > sh.now {
			keys[e.key] = true
		}
	}
	return keys
}

// removeFromIndex removes the given keys of the shard i from the index under name.
func (s *Store) removeFromIndex(i int, name string, keys map[string]bool) {
	if len(keys) == 0 {
		return
	}
	sh := s.shards.lockAt(i)
	defer sh.mu.Unlock()

	entries := sh.index.m[name]
	if entries == nil {
		return
	}
	if entries.remove(func(e indexEntry) bool { return keys[e.key] }) == 0 {
		sh.index.remove(name)
	}
}

// addToIndex adds an index entry. An entry that exists keeps the later expiry. An entry with an
// expiry in the past is not added.
func (sh *shard) addToIndex(name, key string, end int64) {
	if end <= sh.now {
		return
	}
	entries := sh.index.m[name]
	if entries == nil {
		entries = new(indexEntries)
		sh.index.put(name, entries)
	}
	for i := range entries.list {
		e := &entries.list[i]
		if e.key == key {
			e.end = max(e.end, end)
			return
		}
	}
	entries.list = append(entries.list, indexEntry{key, end})
}

func (entries *indexEntries) removeExpired(now int64) (left int) {
	return entries.remove(func(e indexEntry) bool { return e.end <= now })
}

// remove removes the entries that match, and returns the number of those left.
func (entries *indexEntries) remove(match func(indexEntry) bool) (left int) {
	entries.list = slices.DeleteFunc(entries.list, match)
	return len(entries.list)
}
