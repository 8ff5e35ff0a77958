package redisstore_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores/redisstore"
)

// login adds a session to the index of the names, and creates it.
func login(t testing.TB, store *redisstore.Store, key string, names ...string) {
	t.Helper()
	if err := store.Index(t.Context(), names, inAnHour(), key); err != nil {
		t.Fatalf("Index(%q): error %v", names, err)
	}
	create(t, store, key, key)
}

func TestRevokeAllRevokesTheSessionsOfAName(t *testing.T) {
	mini, store := newMiniStore(t)
	login(t, store, "phone", "alice", "sid1")
	login(t, store, "laptop", "alice", "sid2")
	login(t, store, "other", "bob", "sid3")
	renew(t, store, "laptop", "laptop2", "laptop", "laptop2") // not indexed, found as a successor

	revokeAll(t, store, "sid1", 1)
	expectData(t, store, "phone", nothing)
	expectData(t, store, "laptop2", "laptop2")

	revokeAll(t, store, "alice", 1)
	expectData(t, store, "laptop2", nothing)
	expectData(t, store, "other", "other")
	if mini.Exists("scs:session:index:alice:i12") {
		t.Error("the index of alice is left")
	}

	revokeAll(t, store, "alice", 0)
	login(t, store, "phone2", "alice")
	expectData(t, store, "phone2", "phone2")
	if got := listed(t, store); got != 2 {
		t.Errorf("AllCtx: got %d sessions, want 2", got)
	}
}

// The index has both keys of a renewed session. The session counts once.
func TestRevokeAllCountsSessions(t *testing.T) {
	_, store := newMiniStore(t)
	login(t, store, "old", "alice")
	index(t, store, "alice", "new", "not created")
	renew(t, store, "old", "new", "old", "new")
	login(t, store, "second", "alice")
	revokeAll(t, store, "alice", 2)
	if got := listed(t, store); got != 0 {
		t.Errorf("got %d sessions, want 0", got)
	}
}

func TestRevokeAllStopsLoginsAndRenewalsInProgress(t *testing.T) {
	_, store := newMiniStore(t)
	login(t, store, "old", "alice")
	index(t, store, "alice", "created later", "new")
	revokeAll(t, store, "alice", 1)

	created, err := store.Create(t.Context(), "created later", []byte("data"), inAnHour())
	if created || err != nil {
		t.Errorf("Create: got created=%v, error %v, want created=false", created, err)
	}
	found, err := store.Renew(t.Context(), "old", "new", []byte("old"), nil, inAnHour())
	if found || err != nil {
		t.Errorf("Renew: got found=%v, error %v, want found=false", found, err)
	}
	if got := listed(t, store); got != 0 {
		t.Errorf("got %d sessions, want 0", got)
	}
}

func TestIndexExpiresWithItsLastEntry(t *testing.T) {
	mini, store := newMiniStore(t)
	const index = "scs:session:index:alice:i12"
	add := func(key string, after time.Duration) {
		t.Helper()
		expiry := time.Now().Add(after)
		if err := store.Index(t.Context(), []string{"alice"}, expiry, key); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(want time.Duration, entries int) {
		t.Helper()
		keys, _ := mini.ZMembers(index)
		if ttl := mini.TTL(index); ttl > want || ttl < want-time.Minute {
			t.Errorf("TTL of the index: got %v, want %v", ttl, want)
		}
		if len(keys) != entries {
			t.Errorf("got the entries %q, want %d", keys, entries)
		}
	}

	add("long", 10*time.Hour)
	expect(10*time.Hour, 1)
	add("short", time.Hour)
	expect(10*time.Hour, 2)
	add("long", time.Hour) // keeps the later expiry
	expect(10*time.Hour, 2)
	add("longer", 20*time.Hour)
	expect(20*time.Hour, 3)

	for _, key := range []string{"expired", "expired too"} {
		score := float64(time.Now().Add(-time.Second).UnixMilli())
		if _, err := mini.ZAdd(index, score, key); err != nil {
			t.Fatal(err)
		}
	}
	expect(20*time.Hour, 5)
	add("short", time.Hour)
	expect(20*time.Hour, 3)
	add("past", -time.Hour)
	expect(20*time.Hour, 3)
}

func TestRevokeAllCanBeRepeatedAfterAnError(t *testing.T) {
	_, client := newMini(t, &redis.Options{})
	loadScripts(t, client)
	store := redisstore.New(client)
	var keys []string
	const sessions = 400 // more than one round trip
	for i := range sessions {
		keys = append(keys, fmt.Sprint("session ", i))
		create(t, store, keys[i], "data")
	}
	index(t, store, "alice", keys...)

	loseGeneration(client, 2) // after the index and the first 250 sessions
	revoked, err := store.RevokeAll(t.Context(), "alice")
	if !errors.Is(err, errLost) || revoked != 250 {
		t.Fatalf("first call: got %d, error %v, want 250, error %v", revoked, err, errLost)
	}
	if _, err := store.RevokeAll(t.Context(), "alice"); err != nil {
		t.Fatalf("second call: error %v", err)
	}
	if got := listed(t, store); got != 0 {
		t.Errorf("got %d sessions, want 0", got)
	}
}

// Users log in while RevokeAll runs. Sessions that were indexed before are gone afterwards. Those
// that are indexed meanwhile stay in the index: the next call finds them.
func testRevokeAllRacesWithLogins(t *testing.T, client redis.UniversalClient, rounds int) {
	const logins = 10
	store, ctx := redisstore.New(client), t.Context()
	stopped := 0
	for round := range rounds {
		name := fmt.Sprint("user ", round)
		key := func(i int) string { return fmt.Sprint("login ", round, " ", i) }
		addToIndex := func(i int) {
			if err := store.Index(ctx, []string{name}, inAnHour(), key(i)); err != nil {
				t.Errorf("Index: error %v", err)
			}
		}

		var wg sync.WaitGroup
		start, created := make(chan struct{}), make([]bool, 2*logins)
		for i := range 2 * logins {
			before := i < logins
			if before {
				addToIndex(i)
			}
			wg.Go(func() {
				<-start
				if !before {
					addToIndex(i)
				}
				var err error
				created[i], err = store.Create(ctx, key(i), []byte("data"), inAnHour())
				if err != nil {
					t.Errorf("Create: error %v", err)
				}
			})
		}
		revokeName := func() {
			if _, err := store.RevokeAll(ctx, name); err != nil {
				t.Errorf("RevokeAll: error %v", err)
			}
		}
		if round%10 == 0 { // RevokeAll comes first, also on a slow machine
			revokeName()
		} else {
			wg.Go(func() {
				<-start
				revokeName()
			})
		}
		close(start)
		wg.Wait()

		for i := range created {
			if i < logins && read(t, store, key(i)) != nothing {
				t.Fatalf("round %d: session %d was indexed before, and is left", round, i)
			}
			if !created[i] {
				stopped++
			}
		}
		if _, err := store.RevokeAll(ctx, name); err != nil {
			t.Fatal(err)
		}
		for i := range created {
			if read(t, store, key(i)) != nothing {
				t.Fatalf("round %d: session %d is not in the index", round, i)
			}
		}
	}
	t.Logf("of %d logins %d were stopped", rounds*2*logins, stopped)
}

func TestRevokeAllRacesWithLogins(t *testing.T) {
	_, client := newMini(t, &redis.Options{})
	testRevokeAllRacesWithLogins(t, client, 50)
}
