package cluster_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// A redisServer can be killed, and started again with what it had on disk.
type redisServer struct {
	*process
	addr string
	args []string
}

// startRedis starts a server that writes each change to disk before it answers.
func startRedis(t *testing.T, args ...string) *redisServer {
	t.Helper()
	port := freePort(t)
	r := &redisServer{addr: net.JoinHostPort("127.0.0.1", port), args: append([]string{
		"--port", port, "--bind", "127.0.0.1", "--dir", t.TempDir(), "--save", "", "--appendonly", "yes", "--appendfsync", "always",
	}, args...)}
	r.start(t)
	return r
}

func (r *redisServer) start(t *testing.T) {
	t.Helper()
	r.process = launch(t, nil, "redis-server", r.args...)
	client := r.client(t)
	until(t, "Redis answers at "+r.addr, func() bool { return client.Ping(t.Context()).Err() == nil })
}

func (r *redisServer) client(t *testing.T) *redis.Client {
	client := redis.NewClient(&redis.Options{Addr: r.addr})
	t.Cleanup(func() { client.Close() })
	return client
}

// replicated waits until a replica has all that was written.
func (r *redisServer) replicated(t *testing.T) {
	t.Helper()
	if n, err := r.client(t).Wait(t.Context(), 1, 5*time.Second).Result(); err != nil || n < 1 {
		t.Fatalf("%s has %d replicas that are up to date, error %v", r.addr, n, err)
	}
}

// startCluster starts three masters with a replica each, and returns the masters and the REDIS_URL of all.
func startCluster(t *testing.T) (masters []*redisServer, url string) {
	t.Helper()
	servers := map[string]*redisServer{}
	var addrs []string
	for range 6 {
		r := startRedis(t, "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout", "2000")
		servers[r.addr] = r
		addrs = append(addrs, r.addr)
	}
	create := append([]string{"--cluster", "create"}, addrs...)
	create = append(create, "--cluster-replicas", "1", "--cluster-yes")
	if out, err := exec.CommandContext(t.Context(), "redis-cli", create...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, addr := range addrs {
		client := servers[addr].client(t)
		until(t, "the Cluster is complete", func() bool {
			info := client.ClusterInfo(t.Context()).Val()
			role := client.Info(t.Context(), "replication").Val()
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:6") &&
				(strings.Contains(role, "connected_slaves:1") || strings.Contains(role, "master_link_status:up"))
		})
		if strings.Contains(client.Info(t.Context(), "replication").Val(), "role:master") {
			masters = append(masters, servers[addr])
		}
	}
	return masters, "redis://" + strings.Join(addrs, ",")
}

// startSentinels starts a master, a replica of it and three Sentinels that watch over both, and returns the master and the
// REDIS_URL.
func startSentinels(t *testing.T) (master *redisServer, url string) {
	t.Helper()
	master = startRedis(t)
	host, port, _ := net.SplitHostPort(master.addr)
	replica := startRedis(t, "--replicaof", host+" "+port)
	client := replica.client(t)
	until(t, "the replica follows", func() bool {
		return strings.Contains(client.Info(t.Context(), "replication").Val(), "master_link_status:up")
	})
	var addrs []string
	for range 3 {
		addrs = append(addrs, startSentinel(t, host, port))
	}
	for _, addr := range addrs {
		sentinel := redis.NewSentinelClient(&redis.Options{Addr: addr})
		until(t, "the Sentinels know each other and the replica", func() bool {
			others, _ := sentinel.Sentinels(t.Context(), "main").Result()
			replicas, _ := sentinel.Replicas(t.Context(), "main").Result()
			return len(others) == 2 && len(replicas) == 1
		})
		sentinel.Close()
	}
	return master, "redis+sentinel://" + strings.Join(addrs, ",") + "/main"
}

func startSentinel(t *testing.T, masterHost, masterPort string) (addr string) {
	t.Helper()
	port, dir := freePort(t), t.TempDir()
	conf := filepath.Join(dir, "sentinel.conf")
	text := fmt.Sprintf("port %s\nbind 127.0.0.1\ndir %s\nsentinel monitor main %s %s 2\n"+
		"sentinel down-after-milliseconds main 1000\nsentinel failover-timeout main 3000\n", port, dir, masterHost, masterPort)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	addr = net.JoinHostPort("127.0.0.1", port)
	launch(t, nil, "redis-server", conf, "--sentinel")
	client := redis.NewClient(&redis.Options{Addr: addr})
	defer client.Close()
	until(t, "Sentinel answers at "+addr, func() bool { return client.Ping(t.Context()).Err() == nil })
	return addr
}
