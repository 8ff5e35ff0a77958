package memstore_test

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chiauth0/auth/sessionstores/memstore"
)

// B3: whatever EndAll overlaps with, no session is left of a login that was filed before it began.
func TestEndAllRacesWithLogins(t *testing.T) {
	const rounds, logins = 2000, 8
	store := memstore.New()
	defer store.Close()
	expiry := time.Now().Add(time.Hour)
	data := []byte("signed in")
	ctx := t.Context()

	var barred, ended, survived atomic.Int32 // the test is worth something if all three occur
	for round := range rounds {
		user := []string{fmt.Sprint("user ", round)}
		var begun atomic.Bool // EndAll may have
		var wg sync.WaitGroup
		filed := make(chan struct{}, logins)
		keys, early := make([][2]string, logins), make([]bool, logins)
		for i := range logins {
			wg.Go(func() {
				key, renewed := fmt.Sprint("login ", round, " ", i), fmt.Sprint("renewed ", round, " ", i)
				keys[i] = [2]string{key, renewed}
				_ = store.File(ctx, user, expiry, key)
				early[i] = !begun.Load()
				filed <- struct{}{}
				if i%2 == 0 {
					runtime.Gosched() // let EndAll come between
				}
				if created, _ := store.Create(ctx, key, data, expiry); !created {
					barred.Add(1)
					return
				}
				if found, _ := store.Remove(ctx, key); found { // a request renews the token
					_ = store.File(ctx, user, expiry, renewed)
					_, _ = store.Renew(ctx, key, renewed, data, expiry)
				}
			})
		}
		wg.Go(func() {
			for range round % logins {
				<-filed
			}
			begun.Store(true)
			_ = store.EndAll(ctx, user[0])
		})
		wg.Wait()

		for i := range logins {
			alive := 0
			for _, key := range keys[i] {
				if _, found, _ := store.Find(key); found {
					alive++
				}
			}
			switch {
			case early[i] && alive > 0:
				t.Fatalf("round %d: login %d was filed before EndAll began, and is still there", round, i)
			case early[i]:
				ended.Add(1)
			case alive > 0:
				survived.Add(1)
			}
		}
	}
	t.Logf("of %d logins %d were ended, %d of all barred, %d came later", rounds*logins, ended.Load(), barred.Load(), survived.Load())
	if barred.Load() == 0 || ended.Load() == 0 || survived.Load() == 0 {
		t.Error("not everything that can happen did")
	}
}

// Two calls at the same time both return when the sessions are gone, not one of them before.
func TestEndAllReturnsWhenAllIsEnded(t *testing.T) {
	store := memstore.New()
	defer store.Close()
	ctx, expiry := t.Context(), time.Now().Add(time.Hour)
	for round := range 1000 {
		const hops = 50 // renewals that nobody filed: EndAll has a way to go
		key := func(hop int) string { return fmt.Sprint("session ", round, " ", hop) }
		_ = store.File(ctx, []string{"name"}, expiry, key(0))
		for hop := range hops {
			_, _ = store.Renew(ctx, key(hop), key(hop+1), nil, expiry)
		}
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				_ = store.EndAll(ctx, "name")
				if _, found, _ := store.Find(key(hops)); found {
					t.Errorf("round %d: EndAll has returned, and the session is still there", round)
				}
			})
		}
		wg.Wait()
	}
}
