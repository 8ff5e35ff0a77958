package cluster_test

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// refreshRounds is how often TestNodesRefreshOnce repeats its round. REFRESH_ROUNDS replaces the
// default.
func refreshRounds(t *testing.T) int64 {
	t.Helper()

	text := os.Getenv("REFRESH_ROUNDS")
	if text == "" {
		return 8
	}
	rounds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatalf("REFRESH_ROUNDS: %v", err)
	}

	return rounds
}

// In each round, a user logs in, the access token expires, and 50 requests to each of two nodes ask
// for a token at once.
func TestNodesRefreshOnce(t *testing.T) {
	needsServers(t)
	s := startTokenSite(t)
	rounds := refreshRounds(t)

	var begun atomic.Int64
	var running sync.WaitGroup
	began := time.Now()
	for worker := range 4 { // most of a round is the wait for the expiry
		running.Go(func() {
			for !t.Failed() {
				if begun.Add(1) > rounds {
					return
				}
				browser := s.expired(fmt.Sprintf("user%d", worker))
				s.wantTokens(s.burst(browser, ordersAPI), 1, 100)
				logOut(t, browser, s.nodes[1].url)
			}
		})
	}
	running.Wait()

	counts := s.tenant.RefreshCounts()
	t.Logf("%d rounds in %v: %+v", rounds, time.Since(began).Round(time.Second), counts)
	if counts.Refreshes != int(rounds) || counts.Reuses != 0 {
		t.Errorf("got %+v, want one refresh in each of %d rounds and no reuse", counts, rounds)
	}
}

func TestNodesRefreshTwoAudiencesOnceEach(t *testing.T) {
	needsServers(t)
	s := startTokenSite(t)
	for i := range 3 {
		browser := s.expired(fmt.Sprintf("user%d", i))
		s.wantTokens(s.burst(browser, ordersAPI, reportsAPI), 2, 100)
	}
	s.wantCounts(6, 0, 3)
}

// The tokens of a session that ends during the refresh are revoked: nothing refers to them.
func TestLogoutOnAnotherNodeDuringARefresh(t *testing.T) {
	needsServers(t)
	s := startTokenSite(t)
	for i := range 3 {
		browser := s.expired(fmt.Sprintf("user%d", i))
		other := copyOf(t, browser, s.nodes[1])
		logout := once(func() { logOut(t, other, s.nodes[1].url) })
		s.endpoint.set(nil, func() { logout() })

		for got, count := range s.burst(browser, ordersAPI) {
			if got.status != http.StatusGone && got.status != http.StatusUnauthorized {
				t.Errorf("%d times: got %v, want 410 or 401", count, got)
			}
		}
		if got, err := askToken(browser, s.nodes[0], ordersAPI); got.status != 401 {
			t.Errorf("after the logout: got %v, %v, want 401", got, err)
		}
	}
	s.wantCounts(3, 3, 0)
}

// The login wins. The tokens of the login before it are revoked.
func TestLoginDuringARefreshOnAnotherNode(t *testing.T) {
	needsServers(t)
	s := startTokenSite(t)
	for i := range 3 {
		name := fmt.Sprintf("user%d", i)
		browser := s.expired(name)
		old := copyOf(t, browser, s.nodes[0])
		login := once(func() { s.logIn(browser, s.nodes[0], name) })
		s.endpoint.set(nil, func() { login() })

		for got, count := range s.burst(old, ordersAPI) {
			switch got.status {
			case http.StatusOK, http.StatusGone, http.StatusUnauthorized:
			default:
				t.Errorf("%d times: got %v, want a token, 410 or 401", count, got)
			}
		}
		s.wantTokens(s.burst(browser, ordersAPI), 1, 100)
	}

	counts := s.tenant.RefreshCounts()
	if counts.Reuses != 0 || counts.Live != 3 {
		t.Errorf("got %+v, want no reuse and three live refresh tokens\n%s", counts, s.logs())
	}
}

