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

// S1, S2: whatever a logout (End) overlaps with, no session is left that came from the one it ended.
func TestEndRacesWithRenewals(t *testing.T) {
	const rounds, hops = 5000, 3
	store := memstore.New()
	defer store.Close()
	expiry := time.Now().Add(time.Hour)
	data := []byte("signed in")
	ctx := t.Context()

	var stopped, survived int // rounds in which End came first, or last: the test is worth something if both occur
	for round := range rounds {
		key := func(hop int) string { return fmt.Sprint("session ", round, " ", hop) }
		if err := store.Commit(key(0), data, expiry); err != nil {
			t.Fatal(err)
		}

		var wg sync.WaitGroup
		start := make(chan struct{})
		wg.Go(func() { // a login renews the token, and so do the requests after it
			<-start
			for hop := range hops {
				if found, _ := store.Remove(ctx, key(hop)); !found {
					stopped++
					return
				}
				if found, _ := store.Renew(ctx, key(hop), key(hop+1), data, expiry); !found {
					stopped++
					return
				}
			}
			survived++
		})
		wg.Go(func() { // an older request in flight saves what it has
			<-start
			for hop := range hops {
				_, _ = store.Update(ctx, key(hop), data, expiry)
				_, _ = store.Touch(ctx, key(hop), expiry)
			}
		})
		wg.Go(func() {
			<-start
			_ = store.End(ctx, key(0))
		})
		close(start)
		wg.Wait()

		for hop := range hops + 1 {
			if _, found, _ := store.Find(key(hop)); found {
				t.Fatalf("round %d: session %d of the chain is still there", round, hop)
			}
		}
	}
	t.Logf("of %d renewing requests %d were stopped by the logout", rounds, stopped)
	if stopped+survived != rounds || stopped == 0 {
		t.Errorf("%d rounds: %d stopped, %d not", rounds, stopped, survived)
	}
}

// What is remembered of a renewal or a logout lasts for EndWindow.
func TestTracesLastForEndWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		defer store.Close()
		ctx := t.Context()
		expiry := time.Now().Add(24 * time.Hour)
		renew := func(from, to string) bool {
			t.Helper()
			found, err := store.Renew(ctx, from, to, nil, expiry)
			if err != nil {
				t.Fatal(err)
			}
			return found
		}
		live := func(key string) bool {
			_, found, _ := store.Find(key)
			return found
		}

		_ = store.End(ctx, "ended")
		_ = store.End(ctx, "forgotten")
		renew("a", "b")
		renew("x", "y")
		time.Sleep(sessionstores.EndWindow - time.Millisecond)
		if renew("ended", "c") {
			t.Error("renewed within EndWindow of the logout")
		}
		if _ = store.End(ctx, "a"); live("b") {
			t.Error("the logout did not reach a session renewed within EndWindow")
		}
		if !live("y") {
			t.Error("the logout reached a stranger's session")
		}

		time.Sleep(2 * time.Millisecond)
		if !renew("forgotten", "d") {
			t.Error("a logout is remembered for longer than EndWindow")
		}
	})
}

// A session that is renewed twice has two successors, and a ring of renewals has an end.
func TestEndReachesEverySuccessor(t *testing.T) {
	store := memstore.New()
	defer store.Close()
	ctx := t.Context()
	for _, hop := range []struct{ from, to string }{{"a", "b"}, {"a", "c"}, {"c", "d"}, {"d", "a"}} {
		if found, err := store.Renew(ctx, hop.from, hop.to, nil, time.Now().Add(time.Hour)); !found || err != nil {
			t.Fatalf("%v: found %v, error %v", hop, found, err)
		}
	}
	if err := store.End(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	if all, _ := store.All(); len(all) > 0 {
		t.Errorf("left: %v", all)
	}
}
