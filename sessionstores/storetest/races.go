package storetest

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
)

var raceChecks = []check[*backendChecker]{
	{name: "concurrent updates lose nothing", run: updatesLoseNothing},
	{name: "Update and Touch bring back no session that is removed meanwhile", run: removalWins},
	{name: "Touch does not undo a concurrent Update", run: touchKeepsUpdate},
	{name: "of Update and a concurrent Renew one succeeds", run: updateOrRenew},
	{name: "of concurrent renewals to different keys one succeeds", run: oneRenewWins},
	{name: "concurrent renewals to the same key succeed", run: sameRenewSucceeds},
	{name: "Revoke removes a session that is created meanwhile", run: revokeDuringCreate},
	{name: "Revoke removes a session that is renewed meanwhile", run: revokeDuringRenew},
	{name: "Revoke of the new key stops a concurrent Renew", run: revokeSuccessorDuringRenew},
	{name: "of concurrent revocations one finds the session", run: oneRevokeFinds},
}

// Several workers replace the same data. Of those that replace one value, one may succeed.
func updatesLoseNothing(c *backendChecker) {
	const workers = 8
	key, first := newKey("key"), newKey("data")
	c.create(key, first, isFound)
	var latest atomic.Value
	latest.Store(first)
	var replaced sync.Map
	update := func(c *backendChecker) {
		for range c.rounds() {
			old, data := latest.Load().(string), newKey("data")
			if !c.update(key, old, data, isUncertain) {
				continue
			}
			if _, twice := replaced.LoadOrStore(old, data); twice {
				c.failf("two concurrent updates of the same data succeeded, want one")
			}
			latest.Store(data)
		}
	}
	compete(c, slices.Repeat([]func(*backendChecker){update}, workers)...)
	c.live(key, latest.Load().(string))
}

func removalWins(c *backendChecker) {
	race(c, func(c *backendChecker, round int) {
		key := newKey("key")
		c.create(key, "data", isFound)
		c.when = "concurrent with Update and Touch"
		write := func(c *backendChecker) {
			c.update(key, "data", "new data", isUncertain)
			c.touch(key, c.expiry, isUncertain)
		}
		remove := func(c *backendChecker) { c.delete(key) }
		if round%2 == 0 {
			remove = func(c *backendChecker) { c.revoke(key, isFound) }
		}
		calls := []func(*backendChecker){write, write, write, remove}
		together(c, rotate(calls, round)...)
		c.gone(key)
	})
}

// One worker updates a session that others touch. Each Update must find the data of the one before.
func touchKeepsUpdate(c *backendChecker) {
	const workers = 4
	key := newKey("key")
	c.create(key, "0", isFound)
	var done atomic.Bool
	touch := func(c *backendChecker) {
		for !done.Load() && !c.failed() {
			c.touch(key, c.expiry, isFound)
		}
	}
	update := func(c *backendChecker) {
		defer done.Store(true)
		for round := range c.rounds() {
			c.update(key, strconv.Itoa(round), strconv.Itoa(round+1), isFound)
			c.live(key, strconv.Itoa(round+1))
		}
	}
	c.when = "concurrent with Touch"
	compete(c, append(slices.Repeat([]func(*backendChecker){touch}, workers), update)...)
}

// If both succeed, the successor lacks what Update has stored.
func updateOrRenew(c *backendChecker) {
	race(c, func(c *backendChecker, round int) {
		key, successor := newKey("key"), newKey("successor")
		c.create(key, "data", isFound)
		c.when = "Update and Renew at the same time"
		var updated, renewed bool
		calls := []func(*backendChecker){
			func(c *backendChecker) { updated = c.update(key, "data", "updated", isUncertain) },
			func(c *backendChecker) {
				renewed = c.renew(key, successor, "data", "renewed", isUncertain)
			},
			func(c *backendChecker) { c.touch(key, c.expiry, isUncertain) },
		}
		together(c, rotate(calls, round)...)
		if updated == renewed {
			c.failf("Update succeeded: %v, Renew succeeded: %v; want one of them", updated, renewed)
		}
		if renewed {
			c.live(successor, "renewed")
			c.tombstone(key)
			return
		}
		c.live(key, "updated")
		c.blank(successor)
	})
}

// Several workers renew the same session, each to a key of its own.
func oneRenewWins(c *backendChecker) {
	const workers = 8
	first := newKey("key")
	c.create(first, "data", isFound)
	var latest atomic.Value
	latest.Store(first)
	var renewed sync.Map
	renew := func(c *backendChecker) {
		for n := range c.rounds() {
			key, successor := latest.Load().(string), newKey("successor")
			if !c.renew(key, successor, "data", "data", isUncertain) {
				if n%16 == 0 {
					c.blank(successor)
				}
				continue
			}
			if _, twice := renewed.LoadOrStore(key, successor); twice {
				c.failf("two concurrent renewals to different keys succeeded, want one")
			}
			latest.Store(successor)
		}
	}
	compete(c, slices.Repeat([]func(*backendChecker){renew}, workers)...)
	c.live(latest.Load().(string), "data")
	c.revoke(latest.Load().(string), isFound)
}

