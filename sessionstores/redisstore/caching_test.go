package redisstore_test

import (
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores/redisstore"
	"github.com/chiauth0/auth/sessionstores/storetest"
)

func caching(maxStaleness time.Duration) *redis.Options {
	return &redis.Options{ClientSideCacheConfig: &redis.ClientSideCacheConfig{MaxEntries: 10_000, MaxStaleness: maxStaleness}}
}

// seeLogout signs in at one process, lets another one cache the session, calls cut, signs out at the first, and returns how
// long the other one went on to serve the session.
func seeLogout(t *testing.T, node, other *app, otherClient *redis.Client, cut func()) time.Duration {
	t.Helper()
	cookie := node.signIn(t)
	hits := otherClient.CSCStats().Hits
	for range 10 { // the other process has not written to the session, and so may cache it
		if other.user(t, cookie) != "alice" {
			t.Fatal("not signed in")
		}
	}
	if otherClient.CSCStats().Hits < hits+5 {
		t.Fatalf("the session is not cached: %+v", otherClient.CSCStats())
	}
	cut()
	if w, _ := node.get("/logout", cookie); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	start := time.Now()
	until(t, "the other process has noticed the logout", func() bool {
		w, _ := other.get("/", cookie)
		return w.Body.String() != "alice"
	})
	return time.Since(start)
}

// With client-side caching, a logout at one process is soon seen by another, and when the connection that the news would
// come by was cut, too. The usual time is the median of several, since this machine has other work.
func TestLogoutReachesCaches(t *testing.T) {
	node := startRedis(t)
	clientA, clientB := node.client(t, caching(0)), node.client(t, caching(0))
	a, b := newApp(redisstore.New(clientA)).wrap(), newApp(redisstore.New(clientB)).wrap()
	admin := node.client(t, &redis.Options{})
	cuts := map[string]func(){
		"with its connections whole": func() {},
		"with its connections cut": func() {
			if err := admin.Do(t.Context(), "client", "kill", "type", "normal").Err(); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, cut := range cuts {
		t.Run(name, func(t *testing.T) {
			var took []time.Duration
			for range 15 {
				took = append(took, seeLogout(t, a, b, clientB, cut))
			}
			slices.Sort(took)
			t.Logf("seen after %v (median), %v (worst)", took[len(took)/2], took[len(took)-1])
			if took[len(took)/2] > 100*time.Millisecond {
				t.Errorf("seen after %v", took)
			}
		})
	}
}

// A connection that no longer carries anything, and that nobody has closed, leaves MaxStaleness.
func TestMaxStalenessEndsSilence(t *testing.T) {
	node := startRedis(t)
	proxy := startProxy(t, node.addr)
	const maxStaleness = 300 * time.Millisecond
	options := caching(maxStaleness)
	options.Addr = proxy.addr
	clientB := redis.NewClient(options)
	t.Cleanup(func() { _ = clientB.Close() })
	store := redisstore.New(clientB)
	store.Timeout = 200 * time.Millisecond
	a, b := newApp(redisstore.New(node.client(t, &redis.Options{}))).wrap(), newApp(store).wrap()
	took := seeLogout(t, a, b, clientB, func() { proxy.silent.Store(true) })
	if took < maxStaleness/10 || took > 3*time.Second {
		t.Errorf("seen after %v: not what this test is about", took)
	}
}

// What a process has written it sees at once, and not what its cache held before.
func TestConformanceWithCaching(t *testing.T) {
	options := caching(0)
	options.PoolFIFO, options.MinIdleConns = true, 5 // each command on another connection than the one before
	client := startRedis(t).client(t, options)
	storetest.Run(t, func(t *testing.T) scs.Store { return redisstore.New(client) })
	store := redisstore.New(client)
	for i := range 1000 {
		want := strconv.Itoa(i)
		if err := store.Commit("key", []byte(want), inAnHour()); err != nil {
			t.Fatal(err)
		}
		if got := find(t, store, "key"); got != want {
			t.Fatalf("%s was just written, and %s is read", want, got)
		}
	}
	for i := range 100 {
		key := strconv.Itoa(i)
		login(t, redisstore.New(client), key, inAnHour(), "alice")
		if got := find(t, redisstore.New(client), key); got != key { // caches it
			t.Fatalf("%q was found", got)
		}
		if found, err := store.Update(t.Context(), key, []byte("updated"), inAnHour()); !found || err != nil || find(t, store, key) != "updated" {
			t.Fatalf("Update: found %v, error %v, or the old data was read", found, err)
		}
	}
	ending := redisstore.New(client)
	for i := range 100 {
		key := strconv.Itoa(i)
		for range 2 {
			find(t, redisstore.New(client), key)
		}
		if err := ending.End(t.Context(), key); err != nil || find(t, ending, key) != "(nothing)" {
			t.Fatalf("End: error %v, or the session was read", err)
		}
	}
}

// EndAll ends who logged in elsewhere just now: the index of a name is never read from the cache.
func TestEndAllReadsPastTheCache(t *testing.T) {
	node := startRedis(t)
	client := node.client(t, caching(0))
	store, other := redisstore.New(client), redisstore.New(node.client(t, &redis.Options{}))
	for i := range 100 {
		key := strconv.Itoa(i)
		login(t, other, key, inAnHour(), "alice")
		if err := store.EndAll(t.Context(), "alice"); err != nil {
			t.Fatal(err)
		}
		if got := find(t, other, key); got != "(nothing)" {
			t.Fatalf("the session of login %d is still there", i)
		}
	}
}

// A session that was read from the cache is the caller's own: writing into it changes nobody else's.
func TestCachedDataIsTheCallersOwn(t *testing.T) {
	client := startRedis(t).client(t, caching(0))
	store := redisstore.New(client)
	if err := store.Commit("key", []byte("signed in"), inAnHour()); err != nil {
		t.Fatal(err)
	}
	other := redisstore.New(client) // which has written nothing, and so reads from the cache
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for range 20 {
				data, _, found, err := other.Get(t.Context(), "key")
				if string(data) != "signed in" || !found || err != nil {
					t.Errorf("%q, found %v, error %v", data, found, err)
				}
				clear(data)
			}
		})
	}
	wg.Wait()
	if client.CSCStats().Hits == 0 {
		t.Error("nothing was read from the cache")
	}
}

// A proxy can fall silent: it goes on to take what is sent, and passes nothing on.
type proxy struct {
	addr   string
	silent atomic.Bool
}

func startProxy(t *testing.T, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{addr: l.Addr().String()}
	var wg sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				_ = client.Close()
				continue
			}
			t.Cleanup(func() { _ = client.Close(); _ = server.Close() })
			wg.Go(func() { _, _ = io.Copy(p.to(server), client) })
			wg.Go(func() { _, _ = io.Copy(p.to(client), server) })
		}
	})
	return p
}

func (p *proxy) to(w io.Writer) io.Writer {
	return writerFunc(func(b []byte) (int, error) {
		if p.silent.Load() {
			return len(b), nil
		}
		return w.Write(b)
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
