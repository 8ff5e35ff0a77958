package redisstore_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores/redisstore"
)

func inAnHour() time.Time { return time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond) }

// nothing is what read returns if there is no session.
const nothing = "(no session)"

// read returns the data under key.
func read(t testing.TB, store *redisstore.Store, key string) string {
	t.Helper()
	data, found, err := store.FindCtx(t.Context(), key)
	if err != nil {
		t.Fatalf("FindCtx(%q): error %v", key, err)
	}
	if !found {
		return nothing
	}
	return string(data)
}

// expectData checks what is stored under key.
func expectData(t testing.TB, store *redisstore.Store, key, want string) {
	t.Helper()
	if got := read(t, store, key); got != want {
		t.Errorf("data under %q: got %.40q, want %.40q", key, got, want)
	}
}

// create stores a session whose data is data.
func create(t testing.TB, store *redisstore.Store, key, data string) {
	t.Helper()
	created, err := store.Create(t.Context(), key, []byte(data), inAnHour())
	if !created || err != nil {
		t.Fatalf("Create(%q): got created=%v, error %v, want created=true", key, created, err)
	}
}

// renew renews a session, and checks the result.
func renew(t testing.TB, store *redisstore.Store, from, to, old, data string) {
	t.Helper()
	found, err := store.Renew(t.Context(), from, to, []byte(old), []byte(data), inAnHour())
	if !found || err != nil {
		t.Fatalf("Renew(%q, %q): got found=%v, error %v, want found=true", from, to, found, err)
	}
}

// revoke revokes a session, and checks the result.
func revoke(t testing.TB, store *redisstore.Store, key string, want bool) {
	t.Helper()
	if found, err := store.Revoke(t.Context(), key); found != want || err != nil {
		t.Fatalf("Revoke(%q): got found=%v, error %v, want found=%v", key, found, err, want)
	}
}

// index adds keys to the index of a name.
func index(t testing.TB, store *redisstore.Store, name string, keys ...string) {
	t.Helper()
	if err := store.Index(t.Context(), []string{name}, inAnHour(), keys...); err != nil {
		t.Fatalf("Index(%q): error %v", name, err)
	}
}

// revokeAll revokes the sessions of a name, and checks how many there were.
func revokeAll(t testing.TB, store *redisstore.Store, name string, want int) {
	t.Helper()
	if revoked, err := store.RevokeAll(t.Context(), name); revoked != want || err != nil {
		t.Fatalf("RevokeAll(%q): got %d, error %v, want %d", name, revoked, err, want)
	}
}

// listed returns how many sessions AllCtx returns.
func listed(t testing.TB, store *redisstore.Store) int {
	t.Helper()
	all, err := store.AllCtx(t.Context())
	if err != nil {
		t.Fatalf("AllCtx: error %v", err)
	}
	return len(all)
}

// newMini returns a Redis within the process, and a client of it. Its keys expire only when
// FastForward is called.
func newMini(t testing.TB, options *redis.Options) (*miniredis.Miniredis, *redis.Client) {
	t.Helper()
	mini := miniredis.RunT(t)
	options.Addr = mini.Addr()
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return mini, client
}

// newMiniStore returns a store on a Redis within the process.
func newMiniStore(t testing.TB) (*miniredis.Miniredis, *redisstore.Store) {
	t.Helper()
	mini, client := newMini(t, &redis.Options{ContextTimeoutEnabled: true})
	return mini, redisstore.New(client)
}

// keepTime makes the keys of mini expire as time passes.
func keepTime(t testing.TB, mini *miniredis.Miniredis) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	t.Cleanup(func() {
		stop()
		wg.Wait()
	})
	wg.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		last := time.Now()
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-tick.C:
				mini.FastForward(now.Sub(last))
				last = now
			}
		}
	})
}

// A hook wraps the commands and pipelines of a client.
type hook struct {
	process  func(redis.ProcessHook) redis.ProcessHook
	pipeline func(redis.ProcessPipelineHook) redis.ProcessPipelineHook
}

func (hook) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h hook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	if h.process == nil {
		return next
	}
	return h.process(next)
}

func (h hook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	if h.pipeline == nil {
		return next
	}
	return h.pipeline(next)
}

// until waits for another process.
func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	const limit = 30 * time.Second
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for start := time.Now(); !done(); <-tick.C {
		if time.Since(start) > limit {
			t.Fatalf("waited %v until %s", limit, what)
		}
	}
}
