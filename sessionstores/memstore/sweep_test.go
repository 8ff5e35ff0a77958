package memstore

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fill stores n sessions with the given expiry.
func fill(s *Store, prefix string, n int, expiry time.Time) {
	for i := range n {
		_ = s.Commit(fmt.Sprint(prefix, i), []byte("data"), expiry)
	}
}

// held returns the number of entries that take up memory, including expired ones, and the number
// of entries for which the maps were made.
func held(s *Store) (entries, peak int) {
	for i := range s.shards.list {
		sh := s.shards.lockAt(i)
		entries += sh.size()
		peak += sh.entries.peak + sh.index.peak
		sh.mu.Unlock()
	}
	return entries, peak
}

func TestSweepRemovesExpiredEntries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New()
		defer s.Close()
		fill(s, "short", 1000, time.Now().Add(time.Minute))
		fill(s, "long", 500, time.Now().Add(time.Hour))
		for i := range 10 {
			_, _ = s.Revoke(t.Context(), fmt.Sprint("revoked ", i))
		}

		time.Sleep(2*time.Minute + time.Second)
		if entries, _ := held(s); entries != 510 {
			t.Errorf("%d entries are held, want 500 sessions and 10 tombstones", entries)
		}
		if all, _ := s.All(); len(all) != 500 {
			t.Errorf("All returns %d sessions, want 500", len(all))
		}

		time.Sleep(5 * time.Minute)
		if entries, _ := held(s); entries != 500 {
			t.Errorf("%d entries are held, want 500 sessions", entries)
		}
	})
}

// A name is removed with its last entry, and each entry at its own expiry.
func TestSweepRemovesIndexEntries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New()
		defer s.Close()
		const sessions = 1000
		minute, hour := time.Now().Add(time.Minute), time.Now().Add(time.Hour)
		for i := range sessions {
			short, long := fmt.Sprint("short ", i), fmt.Sprint("long ", i)
			_ = s.Index(t.Context(), []string{"all", "user of " + short}, minute, short)
			_ = s.Index(t.Context(), []string{"all", "user of " + long}, minute, long)
			_ = s.Index(t.Context(), []string{"user of " + long}, hour, long)
			_ = s.Index(t.Context(), []string{"user of " + long}, minute, long)
		}

		time.Sleep(2*time.Minute + time.Second)
		if entries, _ := held(s); entries != sessions {
			t.Errorf("%d names are held, want %d", entries, sessions)
		}
		for i := range sessions {
			key := fmt.Sprint("long ", i)
			_ = s.Commit(key, nil, hour)
			if count, _ := s.RevokeAll(t.Context(), "user of "+key); count != 1 {
				t.Fatalf("RevokeAll revoked %d sessions of the user of %q, want 1", count, key)
			}
		}
	})
}

// An empty store has no timer. Each method that stores an entry sets it.
func TestSweeperStopsWhileEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New()
		expiry := func() time.Time { return time.Now().Add(time.Hour) }
		for _, store := range []func(){
			func() { _ = s.Commit("key", nil, expiry()) },
			func() { _, _ = s.Revoke(t.Context(), "key") },
			func() { _ = s.Index(t.Context(), []string{"name"}, expiry(), "key") },
			func() { _, _ = s.Create(t.Context(), "key", nil, expiry()) },
		} {
			if s.sweeper.active.Load() {
				t.Fatal("the sweeper of an empty store is active")
			}
			store()
			if !s.sweeper.active.Load() {
				t.Fatal("the sweeper of a store with an entry is not active")
			}
			time.Sleep(2 * time.Hour)
			if entries, peak := held(s); entries != 0 || peak != 0 {
				t.Fatalf("%d entries are held, in maps for %d; want 0 and 0", entries, peak)
			}
		}
		if s.sweeper.active.Load() || s.sweeper.timer.Stop() {
			t.Error("the empty store has a timer")
		}
	})
}

// A session that is stored while the sweeper stops is swept too.
func TestStoreWhileSweeperStops(t *testing.T) {
	s := New()
	defer s.Close()
	for round := range 2000 {
		s.sweeper.active.Store(true)
		var wg sync.WaitGroup
		var stopped bool
		wg.Go(func() { stopped = s.stopSweeping() })
		wg.Go(func() { _ = s.Commit("key", nil, time.Now().Add(time.Hour)) })
		wg.Wait()
		// Either the sweeper does not stop, or Commit has made it active again.
		if stopped && !s.sweeper.active.Load() {
			t.Fatalf("round %d: the store holds a session, and the sweeper is not active", round)
		}
		_ = s.Delete("key")
	}
}

// After most sessions have expired, the others are in maps of their size.
func TestSweepReturnsMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New()
		defer s.Close()
		fill(s, "many", 100_000, time.Now().Add(time.Minute))
		fill(s, "few", 5_000, time.Now().Add(time.Hour))
		full := heap()

		time.Sleep(3 * time.Minute)
		if entries, peak := held(s); entries != 5_000 || peak > 2*5_000 {
			t.Errorf("%d entries are held, in maps for %d; want 5000 and at most 10000",
				entries, peak)
		}
		if now := heap(); now > full/4 {
			t.Errorf("the heap has %d KB after the sweep and %d KB before", now>>10, full>>10)
		}
		for i := range 5_000 {
			if _, found, _ := s.Find(fmt.Sprint("few", i)); !found {
				t.Fatalf("session %d is not found", i)
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

// A store can be closed by several goroutines while it is in use. It sets no timer then, and stays
// usable.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New()
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() { fill(s, fmt.Sprint(i, " "), 100, time.Now().Add(time.Minute)) })
			wg.Go(func() {
				if err := s.Close(); err != nil {
					t.Errorf("Close() = %v, want nil", err)
				}
			})
		}
		wg.Wait()
		if s.sweeper.timer != nil && s.sweeper.timer.Stop() {
			t.Error("the closed store has a timer")
		}

		time.Sleep(time.Hour)
		if entries, _ := held(s); entries != 100*100 {
			t.Errorf("%d entries are held, want %d: the closed store was swept", entries, 100*100)
		}
		if _, found, _ := s.Find("1 1"); found {
			t.Error("Find returned an expired session")
		}
		_ = s.Commit("after", []byte("data"), time.Now().Add(time.Minute))
		if data, found, _ := s.Find("after"); !found || string(data) != "data" {
			t.Errorf("Find = %q, %v; want data, true", data, found)
		}
	})
}

func TestCloseStopsSweeper(t *testing.T) {
	commit := func(s *Store) { _ = s.Commit("key", nil, time.Now().Add(time.Hour)) }
	tests := map[string]func(*Store){
		"before the first session": func(s *Store) {
			_ = s.Close()
			commit(s)
		},
		"between two sweeps": func(s *Store) {
			commit(s)
			_ = s.Close()
		},
		"during a sweep": func(s *Store) {
			commit(s)
			s.sweeper.timer.Stop()
			_ = s.Close()
			s.sweepNext()
		},
	}
	for name, run := range tests {
		t.Run(name, func(t *testing.T) {
			s := New()
			run(s)
			if s.sweeper.timer != nil && s.sweeper.timer.Stop() {
				t.Error("the closed store has a timer")
			}
		})
	}
}

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
		t.Errorf("%d goroutines run, %d before", after, before)
	}
}

// A store that is no longer referenced is garbage collected, although its timer is set.
func TestUnreferencedStoreIsCollected(t *testing.T) {
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
			t.Fatal("the store is in memory 10 seconds after its last use")
		case <-time.After(time.Millisecond):
		}
	}
}
