package memstore_test

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chiauth0/auth/sessionstores/memstore"
)

// Whatever RevokeAll overlaps with, no session is left of a login that was added to the index
// before RevokeAll began.
func TestRevokeAllDuringLogins(t *testing.T) {
	const rounds, logins = 2000, 8
	store := memstore.New()
	defer store.Close()
	expiry := time.Now().Add(time.Hour)
	ctx := t.Context()

	var refused, revoked, later atomic.Int32
	for round := range rounds {
		user := []string{fmt.Sprint("user ", round)}
		var begun atomic.Bool // RevokeAll may have begun
		var wg sync.WaitGroup
		indexed := make(chan struct{}, logins)
		keys := make([][2]string, logins)
		early := make([]bool, logins)
		for i := range logins {
			wg.Go(func() {
				key := fmt.Sprint("login ", round, " ", i)
				successor := fmt.Sprint("renewed ", round, " ", i)
				keys[i] = [2]string{key, successor}
				_ = store.Index(ctx, user, expiry, key)
				early[i] = !begun.Load()
				indexed <- struct{}{}
				if i%2 == 0 {
					runtime.Gosched() // lets RevokeAll run in between
				}
				if created, _ := store.Create(ctx, key, data, expiry); !created {
					refused.Add(1)
					return
				}
				_ = store.Index(ctx, user, expiry, successor)
				_, _ = store.Renew(ctx, key, successor, data, data, expiry)
			})
		}
		wg.Go(func() {
			for range round % logins {
				<-indexed
			}
			begun.Store(true)
			_, _ = store.RevokeAll(ctx, user[0])
		})
		wg.Wait()

		for i := range logins {
			live := 0
			for _, key := range keys[i] {
				if _, found, _ := store.Find(key); found {
					live++
				}
			}
			if early[i] && live > 0 {
				t.Fatalf("round %d: login %d was in the index before RevokeAll, and is left",
					round, i)
			}
			if early[i] {
				revoked.Add(1)
			} else if live > 0 {
				later.Add(1)
			}
		}
	}

	t.Logf("of %d logins %d were revoked, %d were refused, %d came later",
		rounds*logins, revoked.Load(), refused.Load(), later.Load())
	if refused.Load() == 0 || revoked.Load() == 0 || later.Load() == 0 {
		t.Error("one of the three outcomes did not occur, so that the test shows little")
	}
}

// Of two calls at the same time, none returns before all sessions are removed, and each session is
// counted once.
func TestRevokeAllTwiceAtOnce(t *testing.T) {
	store := memstore.New()
	defer store.Close()
	ctx, expiry := t.Context(), time.Now().Add(time.Hour)
	for round := range 1000 {
		const renewals = 50 // successors that are not in the index, so that Revoke takes some time
		key := func(i int) string { return fmt.Sprint("session ", round, " ", i) }
		_ = store.Index(ctx, []string{"name"}, expiry, key(0))
		_ = store.Commit(key(0), data, expiry)
		for i := range renewals {
			_, _ = store.Renew(ctx, key(i), key(i+1), data, data, expiry)
		}

		var wg sync.WaitGroup
		var total atomic.Int32
		for range 2 {
			wg.Go(func() {
				count, _ := store.RevokeAll(ctx, "name")
				total.Add(int32(count))
				if _, found, _ := store.Find(key(renewals)); found {
					t.Errorf("round %d: a session is left after RevokeAll", round)
				}
			})
		}
		wg.Wait()
		if got := total.Load(); got != 1 {
			t.Errorf("round %d: the two calls counted %d sessions, want 1", round, got)
		}
	}
}

// An entry that has expired is not in the index, even before it is swept.
func TestRevokeAllIgnoresExpiredEntries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		_ = store.Close() // no sweeps
		ctx := t.Context()
		_ = store.Index(ctx, []string{"name"}, time.Now().Add(time.Minute), "key")
		_ = store.Commit("key", data, time.Now().Add(time.Hour))

		time.Sleep(2 * time.Minute)
		if count, _ := store.RevokeAll(ctx, "name"); count != 0 {
			t.Errorf("RevokeAll = %d, want 0", count)
		}
	})
}

// RevokeAll returns the memory of the entries that it removes.
func TestRevokeAllEmptiesIndex(t *testing.T) {
	store := memstore.New()
	defer store.Close()
	ctx := t.Context()
	for i := range 1000 {
		_ = store.Index(ctx, []string{"name"}, time.Now().Add(time.Hour), fmt.Sprint("key ", i))
	}

	_, _ = store.RevokeAll(ctx, "name")
	if got := memstore.EntryCount(store); got != 1000 {
		t.Errorf("%d entries are held, want the 1000 tombstones and no index entry", got)
	}
}
