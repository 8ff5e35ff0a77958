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

// A login adds its key to the index, creates the session, and may renew it. No session is left of a
// login that was in the index before RevokeAll began.
func revokeAllDuringLogins(c *indexChecker) {
	const logins = 6
	race(c, func(c *indexChecker, round int) {
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
		together(c, calls...)

		c.when = "after RevokeAll, for a login that was in the index before"
		for i := range logins {
			if early[i] {
				c.gone(keys[i], successors[i])
			}
		}
		c.when = "after a second RevokeAll"
		c.countRevokeAll(name)
		c.gone(append(keys, successors...)...)
	})
}

// Workers add sessions to the index while another one calls RevokeAll. Each session is counted by
// one call.
func revokeAllDuringIndex(c *indexChecker) {
	const workers = 3
	name := newKey("name")
	var added, revoked atomic.Int64
	add := func(c *indexChecker) {
		for range c.rounds() {
			key := newKey("key")
			c.create(key, "data", isFound)
			c.index(name, key)
			added.Add(1)
		}
	}
	revokeAll := func(c *indexChecker) {
		for range c.rounds() {
			revoked.Add(int64(c.countRevokeAll(name)))
		}
	}
	c.when = "RevokeAll and Index at the same time"
	calls := slices.Repeat([]func(*indexChecker){add}, workers)
	compete(c, append(calls, revokeAll)...)

	revoked.Add(int64(c.countRevokeAll(name)))
	if got, want := revoked.Load(), added.Load(); !c.failed() && got != want {
		c.failf("RevokeAll counted %d sessions, want %d", got, want)
	}
}

func revokeAllsAtOnce(c *indexChecker) {
	const sessions, callers = 5, 3
	race(c, func(c *indexChecker, _ int) {
		name, keys := newKey("name"), newKeys("key", sessions)
		c.when = "several calls of RevokeAll at the same time"
		c.index(name, keys...)
		c.createAll(keys...)

		var total atomic.Int64
		revokeAll := func(c *indexChecker) { total.Add(int64(c.countRevokeAll(name))) }
		together(c, slices.Repeat([]func(*indexChecker){revokeAll}, callers)...)
		c.gone(keys...)
		if n := total.Load(); n != sessions {
			c.failf("the calls counted %d sessions, want %d", n, sessions)
		}
	})
}
