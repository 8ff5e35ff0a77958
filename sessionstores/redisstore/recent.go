package redisstore

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// recent knows the keys that this process has written a moment ago, which are not to be read from a client-side cache: the
// server's word that they have changed comes by another connection than the answer to the write, and may come later.
type recent struct {
	mu      sync.Mutex
	since   time.Time // when now was begun
	now     map[string]struct{}
	earlier map[string]struct{}
}

// moment is far longer than an invalidation takes, and short enough for few keys to be written in two of it.
const moment = time.Second

// newRecent returns nil, which is for a client without a cache.
func newRecent(client redis.UniversalClient) *recent {
	c, ok := client.(*redis.Client)
	if !ok || c.Options().ClientSideCache == nil && c.Options().ClientSideCacheConfig == nil {
		return nil
	}
	return &recent{}
}

// turn drops what was written more than a moment ago, or two.
func (r *recent) turn() {
	switch passed := time.Since(r.since); {
	case passed >= 2*moment:
		r.since, r.now, r.earlier = time.Now(), make(map[string]struct{}), nil
	case passed >= moment:
		r.since, r.now, r.earlier = time.Now(), make(map[string]struct{}), r.now
	}
}

func (r *recent) add(key string) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn()
	r.now[key] = struct{}{}
}

func (r *recent) has(key string) bool {
	if r == nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn()
	_, now := r.now[key]
	_, earlier := r.earlier[key]
	return now || earlier
}

// get reads the value under a key.
func (s *Store) get(ctx context.Context, key string) ([]byte, error) {
	if !s.recent.has(key) {
		return s.client.Get(ctx, key).Bytes()
	}
	pipe := s.client.Pipeline() // goes past the cache
	cmd := pipe.Get(ctx, key)
	_, _ = pipe.Exec(ctx) // the command has the error
	return cmd.Bytes()
}
