package memstore

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	scsmemstore "github.com/alexedwards/scs/v2/memstore"
)

const million = 1_000_000

// payload is as long as a signed-in session, and as an allocation of Go: what it costs is the payload and nothing else.
var payload = bytes.Repeat([]byte("s"), 320)

// benchKey has the length of a hashed token, as scs stores it.
func benchKey(i int) string {
	return fmt.Sprintf("%043d", i)
}

// One operation is a million sessions; bytes/session is what each costs beyond its data. The goal is 250 at most.
func BenchmarkMemory(b *testing.B) {
	expiry := time.Now().Add(time.Hour)
	b.Run("ours", func(b *testing.B) { benchMemory(b, func() scs.Store { return New() }, expiry) })
	b.Run("scs", func(b *testing.B) {
		benchMemory(b, func() scs.Store { return scsmemstore.NewWithCleanupInterval(0) }, expiry)
	})
	b.Run("ours, under two names", func(b *testing.B) {
		benchMemory(b, func() scs.Store { return &namingStore{New()} }, expiry)
	})
}

// A namingStore files each session under the name of its login, and under that of a user who has ten sessions.
type namingStore struct{ *Store }

func (s *namingStore) Commit(key string, data []byte, expiry time.Time) error {
	_ = s.File(context.Background(), []string{loginName(key), "user:" + key[:len(key)-1]}, expiry, key)
	return s.Store.Commit(key, data, expiry)
}

func loginName(key string) string { return "login:" + key }

func benchMemory(b *testing.B, newStore func() scs.Store, expiry time.Time) {
	var before, after uint64
	for b.Loop() {
		before = heap()
		store := newStore()
		for i := range million {
			if err := store.Commit(benchKey(i), bytes.Clone(payload), expiry); err != nil {
				b.Fatal(err)
			}
		}
		after = heap()
		runtime.KeepAlive(store)
	}
	b.ReportMetric(float64(after-before)/million-float64(len(payload)), "bytes/session")
}

// Requests arrive every 50 µs, whatever became of those before, while half of a million sessions are swept. Reported is
// how long they took from when they were due. Ours is swept with a millisecond between two shards instead of sweepEvery, two
// hundred times as fast as in life; "idle" is the same with nothing swept, which is the noise of the host.
func BenchmarkSweep(b *testing.B) {
	past, future := time.Now().Add(-time.Second), time.Now().Add(time.Hour)
	ours := func() *Store {
		s := New()
		_ = s.Close() // no sweep but that of the benchmark
		for i := range million {
			s.put(benchKey(i), payload, future)
			if i%2 == 1 {
				sh := s.shards.lock(benchKey(i))
				sh.sessions.m[benchKey(i)].expires = past.UnixMilli()
				sh.mu.Unlock()
			}
		}
		return s
	}

	b.Run("ours", func(b *testing.B) {
		benchSweep(b, func() (scs.Store, func()) {
			s := ours()
			return s, func() {
				for range shardCount {
					s.sweepNext()
					time.Sleep(time.Millisecond)
				}
			}
		})
	})
	b.Run("idle", func(b *testing.B) {
		benchSweep(b, func() (scs.Store, func()) {
			return ours(), func() { time.Sleep(shardCount * time.Millisecond) }
		})
	})
	b.Run("scs", func(b *testing.B) {
		benchSweep(b, func() (scs.Store, func()) {
			// Its sweep cannot be called; it follows its own clock, which has to outlast the filling of the store.
			const interval = 5 * time.Second
			start := time.Now()
			s := scsmemstore.NewWithCleanupInterval(interval)
			b.Cleanup(s.StopCleanup)
			for i := range million {
				_ = s.Commit(benchKey(i), payload, []time.Time{future, past}[i%2])
			}
			if time.Since(start) > interval-time.Second {
				b.Fatalf("filling the store took %v, and the sweep is after %v", time.Since(start), interval)
			}
			sweep := start.Add(interval)
			time.Sleep(time.Until(sweep.Add(-100 * time.Millisecond)))
			return s, func() { time.Sleep(time.Until(sweep.Add(500 * time.Millisecond))) }
		})
	})
}

func benchSweep(b *testing.B, newStore func() (store scs.Store, sweep func())) {
	var waits []time.Duration
	for b.Loop() {
		store, sweep := newStore()
		runtime.GC()
		var stop atomic.Bool
		done := make(chan []time.Duration)
		go func() { done <- steadyRequests(store, &stop) }()
		sweep()
		stop.Store(true)
		waits = append(waits, <-done...)
	}
	slices.Sort(waits)
	b.ReportMetric(float64(waits[len(waits)-1].Microseconds()), "µs-worst")
	b.ReportMetric(float64(waits[len(waits)*999/1000].Microseconds()), "µs-p99.9")
	b.ReportMetric(0, "ns/op")
}

// steadyRequests spins until each request is due, since a timer would be late by more than what is measured.
func steadyRequests(store scs.Store, stop *atomic.Bool) (waits []time.Duration) {
	const every = 50 * time.Microsecond
	waits = make([]time.Duration, 0, million/10)
	for due := time.Now(); !stop.Load() || len(waits) < 1000; due = due.Add(every) {
		for time.Now().Before(due) {
			runtime.Gosched()
		}
		_, _, _ = store.Find(benchKey(2 * len(waits)))
		waits = append(waits, time.Since(due))
	}
	return waits
}

func BenchmarkFind(b *testing.B) {
	benchParallel(b, func(s scs.Store, key string) error {
		_, _, err := s.Find(key)
		return err
	})
}

func BenchmarkCommit(b *testing.B) {
	expiry := time.Now().Add(time.Hour)
	benchParallel(b, func(s scs.Store, key string) error { return s.Commit(key, payload, expiry) })
}

// scs has no Touch: it finds and commits, as its manager does with an idle timeout.
func BenchmarkTouch(b *testing.B) {
	ctx, expiry := b.Context(), time.Now().Add(time.Hour)
	benchParallel(b, func(s scs.Store, key string) error {
		if s, ok := s.(*Store); ok {
			_, err := s.Touch(ctx, key, expiry)
			return err
		}
		data, _, err := s.Find(key)
		if err != nil {
			return err
		}
		return s.Commit(key, data, expiry)
	})
}

// One of a million sessions is ended by its name, which all shards are asked for.
func BenchmarkEndAll(b *testing.B) {
	ctx, expiry := b.Context(), time.Now().Add(time.Hour)
	s := &namingStore{New()}
	for i := range million {
		if err := s.Commit(benchKey(i), payload, expiry); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		_ = s.EndAll(ctx, loginName(benchKey(i)))
	}
}

// benchParallel runs op from many goroutines, on the keys of ten thousand sessions.
func benchParallel(b *testing.B, op func(s scs.Store, key string) error) {
	const sessions = 10_000
	keys := make([]string, sessions)
	for i := range keys {
		keys[i] = strings.Clone(benchKey(i))
	}
	stores := []struct {
		name  string
		store scs.Store
	}{{"ours", New()}, {"scs", scsmemstore.NewWithCleanupInterval(0)}}
	for _, s := range stores {
		for _, key := range keys {
			if err := s.store.Commit(key, bytes.Clone(payload), time.Now().Add(time.Hour)); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					if err := op(s.store, keys[i*7919%sessions]); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
