package cluster_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// While Redis is down, guarded pages answer 503. They do not redirect to the login and leave the
// cookie alone. The sessions exist again after a restart.
func TestRedisRestarts(t *testing.T) {
	needsServers(t)
	server := startRedis(t)
	s := startSite(t, "SESSION_STORE=redis", "REDIS_URL=redis://"+server.addr)
	browser := s.signIn(s.nodes[0], "ada")

	server.kill()
	want := map[string]int{
		"/":        http.StatusOK,
		"/healthz": http.StatusOK,
		"/account": http.StatusServiceUnavailable,
		"/api/me":  http.StatusServiceUnavailable,
	}
	for _, n := range s.nodes {
		for path, status := range want {
			checkWithoutRedis(t, browser, n, path, status)
		}
		status, _ := post(t, browser, n.url+"/auth0/logout", nil)
		if status != http.StatusServiceUnavailable {
			t.Errorf("logout without Redis: got %d, want 503", status)
		}
	}

	server.start(t)
	for _, n := range s.nodes {
		until(t, "the node has found Redis again", func() bool {
			status, _ := get(t, browser, n.url+"/api/me")
			if status == http.StatusUnauthorized {
				t.Fatal("the restart of Redis ended the session")
			}
			return status == http.StatusOK
		})
	}
}

func checkWithoutRedis(t *testing.T, browser *http.Client, n *node, path string, want int) {
	t.Helper()
	resp, err := browser.Get(n.url + path)
	if err != nil {
		t.Fatal(err)
	}
	read(t, resp)
	if resp.StatusCode != want {
		t.Errorf("%s without Redis: got %d, want %d", path, resp.StatusCode, want)
	}
	if got := resp.Request.URL.Path; got != path {
		t.Errorf("%s without Redis: redirected to %s", path, got)
	}
	if len(resp.Cookies()) > 0 {
		t.Errorf("%s without Redis: got the cookies %v, want none", path, resp.Cookies())
	}
}

func TestSentinelFailover(t *testing.T) {
	needsServers(t)
	master, url := startSentinels(t)
	s := startSite(t, "SESSION_STORE=redis", "REDIS_URL="+url)
	s.failover(master)
}

func TestClusterFailover(t *testing.T) {
	needsServers(t)
	masters, url := startCluster(t)
	s := startSite(t, "SESSION_STORE=redis", "REDIS_URL="+url)
	s.failover(masters...)
}

const (
	users   = 24 // signed in, on both nodes
	workers = 4  // goroutines that send requests
	pause   = 5 * time.Millisecond
)

// failover kills the first master while signed-in users send requests. Until the replica has taken
// over, each answer is the page or a 503. After that, all users are still signed in.
func (s *site) failover(masters ...*redisServer) {
	s.t.Helper()
	browsers := make([]*http.Client, users)
	for i := range browsers {
		browsers[i] = s.signIn(s.nodes[i%2], fmt.Sprintf("user%d", i))
	}
	for _, master := range masters {
		master.waitForReplica(s.t)
	}

	var answers tally
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	var running sync.WaitGroup
	for worker := range workers {
		running.Go(func() { s.load(ctx, browsers, worker, &answers) })
	}
	until(s.t, "each user has two pages of each node", func() bool {
		return answers.served.Load() > 4*users || s.t.Failed()
	})

	masters[0].kill()
	killed := time.Now()
	until(s.t, "a node answers 503", func() bool {
		return answers.refused.Load() > 0 || s.t.Failed()
	})
	recovered := s.waitForRecovery(&answers)
	cancel()
	running.Wait()

	s.t.Logf("recovered %v after the master was killed: %d pages, %d times 503, slowest answer %v",
		recovered.Sub(killed).Round(time.Millisecond), answers.served.Load(),
		answers.refused.Load(), answers.slowest.Round(time.Millisecond))
	for i, browser := range browsers {
		for _, n := range s.nodes {
			if !isSignedIn(s.t, browser, n) {
				s.t.Errorf("user%d was signed out by the failover", i)
			}
		}
	}
}

// load sends requests of every fourth user, in turn to both nodes, until ctx ends.
func (s *site) load(ctx context.Context, browsers []*http.Client, worker int, answers *tally) {
	for i := worker; ctx.Err() == nil; i += workers {
		n := s.nodes[i/users%2]
		if err := answers.request(browsers[i%users], n.url+"/api/me"); err != nil {
			s.t.Errorf("user%d: %v", i%users, err)
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// waitForRecovery waits for a second without a 503. It returns the time of the last one.
func (s *site) waitForRecovery(answers *tally) time.Time {
	s.t.Helper()
	var refused int64
	last := time.Now()
	until(s.t, "a second without a 503", func() bool {
		if now := answers.refused.Load(); now != refused {
			refused = now
			last = time.Now()
		}
		return time.Since(last) > time.Second || s.t.Failed()
	})
	return last
}

// A tally counts answers.
type tally struct {
	served, refused atomic.Int64

	mu      sync.Mutex
	slowest time.Duration
}

// request sends a request. It returns an error unless the answer is 200 or 503.
func (c *tally) request(browser *http.Client, url string) error {
	began := time.Now()
	resp, err := browser.Get(url)
	if err != nil {
		return err
	}
	resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		c.served.Add(1)
	case http.StatusServiceUnavailable:
		c.refused.Add(1)
	default:
		return fmt.Errorf("got %s, want 200 or 503", resp.Status)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slowest = max(c.slowest, time.Since(began))
	return nil
}
