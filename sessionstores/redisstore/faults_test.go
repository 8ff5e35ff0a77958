package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores/redisstore"
)

// fillMemory writes keys until Redis is full.
func fillMemory(t *testing.T, client *redis.Client) {
	t.Helper()
	value := strings.Repeat("x", 10_000)
	for i := range 100_000 {
		err := client.Set(t.Context(), fmt.Sprint("filler ", i), value, 0).Err()
		if redis.HasErrorPrefix(err, "OOM") {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("Redis is not full")
}

func TestRevokeWorksWhenRedisIsFull(t *testing.T) {
	node := startRedis(t, "--maxmemory", "10mb", "--maxmemory-policy", "noeviction")
	client := node.admin(t)
	store, ctx := redisstore.New(client), t.Context()
	login(t, store, "phone", "alice")
	login(t, store, "laptop", "alice")
	login(t, store, "old", "alice")
	renew(t, store, "old", "new", "old", "new")
	fillMemory(t, client)
	if err := client.ScriptFlush(ctx).Err(); err != nil { // the scripts are loaded when it is full
		t.Fatal(err)
	}

	if created, err := store.Create(ctx, "another", nil, inAnHour()); created || err == nil {
		t.Errorf("Create: got created=%v, error %v, want the error OOM", created, err)
	}
	if err := store.Index(ctx, []string{"alice"}, inAnHour(), "another"); err == nil {
		t.Error("Index: got no error, want the error OOM")
	}
	found, err := store.Renew(ctx, "phone", "phone2", []byte("phone"), nil, inAnHour())
	if found || err == nil {
		t.Errorf("Renew: got found=%v, error %v, want the error OOM", found, err)
	}
	expectData(t, store, "phone", "phone")

	if found, err := store.Touch(ctx, "phone", inAnHour()); !found || err != nil {
		t.Errorf("Touch: got found=%v, error %v, want found=true", found, err)
	}
	revoke(t, store, "not created", false)
	revoke(t, store, "phone", true)
	expectData(t, store, "phone", nothing)
	revokeAll(t, store, "alice", 2)
	expectData(t, store, "laptop", nothing)
	expectData(t, store, "new", nothing)
}

// Redis evicts the index, and the session is indexed again when it is touched.
func TestEvictedIndexCanBeWrittenAgain(t *testing.T) {
	mini, store := newMiniStore(t)
	login(t, store, "key", "alice")
	mini.Del("scs:session:index:alice:i12")
	revokeAll(t, store, "alice", 0)
	index(t, store, "alice", "key")
	revokeAll(t, store, "alice", 1)
}

// While Redis loads its data, every method returns an error. Afterwards the session is there.
func TestLoading(t *testing.T) {
	node := startRedis(t)
	client := node.client(t, &redis.Options{ContextTimeoutEnabled: true, MaxRetries: -1})
	store, value := redisstore.New(client), strings.Repeat("x", 1000)
	login(t, store, "key", "alice")
	for i := range 2000 {
		if err := client.Set(t.Context(), fmt.Sprint("filler ", i), value, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	do(t, client, "config set rdbcompression no")
	do(t, client, "save")

	node.kill()
	node.args = append(node.args, "--key-load-delay", "1000",
		"--loading-process-events-interval-bytes", "1024")
	node.start()
	for name, call := range methods(store) {
		if err := call(t.Context()); !redis.IsLoadingError(err) {
			t.Errorf("%s: got error %v, want LOADING", name, err)
		}
	}
	until(t, "Redis has loaded its data", func() bool {
		_, _, err := store.Find("key")
		return err == nil
	})
	expectData(t, store, "key", "key")
	revokeAll(t, store, "alice", 1)
}

// The node has become a replica. Writes return an error and change nothing.
func TestReadOnlyReplica(t *testing.T) {
	master, replica := startRedis(t), startRedis(t)
	client := replica.client(t, &redis.Options{ContextTimeoutEnabled: true, MaxRetries: -1})
	store, ctx, data := redisstore.New(client), t.Context(), []byte("key")
	login(t, redisstore.New(master.admin(t)), "key", "alice")
	follow(t, client, master.addr)
	until(t, "the replica has the session", func() bool { return read(t, store, "key") == "key" })

	writes := map[string]func() error{
		"Commit": func() error { return store.Commit("key", nil, inAnHour()) },
		"Delete": func() error { return store.Delete("key") },
		"Create": func() error {
			_, err := store.Create(ctx, "another", nil, inAnHour())
			return err
		},
		"Update": func() error {
			_, err := store.Update(ctx, "key", data, nil, inAnHour())
			return err
		},
		"Touch": func() error {
			_, err := store.Touch(ctx, "key", inAnHour())
			return err
		},
		"Renew": func() error {
			_, err := store.Renew(ctx, "key", "new", data, data, inAnHour())
			return err
		},
		"Revoke": func() error {
			_, err := store.Revoke(ctx, "key")
			return err
		},
		"RevokeAll": func() error {
			_, err := store.RevokeAll(ctx, "alice")
			return err
		},
		"Index": func() error { return store.Index(ctx, []string{"bob"}, inAnHour(), "key") },
	}
	for name, write := range writes {
		if err := write(); !redis.IsReadOnlyError(err) {
			t.Errorf("%s: got error %v, want READONLY", name, err)
		}
	}
	expectData(t, store, "key", "key")

	do(t, client, "replicaof no one")
	renew(t, store, "key", "new", "key", "new")
	revokeAll(t, store, "alice", 1)
	expectData(t, store, "new", nothing)
}

// addACLUser adds a user that may use the commands in the package comment, and no others.
func addACLUser(t *testing.T, node *server) *redis.Options {
	t.Helper()
	do(t, node.admin(t), "acl setuser app on >password resetkeys ~scs:session:* resetchannels "+
		"-@all +get +set +del +getrange +setrange +pexpireat +type +time "+
		"+zadd +zrange +zrem +zremrangebyscore +eval +evalsha +scan +hello +auth +ping +client")
	return &redis.Options{Username: "app", Password: "password"}
}

func TestACLUser(t *testing.T) {
	node := startRedis(t)
	client := node.client(t, addACLUser(t, node))
	store := redisstore.New(client)
	for name, call := range methods(store) {
		if err := call(t.Context()); err != nil {
			t.Errorf("%s: error %v", name, err)
		}
	}
	testRevokeRacesWithRenewals(t, client, 50)
	testRevokeAllRacesWithLogins(t, client, 10)

	denied, err := node.admin(t).Do(t.Context(), "acl", "log").Slice()
	if err != nil || len(denied) > 0 {
		t.Errorf("ACL LOG: got %v, error %v, want no entries", denied, err)
	}
}

// Without a command of the list, a method fails with an error. It does not report an existing
// session as absent.
func TestMissingACLCommandIsAnError(t *testing.T) {
	node := startRedis(t)
	admin, ctx, data := node.admin(t), t.Context(), []byte("data")
	for _, command := range []string{"get", "getrange", "type", "time", "set", "evalsha"} {
		name := "without-" + command
		create(t, redisstore.New(admin), name, "data")
		do(t, admin, "acl setuser "+name+" on >password ~* +@all -"+command)
		store := redisstore.New(node.client(t, &redis.Options{
			Username: name, Password: "password", MaxRetries: -1,
		}))

		_, _, foundByGet, getErr := store.Get(ctx, name)
		touched, touchErr := store.Touch(ctx, name, inAnHour())
		updated, updateErr := store.Update(ctx, name, data, data, inAnHour())
		revoked, revokeErr := store.Revoke(ctx, name)
		found := []bool{foundByGet, touched, updated, revoked}
		for i, err := range []error{getErr, touchErr, updateErr, revokeErr} {
			if found[i] == (err != nil) {
				t.Errorf("%s, call %d: got found=%v, error %v, want either", name, i, found[i], err)
			}
		}
		if errors.Join(getErr, touchErr, updateErr, revokeErr) == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

// While Redis is down, calls return errors. After a restart the sessions are there again.
func TestRestart(t *testing.T) {
	node := startRedis(t, "--appendonly", "yes", "--appendfsync", "always")
	store := redisstore.New(node.client(t, &redis.Options{ContextTimeoutEnabled: true}))
	login(t, store, "key", "alice")
	node.kill()
	for name, call := range methods(store) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		if err := call(ctx); err == nil {
			t.Errorf("%s: got no error while Redis is down", name)
		}
		cancel()
	}

	node.start()
	until(t, "the client is connected again", func() bool {
		_, _, err := store.Find("key")
		return err == nil
	})
	expectData(t, store, "key", "key")
	renew(t, store, "key", "new", "key", "new")
	revokeAll(t, store, "alice", 1)
	expectData(t, store, "new", nothing)
}

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
