package redisstore

import (
	"context"
	"time"
)

// The keys of a name are in a sorted set of their own; the score of a key is when its session expires at the latest, in Unix
// milliseconds. An index is written before the session that it leads to, so no key has to be in the same slot as another.

// File puts keys under each of the names, until expiry or later.
func (s *Store) File(ctx context.Context, names []string, expiry time.Time, keys ...string) error {
	if len(names) == 0 || len(keys) == 0 || past(expiry) {
		return nil
	}
	args := []any{time.Now().UnixMilli(), expiry.UnixMilli()}
	for _, key := range keys {
		args = append(args, key)
	}
	calls := make([]call, len(names))
	for i, name := range names {
		calls[i] = call{fileScript, s.index(name), args}
	}
	ctx, cancel := writeContext(ctx)
	defer cancel()
	_, err := s.runAll(ctx, calls)
	return failed("filing a session", err)
}

// Create stores data under a key that was filed and has never been in use, unless the key has been ended since.
func (s *Store) Create(ctx context.Context, key string, data []byte, expiry time.Time) (created bool, err error) {
	if past(expiry) {
		return false, s.DeleteCtx(ctx, key)
	}
	created, err = s.decide(ctx, createScript, key, appendSession(data, expiry), expiry.UnixMilli())
	return created, failed("creating a session", err)
}

// EndAll ends every key that is filed under name. It forgets the keys it has ended, and not those that were filed while it
// ran. When it fails half-way it can be called again. It stops when ctx is done.
func (s *Store) EndAll(ctx context.Context, name string) error {
	index := s.index(name)
	keys, err := wait(ctx, s, func() ([]string, error) {
		pipe := s.client.Pipeline() // goes past a client-side cache, which would miss who has just logged in
		cmd := pipe.ZRange(ctx, index, 0, -1)
		_, _ = pipe.Exec(ctx) // the command has the error
		return cmd.Result()
	})
	if err != nil || len(keys) == 0 {
		return failed("looking up the sessions of a name", err)
	}
	if err := s.endAll(ctx, keys); err != nil {
		return failed("ending the sessions of a name", err)
	}
	members := make([]any, len(keys))
	for i, key := range keys {
		members[i] = key
	}
	_, err = wait(ctx, s, func() (int64, error) { return s.client.ZRem(ctx, index, members...).Result() })
	return failed("forgetting the sessions of a name", err)
}

func (s *Store) index(name string) string { return s.Prefix + "index:" + name }
