package redisstore_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores/redisstore"
)

// loadScripts makes the server load every script, so that EVALSHA finds them.
func loadScripts(t testing.TB, client redis.UniversalClient) {
	t.Helper()
	store, ctx, expiry := redisstore.New(client), t.Context(), inAnHour()
	store.Prefix = "load:"
	_, createErr := store.Create(ctx, "a", nil, expiry)
	_, updateErr := store.Update(ctx, "a", nil, nil, expiry)
	_, touchErr := store.Touch(ctx, "a", expiry)
	_, renewErr := store.Renew(ctx, "a", "b", nil, nil, expiry)
	indexErr := store.Index(ctx, []string{"name"}, expiry, "b")
	_, keysErr := store.Keys(ctx, "name")
	deleteErr := store.Delete("b")
	_, revokeErr := store.RevokeAll(ctx, "name")
	err := errors.Join(createErr, updateErr, touchErr, renewErr, indexErr, keysErr, deleteErr,
		revokeErr)
	if err != nil {
		t.Fatal(err)
	}
}

// countTrips counts commands and pipelines of the client.
func countTrips(client *redis.Client) *atomic.Int64 {
	trips := new(atomic.Int64)
	client.AddHook(hook{
		process: func(next redis.ProcessHook) redis.ProcessHook {
			return func(ctx context.Context, cmd redis.Cmder) error {
				trips.Add(1)
				return next(ctx, cmd)
			}
		},
		pipeline: func(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
			return func(ctx context.Context, cmds []redis.Cmder) error {
				trips.Add(1)
				return next(ctx, cmds)
			}
		},
	})
	return trips
}

func TestRoundTrips(t *testing.T) {
	client := startRedis(t).client(t, &redis.Options{PoolSize: 1, MinIdleConns: 1})
	loadScripts(t, client)
	trips := countTrips(client)
	store, ctx, expiry := redisstore.New(client), t.Context(), inAnHour()
	one, two := []byte("one"), []byte("two")

	steps := []struct {
		name string
		want int
		do   func() (bool, error)
	}{
		{"Index of two names and three keys", 1, func() (bool, error) {
			return true, store.Index(ctx, []string{"alice", "sid"}, expiry, "key", "new", "next")
		}},
		{"Create", 1, func() (bool, error) { return store.Create(ctx, "key", one, expiry) }},
		{"Get", 1, func() (bool, error) {
			_, _, found, err := store.Get(ctx, "key")
			return found, err
		}},
		{"Update", 1, func() (bool, error) { return store.Update(ctx, "key", one, two, expiry) }},
		{"Touch", 1, func() (bool, error) { return store.Touch(ctx, "key", expiry) }},
		{"Renew", 2, func() (bool, error) {
			return store.Renew(ctx, "key", "new", two, two, expiry)
		}},
		{"Create of the next session", 1, func() (bool, error) {
			return store.Create(ctx, "next", two, expiry)
		}},
		{"Renew after its first step was done", 2, func() (bool, error) {
			return store.Renew(ctx, "new", "next", two, two, expiry)
		}},
		{"Revoke", 1, func() (bool, error) { return store.Revoke(ctx, "next") }},
		{"Keys", 1, func() (bool, error) {
			keys, err := store.Keys(ctx, "alice")
			return len(keys) == 3, err
		}},
		{"RevokeAll of three keys", 3, func() (bool, error) {
			_, err := store.RevokeAll(ctx, "alice")
			return true, err
		}},
	}
	for _, step := range steps {
		trips.Store(0)
		found, err := step.do()
		if !found || err != nil {
			t.Errorf("%s: got found=%v, error %v, want found=true", step.name, found, err)
		}
		if got := int(trips.Load()); got != step.want {
			t.Errorf("%s: got %d round trips, want %d", step.name, got, step.want)
		}
	}
}

// A server that was restarted lacks the scripts.
func TestScriptsAreLoadedAgain(t *testing.T) {
	_, client := newMini(t, &redis.Options{})
	store := redisstore.New(client)
	for i, key := range []string{"a", "b", "c"} {
		if err := client.ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		create(t, store, key, "data")
		err := store.Index(t.Context(), []string{"alice", "sid " + key}, inAnHour(), key)
		if err != nil {
			t.Fatalf("round %d: Index: error %v", i, err)
		}
		if err := client.ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		revokeAll(t, store, "alice", 1)
	}
}
