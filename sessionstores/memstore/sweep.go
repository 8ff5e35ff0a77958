package memstore

import (
	"sync"
	"sync/atomic"
	"time"
	"weak"
)

// sweepInterval is the time between the sweeps of two shards. A round takes a minute.
const sweepInterval = time.Minute / shardCount

// A sweeper removes expired entries from one shard after the other, so that a request waits for
// one shard at most. A timer starts each sweep, and the sweep sets the timer again, until a round
// finds the store empty.
type sweeper struct {
	active atomic.Bool // the timer is set, or a sweep is running and will set it

	// next and left belong to the running sweep. There is at most one.
	next int // the index of the shard to sweep
	left int // the number of entries that this round has left in the store

	mu     sync.Mutex
	timer  *time.Timer
	closed bool
}

// Close stops the removal of expired sessions. It may be called at any time and more than once. The
// error is always nil.
//
// The store can still be used, for example by requests during a shutdown. Expired sessions are not
// found, but their memory is kept until the store is garbage collected.
func (s *Store) Close() error {
	s.sweeper.mu.Lock()
	defer s.sweeper.mu.Unlock()
	s.sweeper.closed = true
	if s.sweeper.timer != nil {
		s.sweeper.timer.Stop()
	}
	return nil
}

// keepSweeping starts the sweeper if it is not active. It is called after an entry was stored.
func (s *Store) keepSweeping() {
	if s.sweeper.active.Load() {
		return
	}
	if s.sweeper.active.CompareAndSwap(false, true) {
		s.setTimer()
	}
}

func (s *Store) setTimer() {
	s.sweeper.mu.Lock()
	defer s.sweeper.mu.Unlock()
	if s.sweeper.closed {
		return
	}
	if s.sweeper.timer != nil {
		s.sweeper.timer.Reset(sweepInterval)
		return
	}

	// The runtime references the timer. A pointer to the store would keep it in memory.
	store := weak.Make(s)
	s.sweeper.timer = time.AfterFunc(sweepInterval, func() {
		if s := store.Value(); s != nil {
			s.sweepNext()
		}
	})
}

// sweepNext sweeps the next shard. It sets the timer for the one after it, unless the store is
// empty.
func (s *Store) sweepNext() {
	sw := &s.sweeper
	sh := s.shards.lockAt(sw.next)
	sw.left += sh.sweep()
	sh.mu.Unlock()

	sw.next = (sw.next + 1) % shardCount
	if sw.next == 0 {
		empty := sw.left == 0
		sw.left = 0
		if empty && s.stopSweeping() {
			return
		}
	}
	s.setTimer()
}

// stopSweeping makes the sweeper inactive if the store is empty, and reports whether it did.
//
// An entry may have been stored in a shard after its sweep, while active was still true. So active
// is set to false first, and then all shards are checked.
func (s *Store) stopSweeping() bool {
	s.sweeper.active.Store(false)
	if s.isEmpty() {
		return true
	}
	activatedHere := s.sweeper.active.CompareAndSwap(false, true)
	return !activatedHere
}

func (s *Store) isEmpty() bool {
	for i := range s.shards.list {
		sh := s.shards.lockAt(i)
		size := sh.size()
		sh.mu.Unlock()
		if size > 0 {
			return false
		}
	}
	return true
}
