package storetest

import (
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
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

// Several workers count in one session, as two tabs of a browser may do. Each count that Update
// reports as stored must be in the result. The data of each call is unique, because Update of equal
// data is no conflict.
func updatesLoseNothing(c *backendChecker) {
	const workers = 8
	key := newKey("key")
	c.create(key, "0 at the start", isFound)
	var updates atomic.Int64
	end := time.Now().Add(2 * raceTime)
	increment := func(c *backendChecker) {
		worker := newKey("worker")
		for i := 0; (i < 20 || time.Now().Before(end)) && !c.failed(); i++ {
			old := c.get(key)
			data := fmt.Sprintf("%d by %s", countIn(old)+1, worker)
			if c.update(key, old, data, isUncertain) {
				updates.Add(1)
			}
		}
	}
	c.together(slices.Repeat([]func(*backendChecker){increment}, workers)...)
	if got, want := countIn(c.get(key)), updates.Load(); !c.failed() && got != want {
		c.failf("the session counted %d updates, want %d", got, want)
	}
}

// countIn returns the number at the start of the data.
func countIn(data string) (n int64) {
	_, _ = fmt.Sscan(data, &n)
	return n
}

func removalWins(c *backendChecker) {
	for round := range c.rounds() {
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
		c.together(rotate(calls, round)...)
		c.gone(key)
	}
}

// rotate changes the order in which goroutines start. The last one tends to run first.
func rotate[T any](list []T, n int) []T {
	n %= len(list)
	return slices.Concat(list[n:], list[:n])
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
	c.together(append(slices.Repeat([]func(*backendChecker){touch}, workers), update)...)
}

// If both succeed, the successor lacks what Update has stored.
func updateOrRenew(c *backendChecker) {
	for round := range c.rounds() {
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
		c.together(rotate(calls, round)...)
		if updated == renewed {
			c.failf("Update succeeded: %v, Renew succeeded: %v; want one of them", updated, renewed)
		}
		if renewed {
			c.live(successor, "renewed")
			c.tombstone(key)
			continue
		}
		c.live(key, "updated")
		c.blank(successor)
	}
}

func oneRenewWins(c *backendChecker) {
	for range c.rounds() {
		const callers = 4
		key, successors := newKey("key"), newKeys("successor", callers)
		c.create(key, "data", isFound)
		c.when = "several renewals at the same time"
		var renewed [callers]bool
		var calls []func(*backendChecker)
		for i := range callers {
			calls = append(calls, func(c *backendChecker) {
				renewed[i] = c.renew(key, successors[i], "data", successors[i], isUncertain)
			})
		}
		c.together(calls...)

		c.tombstone(key)
		winners := 0
		for i, successor := range successors {
			if !renewed[i] {
				c.blank(successor)
				continue
			}
			winners++
			c.live(successor, successor)
		}
		if winners != 1 {
			c.failf("%d renewals succeeded, want 1", winners)
		}
	}
}

func sameRenewSucceeds(c *backendChecker) {
	for range c.rounds() {
		key, successor := newKey("key"), newKey("successor")
		c.create(key, "data", isFound)
		c.when = "the same Renew several times at the same time"
		renew := func(c *backendChecker) { c.renew(key, successor, "data", "new data", isFound) }
		c.together(slices.Repeat([]func(*backendChecker){renew}, 3)...)
		c.live(successor, "new data")
		c.tombstone(key)
	}
}

func revokeDuringCreate(c *backendChecker) {
	for round := range c.rounds() {
		key := newKey("key")
		c.when = "Create and Revoke at the same time"
		create := func(c *backendChecker) { c.create(key, "data", isUncertain) }
		revoke := func(c *backendChecker) { c.revoke(key, isUncertain) }
		c.together(rotate([]func(*backendChecker){create, revoke, create}, round)...)
		c.tombstone(key)
	}
}

func revokeDuringRenew(c *backendChecker) {
	for round := range c.rounds() {
		keys := newKeys("chain", 4)
		c.create(keys[0], "data", isFound)
		c.when = "Revoke and renewals at the same time"
		calls := []func(*backendChecker){
			func(c *backendChecker) {
				for i := range keys[1:] {
					c.renew(keys[i], keys[i+1], "data", "data", isUncertain)
				}
			},
			func(c *backendChecker) { c.revoke(keys[0], isFound) },
			func(c *backendChecker) { c.renew(keys[0], keys[1], "data", "data", isUncertain) },
		}
		c.together(rotate(calls, round)...)
		c.gone(keys...)
	}
}

func revokeSuccessorDuringRenew(c *backendChecker) {
	for round := range c.rounds() {
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
		c.together(rotate(calls, round)...)
		if renewed && !revoked {
			c.failf("Renew = true and Revoke = false: the successor was stored over the tombstone")
		}
		c.tombstone(successor)
		if renewed {
			c.tombstone(key)
			continue
		}
		c.live(key, "data")
	}
}

func oneRevokeFinds(c *backendChecker) {
	for range c.rounds() {
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
		c.together(calls...)
		if n := found.Load(); n != 1 {
			c.failf("%d calls returned found=true, want 1", n)
		}
		c.tombstone(keys...)
	}
}
