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

// S11: Redis is gone, and nobody is sent to a login page or loses the cookie; Redis is back, and so are the sessions.
func TestRedisRestarts(t *testing.T) {
	onlyInE2E(t)
	server := startRedis(t)
	s := startSite(t, "SESSION_STORE=redis", "REDIS_URL=redis://"+server.addr)
	browser := s.signIn(s.nodes[0], "ada")

	server.kill()
	for _, n := range s.nodes {
		for path, want := range map[string]int{
			"/account": http.StatusServiceUnavailable, "/api/me": http.StatusServiceUnavailable, "/": http.StatusOK, "/healthz": http.StatusOK,
		} {
			resp, err := browser.Get(n.url + path)
			if err != nil {
				t.Fatal(err)
			}
			if read(t, resp); resp.StatusCode != want || resp.Request.URL.Path != path || len(resp.Cookies()) > 0 {
				t.Errorf("%s without Redis: %s at %s with cookies %v, want %d and no cookie", path, resp.Status, resp.Request.URL,
					resp.Cookies(), want)
			}
		}
		if status, _ := post(t, browser, n.url+"/auth0/logout", nil); status != http.StatusServiceUnavailable {
			t.Errorf("a logout without Redis: %d, want 503: it did not happen", status)
		}
	}

	server.start(t)
	for _, n := range s.nodes {
		until(t, "the node has found Redis again", func() bool {
			status, _ := get(t, browser, n.url+"/api/me")
			if status == http.StatusUnauthorized {
				t.Fatal("the user was signed out by the restart")
			}
			return status == http.StatusOK
		})
	}
}

func TestSentinelFailover(t *testing.T) {
	onlyInE2E(t)
	master, url := startSentinels(t)
	s := startSite(t, "SESSION_STORE=redis", "REDIS_URL="+url)
	s.failover(master)
}

func TestClusterFailover(t *testing.T) {
	onlyInE2E(t)
	masters, url := startCluster(t)
	s := startSite(t, "SESSION_STORE=redis", "REDIS_URL="+url)
	s.failover(masters...)
}

const (
	users   = 24 // signed in, on both nodes
	workers = 4  // that ask for their pages, one after the other
	pause   = 5 * time.Millisecond
)

// failover kills the first master in the middle of requests of signed-in users. Until its replica has taken over they are
// answered with the page or with 503, and with nothing else; after that everybody is still signed in.
func (s *site) failover(masters ...*redisServer) {
	s.t.Helper()
	browsers := make([]*http.Client, users)
	for i := range browsers {
		browsers[i] = s.signIn(s.nodes[i%2], fmt.Sprintf("user%d", i))
	}
	for _, master := range masters {
		master.replicated(s.t)
	}

	var count tally
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	var wg sync.WaitGroup
	for worker := range workers {
		wg.Go(func() {
			for i := worker; ctx.Err() == nil; i += workers {
				if err := count.request(browsers[i%users], s.nodes[i/users%2].url+"/api/me"); err != nil {
					s.t.Errorf("user%d: %v", i%users, err)
					return
				}
				select {
				case <-ctx.Done():
				case <-time.After(pause):
				}
			}
		})
	}

	until(s.t, "everybody was served twice", func() bool { return count.served.Load() > 4*users || s.t.Failed() })
	masters[0].kill()
	killed := time.Now()
	until(s.t, "the nodes notice", func() bool { return count.refused.Load() > 0 || s.t.Failed() })
	var last int64
	calm := time.Now()
	until(s.t, "nobody is refused for a second", func() bool {
		if now := count.refused.Load(); now != last {
			last, calm = now, time.Now()
		}
		return time.Since(calm) > time.Second || s.t.Failed()
	})
	cancel()
	wg.Wait()
	s.t.Logf("all is well %v after the master was killed; %d requests were served, %d were answered with 503, the slowest took %v",
		calm.Sub(killed).Round(time.Millisecond), count.served.Load(), count.refused.Load(), count.slowest.Round(time.Millisecond))
	for i, browser := range browsers {
		for _, n := range s.nodes {
			if !isSignedIn(s.t, browser, n) {
				s.t.Errorf("user%d was signed out by the failover", i)
			}
		}
	}
}

// A tally counts answers.
type tally struct {
	served, refused atomic.Int64

	mu      sync.Mutex
	slowest time.Duration
}

// request asks for a page, and fails unless the answer is the page or a 503.
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
		return fmt.Errorf("%s", resp.Status)
	}
	c.mu.Lock()
	c.slowest = max(c.slowest, time.Since(began))
	c.mu.Unlock()
	return nil
}
