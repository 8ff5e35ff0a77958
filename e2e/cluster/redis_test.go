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

// A redisServer keeps its data on disk. It can be killed and started again.
type redisServer struct {
	*process
	addr string
	args []string
}

// startRedis starts a server that writes each change to disk before it answers.
func startRedis(t *testing.T, args ...string) *redisServer {
	t.Helper()
	port := freePort(t)
	r := &redisServer{addr: net.JoinHostPort("127.0.0.1", port)}
	r.args = append([]string{
		"--port", port, "--bind", "127.0.0.1", "--dir", t.TempDir(),
		"--save", "", "--appendonly", "yes", "--appendfsync", "always",
	}, args...)
	r.start(t)
	return r
}

func (r *redisServer) start(t *testing.T) {
	t.Helper()
	r.process = launch(t, nil, "redis-server", r.args...)
	client := r.client(t)
	until(t, "Redis answers at "+r.addr, func() bool {
		return client.Ping(t.Context()).Err() == nil
	})
}

func (r *redisServer) client(t *testing.T) *redis.Client {
	client := redis.NewClient(&redis.Options{Addr: r.addr})
	t.Cleanup(func() { client.Close() })
	return client
}

// waitForReplica waits until one replica has all writes.
func (r *redisServer) waitForReplica(t *testing.T) {
	t.Helper()
	n, err := r.client(t).Wait(t.Context(), 1, 5*time.Second).Result()
	if err != nil || n < 1 {
		t.Fatalf("%s: %d replicas are up to date (error %v), want 1", r.addr, n, err)
	}
}

// startCluster starts three masters with one replica each. It returns the masters and the
// REDIS_URL of all six.
func startCluster(t *testing.T) (masters []*redisServer, url string) {
	t.Helper()
	var servers []*redisServer
	var addrs []string
	for range 6 {
		server := startRedis(t, "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf",
			"--cluster-node-timeout", "2000")
		servers = append(servers, server)
		addrs = append(addrs, server.addr)
	}
	create := append([]string{"--cluster", "create"}, addrs...)
	create = append(create, "--cluster-replicas", "1", "--cluster-yes")
	cli := exec.CommandContext(t.Context(), "redis-cli", create...)
	if out, err := cli.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	for _, server := range servers {
		client := server.client(t)
		until(t, "the Cluster is complete", func() bool { return clusterComplete(t, client) })
		if strings.Contains(replication(t, client), "role:master") {
			masters = append(masters, server)
		}
	}
	return masters, "redis://" + strings.Join(addrs, ",")
}

// clusterComplete reports whether a node is connected to all six nodes and has a link to its
// replica or its master.
func clusterComplete(t *testing.T, client *redis.Client) bool {
	info := client.ClusterInfo(t.Context()).Val()
	if !strings.Contains(info, "cluster_state:ok") {
		return false
	}
	if !strings.Contains(info, "cluster_known_nodes:6") {
		return false
	}
	links := replication(t, client)
	return strings.Contains(links, "connected_slaves:1") ||
		strings.Contains(links, "master_link_status:up")
}

func replication(t *testing.T, client *redis.Client) string {
	return client.Info(t.Context(), "replication").Val()
}

// startSentinels starts a master, its replica and three Sentinels. It returns the master and the
// REDIS_URL.
func startSentinels(t *testing.T) (master *redisServer, url string) {
	t.Helper()
	master = startRedis(t)
	host, port, err := net.SplitHostPort(master.addr)
	if err != nil {
		t.Fatal(err)
	}
	replica := startRedis(t, "--replicaof", host+" "+port)
	client := replica.client(t)
	until(t, "the replica follows its master", func() bool {
		return strings.Contains(replication(t, client), "master_link_status:up")
	})

	var addrs []string
	for range 3 {
		addrs = append(addrs, startSentinel(t, host, port))
	}
	for _, addr := range addrs {
		sentinel := redis.NewSentinelClient(&redis.Options{Addr: addr})
		until(t, "the Sentinels have found each other and the replica", func() bool {
			others, _ := sentinel.Sentinels(t.Context(), "main").Result()
			replicas, _ := sentinel.Replicas(t.Context(), "main").Result()
			return len(others) == 2 && len(replicas) == 1
		})
		sentinel.Close()
	}
	return master, "redis+sentinel://" + strings.Join(addrs, ",") + "/main"
}

const sentinelConfig = `port %s
bind 127.0.0.1
dir %s
sentinel monitor main %s %s 2
sentinel down-after-milliseconds main 1000
sentinel failover-timeout main 3000
`

func startSentinel(t *testing.T, masterHost, masterPort string) (addr string) {
	t.Helper()
	port := freePort(t)
	dir := t.TempDir()
	conf := filepath.Join(dir, "sentinel.conf")
	text := fmt.Sprintf(sentinelConfig, port, dir, masterHost, masterPort)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}

	addr = net.JoinHostPort("127.0.0.1", port)
	launch(t, nil, "redis-server", conf, "--sentinel")
	client := redis.NewClient(&redis.Options{Addr: addr})
	defer client.Close()
	until(t, "the Sentinel answers at "+addr, func() bool {
		return client.Ping(t.Context()).Err() == nil
	})
	return addr
}
