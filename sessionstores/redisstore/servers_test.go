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

	"github.com/redis/go-redis/v9"
)

// needRedis skips a test if there is no redis-server. e2e/test.sh installs one and sets
// CHIAUTH0_E2E, and then the test fails instead.
func needRedis(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err == nil {
		return
	}
	if os.Getenv("CHIAUTH0_E2E") != "" {
		t.Fatal("CHIAUTH0_E2E is set, but redis-server is missing: apt-get install redis-server")
	}
	t.Skip("there is no redis-server on the PATH; e2e/test.sh installs one")
}

// A server is a process of redis-server.
type server struct {
	t    testing.TB
	addr string
	args []string
	cmd  *exec.Cmd
}

// startRedis starts a Redis on loopback in a directory of its own. It keeps nothing on disk unless
// args say so.
func startRedis(t testing.TB, args ...string) *server {
	t.Helper()
	needRedis(t)
	port := freePort(t)
	s := &server{t: t, addr: net.JoinHostPort("127.0.0.1", port)}
	s.args = append([]string{
		"--port", port, "--bind", "127.0.0.1", "--dir", t.TempDir(),
		"--save", "", "--appendonly", "no", "--logfile", "redis.log",
		"--repl-diskless-sync-delay", "0",
	}, args...)
	s.start()
	t.Cleanup(s.kill)
	return s
}

// start starts the process, and waits until it answers. LOADING is an answer.
func (s *server) start() {
	s.t.Helper()
	s.cmd = exec.Command("redis-server", s.args...)
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	client := redis.NewClient(&redis.Options{Addr: s.addr, MaxRetries: -1})
	defer func() { _ = client.Close() }()
	until(s.t, "redis-server answers at "+s.addr, func() bool {
		err := client.Ping(context.Background()).Err()
		return err == nil || redis.IsLoadingError(err)
	})
}

// kill ends the process with SIGKILL.
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

// admin returns a client with default options.
func (s *server) admin(t testing.TB) *redis.Client { return s.client(t, &redis.Options{}) }

// do sends a command that the test needs, and fails if it fails.
func do(t testing.TB, client *redis.Client, command string) {
	t.Helper()
	var args []any
	for arg := range strings.FieldsSeq(command) {
		args = append(args, arg)
	}
	if err := client.Do(t.Context(), args...).Err(); err != nil {
		t.Fatalf("%s: error %v", command, err)
	}
}

// follow makes replica a replica of master, and waits until it has its data.
func follow(t testing.TB, replica *redis.Client, master string) {
	t.Helper()
	host, port, _ := net.SplitHostPort(master)
	do(t, replica, "replicaof "+host+" "+port)
	untilSynced(t, replica)
}

func untilSynced(t testing.TB, replica *redis.Client) {
	t.Helper()
	until(t, "the replica has the data of its master", func() bool {
		info := replica.Info(t.Context(), "replication").Val()
		return strings.Contains(info, "master_link_status:up")
	})
}

// startCluster starts three masters with one replica each. It returns the nodes by address.
func startCluster(
	t testing.TB, options *redis.ClusterOptions,
) (*redis.ClusterClient, map[string]*server) {
	t.Helper()
	nodes := make(map[string]*server)
	for range 6 {
		node := startRedis(t, "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf",
			"--cluster-node-timeout", "1500")
		nodes[node.addr] = node
		options.Addrs = append(options.Addrs, node.addr)
	}

	create := append([]string{"--cluster", "create"}, options.Addrs...)
	create = append(create, "--cluster-replicas", "1", "--cluster-yes")
	redisCLI(t, create...)

	client := redis.NewClusterClient(options)
	t.Cleanup(func() { _ = client.Close() })
	until(t, "the Cluster is complete", func() bool {
		err := client.ForEachShard(t.Context(), func(ctx context.Context, n *redis.Client) error {
			info, err := n.ClusterInfo(ctx).Result()
			if err == nil && !strings.Contains(info, "cluster_state:ok") {
				return errors.New("not yet")
			}
			return err
		})
		return err == nil
	})
	for _, node := range nodes {
		admin := node.admin(t)
		if !strings.Contains(admin.Info(t.Context(), "replication").Val(), "role:master") {
			untilSynced(t, admin)
		}
	}
	return client, nodes
}

func redisCLI(t testing.TB, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "redis-cli", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("redis-cli: error %v\n%s", err, out)
	}
}

// startSentinels starts a master, a replica of it, and three Sentinels that monitor both.
func startSentinels(t testing.TB) (master, replica *server, sentinels []string) {
	t.Helper()
	master = startRedis(t)
	host, port, _ := net.SplitHostPort(master.addr)
	replica = startRedis(t, "--replicaof", host+" "+port)
	untilSynced(t, replica.admin(t))

	for range 3 {
		sentinels = append(sentinels, startSentinel(t, host, port))
	}
	for _, addr := range sentinels {
		sentinel := redis.NewSentinelClient(&redis.Options{Addr: addr})
		until(t, "the Sentinels have found each other and the replica", func() bool {
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
	port, dir := freePort(t), t.TempDir()
	conf := filepath.Join(dir, "sentinel.conf")
	text := strings.Join([]string{
		"port " + port,
		"bind 127.0.0.1",
		"dir " + dir,
		"logfile sentinel.log",
		"sentinel monitor main " + masterHost + " " + masterPort + " 2",
		"sentinel down-after-milliseconds main 500",
		"sentinel failover-timeout main 3000",
	}, "\n")
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}

	args := []string{conf, "--sentinel"}
	s := &server{t: t, addr: net.JoinHostPort("127.0.0.1", port), args: args}
	s.start()
	t.Cleanup(s.kill)
	return s.addr
}

// freePort returns a port that is free. The port ten thousand above, which the nodes of a Cluster
// use among each other, is free as well.
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
