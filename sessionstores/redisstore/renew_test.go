package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/redisstore"
)

// expectRenew renews "old" to "new" from the data "one" to "two", and checks the result.
func expectRenew(t *testing.T, store *redisstore.Store, wantFound bool, wantErr error) {
	t.Helper()
	ctx, one, two := t.Context(), []byte("one"), []byte("two")
	found, err := store.Renew(ctx, "old", "new", one, two, inAnHour())
	if found != wantFound || !errors.Is(err, wantErr) {
		t.Errorf("Renew: got found=%v, error %v, want found=%v, error %v",
			found, err, wantFound, wantErr)
	}
}

func TestRenewCanBeRepeated(t *testing.T) {
	_, store := newMiniStore(t)
	create(t, store, "old", "one")
	for range 3 {
		expectRenew(t, store, true, nil)
	}
	expectData(t, store, "old", nothing)
	expectData(t, store, "new", "two")

	// A late repetition keeps what the successor has become.
	_, err := store.Update(t.Context(), "new", []byte("two"), []byte("three"), inAnHour())
	if err != nil {
		t.Fatal(err)
	}
	expectRenew(t, store, true, nil)
	expectData(t, store, "new", "three")

	revoke(t, store, "old", true)
	expectRenew(t, store, false, nil)
	expectData(t, store, "new", nothing)
}

func TestRenewThatFindsNoSessionChangesNothing(t *testing.T) {
	tests := map[string]struct {
		prepare func(t *testing.T, store *redisstore.Store)
		wantErr error
		wantOld string
		wantNew string
	}{
		"no session": {
			prepare: func(*testing.T, *redisstore.Store) {},
			wantOld: nothing, wantNew: nothing,
		},
		"no session, but one under the new key": {
			prepare: func(t *testing.T, store *redisstore.Store) {
				create(t, store, "new", "another")
			},
			wantOld: nothing, wantNew: "another",
		},
		"revoked": {
			prepare: func(t *testing.T, store *redisstore.Store) {
				create(t, store, "old", "one")
				revoke(t, store, "old", true)
			},
			wantOld: nothing, wantNew: nothing,
		},
		"renewed to another key": {
			prepare: func(t *testing.T, store *redisstore.Store) {
				create(t, store, "old", "one")
				renew(t, store, "old", "third", "one", "two")
			},
			wantOld: nothing, wantNew: nothing,
		},
		"revoked new key": {
			prepare: func(t *testing.T, store *redisstore.Store) {
				create(t, store, "old", "one")
				revoke(t, store, "new", false)
			},
			wantOld: "one", wantNew: nothing,
		},
		"changed data": {
			prepare: func(t *testing.T, store *redisstore.Store) {
				create(t, store, "old", "changed")
			},
			wantErr: sessionstores.ErrConflict,
			wantOld: "changed", wantNew: nothing,
		},
		"changed data, and a session under the new key": {
			prepare: func(t *testing.T, store *redisstore.Store) {
				create(t, store, "old", "changed")
				create(t, store, "new", "another")
			},
			wantErr: sessionstores.ErrConflict,
			wantOld: "changed", wantNew: "another",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, store := newMiniStore(t)
			tt.prepare(t, store)
			expectRenew(t, store, false, tt.wantErr)
			expectData(t, store, "old", tt.wantOld)
			expectData(t, store, "new", tt.wantNew)
		})
	}
}

// A failed call may leave a successor that its caller did not learn about.
func TestRenewReplacesWhatAFailedCallHasLeft(t *testing.T) {
	_, store := newMiniStore(t)
	create(t, store, "old", "one")
	create(t, store, "new", "left by a failed call")
	expectRenew(t, store, true, nil)
	expectData(t, store, "old", nothing)
	expectData(t, store, "new", "two")
}

