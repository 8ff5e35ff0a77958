package redisstore_test

import (
	"context"
	"fmt"
	"strings"
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
