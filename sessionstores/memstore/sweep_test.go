package memstore

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fill stores n sessions that expire at the given time.
func fill(s *Store, prefix string, n int, expiry time.Time) {
	for i := range n {
		s.put(fmt.Sprint(prefix, i), []byte("data"), expiry)
	}
}

// held is how many sessions, traces and names of a shard take up memory, expired or not, and how many entries the maps were
// grown for.
func held(s *Store) (entries, grown int) {
	for i := range s.shards.list {
		sh := &s.shards.list[i]
		sh.mu.Lock()
		entries += len(sh.sessions.m) + len(sh.traces.m) + len(sh.names.m)
		grown += sh.sessions.peak + sh.traces.peak + sh.names.peak
		sh.mu.Unlock()
	}
	return entries, grown
}

// S14: expired sessions are removed within about a minute, and those that have not expired stay.
func TestSweepRemovesWhatExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New()
		defer s.Close()
		fill(s, "short", 1000, time.Now().Add(time.Minute))
		fill(s, "long", 500, time.Now().Add(time.Hour))
		for i := range 10 {
			_ = s.End(t.Context(), fmt.Sprint("ended ", i))
		}
		time.Sleep(2*time.Minute + time.Second)
		if entries, _ := held(s); entries != 510 {
			t.Errorf("%d entries are held, want the 500 that are live and 10 traces", entries)
		}
		if all, _ := s.All(); len(all) != 500 {
			t.Errorf("%d sessions, want 500", len(all))
		}
	})
}

// Names go when the last key under them has expired, and each key when its own time has come.
func TestSweepRemovesNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New()
		defer s.Close()
		const sessions = 1000
		minute, hour := time.Now().Add(time.Minute), time.Now().Add(time.Hour)
		for i := range sessions {
			short, long := fmt.Sprint("short ", i), fmt.Sprint("long ", i)
			_ = s.File(t.Context(), []string{"everybody", "user of " + short}, minute, short)
			_ = s.File(t.Context(), []string{"everybody", "user of " + long}, minute, long)
			_ = s.File(t.Context(), []string{"user of " + long}, hour, long) // again, for longer
			_ = s.File(t.Context(), []string{"user of " + long}, minute, long)
		}
		time.Sleep(2*time.Minute + time.Second)
		if entries, _ := held(s); entries != sessions {
			t.Errorf("%d names are held, want the %d that have a key", entries, sessions)
		}
		for i := range sessions {
			key := fmt.Sprint("long ", i)
			s.put(key, nil, hour)
			if _ = s.EndAll(t.Context(), "user of "+key); s.had(key) {
				t.Fatalf("%s is not found by its name", key)
			}
		}
	})
}

// A name that was ended takes up no memory, nor does it keep what was filed and has not been ended from being found.
func TestEndAllForgets(t *testing.T) {
	s := New()
	defer s.Close()
	for i := range 100 {
		_ = s.File(t.Context(), []string{"name"}, time.Now().Add(time.Hour), fmt.Sprint("key ", i))
	}
	_ = s.EndAll(t.Context(), "name")
	for i := range s.shards.list {
		if sh := &s.shards.list[i]; len(sh.names.m) != 0 {
			t.Errorf("shard %d still has the name", i)
		}
	}

	_ = s.File(t.Context(), []string{"name"}, time.Now().Add(time.Hour), "filed while EndAll ends others")
	for i := range s.shards.list {
		s.shards.list[i].forgetEnded("name", time.Now())
	}
	s.put("filed while EndAll ends others", nil, time.Now().Add(time.Hour))
	if _ = s.EndAll(t.Context(), "name"); s.had("filed while EndAll ends others") {
		t.Error("a key was forgotten that has not been ended")
	}
}

// S14: an empty store has no timer; storing something sets it again.
func TestSweepRestsWhileEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New()
		for _, store := range []func(){
			func() { s.put("key", nil, time.Now().Add(time.Hour)) },
			func() { _ = s.End(t.Context(), "key") },
			func() { _, _ = s.Renew(t.Context(), "a", "b", nil, time.Now().Add(time.Hour)) },
			func() { _ = s.File(t.Context(), []string{"name"}, time.Now().Add(time.Hour), "key") },
			func() { _, _ = s.Create(t.Context(), "key", nil, time.Now().Add(time.Hour)) },
		} {
			if s.sweeps.running.Load() {
				t.Fatal("the empty store is being swept")
			}
			store()
			if !s.sweeps.running.Load() {
				t.Fatal("the store is not being swept")
			}
			time.Sleep(2 * time.Hour)
			if entries, grown := held(s); entries != 0 || grown != 0 {
				t.Fatalf("%d entries are held, in maps grown for %d", entries, grown)
			}
		}
		if s.sweeps.running.Load() || s.sweeps.timer.Stop() {
			t.Error("a timer is left")
		}
	})
}

