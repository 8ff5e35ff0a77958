package storetest

import (
	"slices"
	"sync/atomic"
)

var indexRaceChecks = []check[*indexChecker]{
	{name: "RevokeAll revokes logins that are in progress", run: revokeAllDuringLogins},
	{name: "RevokeAll keeps entries that are added meanwhile", run: revokeAllDuringIndex},
	{name: "of concurrent calls of RevokeAll one counts each session", run: revokeAllsAtOnce},
}

// atOnce makes calls at the same time, each with a checker of its own.
func (c *indexChecker) atOnce(calls ...func(c *indexChecker)) {
	if c.failed() {
		return
	}
	steps := make([]func() error, len(calls))
	for i, call := range calls {
		steps[i] = func() error {
			own := *c
			call(&own)
			return own.failure()
		}
	}
	c.fail(atOnce(steps...))
}

// A login adds its key to the index, creates the session, and may renew it. No session is left of a
// login that was in the index before RevokeAll began.
func revokeAllDuringLogins(c *indexChecker) {
	const logins = 6
	for round := range c.rounds() {
		name, keys := newKey("name"), newKeys("key", logins)
		successors := newKeys("successor", logins)
		var early [logins]bool
		var begun atomic.Bool // RevokeAll may have begun
		indexed := make(chan struct{}, logins)

		revokeAll := func(c *indexChecker) {
			for range round % logins {
				<-indexed
			}
			begun.Store(true)
			c.countRevokeAll(name)
		}
		calls := []func(*indexChecker){revokeAll}
		for i := range logins {
			calls = append(calls, func(c *indexChecker) {
				c.index(name, keys[i])
				early[i] = !begun.Load()
				indexed <- struct{}{}
				c.create(keys[i], "data", isUncertain)
				if i%2 == 0 {
					c.index(name, successors[i])
					c.renew(keys[i], successors[i], "data", "data", isUncertain)
				}
			})
		}
		c.when = "RevokeAll during logins"
		c.atOnce(calls...)

		c.when = "after RevokeAll, for a login that was in the index before"
		for i := range logins {
			if early[i] {
				c.gone(keys[i], successors[i])
			}
		}
		c.when = "after a second RevokeAll"
		c.countRevokeAll(name)
		c.gone(append(keys, successors...)...)
	}
}

func revokeAllDuringIndex(c *indexChecker) {
	const early, late = 4, 4
	for round := range c.rounds() {
		name, keys, lateKeys := newKey("name"), newKeys("early", early), newKeys("late", late)
		c.when = "RevokeAll and Index at the same time"
		c.index(name, keys...)
		c.createAll(append(keys, lateKeys...)...)

		var first int
		calls := []func(*indexChecker){
			func(c *indexChecker) { first = c.countRevokeAll(name) },
		}
		for _, key := range lateKeys {
			calls = append(calls, func(c *indexChecker) { c.index(name, key) })
		}
		c.atOnce(rotate(calls, round)...)
		c.gone(keys...)

		second := c.countRevokeAll(name)
		if first+second != early+late {
			c.failf("RevokeAll counted %d sessions, then %d; want %d altogether",
				first, second, early+late)
		}
		c.gone(lateKeys...)
	}
}

func revokeAllsAtOnce(c *indexChecker) {
	const sessions, callers = 5, 3
	for range c.rounds() {
		name, keys := newKey("name"), newKeys("key", sessions)
		c.when = "several calls of RevokeAll at the same time"
		c.index(name, keys...)
		c.createAll(keys...)

		var total atomic.Int64
		revokeAll := func(c *indexChecker) { total.Add(int64(c.countRevokeAll(name))) }
		c.atOnce(slices.Repeat([]func(*indexChecker){revokeAll}, callers)...)
		c.gone(keys...)
		if n := total.Load(); n != sessions {
			c.failf("the calls counted %d sessions, want %d", n, sessions)
		}
	}
}
