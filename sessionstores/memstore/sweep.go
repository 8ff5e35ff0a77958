package memstore

import (
	"sync"
	"sync/atomic"
	"time"
	"weak"
)

// sweepEvery is the time between the sweeps of two shards: once around in a minute.
const sweepEvery = time.Minute / shardCount

// sweeps removes expired sessions one shard after the other: no request waits longer than one shard takes. A timer starts
// each sweep, and the sweep the next timer, until a whole round has found the store empty.
type sweeps struct {
	running atomic.Bool // a timer is set, or a sweep is at work and will set it

	next int // the shard that is due; next and left belong to the sweep at work, of which there is at most one
	left int // what this round has found and not removed

	mu     sync.Mutex
	timer  *time.Timer
	closed bool
}

// Close stops the removal of expired sessions. It can be called more than once and at any time, and returns nil always. The
// store can still be used, as requests that are being served during a shutdown will: what has expired is never found, it
// only keeps its memory until it is overwritten or deleted.
func (s *Store) Close() error {
	s.sweeps.mu.Lock()
	defer s.sweeps.mu.Unlock()
	s.sweeps.closed = true
	if s.sweeps.timer != nil {
		s.sweeps.timer.Stop()
	}
	return nil
}

// keepSweeping is called after something was stored.
func (s *Store) keepSweeping() {
	if !s.sweeps.running.Load() && s.sweeps.running.CompareAndSwap(false, true) {
		s.setTimer()
	}
}

func (s *Store) setTimer() {
	s.sweeps.mu.Lock()
	defer s.sweeps.mu.Unlock()
	switch {
	case s.sweeps.closed:
	case s.sweeps.timer != nil:
		s.sweeps.timer.Reset(sweepEvery)
	default:
		// The timer is in the hands of the runtime. A pointer would keep a forgotten store, and its sessions, alive.
		store := weak.Make(s)
		s.sweeps.timer = time.AfterFunc(sweepEvery, func() {
			if s := store.Value(); s != nil {
				s.sweepNext()
			}
		})
	}
}

// sweepNext sweeps the shard that is due and sees to it that the next one will be.
func (s *Store) sweepNext() {
	w := &s.sweeps
	w.left += s.shards.list[w.next].sweep(time.Now().UnixMilli())
	w.next = (w.next + 1) % shardCount
	if w.next == 0 {
		left := w.left
		w.left = 0
		if left == 0 && s.rest() {
			return
		}
	}
	s.setTimer()
}

// rest ends the sweeping, and reports whether it did. A session may have been stored behind the round's back, while running
// was still true; so it is set first, and the shards are looked at again after that.
func (s *Store) rest() bool {
	s.sweeps.running.Store(false)
	for i := range s.shards.list {
		if !s.shards.list[i].empty() {
			return !s.sweeps.running.CompareAndSwap(false, true)
		}
	}
	return true
}
