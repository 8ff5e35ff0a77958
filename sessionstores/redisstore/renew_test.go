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

func mustRenew(t *testing.T, store *redisstore.Store, from, to string) {
	t.Helper()
	if found, err := store.Renew(t.Context(), from, to, []byte(to), time.Now().Add(24*time.Hour)); !found || err != nil {
		t.Fatalf("Renew from %s to %s: found %v, error %v", from, to, found, err)
	}
}

// What is remembered of a renewal or a logout lasts for EndWindow.
func TestTracesLastForEndWindow(t *testing.T) {
	mini, client := newMini(t, &redis.Options{})
	store, ctx := redisstore.New(client), t.Context()
	if err := errors.Join(store.End(ctx, "ended"), store.End(ctx, "forgotten")); err != nil {
		t.Fatal(err)
	}
	mustRenew(t, store, "a", "b")
	mini.FastForward(sessionstores.EndWindow - time.Millisecond)
	if found, err := store.Renew(ctx, "ended", "c", nil, inAnHour()); found || err != nil {
		t.Errorf("renewed within EndWindow of the logout: found %v, error %v", found, err)
	}
	if err := store.End(ctx, "a"); err != nil || find(t, store, "b") != "(nothing)" {
		t.Errorf("the logout did not reach a session renewed within EndWindow, error %v", err)
	}
	mini.FastForward(2 * time.Millisecond)
	mustRenew(t, store, "forgotten", "d")
}

// S1: removing what was ended, or renewed, does not make the store forget that it was.
func TestRemoveKeepsTraces(t *testing.T) {
	_, client := newMini(t, &redis.Options{})
	store, ctx := redisstore.New(client), t.Context()
	mustRenew(t, store, "a", "b")
	if err := errors.Join(store.End(ctx, "ended"), store.Delete("ended"), store.Delete("a")); err != nil {
		t.Fatal(err)
	}
	if found, err := store.Renew(ctx, "ended", "new", nil, inAnHour()); found || err != nil {
		t.Errorf("Renew after End and Delete: found %v, error %v", found, err)
	}
	if err := store.End(ctx, "a"); err != nil || find(t, store, "b") != "(nothing)" {
		t.Errorf("the successor is still there, error %v", err)
	}
}

