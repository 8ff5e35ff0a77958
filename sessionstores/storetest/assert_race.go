package storetest

import (
	"cmp"
	"iter"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// raceTime is how long a check for a race repeats its rounds.
const raceTime = 250 * time.Millisecond

// A checkerOf is a pointer to a type that embeds checker. Goroutines need copies of it.
type checkerOf[T any] interface {
	*T
	rounds() iter.Seq[int]
	failed() bool
	failure() error
	fail(err error)
	commit(key, data string)
	delete(key string)
}

// race repeats round for raceTime in several goroutines.
func race[T any, C checkerOf[T]](c C, round func(c C, n int)) {
	const lanes = 4
	lane := func(c C) {
		for n := range c.rounds() {
			round(c, n)
		}
	}
	compete(c, slices.Repeat([]func(C){lane}, lanes)...)
}

// compete makes calls at the same time that last for raceTime. Others commit large data meanwhile.
// If the store has one lock for all keys, the calls wait for it often, and a call that releases the
// lock between two steps is likely to be interrupted there.
func compete[T any, C checkerOf[T]](c C, calls ...func(c C)) {
	const others = 3
	large := everyByte(megabyte / 2)
	commitLarge := func(c C) {
		key := newKey("large")
		for range c.rounds() {
			c.commit(key, large)
		}
		c.delete(key)
	}
	together(c, append(calls, slices.Repeat([]func(C){commitLarge}, others)...)...)
}

// together makes calls at the same time, each with a checker of its own, and keeps one failure.
//
// The goroutines wait for each other without blocking, so that they run on all processors when the
// calls begin.
func together[T any, C checkerOf[T]](c C, calls ...func(c C)) {
	if c.failed() {
		return
	}
	errs := make([]error, len(calls))
	var starting atomic.Int64
	starting.Store(int64(len(calls)))
	var wg sync.WaitGroup
	for i, call := range calls {
		wg.Go(func() {
			starting.Add(-1)
			for starting.Load() > 0 {
				runtime.Gosched()
			}
			own := *c
			call(&own)
			errs[i] = C(&own).failure()
		})
	}
	wg.Wait()
	c.fail(cmp.Or(errs...))
}

// rotate changes the order in which goroutines start. The last one tends to run first.
func rotate[T any](list []T, n int) []T {
	n %= len(list)
	return slices.Concat(list[n:], list[:n])
}

// rounds yields numbers for raceTime, and at least five. In the second half of the time, it lets
// other goroutines run after each round. Some races are lost in the one half and some in the other.
func (c *checker) rounds() iter.Seq[int] {
	return func(yield func(int) bool) {
		start := time.Now()
		for n := 0; n < 5 || time.Since(start) < raceTime; n++ {
			if c.failed() || c.ctx.Err() != nil || !yield(n) {
				break
			}
			if time.Since(start) > raceTime/2 {
				runtime.Gosched()
			}
		}
		c.wantNil("the context of the check", c.ctx.Err())
	}
}
