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

// payload has the size of a signed-in session. It is a size class of Go's allocator, so that its
// memory is its length.
var payload = bytes.Repeat([]byte("s"), 320)

// benchKey has the length of a hashed token, as scs stores it.
func benchKey(i int) string {
	return fmt.Sprintf("%043d", i)
}

// One operation stores a million sessions. bytes/session is the memory of each beyond its data.
func BenchmarkMemory(b *testing.B) {
	expiry := time.Now().Add(time.Hour)
	stores := []struct {
		name     string
		newStore func() scs.Store
	}{
		{"memstore", func() scs.Store { return New() }},
		{"scs", func() scs.Store { return scsmemstore.NewWithCleanupInterval(0) }},
		{"memstore with two names", func() scs.Store { return &indexingStore{New()} }},
	}
	for _, s := range stores {
		b.Run(s.name, func(b *testing.B) { benchMemory(b, s.newStore, expiry) })
	}
}

// An indexingStore adds each session to the index under the name of its login, and under the name
// of a user with ten sessions.
type indexingStore struct{ *Store }

func (s *indexingStore) Commit(key string, data []byte, expiry time.Time) error {
	names := []string{loginName(key), "user:" + key[:len(key)-1]}
	_ = s.Index(context.Background(), names, expiry, key)
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

// A request is due every 50 µs while half of a million sessions are swept. The time from when a
// request is due to when it is complete is reported. memstore is swept with a millisecond between
// two shards instead of sweepInterval, which is two hundred times as fast as in use. "idle" is
// memstore without a sweep: it shows the noise of the host.
func BenchmarkSweep(b *testing.B) {
	past, future := time.Now().Add(-time.Second), time.Now().Add(time.Hour)
	halfExpired := func() *Store {
		s := New()
		_ = s.Close() // the benchmark sweeps
		for i := range million {
			_ = s.Commit(benchKey(i), payload, future)
			if i%2 == 1 {
				sh := s.shards.lock(benchKey(i))
				sh.entries.m[benchKey(i)].end = past.UnixMilli()
				sh.mu.Unlock()
			}
		}
		return s
	}

	b.Run("memstore", func(b *testing.B) {
		benchSweep(b, func() (scs.Store, func()) {
			s := halfExpired()
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
			return halfExpired(), func() { time.Sleep(shardCount * time.Millisecond) }
		})
	})
	b.Run("scs", func(b *testing.B) {
		benchSweep(b, func() (scs.Store, func()) { return halfExpiredSCS(b, past, future) })
	})
}

// halfExpiredSCS fills scs's memstore. Its sweep cannot be called: it starts after an interval,
// which must be longer than filling the store takes.
func halfExpiredSCS(b *testing.B, past, future time.Time) (store scs.Store, sweep func()) {
	const interval = 12 * time.Second
	start := time.Now()
	s := scsmemstore.NewWithCleanupInterval(interval)
	b.Cleanup(s.StopCleanup)
	for i := range million {
		_ = s.Commit(benchKey(i), payload, []time.Time{future, past}[i%2])
	}
	if took := time.Since(start); took > interval-time.Second {
		b.Fatalf("filling the store took %v, the sweep is after %v", took, interval)
	}

	sweepTime := start.Add(interval)
	time.Sleep(time.Until(sweepTime.Add(-100 * time.Millisecond)))
	return s, func() { time.Sleep(time.Until(sweepTime.Add(500 * time.Millisecond))) }
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

// steadyRequests spins until each request is due, because a timer would be too late.
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

// scs has no Touch. Its manager finds and commits if there is an idle timeout.
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

// One of a million sessions is revoked by its name, which is looked up in all shards.
func BenchmarkRevokeAll(b *testing.B) {
	ctx, expiry := b.Context(), time.Now().Add(time.Hour)
	s := &indexingStore{New()}
	for i := range million {
		if err := s.Commit(benchKey(i), payload, expiry); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		_, _ = s.RevokeAll(ctx, loginName(benchKey(i)))
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
	}{{"memstore", New()}, {"scs", scsmemstore.NewWithCleanupInterval(0)}}
	for _, s := range stores {
		expiry := time.Now().Add(time.Hour)
		for _, key := range keys {
			if err := s.store.Commit(key, bytes.Clone(payload), expiry); err != nil {
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
