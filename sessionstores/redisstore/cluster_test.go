package redisstore_test

import (
	"context"
	"fmt"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores/redisstore"
)

func clusterOptions() *redis.ClusterOptions {
	return &redis.ClusterOptions{
		ContextTimeoutEnabled:      true,
		ClusterStateReloadInterval: time.Second,
	}
}

// The keys of a renewal and of an index are on several nodes. A Cluster refuses a script that uses
// two of them.
func TestCluster(t *testing.T) {
	client, _ := startCluster(t, clusterOptions())
	testRevokeRacesWithRenewals(t, client, 300)
	testRevokeAllRacesWithLogins(t, client, 50)

	store := redisstore.New(client)
	store.Prefix = "many:"
	const sessions = 1000
	for i := range sessions {
		login(t, store, fmt.Sprint(i), "alice", fmt.Sprint("sid", i))
	}
	if got := listed(t, store); got != sessions {
		t.Errorf("AllCtx: got %d sessions, want %d", got, sessions)
	}
	start := time.Now()
	revokeAll(t, store, "alice", sessions)
	t.Logf("RevokeAll of %d sessions took %v", sessions, time.Since(start))
	if got := listed(t, store); got != 0 {
		t.Errorf("AllCtx after RevokeAll: got %d sessions, want 0", got)
	}
}

// All slots of a master move to another one while sessions are read, updated and renewed.
func TestReshardUnderLoad(t *testing.T) {
	client, _ := startCluster(t, clusterOptions())
	store := redisstore.New(client)
	const users = 30
	keys := make([]string, users)
	for i := range keys {
		keys[i] = fmt.Sprint("user ", i)
		login(t, store, keys[i], "everybody")
	}

	var requests, failures atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				requests.Add(1)
				if err := renewOnce(t.Context(), store, &keys[i], n); err != nil {
					failures.Add(1)
					t.Logf("user %d: %v", i, err)
				}
			}
		})
	}
	reshard(t, client)
	time.Sleep(500 * time.Millisecond)
	close(stop)
	wg.Wait()
	t.Logf("%d requests, %d failed", requests.Load(), failures.Load())
	if failures.Load() > 0 {
		t.Errorf("%d of %d requests failed", failures.Load(), requests.Load())
	}

	for i, key := range keys {
		if read(t, store, key) == nothing {
			t.Errorf("the session of user %d is absent", i)
		}
	}
	revokeAll(t, store, "everybody", users)
	if got := listed(t, store); got != 0 {
		t.Errorf("AllCtx after RevokeAll: got %d sessions, want 0", got)
	}
}

