package redisstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores/redisstore"
)

// A session that Get has reported as expired is absent for every method that is called after it.
func TestExpiredSessionsStayExpired(t *testing.T) {
	client := startRedis(t).client(t, &redis.Options{ContextTimeoutEnabled: true})
	store, ctx, data := redisstore.New(client), t.Context(), []byte("data")
	methods := map[string]func(key string) (bool, error){
		"Update": func(key string) (bool, error) {
			return store.Update(ctx, key, data, data, inAnHour())
		},
		"Touch": func(key string) (bool, error) { return store.Touch(ctx, key, inAnHour()) },
		"Renew": func(key string) (bool, error) {
			return store.Renew(ctx, key, key+" new", data, data, inAnHour())
		},
		"Revoke": func(key string) (bool, error) { return store.Revoke(ctx, key) },
	}
	for name, call := range methods {
		found := 0
		for i := range 200 {
			key := fmt.Sprint(name, " ", i)
			expiry := time.Now().Add(3 * time.Millisecond)
			if err := store.CommitCtx(ctx, key, data, expiry); err != nil {
				t.Fatal(err)
			}
			for read(t, store, key) != nothing { // until it has expired
			}
			ok, err := call(key)
			if err != nil {
				t.Fatal(err)
			}
			if ok {
				found++
			}
		}
		if found > 0 {
			t.Errorf("%s found %d of 200 sessions that Get had reported as expired", name, found)
		}
	}
}

// The clock of this process is ahead of the clock of Redis: a value looks expired here, and Redis
// still has it.
func testClockAhead(t *testing.T, client *redis.Client) {
	past := time.Now().Add(-time.Minute).UnixMilli()
	value := fmt.Sprintf("\x00\x01S%015ddata", past)
	for _, method := range []string{"Get", "Touch"} {
		store := redisstore.New(client) // has written nothing, and may read from a cache
		err := client.Set(t.Context(), "scs:session:key:s12", value, time.Hour).Err()
		if err != nil {
			t.Fatal(err)
		}
		if method == "Touch" {
			found, err := store.Touch(t.Context(), "key", inAnHour())
			if !found || err != nil {
				t.Errorf("Touch: got found=%v, error %v, want found=true", found, err)
			}
		}
		expectData(t, store, "key", "data")
	}
}

func TestTheClockOfRedisDecides(t *testing.T) {
	node := startRedis(t)
	t.Run("without a cache", func(t *testing.T) {
		testClockAhead(t, node.admin(t))
	})
	t.Run("with a cache", func(t *testing.T) {
		testClockAhead(t, node.client(t, caching(0)))
	})
}

// Redis reports an expiry to caches when it removes the key. Here it does not remove it, and the
// session in the cache is absent.
func TestCachedSessionsExpire(t *testing.T) {
	node := startRedis(t, "--enable-debug-command", "yes")
	do(t, node.admin(t), "debug set-active-expire 0")
	client := node.client(t, caching(0))
	expiry := time.Now().Add(300 * time.Millisecond)
	err := redisstore.New(client).Commit("key", []byte("data"), expiry)
	if err != nil {
		t.Fatal(err)
	}
	store := redisstore.New(client)
	fillCache(t, store, client, "key", "data")

	time.Sleep(time.Until(expiry) + 2*time.Millisecond)
	expectData(t, store, "key", nothing)
}
