package redisstore_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores/redisstore"
)

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
				next, one, two := fmt.Sprint("new ", round, " ", i), []byte("one"), []byte("two")
				var err error
				found[i], err = store.Renew(ctx, old, next, one, two, inAnHour())
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
