package redisstore_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores/redisstore"
)

// During a failover, calls return errors, and none reports that a session is absent.
func TestSentinelFailover(t *testing.T) {
	master, _, sentinels := startSentinels(t)
	client := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: "main", SentinelAddrs: sentinels, ContextTimeoutEnabled: true,
	})
	t.Cleanup(func() { _ = client.Close() })
	store := redisstore.New(client)
	const users = 10
	key := func(i int) string { return fmt.Sprint("user ", i) }
	for i := range users {
		login(t, store, key(i), "everybody")
	}
	if err := client.Wait(t.Context(), 1, 5*time.Second).Err(); err != nil {
		t.Fatal(err)
	}

	var served, refused atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				found, err := requestOf(store, key(i), n)
				if err != nil {
					refused.Add(1)
					continue
				}
				if !found {
					t.Errorf("the session of user %d is absent", i)
					return
				}
				served.Add(1)
			}
		})
	}
	until(t, "requests are served", func() bool { return served.Load() > 100 })
	start := time.Now()
	master.kill()
	until(t, "requests are refused", func() bool { return refused.Load() > 0 })
	before := served.Load()
	until(t, "requests are served again", func() bool { return served.Load() > before+100 })
	t.Logf("served again after %v, %d served, %d refused",
		time.Since(start), served.Load(), refused.Load())
	close(stop)
	wg.Wait()

	for i := range users {
		expectData(t, store, key(i), key(i))
	}
	revokeAll(t, store, "everybody", users)
}

// requestOf does what a request does to a session: it reads, updates or touches it.
func requestOf(store *redisstore.Store, key string, n int) (found bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	switch n % 3 {
	case 0:
		return store.Update(ctx, key, []byte(key), []byte(key), inAnHour())
	case 1:
		return store.Touch(ctx, key, inAnHour())
	default:
		_, found, err = store.FindCtx(ctx, key)
		return found, err
	}
}