// Sessions that are stored while the sweep is about to rest are swept too.
func TestSweepMissesNothingStoredBeforeItRests(t *testing.T) {
	s := New()
	defer s.Close()
	for round := range 2000 {
		s.sweeps.running.Store(true)
		var wg sync.WaitGroup
		var resting bool
		wg.Go(func() { resting = s.rest() })
		wg.Go(func() { s.put("key", nil, time.Now().Add(time.Hour)) })
		wg.Wait()
		// Whichever came first, one of the two has to go on: rest, or else the put, which then has set the timer.
		if resting && !s.sweeps.running.Load() {
			t.Fatalf("round %d: there is a session, and nobody to sweep it", round)
		}
		_ = s.Delete("key")
	}
}

// Maps of Go never shrink. After the many are gone, the few are in maps of their size.
func TestSweepGivesMemoryBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New()
		defer s.Close()
		fill(s, "many", 100_000, time.Now().Add(time.Minute))
		fill(s, "few", 5_000, time.Now().Add(time.Hour))
		full := heap()
		time.Sleep(3 * time.Minute)
		if entries, grown := held(s); entries != 5_000 || grown > 2*5_000 {
			t.Errorf("%d entries are held, in maps grown for %d", entries, grown)
		}
		if now := heap(); now > full/4 {
			t.Errorf("%d KB of heap were %d KB before the sweep", now>>10, full>>10)
		}
		for i := range 5_000 {
			if _, found, _ := s.Find(fmt.Sprint("few", i)); !found {
				t.Fatalf("session %d is lost", i)
			}
		}
	})
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// S14: a store can be closed, by many and more than once, while it is in use; it then sets no timer and stays usable.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New()
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() { fill(s, fmt.Sprint(i, " "), 100, time.Now().Add(time.Minute)) })
			wg.Go(func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if s.sweeps.timer != nil && s.sweeps.timer.Stop() {
			t.Error("the timer was still set")
		}

		time.Sleep(time.Hour)
		if entries, _ := held(s); entries != 100*100 {
			t.Errorf("%d entries are held: the closed store was swept", entries)
		}
		if _, found, _ := s.Find("1 1"); found {
			t.Error("an expired session was found")
		}
		s.put("after", []byte("data"), time.Now().Add(time.Minute))
		if data, found, _ := s.Find("after"); !found || string(data) != "data" {
			t.Errorf("found %v, %q", found, data)
		}
	})
}

// S14: whenever a store is closed, its sweeping ends there.
func TestCloseStopsSweeping(t *testing.T) {
	tests := map[string]func(*Store){
		"before the first session": func(s *Store) {
			_ = s.Close()
			s.put("key", nil, time.Now().Add(time.Hour))
		},
		"between two sweeps": func(s *Store) {
			s.put("key", nil, time.Now().Add(time.Hour))
			_ = s.Close()
		},
		"during a sweep": func(s *Store) {
			s.put("key", nil, time.Now().Add(time.Hour))
			s.sweeps.timer.Stop()
			_ = s.Close()
			s.sweepNext()
		},
	}
	for name, run := range tests {
		t.Run(name, func(t *testing.T) {
			s := New()
			run(s)
			if s.sweeps.timer != nil && s.sweeps.timer.Stop() {
				t.Error("the timer was still set")
			}
		})
	}
}

// S14: no goroutine is left behind, whether or not the store is closed.
func TestNoGoroutineIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 100 {
		s := New()
		fill(s, "", 10, time.Now().Add(time.Hour))
		for range 2 * shardCount {
			s.sweepNext()
		}
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines, %d before", after, before)
	}
}

// A store that was dropped without Close is collected, although its timer is set.
func TestDroppedStoreIsCollected(t *testing.T) {
	collected := make(chan struct{})
	func() {
		s := New()
		fill(s, "", 10, time.Now().Add(24*time.Hour))
		runtime.AddCleanup(s, func(done chan struct{}) { close(done) }, collected)
	}()
	timeout := time.After(10 * time.Second)
	for {
		runtime.GC()
		select {
		case <-collected:
			return
		case <-timeout:
			t.Fatal("the store is still in memory")
		case <-time.After(time.Millisecond):
		}
	}
}

// had removes a session and reports whether it was there.
func (s *Store) had(key string) bool {
	found, _ := s.Remove(context.Background(), key)
	return found
}