// A node is killed before Auth0 has read the refresh token. The other node refreshes when the lock
// has expired.
func TestNodeIsKilledBeforeItsRefreshIsRead(t *testing.T) {
	needsServers(t)
	s := startTokenSite(t)
	browser := s.expired("ada")
	s.endpoint.set(once(s.nodes[0].kill), nil)

	if got, err := askToken(browser, s.nodes[0], ordersAPI); err == nil {
		t.Fatalf("got %v of the node that was killed", got)
	}
	s.wantTokens(s.burst(browser, ordersAPI), 1, 50)
	s.wantCounts(1, 0, 1)
}

// A node is killed when the refresh token is spent and the new one is on its way. No node has the
// new one: Auth0 refuses the old one as reused, and the session ends for that reason only.
func TestNodeIsKilledBeforeItsRefreshIsAnswered(t *testing.T) {
	needsServers(t)
	s := startTokenSite(t)
	browser := s.expired("ada")
	kill := once(s.nodes[0].kill)
	s.endpoint.set(nil, func() { kill() })

	if got, err := askToken(browser, s.nodes[0], ordersAPI); err == nil {
		t.Fatalf("got %v of the node that was killed", got)
	}
	got, err := askToken(browser, s.nodes[1], ordersAPI)
	if err != nil || got.status != http.StatusGone {
		t.Errorf("got %v, %v, want 410", got, err)
	}
	if counts := s.tenant.RefreshCounts(); counts.Refreshes != 1 || counts.Reuses != 1 {
		t.Errorf("got %+v, want one refresh and one reuse", counts)
	}

	again := s.logIn(browser, s.nodes[1], "ada")
	if got, err := askToken(again, s.nodes[1], ordersAPI); err != nil || got.status != 200 {
		t.Errorf("after another login: got %v, %v, want a token", got, err)
	}
}

// Redis restarts while Auth0 answers: the new refresh token cannot be saved at first.
func TestRedisRestartsDuringARefresh(t *testing.T) {
	needsServers(t)
	s := startTokenSite(t)
	const users = 5
	var browsers []*http.Client
	for i := range users {
		browsers = append(browsers, s.newUser(i))
	}
	time.Sleep(shortLife)

	down := make(chan struct{})
	kill := once(func() {
		s.server.kill()
		close(down)
	})
	s.endpoint.set(nil, func() {
		kill()
		<-down
	})
	var running sync.WaitGroup
	for i, browser := range browsers {
		running.Go(func() {
			got, err := askToken(browser, s.nodes[i%2], ordersAPI)
			if err != nil || (got.status != http.StatusOK && got.status != 503) {
				t.Errorf("while Redis restarts: got %v, %v, want a token or 503", got, err)
			}
		})
	}
	<-down
	time.Sleep(6 * time.Second)
	s.server.start(t)
	running.Wait()

	for _, browser := range browsers {
		s.wantTokens(s.burst(browser, ordersAPI), 1, 100)
	}
	s.wantCounts(users, 0, users)
}

// Behind Sentinel, the master is killed while Auth0 answers, and its replica takes over.
func TestSentinelFailoverDuringARefresh(t *testing.T) {
	needsServers(t)
	master, address := startSentinels(t)
	s := startTokenNodes(t, sentinelSettings(address)...)
	const users = 4
	var browsers []*http.Client
	for i := range users {
		browsers = append(browsers, s.newUser(i))
	}
	master.waitForReplica(t)
	time.Sleep(shortLife)

	var arrived atomic.Int64
	killed := make(chan struct{})
	s.endpoint.set(nil, func() {
		if arrived.Add(1) == users { // each node has the locks in Redis
			time.Sleep(100 * time.Millisecond) // the replica has them too
			master.kill()
			close(killed)
		}
		<-killed
	})
	var running sync.WaitGroup
	for i, browser := range browsers {
		running.Go(func() {
			got, err := askToken(browser, s.nodes[i%2], ordersAPI)
			if err != nil || got.status != http.StatusOK {
				t.Errorf("during the failover: got %v, %v, want a token", got, err)
			}
		})
	}
	running.Wait()

	for _, browser := range browsers {
		s.wantTokens(s.burst(browser, ordersAPI), 1, 100)
	}
	s.wantCounts(users, 0, users)
}
