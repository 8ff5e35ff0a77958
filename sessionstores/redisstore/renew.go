package redisstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

const rememberFor = int64(sessionstores.EndWindow / time.Millisecond)

var errForeign = errors.New("redisstore: unreadable value under the prefix; does another application write to it?")

// Renew stores data under newKey as the successor of oldKey, unless oldKey has been ended.
//
// The two keys may be on two nodes, so nothing makes the two writes one; they are sent together, and the order in which they
// arrive does not matter. An End of oldKey that comes before the successor is written down there makes Renew take the
// successor back, whose token nobody has yet. One that comes later knows newKey, and either removes it or keeps it from
// being stored.
func (s *Store) Renew(ctx context.Context, oldKey, newKey string, data []byte, expiry time.Time) (found bool, err error) {
	if past(expiry) {
		return false, s.DeleteCtx(ctx, newKey)
	}
	ctx, cancel := writeContext(ctx)
	defer cancel()
	answers, err := s.runAll(ctx, []call{
		{succeedScript, s.Prefix + oldKey, []any{appendSuccessor(nil, newKey), rememberFor}},
		{createScript, s.Prefix + newKey, []any{appendSession(data, expiry), expiry.UnixMilli()}},
	})
	if err == nil && answers[0] == int64(1) {
		return answers[1] == int64(1), nil
	}
	return false, errors.Join(failed("renewing a session", err), s.DeleteCtx(ctx, newKey))
}

// End removes the session under key, those that succeeded it and those that are about to. When it fails half-way it can be
// called again.
func (s *Store) End(ctx context.Context, key string) error {
	ctx, cancel := writeContext(ctx)
	defer cancel()
	return failed("ending a session", s.endAll(ctx, []string{key}))
}

// endAll ends the sessions under keys and their successors, one generation after the other.
func (s *Store) endAll(ctx context.Context, keys []string) error {
	const atOnce = 1000
	ended := make(map[string]bool, len(keys))
	for len(keys) > 0 {
		n := min(len(keys), atOnce)
		calls := make([]call, n)
		for i, key := range keys[:n] {
			ended[key] = true
			calls[i] = call{endScript, s.Prefix + key, []any{rememberFor}}
		}
		keys = keys[n:]
		answers, err := s.runAll(ctx, calls)
		if err != nil {
			return err
		}
		for _, answer := range answers {
			known, ok := successors([]byte(fmt.Sprint(answer)))
			if !ok {
				return errForeign
			}
			for _, key := range known {
				if !ended[key] {
					keys = append(keys, key)
				}
			}
		}
	}
	return nil
}
