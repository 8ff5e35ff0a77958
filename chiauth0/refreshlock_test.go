package chiauth0

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestKeyedLockAdmitsOneRequestOfAKeyAtATime(t *testing.T) {
	t.Parallel()

	var l keyedLock
	var inside, most atomic.Int32
	var running sync.WaitGroup
	for range 50 {
		running.Go(func() {
			unlock, err := l.lock(t.Context(), "session")
			if err != nil {
				t.Error(err)
				return
			}
			if n := inside.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(time.Millisecond)
			inside.Add(-1)
			unlock()
		})
	}
	running.Wait()

	if most.Load() != 1 {
		t.Errorf("got %d requests at the same time, want one", most.Load())
	}
	if len(l.held) != 0 {
		t.Errorf("got %d keys afterwards, want none", len(l.held))
	}
}

func TestKeyedLockDoesNotMakeOtherKeysWait(t *testing.T) {
	t.Parallel()

	var l keyedLock
	for _, key := range []string{"one session", "another session"} {
		if _, err := l.lock(t.Context(), key); err != nil {
			t.Fatalf("%s: got %v, want the lock", key, err)
		}
	}
}

func TestKeyedLockStopsWaitingWithItsContext(t *testing.T) {
	t.Parallel()

	var l keyedLock
	unlock, err := l.lock(t.Context(), "session")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.lock(ctx, "session"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}

	unlock()
	if _, err := l.lock(t.Context(), "session"); err != nil {
		t.Errorf("after the unlock: got %v, want the lock", err)
	}
}

func TestRotatedTokensAreFoundByAnyTokenThatTheyFollow(t *testing.T) {
	t.Parallel()

	var r rotatedTokens
	r.add("first", tokenSet{refreshToken: "second"})
	r.add("second", tokenSet{refreshToken: "third"})
	for _, spent := range []string{"first", "second"} {
		if got, ok := r.find(spent); !ok || got.refreshToken != "third" {
			t.Errorf("%s: got %q, %t, want the third", spent, got.refreshToken, ok)
		}
	}
	for _, other := range []string{"third", "unknown", ""} {
		if got, ok := r.find(other); ok {
			t.Errorf("%q: got %q, want none", other, got.refreshToken)
		}
	}

	r.remove("second")
	if got, _ := r.find("first"); got.refreshToken != "second" {
		t.Errorf("after a removal: got %q, want the second", got.refreshToken)
	}
}

func TestRefreshTokenThatStaysTheSameIsNotRemembered(t *testing.T) {
	t.Parallel()

	var r rotatedTokens
	r.add("same", tokenSet{refreshToken: "same"})
	r.add("", tokenSet{refreshToken: "first"})
	if len(r.bySpent) != 0 {
		t.Errorf("got %d entries, want none", len(r.bySpent))
	}
}

func TestRotatedTokensThatLeadInACircleAreFound(t *testing.T) {
	t.Parallel()

	var r rotatedTokens
	r.add("a", tokenSet{refreshToken: "b"})
	r.add("b", tokenSet{refreshToken: "a"})
	if _, ok := r.find("a"); !ok {
		t.Error("got none, want one of the two")
	}
}

func TestRotatedTokensExpire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r rotatedTokens
		r.add("first", tokenSet{refreshToken: "second"})
		time.Sleep(rotatedTTL)
		if _, ok := r.find("first"); !ok {
			t.Errorf("after %v: got none, want the second", rotatedTTL)
		}
		time.Sleep(time.Second)
		if _, ok := r.find("first"); ok {
			t.Errorf("a second later: got the second, want none")
		}
	})
}

func TestOldestRotatedTokensMakeRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r rotatedTokens
		for i := range maxRotated + 1 {
			r.add(fmt.Sprint("spent ", i), tokenSet{refreshToken: fmt.Sprint("new ", i)})
			time.Sleep(time.Millisecond)
		}
		if len(r.bySpent) != maxRotated {
			t.Errorf("got %d entries, want %d", len(r.bySpent), maxRotated)
		}
		if _, ok := r.find("spent 0"); ok {
			t.Error("got the oldest entry, want it removed")
		}
		if _, ok := r.find("spent 1"); !ok {
			t.Error("got no other entries, want them kept")
		}

		time.Sleep(2 * rotatedTTL)
		r.add("spent later", tokenSet{refreshToken: "new later"})
		if len(r.bySpent) != 1 {
			t.Errorf("when all have expired: got %d entries, want one", len(r.bySpent))
		}
	})
}