func sameRenewSucceeds(c *backendChecker) {
	race(c, func(c *backendChecker, _ int) {
		key, successor := newKey("key"), newKey("successor")
		c.create(key, "data", isFound)
		c.when = "the same Renew several times at the same time"
		renew := func(c *backendChecker) { c.renew(key, successor, "data", "new data", isFound) }
		together(c, slices.Repeat([]func(*backendChecker){renew}, 3)...)
		c.live(successor, "new data")
		c.tombstone(key)
	})
}

// lag is how many keys behind the current one a worker checks the outcome of a race. The other
// workers have finished with that key.
const lag = 16

// Workers create a session under the current key. Another one revokes it and goes on to the next.
func revokeDuringCreate(c *backendChecker) {
	const workers = 3
	prefix := newKey("key")
	key := func(n int64) string { return fmt.Sprint(prefix, n) }
	var current atomic.Int64
	create := func(c *backendChecker) {
		for range c.rounds() {
			c.create(key(current.Load()), "data", isUncertain)
		}
	}
	revoke := func(c *backendChecker) {
		for range c.rounds() {
			n := current.Load()
			c.revoke(key(n), isUncertain)
			current.Add(1)
			if n >= lag {
				c.tombstone(key(n - lag))
			}
		}
	}
	c.when = "Create and Revoke at the same time"
	calls := slices.Repeat([]func(*backendChecker){create}, workers)
	compete(c, append(calls, revoke)...)
	for n := max(0, current.Load()-1000); n < current.Load(); n++ {
		c.tombstone(key(n))
	}
}

// Workers renew the current session and its successor. Another one revokes it and goes on to the
// next. A call of Renew that has failed may store the successor for a moment, so the successors are
// checked when all calls have returned.
func revokeDuringRenew(c *backendChecker) {
	first, second, last := newKey("first"), newKey("second"), newKey("last")
	key := func(prefix string, n int64) string { return fmt.Sprint(prefix, n) }
	var current atomic.Int64
	renew := func(from, to string) func(c *backendChecker) {
		return func(c *backendChecker) {
			for range c.rounds() {
				n := current.Load()
				c.renew(key(from, n), key(to, n), "data", "data", isUncertain)
			}
		}
	}
	revoke := func(c *backendChecker) {
		for range c.rounds() {
			n := current.Load()
			c.revoke(key(first, n), isFound)
			c.create(key(first, n+1), "data", isFound)
			current.Add(1)
			if n >= lag {
				c.gone(key(first, n-lag))
			}
		}
	}
	c.create(key(first, 0), "data", isFound)
	c.when = "Revoke and renewals at the same time"
	calls := slices.Repeat([]func(*backendChecker){renew(first, second)}, 2)
	compete(c, append(calls, renew(second, last), revoke)...)
	for n := max(0, current.Load()-4000); n < current.Load(); n++ {
		c.gone(key(first, n), key(second, n), key(last, n))
	}
}

func revokeSuccessorDuringRenew(c *backendChecker) {
	race(c, func(c *backendChecker, round int) {
		key, successor := newKey("key"), newKey("successor")
		c.create(key, "data", isFound)
		c.when = "Renew and Revoke of the new key at the same time"
		var renewed, revoked bool
		calls := []func(*backendChecker){
			func(c *backendChecker) {
				renewed = c.renew(key, successor, "data", "new data", isUncertain)
			},
			func(c *backendChecker) { revoked = c.revoke(successor, isUncertain) },
		}
		together(c, rotate(calls, round)...)
		if renewed && !revoked {
			c.failf("Renew = true and Revoke = false: the successor was stored over the tombstone")
		}
		c.tombstone(successor)
		if renewed {
			c.tombstone(key)
			return
		}
		c.live(key, "data")
	})
}

func oneRevokeFinds(c *backendChecker) {
	race(c, func(c *backendChecker, _ int) {
		keys := c.chain(2)
		c.when = "several calls of Revoke at the same time"
		var found atomic.Int32
		var calls []func(*backendChecker)
		for i := range 4 {
			calls = append(calls, func(c *backendChecker) {
				if c.revoke(keys[i%2], isUncertain) {
					found.Add(1)
				}
			})
		}
		together(c, calls...)
		if n := found.Load(); n != 1 {
			c.failf("%d calls returned found=true, want 1", n)
		}
		c.tombstone(keys...)
	})
}
