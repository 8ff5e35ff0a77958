package redisstore_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/redisstore"
)

// login is what a login does: it files the session under the names, then creates it.
func login(t *testing.T, store *redisstore.Store, key string, expiry time.Time, names ...string) {
	t.Helper()
	err := store.File(t.Context(), names, expiry, key)
	created, createErr := store.Create(t.Context(), key, []byte(key), expiry)
	if err := errors.Join(err, createErr); !created || err != nil {
		t.Fatalf("login of %s: created %v, error %v", key, created, err)
	}
}

func TestEndAllEndsTheSessionsOfAName(t *testing.T) {
	mini, client := newMini(t, &redis.Options{})
	store, ctx := redisstore.New(client), t.Context()
	login(t, store, "phone", inAnHour(), "alice", "sid1")
	login(t, store, "laptop", inAnHour(), "alice", "sid2")
	login(t, store, "other", inAnHour(), "bob", "sid3")
	mustRenew(t, store, "laptop", "laptop2") // and not filed again: it is found as a successor

	if err := store.EndAll(ctx, "sid1"); err != nil || find(t, store, "phone") != "(nothing)" || find(t, store, "laptop2") != "laptop2" {
		t.Errorf("by a name of one session: error %v", err)
	}
	for range 2 { // ending nobody is no error
		if err := store.EndAll(ctx, "alice"); err != nil || find(t, store, "laptop2") != "(nothing)" {
			t.Errorf("by a name of several: error %v", err)
		}
	}
	if mini.Exists("scs:session:index:alice") || !mini.Exists("scs:session:index:bob") {
		t.Errorf("the name is not forgotten, or another is: %q", mini.Keys())
	}
	if find(t, store, "other") != "other" {
		t.Error("another user's session was ended")
	}
	login(t, store, "phone2", inAnHour(), "alice")
	if find(t, store, "phone2") != "phone2" {
		t.Error("alice cannot log in again")
	}
	if all, err := store.All(); len(all) != 2 || err != nil {
		t.Errorf("listed: %q, error %v; want the two sessions, and no name", all, err)
	}
}

// Whoever ends all sessions of a name ends those that are just beginning, and those that are just getting a new token.
func TestEndAllReachesWhatIsBeginning(t *testing.T) {
	_, client := newMini(t, &redis.Options{})
	store, ctx := redisstore.New(client), t.Context()
	login(t, store, "old", inAnHour(), "alice")
	if found, err := store.Remove(ctx, "old"); !found || err != nil {
		t.Fatal(found, err)
	}
	if err := store.File(ctx, []string{"alice"}, inAnHour(), "beginning", "new"); err != nil {
		t.Fatal(err)
	}
	if err := store.EndAll(ctx, "alice"); err != nil {
		t.Fatal(err)
	}
	if created, err := store.Create(ctx, "beginning", []byte("data"), inAnHour()); created || err != nil {
		t.Errorf("Create: created %v, error %v", created, err)
	}
	if found, err := store.Renew(ctx, "old", "new", []byte("data"), inAnHour()); found || err != nil {
		t.Errorf("Renew: found %v, error %v", found, err)
	}
	if all, err := store.All(); len(all) > 0 || err != nil {
		t.Errorf("left: %q, error %v", all, err)
	}
}

// The index of a name lives as long as the longest of its sessions, and holds none that have expired.
func TestIndexLivesAsLongAsItsSessions(t *testing.T) {
	mini, client := newMini(t, &redis.Options{})
	store, ctx := redisstore.New(client), t.Context()
	const index = "scs:session:index:alice"
	file := func(key string, after time.Duration) {
		t.Helper()
		if err := store.File(ctx, []string{"alice"}, time.Now().Add(after), key); err != nil {
			t.Fatal(err)
		}
	}
	lives := func(want time.Duration, members int) {
		t.Helper()
		keys, _ := mini.ZMembers(index)
		if ttl := mini.TTL(index); ttl > want || ttl < want-time.Minute || len(keys) != members {
			t.Errorf("the index lives for %v and has %q; want %v and %d", ttl, keys, want, members)
		}
	}
	file("long", 10*time.Hour)
	lives(10*time.Hour, 1)
	file("short", time.Hour)
	lives(10*time.Hour, 2)
	file("long", time.Hour) // filed again, for less: a key is never filed for less than it was
	lives(10*time.Hour, 2)
	file("longer", 20*time.Hour)
	lives(20*time.Hour, 3)

	for _, key := range []string{"expired", "expired too"} {
		if _, err := mini.ZAdd(index, float64(time.Now().Add(-time.Second).UnixMilli()), key); err != nil {
			t.Fatal(err)
		}
	}
	lives(20*time.Hour, 5)
	file("short", time.Hour)
	lives(20*time.Hour, 3)
	file("past", -time.Hour)
	lives(20*time.Hour, 3)
}

