package redisstore_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores/redisstore"
)

func caching(maxStaleness time.Duration) *redis.Options {
	return &redis.Options{
		ContextTimeoutEnabled: true,
		ClientSideCacheConfig: &redis.ClientSideCacheConfig{
			MaxEntries: 10_000, MaxStaleness: maxStaleness,
		},
	}
}

// fillCache reads the session under key until the client has it in its cache.
func fillCache(t testing.TB, store *redisstore.Store, client *redis.Client, key, want string) {
	t.Helper()
	hits := client.CSCStats().Hits
	until(t, "the session is read from the cache", func() bool {
		expectData(t, store, key, want)
		return client.CSCStats().Hits > hits
	})
}

// revocationDelay lets a process cache a session, calls before, revokes the session at another
// process, and returns how long the first one goes on to find it.
func revocationDelay(
	t *testing.T, other *redisstore.Store, client *redis.Client, key string, before func(),
) time.Duration {
	t.Helper()
	store := redisstore.New(client)
	create(t, other, key, "data")
	fillCache(t, store, client, key, "data")
	before()
	revoke(t, other, key, true)
	start := time.Now()
	until(t, "the process has noticed the revocation", func() bool {
		_, found, err := store.FindCtx(t.Context(), key)
		return err == nil && !found
	})
	return time.Since(start)
}

// A process notices a revocation by another one soon, also when the connection for the reports of
// Redis is closed. The median of several delays is checked, since the machine has other work.
func TestRevocationsReachCaches(t *testing.T) {
	node := startRedis(t)
	admin := node.admin(t)
	other, client := redisstore.New(node.client(t, caching(0))), node.client(t, caching(0))
	cases := map[string]func(){
		"with open connections":   func() {},
		"with closed connections": func() { do(t, admin, "client kill type normal skipme yes") },
	}
	for name, before := range cases {
		t.Run(name, func(t *testing.T) {
			var delays []time.Duration
			for i := range 15 {
				key := fmt.Sprint(name, " ", i)
				delays = append(delays, revocationDelay(t, other, client, key, before))
			}
			slices.Sort(delays)
			median, worst := delays[len(delays)/2], delays[len(delays)-1]
			t.Logf("delay: median %v, worst %v", median, worst)
			if median > 100*time.Millisecond {
				t.Errorf("got the median delay %v, want at most 100ms", median)
			}
		})
	}
}

// If the connection for the reports is open and silent, MaxStaleness limits the delay.
func TestMaxStalenessLimitsTheDelay(t *testing.T) {
	node := startRedis(t)
	proxy := startProxy(t, node.addr)
	const maxStaleness = 300 * time.Millisecond
	options := caching(maxStaleness)
	options.ReadTimeout, options.MaxRetries = 200*time.Millisecond, -1
	client := proxy.client(t, options)
	store, other := redisstore.New(client), redisstore.New(node.admin(t))
	create(t, other, "key", "data")
	fillCache(t, store, client, "key", "data")

	proxy.silent.Store(true)
	revoke(t, other, "key", true)
	start := time.Now()
	until(t, "the cached session is no longer used", func() bool {
		_, found, _ := store.FindCtx(t.Context(), "key")
		return !found
	})
	if delay := time.Since(start); delay > 5*time.Second {
		t.Errorf("got a delay of %v, want about %v", delay, maxStaleness)
	}
}

// A store with a cache reads what it has just written, and no older data from the cache.
func TestCachedStoreReadsItsOwnWrites(t *testing.T) {
	options := caching(0)
	options.PoolFIFO, options.MinIdleConns = true, 5 // each command uses another connection
	client := startRedis(t).client(t, options)
	store, ctx := redisstore.New(client), t.Context()
	fill := func(key string) { // a store of its own has written nothing, and uses the cache
		for range 2 {
			read(t, redisstore.New(client), key)
		}
	}

	for i := range 200 {
		key, next := fmt.Sprint("key ", i), fmt.Sprint("next ", i)
		committed := fmt.Sprint("committed ", i)
		create(t, redisstore.New(client), committed, "one")
		fill(committed)
		if err := store.Commit(committed, []byte("two"), inAnHour()); err != nil {
			t.Fatal(err)
		}
		expectData(t, store, committed, "two")

		create(t, store, key, "one")
		expectData(t, store, key, "one")
		fill(key)

		found, err := store.Update(ctx, key, []byte("one"), []byte("two"), inAnHour())
		if !found || err != nil {
			t.Fatalf("Update: got found=%v, error %v, want found=true", found, err)
		}
		expectData(t, store, key, "two")
		fill(key)
		fill(next)

		renew(t, store, key, next, "two", "three")
		expectData(t, store, key, nothing)
		expectData(t, store, next, "three")
		fill(next)

		revoke(t, store, key, true)
		expectData(t, store, next, nothing)
		if t.Failed() {
			t.Fatalf("round %d", i)
		}
	}
}

// RevokeAll reads the index from Redis.
func TestRevokeAllReadsPastTheCache(t *testing.T) {
	node := startRedis(t)
	store := redisstore.New(node.client(t, caching(0)))
	other := redisstore.New(node.admin(t))
	for i := range 100 {
		key := fmt.Sprint("key ", i)
		login(t, other, key, "alice")
		revokeAll(t, store, "alice", 1)
		expectData(t, other, key, nothing)
	}
}

func TestCachedDataBelongsToTheCaller(t *testing.T) {
	client := startRedis(t).client(t, caching(0))
	create(t, redisstore.New(client), "key", "signed in")
	store := redisstore.New(client)
	fillCache(t, store, client, "key", "signed in")

	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for range 20 {
				data, _, found, err := store.Get(t.Context(), "key")
				if string(data) != "signed in" || !found || err != nil {
					t.Errorf("got %q, found=%v, error %v, want the data", data, found, err)
				}
				clear(data)
				_ = append(data, "more"...)
			}
		})
	}
	wg.Wait()
}
