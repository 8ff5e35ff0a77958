package redisstore

import (
	"context"
	"time"
)

// An index is a sorted set of session keys. The score of a key is the expiry of its entry in Unix
// milliseconds. An index is written before the sessions that it leads to, so that the keys may be
// on different nodes.

// Index adds keys to the index under each of the names. It takes one round trip.
func (s *Store) Index(
	ctx context.Context, names []string, expiry time.Time, keys ...string,
) error {
	if len(names) == 0 || len(keys) == 0 {
		return nil
	}

	args := []any{unixMillis(expiry)}
	for _, key := range keys {
		args = append(args, key)
	}
	calls := make([]call, len(names))
	for i, name := range names {
		calls[i] = call{indexScript, s.indexKey(name), args}
	}

	for _, cmd := range s.runAll(ctx, calls) {
		if err := cmd.Err(); err != nil {
			return wrap("index a session", err)
		}
	}
	return nil
}

// Keys returns the keys in the index under name. It takes one round trip.
func (s *Store) Keys(ctx context.Context, name string) ([]string, error) {
	entries := call{liveEntriesScript, s.indexKey(name), nil} // a script reads from the master
	keys, err := s.runAll(ctx, []call{entries})[0].StringSlice()
	if err != nil {
		return nil, wrap("read an index", err)
	}
	return keys, nil
}

// RevokeAll revokes every key that is in the index under name, and removes these entries. It
// returns how many sessions it has removed, also with an error.
func (s *Store) RevokeAll(ctx context.Context, name string) (revoked int, err error) {
	index := s.indexKey(name)
	entries := call{entriesScript, index, nil} // a script reads from the master
	keys, err := s.runAll(ctx, []call{entries})[0].StringSlice()
	if err != nil || len(keys) == 0 {
		return 0, wrap("read an index", err)
	}

	revoked, err = s.revoke(ctx, keys)
	if err != nil {
		return revoked, wrap("revoke the sessions of an index", err)
	}

	members := make([]any, len(keys))
	for i, key := range keys {
		members[i] = key
	}
	err = s.client.ZRem(ctx, index, members...).Err()
	return revoked, wrap("remove the entries of an index", err)
}
