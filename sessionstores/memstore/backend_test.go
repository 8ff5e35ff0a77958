package memstore_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/memstore"
)

var data = []byte("data")

// Whatever a Revoke overlaps with, no session is left that came from the one that it revoked.
func TestRevokeDuringRenewals(t *testing.T) {
	const rounds, renewals = 5000, 3
	store := memstore.New()
	defer store.Close()
	expiry := time.Now().Add(time.Hour)
	ctx := t.Context()

	refused := 0
	for round := range rounds {
		key := func(i int) string { return fmt.Sprint("session ", round, " ", i) }
		if err := store.Commit(key(0), data, expiry); err != nil {
			t.Fatal(err)
		}

		var wg sync.WaitGroup
		start := make(chan struct{})
		wg.Go(func() {
			<-start
			for i := range renewals {
				found, _ := store.Renew(ctx, key(i), key(i+1), data, data, expiry)
				if !found {
					refused++
					return
				}
			}
		})
		wg.Go(func() { // an older request saves its session
			<-start
			for i := range renewals {
				_, _ = store.Update(ctx, key(i), data, data, expiry)
				_, _ = store.Touch(ctx, key(i), expiry)
			}
		})
		wg.Go(func() {
			<-start
			if found, _ := store.Revoke(ctx, key(0)); !found {
				t.Errorf("round %d: Revoke returned found=false, want true", round)
			}
		})
		close(start)
		wg.Wait()

		for i := range renewals + 1 {
			if _, found, _ := store.Find(key(i)); found {
				t.Fatalf("round %d: after Revoke, session %d is found", round, i)
			}
		}
	}
	t.Logf("%d of %d chains of renewals were stopped by Revoke", refused, rounds)
}

// Renew locks two shards. Calls in opposite directions between the same shards must not block.
func TestRenewInOppositeDirections(t *testing.T) {
	store := memstore.New()
	defer store.Close()
	expiry := time.Now().Add(time.Hour)
	ctx := t.Context()

	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for round := range 20_000 {
				from, to := fmt.Sprint(round%7, i), fmt.Sprint((round+1)%7, i)
				_ = store.Commit(from, data, expiry)
				_ = store.Commit(to, data, expiry)
				found, err := store.Renew(ctx, from, to, data, data, expiry)
				if !found || err != nil {
					t.Errorf("Renew = %v, %v; want true, nil", found, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestTombstonesLastForTombstoneTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		defer store.Close()
		ctx := t.Context()
		short, long := time.Now().Add(time.Minute), time.Now().Add(24*time.Hour)
		end := time.Now().Add(sessionstores.TombstoneTTL).Truncate(time.Millisecond)

		for _, key := range []string{"revoked", "old", "chain"} {
			_ = store.Commit(key, data, short)
		}
		_, _ = store.Revoke(ctx, "revoked")
		_, _ = store.Renew(ctx, "old", "new", data, data, long)
		_, _ = store.Renew(ctx, "chain", "next", data, data, long)
		for _, key := range []string{"revoked", "old"} {
			if _, got, found, _ := store.Get(ctx, key); found || !got.Equal(end) {
				t.Errorf("Get(%q) = found=%v until %v; want a tombstone until %v",
					key, found, got, end)
			}
		}

		time.Sleep(sessionstores.TombstoneTTL - time.Millisecond)
		for _, key := range []string{"revoked", "old"} {
			if created, _ := store.Create(ctx, key, data, long); created {
				t.Errorf("Create(%q) succeeded before the end of the tombstone", key)
			}
		}
		if found, _ := store.Revoke(ctx, "old"); !found {
			t.Error("Revoke did not follow the successor before the end of the tombstone")
		}

		time.Sleep(2 * time.Millisecond)
		if created, _ := store.Create(ctx, "revoked", data, long); !created {
			t.Error("Create failed after the end of the tombstone")
		}
		if found, _ := store.Revoke(ctx, "chain"); found {
			t.Error("Revoke followed the successor after the end of the tombstone")
		}
		if created, _ := store.Create(ctx, "new", data, long); created {
			t.Error("Create succeeded: the tombstone of the successor did not start at Revoke")
		}
	})
}

// An expired session stays absent if the clock of the host is set back. Time cannot be set back in
// a test, so this one checks the cause: the call that finds the expiry removes the session.
func TestExpiredSessionIsRemovedWhenFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		defer store.Close()
		_ = store.Commit("key", data, time.Now().Add(time.Second))
		_ = store.Close()
		time.Sleep(time.Hour)

		if _, found, _ := store.Find("key"); found {
			t.Error("Find returned an expired session")
		}
		if entries := memstore.EntryCount(store); entries != 0 {
			t.Errorf("%d entries are held, want 0", entries)
		}
	})
}