// reshard moves all slots of the first master to the second one.
func reshard(t *testing.T, client *redis.ClusterClient) {
	t.Helper()
	var mu sync.Mutex
	var addrs, ids []string
	err := client.ForEachMaster(t.Context(), func(ctx context.Context, n *redis.Client) error {
		id, err := n.ClusterMyID(ctx).Result()
		mu.Lock()
		defer mu.Unlock()
		addrs, ids = append(addrs, n.Options().Addr), append(ids, id)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	redisCLI(t, "--cluster", "reshard", addrs[0], "--cluster-from", ids[0],
		"--cluster-to", ids[1], "--cluster-slots", "5462", "--cluster-yes")
}

// renewOnce reads the session under *key, updates it and renews it.
func renewOnce(ctx context.Context, store *redisstore.Store, key *string, n int) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	data, _, found, err := store.Get(ctx, *key)
	if err != nil {
		return fmt.Errorf("Get: %w", err)
	}
	if !found {
		return fmt.Errorf("Get: the session %s is absent", *key)
	}

	next := fmt.Append(nil, "data ", n)
	if found, err := store.Update(ctx, *key, data, next, inAnHour()); err != nil || !found {
		return fmt.Errorf("Update: found=%v, error %w", found, err)
	}

	newKey := fmt.Sprint(*key, ".")
	if n%10 != 0 {
		return nil
	}
	if err := store.Index(ctx, []string{"everybody"}, inAnHour(), newKey); err != nil {
		return fmt.Errorf("Index: %w", err)
	}
	found, err = store.Renew(ctx, *key, newKey, next, next, inAnHour())
	if found {
		*key = newKey
	}
	if err != nil || !found {
		return fmt.Errorf("Renew: found=%v, error %w", found, err)
	}
	return nil
}

// masterOf returns the node that has a key of Redis.
func masterOf(
	t *testing.T, client *redis.ClusterClient, nodes map[string]*server, redisKey string,
) *server {
	t.Helper()
	node, err := client.MasterForKey(t.Context(), redisKey)
	if err != nil {
		t.Fatal(err)
	}
	return nodes[node.Options().Addr]
}

// The master of the index, of the old key or of the new key fails while a session is renewed, and
// its replica takes over. The session stays under the old key or the new key.
func TestClusterFailoverDuringRenew(t *testing.T) {
	for _, role := range []string{"index", "old key", "new key"} {
		t.Run(role, func(t *testing.T) {
			client, nodes := startCluster(t, clusterOptions())
			for _, node := range nodes {
				do(t, node.admin(t), "config set cluster-require-full-coverage no")
			}
			testFailoverDuringRenew(t, client, nodes, role)
		})
	}
}

func testFailoverDuringRenew(
	t *testing.T, client *redis.ClusterClient, nodes map[string]*server, role string,
) {
	store := redisstore.New(client)
	name, oldKey, newKey := separateKeys(t, client, nodes)
	login(t, store, oldKey, name)
	untilReplicated(t, client)
	failing := map[string]string{
		"index":   "scs:session:index:" + name + ":i12",
		"old key": "scs:session:" + oldKey + ":s12",
		"new key": "scs:session:" + newKey + ":s12",
	}
	masterOf(t, client, nodes, failing[role]).kill()

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	found, err := false, store.Index(ctx, []string{name}, inAnHour(), newKey)
	if err == nil {
		old, data := []byte(oldKey), []byte("renewed")
		found, err = store.Renew(ctx, oldKey, newKey, old, data, inAnHour())
	}
	t.Logf("found=%v, error %v", found, err)
	if err == nil && !found {
		t.Error("Renew reports that there is no session")
	}

	key := oldKey
	if found {
		key = newKey
	}
	until(t, "the failover is over", func() bool {
		err := store.Index(t.Context(), []string{name}, inAnHour(), newKey)
		_, _, oldErr := store.Find(oldKey)
		_, _, newErr := store.Find(newKey)
		return err == nil && oldErr == nil && newErr == nil
	})
	if read(t, store, key) == nothing {
		t.Errorf("the session under the %q key is absent after the failover", key)
	}
	if _, err := store.RevokeAll(t.Context(), name); err != nil {
		t.Errorf("RevokeAll: error %v", err)
	}
	if got := listed(t, store); got != 0 {
		t.Errorf("AllCtx after RevokeAll: got %d sessions, want 0", got)
	}
}

// stopReplication makes the replicas keep the data that they have. Before, it waits until they are
// part of the Cluster, which they are after a write to their master.
func stopReplication(t *testing.T, client *redis.ClusterClient, nodes map[string]*server) {
	t.Helper()
	for i := range 100 {
		create(t, redisstore.New(client), fmt.Sprint("replicated ", i), "data")
	}
	until(t, "every node names the replicas", func() bool {
		for _, node := range nodes {
			shards, err := node.admin(t).Do(t.Context(), "cluster", "slots").Slice()
			if err != nil {
				t.Fatal(err)
			}
			for _, shard := range shards {
				if entry, ok := shard.([]any); !ok || len(entry) != 4 { // slots, master, replica
					return false
				}
			}
		}
		return true
	})
	client.ReloadState(t.Context())
	time.Sleep(500 * time.Millisecond) // ReloadState works in the background

	for _, node := range nodes {
		do(t, node.admin(t), "config set masteruser nobody masterauth wrong")
	}
	for _, node := range nodes {
		do(t, node.admin(t), "client kill type replica")
	}
}

// The client reads from replicas, which lag behind. The store reads from masters.
func TestReplicasAreNotRead(t *testing.T) {
	options := clusterOptions()
	options.ReadOnly, options.RouteRandomly = true, true
	client, nodes := startCluster(t, options)
	stopReplication(t, client, nodes)
	store := redisstore.New(client)
	store.Prefix = "not-replicated:"
	const sessions = 50
	for i := range sessions {
		key, next, name := fmt.Sprint("key ", i), fmt.Sprint("next ", i), fmt.Sprint("user ", i)
		login(t, store, key, name)
		expectData(t, store, key, key)
		renew(t, store, key, next, key, next)
		expectData(t, store, key, nothing)
		expectData(t, store, next, next)
		revokeAll(t, store, name, 1)
		expectData(t, store, next, nothing)
		if t.Failed() {
			t.Fatalf("round %d", i)
		}
	}
	if got := listed(t, store); got != 0 {
		t.Errorf("AllCtx: got %d sessions, want 0", got)
	}
}

// untilReplicated waits until the replicas have acknowledged all writes.
func untilReplicated(t *testing.T, client *redis.ClusterClient) {
	t.Helper()
	written := regexp.MustCompile(`master_repl_offset:(\d+)`)
	acknowledged := regexp.MustCompile(`slave0:.*offset=(\d+)`)
	err := client.ForEachMaster(t.Context(), func(ctx context.Context, n *redis.Client) error {
		until(t, "the replica has acknowledged all writes", func() bool {
			info := n.Info(ctx, "replication").Val()
			want, got := written.FindStringSubmatch(info), acknowledged.FindStringSubmatch(info)
			return len(want) == 2 && len(got) == 2 && want[1] == got[1]
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// separateKeys returns a name and two keys that are on three masters.
func separateKeys(
	t *testing.T, client *redis.ClusterClient, nodes map[string]*server,
) (name, oldKey, newKey string) {
	t.Helper()
	for i := range 1000 {
		name, oldKey = fmt.Sprint("name", i), fmt.Sprint("old", i*7)
		newKey = fmt.Sprint("new", i*13)
		index := masterOf(t, client, nodes, "scs:session:index:"+name+":i12")
		before := masterOf(t, client, nodes, "scs:session:"+oldKey+":s12")
		after := masterOf(t, client, nodes, "scs:session:"+newKey+":s12")
		if index != before && before != after && after != index {
			return name, oldKey, newKey
		}
	}
	t.Fatal("no three keys on three masters found")
	return "", "", ""
}