func TestRenewToTheSameKeyIsAnError(t *testing.T) {
	_, store := newMiniStore(t)
	create(t, store, "key", "one")
	one, two := []byte("one"), []byte("two")
	found, err := store.Renew(t.Context(), "key", "key", one, two, inAnHour())
	if found || err == nil {
		t.Errorf("Renew: got found=%v, error %v, want an error", found, err)
	}
	expectData(t, store, "key", "one")
}

var errLost = errors.New("the connection broke before the answer came")

// failCommands makes the client's commands fail as fails says, which gets the number of the
// command from 0. With executed, the server executes them before.
func failCommands(client *redis.Client, executed bool, fails func(n int) bool) {
	var mu sync.Mutex
	n := -1
	client.AddHook(hook{process: func(next redis.ProcessHook) redis.ProcessHook {
		return func(ctx context.Context, cmd redis.Cmder) error {
			if cmd.Name() != "evalsha" {
				return next(ctx, cmd)
			}
			mu.Lock()
			n++
			fail := fails(n)
			mu.Unlock()
			if !fail {
				return next(ctx, cmd)
			}
			if executed {
				_ = next(ctx, cmd)
			}
			cmd.SetErr(errLost)
			return errLost
		}
	}})
}

// Each step of Renew fails, before or after the server has executed it. At least one session
// stays, found says which one, and a repeated call succeeds.
func TestFailedRenewKeepsASession(t *testing.T) {
	for step, wantFound := range []bool{false, true} {
		for _, executed := range []bool{false, true} {
			name := fmt.Sprintf("step %d, executed %v", step+1, executed)
			t.Run(name, func(t *testing.T) {
				_, client := newMini(t, &redis.Options{})
				loadScripts(t, client)
				store := redisstore.New(client)
				create(t, store, "old", "one")

				failCommands(client, executed, func(n int) bool { return n == step })
				expectRenew(t, store, wantFound, errLost)
				if wantFound {
					expectData(t, store, "new", "two")
				} else {
					expectData(t, store, "old", "one")
				}

				expectRenew(t, store, true, nil)
				expectData(t, store, "old", nothing)
				expectData(t, store, "new", "two")
			})
		}
	}
}

// The first step of a repeated call fails. The successor of the first call stays.
func TestFailedRepetitionOfRenewKeepsTheSuccessor(t *testing.T) {
	_, client := newMini(t, &redis.Options{})
	loadScripts(t, client)
	store := redisstore.New(client)
	create(t, store, "old", "one")
	expectRenew(t, store, true, nil)
	failCommands(client, true, func(n int) bool { return n == 0 })
	expectRenew(t, store, false, errLost)
	expectData(t, store, "new", "two")
}

// The connection breaks before an answer arrives. go-redis repeats the command.
func TestLostAnswersDoNotChangeTheResult(t *testing.T) {
	node := startRedis(t)
	loadScripts(t, node.admin(t))
	proxy := startProxy(t, node.addr)
	store := redisstore.New(proxy.client(t, &redis.Options{ContextTimeoutEnabled: true}))
	ctx := t.Context()

	proxy.lose("replace")
	create(t, store, "old", "one")
	proxy.expectLost(t)

	proxy.lose("keep")
	expectRenew(t, store, true, nil)
	proxy.expectLost(t)
	expectData(t, store, "new", "two")

	create(t, store, "old2", "one")
	proxy.lose("retire")
	renew(t, store, "old2", "new2", "one", "two")
	proxy.expectLost(t)
	expectData(t, store, "new2", "two")

	proxy.lose("new2")
	found, err := store.Update(ctx, "new2", []byte("two"), []byte("three"), inAnHour())
	if !found || err != nil {
		t.Errorf("Update: got found=%v, error %v, want found=true", found, err)
	}
	proxy.expectLost(t)

	proxy.lose("new2")
	revoke(t, store, "new2", true)
	proxy.expectLost(t)
	revoke(t, store, "new2", false)

	index(t, store, "alice", "new")
	proxy.lose("session:new:")
	revokeAll(t, store, "alice", 1)
	proxy.expectLost(t)
}

