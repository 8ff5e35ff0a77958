package redisstore

import (
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// hasCache reports whether the client has a client-side cache.
func hasCache(client redis.UniversalClient) bool {
	c, ok := client.(*redis.Client)
	if !ok {
		return false
	}
	options := c.Options()
	return options.ClientSideCache != nil || options.ClientSideCacheConfig != nil
}

// invalidationTime is far longer than Redis takes to report that a cached key has changed.
const invalidationTime = time.Second

// recentKeys holds the keys that this store has written in the last one to two seconds. They are
// read past a client-side cache: the answer to a write and the report that the key has changed use
// two connections, and the report may arrive later. A nil *recentKeys is empty.
type recentKeys struct {
	mu       sync.Mutex
	since    time.Time // start of current
	current  map[string]struct{}
	previous map[string]struct{}
}

func (r *recentKeys) add(key string) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rotate()
	r.current[key] = struct{}{}
}

func (r *recentKeys) has(key string) bool {
	if r == nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rotate()
	if _, ok := r.current[key]; ok {
		return true
	}
	_, ok := r.previous[key]
	return ok
}

// rotate drops the keys that are old enough.
func (r *recentKeys) rotate() {
	age := time.Since(r.since)
	if age < invalidationTime {
		return
	}

	r.previous = r.current
	if age >= 2*invalidationTime {
		r.previous = nil
	}
	r.current = make(map[string]struct{})
	r.since = time.Now()
}
