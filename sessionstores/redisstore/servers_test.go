package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// The tests of this package start real servers themselves, on loopback, each in a directory of its own. Where there is no
// redis-server they leave their part to e2e/test.sh, which installs one and sets CHIAUTH0_E2E.
func needRedis(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err == nil {
		return
	}
	if os.Getenv("CHIAUTH0_E2E") != "" {
		t.Fatal("CHIAUTH0_E2E is set and there is no redis-server: apt-get install redis-server")
	}
	t.Skip("no redis-server on the PATH: this test is left to e2e/test.sh, which installs one")
}

// A server is a process of redis-server.
type server struct {
	t    testing.TB
	addr string
	args []string
	cmd  *exec.Cmd
}

// startRedis starts a Redis that keeps nothing on disk unless args say so.
func startRedis(t testing.TB, args ...string) *server {
	t.Helper()
	needRedis(t)
	port := freePort(t)
	s := &server{t: t, addr: net.JoinHostPort("127.0.0.1", port)}
	s.args = append([]string{
		"--port", port, "--bind", "127.0.0.1", "--dir", t.TempDir(), "--save", "", "--appendonly", "no", "--logfile", "redis.log",
	}, args...)
	s.start()
	t.Cleanup(s.kill)
	return s
}

func (s *server) start() {
	s.t.Helper()
	s.cmd = exec.Command("redis-server", s.args...)
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	client := redis.NewClient(&redis.Options{Addr: s.addr})
	defer func() { _ = client.Close() }()
	until(s.t, "redis-server answers at "+s.addr, func() bool { return client.Ping(context.Background()).Err() == nil })
}

// kill ends the server without a word to anybody.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

func (s *server) client(t testing.TB, options *redis.Options) *redis.Client {
	options.Addr = s.addr
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// startCluster starts three masters with a replica each.
func startCluster(t testing.TB) *redis.ClusterClient {
	t.Helper()
	var addrs []string
	for range 6 {
		s := startRedis(t, "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout", "2000")
		addrs = append(addrs, s.addr)
	}
	create := append([]string{"--cluster", "create"}, addrs...)
	create = append(create, "--cluster-replicas", "1", "--cluster-yes")
	if out, err := exec.CommandContext(t.Context(), "redis-cli", create...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs})
	t.Cleanup(func() { _ = client.Close() })
	until(t, "the Cluster is complete", func() bool {
		return nil == client.ForEachShard(t.Context(), func(ctx context.Context, node *redis.Client) error {
			info, err := node.ClusterInfo(ctx).Result()
			if err == nil && !strings.Contains(info, "cluster_state:ok") {
				return errors.New("not yet")
			}
			return err
		})
	})
	return client
}

// startSentinels starts a master, a replica of it, and three Sentinels that watch over both.
func startSentinels(t testing.TB) (master, replica *server, sentinels []string) {
	t.Helper()
	master = startRedis(t)
	host, port, _ := net.SplitHostPort(master.addr)
	replica = startRedis(t, "--replicaof", host+" "+port)
	for range 3 {
		sentinels = append(sentinels, startSentinel(t, host, port))
	}
	client := replica.client(t, &redis.Options{})
	until(t, "the replica follows", func() bool {
		return strings.Contains(client.Info(t.Context(), "replication").Val(), "master_link_status:up")
	})
	for _, addr := range sentinels {
		sentinel := redis.NewSentinelClient(&redis.Options{Addr: addr})
		until(t, "the Sentinels know each other and the replica", func() bool {
			others, _ := sentinel.Sentinels(t.Context(), "main").Result()
			replicas, _ := sentinel.Replicas(t.Context(), "main").Result()
			return len(others) == 2 && len(replicas) == 1
		})
		_ = sentinel.Close()
	}
	return master, replica, sentinels
}

func startSentinel(t testing.TB, masterHost, masterPort string) (addr string) {
	t.Helper()
	port := freePort(t)
	dir := t.TempDir()
	conf := filepath.Join(dir, "sentinel.conf")
	text := fmt.Sprintf("port %s\nbind 127.0.0.1\ndir %s\nlogfile sentinel.log\nsentinel monitor main %s %s 2\n"+
		"sentinel down-after-milliseconds main 500\nsentinel failover-timeout main 3000\n", port, dir, masterHost, masterPort)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, addr: net.JoinHostPort("127.0.0.1", port), args: []string{conf, "--sentinel"}}
	s.start()
	t.Cleanup(s.kill)
	return s.addr
}

// freePort returns a port that is free, as is the one ten thousand above, where a Cluster's nodes talk to each other.
func freePort(t testing.TB) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		_ = l.Close()
		if port+10_000 > 65_535 {
			continue
		}
		bus, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+10_000))
		if err == nil {
			_ = bus.Close()
			return strconv.Itoa(port)
		}
	}
	t.Fatal("no free port found")
	return ""
}

// until waits for another process.
func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	const patience = 20 * time.Second
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for start := time.Now(); !done(); <-tick.C {
		if time.Since(start) > patience {
			t.Fatalf("waited %v in vain until %s", patience, what)
		}
	}
}