// A session that is renewed twice has two successors, keys are any bytes, and a ring of renewals has an end.
func TestEndReachesEverySuccessor(t *testing.T) {
	_, client := newMini(t, &redis.Options{})
	store := redisstore.New(client)
	for _, hop := range [][2]string{{"a", "b\x00\xff"}, {"a", ""}, {"b\x00\xff", "d"}, {"d", "e"}, {"d", "f"}, {"f", "f"}} {
		mustRenew(t, store, hop[0], hop[1])
	}
	mustRenew(t, store, "stranger", "other")
	if err := store.End(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if all, err := store.All(); len(all) != 1 || string(all["other"]) != "other" || err != nil {
		t.Errorf("left: %q, error %v; want a stranger's session", all, err)
	}
}

var errLost = errors.New("the connection broke before the answer came")

// loseAnswers makes the client's next pipeline of scripts, but for those to skip, succeed at the server and fail here.
func loseAnswers(client *redis.Client, skip int) {
	client.AddHook(hook{pipeline: func(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
		return func(ctx context.Context, cmds []redis.Cmder) error {
			err := next(ctx, cmds)
			if cmds[0].Name() != "evalsha" { // a new connection's greetings
				return err
			}
			if skip--; skip != -1 {
				return err
			}
			for _, cmd := range cmds {
				cmd.SetErr(errLost)
			}
			return errLost
		}
	}})
}

// End can be called again after it failed, and reaches the successors whose names were in an answer that was lost.
func TestEndAfterALostAnswer(t *testing.T) {
	for lost := range 3 {
		t.Run(fmt.Sprintf("of generation %d", lost), func(t *testing.T) {
			_, client := newMini(t, &redis.Options{})
			store := redisstore.New(client)
			mustRenew(t, store, "a", "b")
			mustRenew(t, store, "b", "c")
			loseAnswers(client, lost)
			if err := store.End(t.Context(), "a"); !errors.Is(err, errLost) {
				t.Fatalf("error %v, want %v", err, errLost)
			}
			if err := store.End(t.Context(), "a"); err != nil {
				t.Fatal(err)
			}
			if all, err := store.All(); len(all) > 0 || err != nil {
				t.Errorf("left: %q, error %v", all, err)
			}
		})
	}
}

// S1: a renewal that failed leaves no session behind, wherever it failed.
func TestFailedRenewalLeavesNothing(t *testing.T) {
	_, client := newMini(t, &redis.Options{})
	store, ctx := redisstore.New(client), t.Context()
	loseAnswers(client, 0)
	if found, err := store.Renew(ctx, "old", "new", []byte("data"), inAnHour()); found || !errors.Is(err, errLost) {
		t.Errorf("found %v, error %v; want %v", found, err, errLost)
	}
	if got := find(t, store, "new"); got != "(nothing)" {
		t.Errorf("left: %q", got)
	}
	if err := store.End(ctx, "ended"); err != nil {
		t.Fatal(err)
	}
	if found, err := store.Renew(ctx, "ended", "new", []byte("data"), inAnHour()); found || err != nil || find(t, store, "new") != "(nothing)" {
		t.Errorf("after End: found %v, error %v", found, err)
	}
	if found, err := store.Renew(ctx, "old", "ended", []byte("data"), inAnHour()); found || err != nil || find(t, store, "ended") != "(nothing)" {
		t.Errorf("to a key that was ended: found %v, error %v", found, err)
	}
}

// A trace that others wrote is an error, not a panic and not a logout that reaches nobody in silence.
func TestUnreadableTrace(t *testing.T) {
	mini, client := newMini(t, &redis.Options{})
	store := redisstore.New(client)
	for _, trace := range []string{"\x00R\x05abc", "\x00E\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "\x00R\x80"} {
		if err := mini.Set("scs:session:key", trace); err != nil {
			t.Fatal(err)
		}
		if err := store.End(t.Context(), "key"); err == nil {
			t.Errorf("%q: no error", trace)
		}
	}
}

// S1, S2: whatever a logout (End) overlaps with, no session is left that came from the one it ended.
func testEndRacesWithRenewals(t *testing.T, client redis.UniversalClient, rounds int) {
	const hops = 3
	store, ctx := redisstore.New(client), t.Context()
	data, expiry := []byte("signed in"), inAnHour()
	var stopped int // rounds in which End came before the last renewal: the test is worth something if that occurs
	for round := range rounds {
		key := func(hop int) string { return fmt.Sprint("session ", round, " ", hop) }
		if err := store.Commit(key(0), data, expiry); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		start := make(chan struct{})
		wg.Go(func() {
			<-start
			for hop := range hops {
				found, err := store.Remove(ctx, key(hop))
				if err == nil && found {
					found, err = store.Renew(ctx, key(hop), key(hop+1), data, expiry)
				}
				if err != nil {
					t.Error(err)
				}
				if !found {
					stopped++
					return
				}
			}
		})
		wg.Go(func() { // an older request in flight saves what it has
			<-start
			for hop := range hops {
				_, updateErr := store.Update(ctx, key(hop), data, expiry)
				_, touchErr := store.Touch(ctx, key(hop), expiry)
				if err := errors.Join(updateErr, touchErr); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			<-start
			if err := store.End(ctx, key(0)); err != nil {
				t.Error(err)
			}
		})
		close(start)
		wg.Wait()
		for hop := range hops + 1 {
			if got := find(t, store, key(hop)); got != "(nothing)" {
				t.Fatalf("round %d: session %d of the chain is still there", round, hop)
			}
		}
	}
	t.Logf("of %d renewing requests %d were stopped by the logout", rounds, stopped)
	if stopped == 0 {
		t.Error("the logout was always last")
	}
}

func TestEndRacesWithRenewals(t *testing.T) {
	_, client := newMini(t, &redis.Options{})
	testEndRacesWithRenewals(t, client, 300)
}