// Requests renew, update and touch a session while it is revoked. Afterwards no session is left.
func testRevokeRacesWithRenewals(t *testing.T, client redis.UniversalClient, rounds int) {
	const hops = 3
	store, data, ctx := redisstore.New(client), []byte("signed in"), t.Context()
	stopped := 0
	for round := range rounds {
		key := func(hop int) string { return fmt.Sprint("race ", round, " ", hop) }
		create(t, store, key(0), "signed in")
		var requests sync.WaitGroup
		start := make(chan struct{})
		requests.Go(func() {
			<-start
			for hop := range hops {
				found, err := store.Renew(ctx, key(hop), key(hop+1), data, data, inAnHour())
				if err != nil {
					t.Errorf("Renew: error %v", err)
				}
				if !found {
					stopped++
					return
				}
			}
		})
		requests.Go(func() {
			<-start
			for hop := range hops {
				_, updateErr := store.Update(ctx, key(hop), data, data, inAnHour())
				_, touchErr := store.Touch(ctx, key(hop), inAnHour())
				if err := errors.Join(updateErr, touchErr); err != nil {
					t.Errorf("Update and Touch: error %v", err)
				}
			}
		})
		requests.Go(func() {
			<-start
			if _, err := store.Revoke(ctx, key(0)); err != nil {
				t.Errorf("Revoke: error %v", err)
			}
		})
		close(start)
		requests.Wait()
		for hop := range hops + 1 {
			if got := read(t, store, key(hop)); got != nothing {
				t.Fatalf("round %d: session %d of the chain is left", round, hop)
			}
		}
	}
	t.Logf("of %d renewals %d were stopped by Revoke", rounds, stopped)
	if stopped == 0 {
		t.Error("Revoke was always last; the test shows nothing")
	}
}

func TestRevokeRacesWithRenewals(t *testing.T) {
	_, client := newMini(t, &redis.Options{})
	testRevokeRacesWithRenewals(t, client, 300)
}

// Of two requests that renew one session, one succeeds. The other leaves no session.
func TestConcurrentRenewalsLeaveOneSession(t *testing.T) {
	client := startRedis(t).admin(t)
	store, ctx := redisstore.New(client), t.Context()
	for round := range 100 {
		old := fmt.Sprint("old ", round)
		create(t, store, old, "one")
		var wg sync.WaitGroup
		found := make([]bool, 2)
		for i := range found {
			wg.Go(func() {
				next := fmt.Sprint("new ", round, " ", i)
				var err error
				found[i], err = store.Renew(ctx, old, next, []byte("one"), []byte("two"), inAnHour())
				if err != nil {
					t.Errorf("Renew: error %v", err)
				}
			})
		}
		wg.Wait()
		if found[0] == found[1] {
			t.Fatalf("round %d: got found=%v, want one true", round, found)
		}
		if got := listed(t, store); got != round+1 {
			t.Fatalf("round %d: got %d sessions, want %d", round, got, round+1)
		}
	}
}

func TestTombstonesLastForTombstoneTTL(t *testing.T) {
	mini, store := newMiniStore(t)
	ctx, almost := t.Context(), sessionstores.TombstoneTTL-time.Second
	create(t, store, "old", "one")
	renew(t, store, "old", "new", "one", "two")
	revoke(t, store, "unused", false)

	_, expiry, found, err := store.Get(ctx, "unused")
	left := time.Until(expiry)
	if found || err != nil || left < almost || left > sessionstores.TombstoneTTL+time.Second {
		t.Errorf("Get: got found=%v, error %v, a tombstone for %v, want one for %v",
			found, err, left, sessionstores.TombstoneTTL)
	}

	mini.FastForward(almost)
	created, err := store.Create(ctx, "unused", []byte("data"), inAnHour())
	if created || err != nil {
		t.Errorf("Create: got created=%v, error %v, want created=false", created, err)
	}
	revoke(t, store, "old", true)
	expectData(t, store, "new", nothing)

	mini.FastForward(2 * time.Second)
	create(t, store, "unused", "data")
}