// EndAll that fails half-way can be called again.
func TestEndAllCanBeRepeated(t *testing.T) {
	_, client := newMini(t, &redis.Options{})
	store, ctx := redisstore.New(client), t.Context()
	var keys []string
	for i := range 1500 { // more than EndAll ends at once
		keys = append(keys, fmt.Sprint("session ", i))
		if err := store.Commit(keys[i], []byte("data"), inAnHour()); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.File(ctx, []string{"alice"}, inAnHour(), keys...); err != nil {
		t.Fatal(err)
	}
	loseAnswers(client, 1)
	if err := store.EndAll(ctx, "alice"); !errors.Is(err, errLost) {
		t.Fatalf("error %v, want %v", err, errLost)
	}
	if err := store.EndAll(ctx, "alice"); err != nil {
		t.Fatal(err)
	}
	if all, err := store.All(); len(all) > 0 || err != nil {
		t.Errorf("%d sessions are left, error %v", len(all), err)
	}
}

// Sessions that are filed while EndAll runs stay filed: the next call finds them. Those filed before are gone after it.
func testEndAllRacesWithLogins(t *testing.T, client redis.UniversalClient, rounds int) {
	const logins = 10
	store, ctx := redisstore.New(client), t.Context()
	var barred int
	for round := range rounds {
		name := fmt.Sprint("user ", round)
		key := func(i int) string { return fmt.Sprint("session ", round, " ", i) }
		var wg sync.WaitGroup
		start, alive := make(chan struct{}), make([]bool, 2*logins)
		for i := range 2 * logins {
			file := func() {
				if err := store.File(ctx, []string{name}, inAnHour(), key(i)); err != nil {
					t.Error(err)
				}
			}
			filedBefore := i < logins
			if filedBefore {
				file()
			}
			wg.Go(func() {
				<-start
				if !filedBefore {
					file()
				}
				var err error
				if alive[i], err = store.Create(ctx, key(i), []byte("data"), inAnHour()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Go(func() {
			<-start
			if err := store.EndAll(ctx, name); err != nil {
				t.Error(err)
			}
		})
		close(start)
		wg.Wait()
		for i, alive := range alive {
			if got := find(t, store, key(i)); got != "(nothing)" && i < logins {
				t.Fatalf("round %d: session %d was filed before, and lives", round, i)
			}
			if !alive {
				barred++
			}
		}
		if err := store.EndAll(ctx, name); err != nil {
			t.Fatal(err)
		}
		for i := range alive {
			if got := find(t, store, key(i)); got != "(nothing)" {
				t.Fatalf("round %d: session %d was forgotten by EndAll", round, i)
			}
		}
	}
	t.Logf("of %d logins %d were stopped", rounds*2*logins, barred)
	if barred == 0 {
		t.Error("EndAll was always last")
	}
}

func TestEndAllRacesWithLogins(t *testing.T) {
	_, client := newMini(t, &redis.Options{})
	testEndAllRacesWithLogins(t, client, 50)
}

// Names through the middleware: logged out everywhere, on every process, and not by another's name.
func TestEndAllThroughTheMiddleware(t *testing.T) {
	_, client := newMini(t, &redis.Options{})
	nodeA, nodeB := newApp(redisstore.New(client)).wrap(), newApp(redisstore.New(client)).wrap()
	one, two := nodeA.signIn(t), nodeB.signIn(t)
	_, one = nodeA.get("/renew", one)
	if nodeB.user(t, one) != "alice" || nodeA.user(t, two) != "alice" {
		t.Fatal("not signed in")
	}
	if err := sessionstores.EndAll(t.Context(), nodeB.manager, "bob"); err != nil || nodeA.user(t, one) != "alice" {
		t.Errorf("error %v, or signed out by another's name", err)
	}
	if err := sessionstores.EndAll(t.Context(), nodeB.manager, "alice"); err != nil {
		t.Fatal(err)
	}
	if user := nodeA.user(t, one) + nodeB.user(t, two); user != "" {
		t.Errorf("still signed in: %s", user)
	}
}
