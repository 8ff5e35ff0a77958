package redisstore_test

import (
	"errors"
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

// Between the two steps of Renew, the session is revoked or changed, and another call renews the
// successor. Renew reports found=false and leaves no session behind.
func TestFailedRenewRevokesWhatItsSuccessorBecame(t *testing.T) {
	tests := map[string]struct {
		change  func(t *testing.T, store *redisstore.Store)
		wantErr error
		wantOld string
	}{
		"revoked": {
			change:  func(t *testing.T, store *redisstore.Store) { revoke(t, store, "old", true) },
			wantOld: nothing,
		},
		"changed": {
			change: func(t *testing.T, store *redisstore.Store) {
				data := []byte("changed")
				_, err := store.Update(t.Context(), "old", []byte("one"), data, inAnHour())
				if err != nil {
					t.Error(err)
				}
			},
			wantErr: sessionstores.ErrConflict,
			wantOld: "changed",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			mini, client := newMini(t, &redis.Options{})
			loadScripts(t, client)
			other := redisstore.New(redis.NewClient(&redis.Options{Addr: mini.Addr()}))
			create(t, other, "old", "one")
			failCommands(client, false, func(n int) bool {
				if n == 1 { // before the second step
					tt.change(t, other)
					renew(t, other, "new", "newer", "two", "three")
				}
				return false
			})

			expectRenew(t, redisstore.New(client), false, tt.wantErr)
			expectData(t, other, "old", tt.wantOld)
			expectData(t, other, "new", nothing)
			expectData(t, other, "newer", nothing)
		})
	}
}

func TestRepeatedRenewKeepsTheExpiryOfTheSuccessor(t *testing.T) {
	_, store := newMiniStore(t)
	create(t, store, "old", "one")
	expectRenew(t, store, true, nil)
	later := inAnHour().Add(time.Hour)
	if found, err := store.Touch(t.Context(), "new", later); !found || err != nil {
		t.Fatalf("Touch: got found=%v, error %v, want found=true", found, err)
	}
	expectRenew(t, store, true, nil)
	if _, expiry, _, err := store.Get(t.Context(), "new"); !expiry.Equal(later) || err != nil {
		t.Errorf("Get: got the expiry %v, error %v, want %v", expiry, err, later)
	}
}
