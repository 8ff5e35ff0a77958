package storetest

import (
	"fmt"
	"sync"
	"time"
)

var backendExpiryChecks = []check[*backendChecker]{
	{name: "an expiry in the past removes the session", run: pastRemoves},
	{
		name: "an expired session is absent for each method",
		run:  expiredIsAbsentForEach, waits: true,
	},
	{
		name: "no method finds what another reported as expired",
		run:  methodsAgreeOnExpiry, waits: true,
	},
	{
		name: "a tombstone lasts longer than its session",
		run:  tombstoneOutlivesSession, waits: true,
	},
}

func pastRemoves(c *backendChecker) {
	for _, expiry := range pastTimes() {
		calls := map[string]func(key string){
			"Commit": func(key string) { c.commitUntil(key, "new data", expiry) },
			"Create": func(key string) { c.createUntil(key, "new data", expiry, isAbsent) },
			"Update": func(key string) { c.updateUntil(key, "data", "new data", expiry, isAbsent) },
			"Touch":  func(key string) { c.touch(key, expiry, isAbsent) },
			"Renew": func(key string) {
				successor := newKey("successor")
				c.renewUntil(key, successor, "data", "new data", expiry, isAbsent)
				c.gone(successor)
			},
		}
		for name, call := range calls {
			c.when = fmt.Sprintf("%s with the expiry %v", name, expiry)
			existing, unused := newKey("existing"), newKey("unused")
			c.create(existing, "data", isFound)
			call(existing)
			c.gone(existing)
			call(unused)
			c.blank(unused)
		}
	}
}

func expiredIsAbsentForEach(c *backendChecker) {
	expiry := soon()
	created, committed, updated := newKey("created"), newKey("committed"), newKey("updated")
	touched, renewed := newKey("touched"), newKey("renewed")
	c.createUntil(created, "data", expiry, isFound)
	c.commitUntil(committed, "data", expiry)
	c.create(updated, "data", isFound)
	c.updateUntil(updated, "data", "new data", expiry, isFound)
	c.create(touched, "data", isFound)
	c.touch(touched, expiry, isFound)
	old := newKey("old")
	c.create(old, "data", isFound)
	c.renewUntil(old, renewed, "data", "data", expiry, isFound)

	extendedByUpdate, extendedByTouch := newKey("extended"), newKey("extended")
	c.createUntil(extendedByUpdate, "data", expiry, isFound)
	c.update(extendedByUpdate, "data", "new data", isFound)
	c.createUntil(extendedByTouch, "data", expiry, isFound)
	c.touch(extendedByTouch, c.expiry, isFound)

	expired := []string{created, committed, updated, touched, renewed}
	for _, key := range expired {
		c.absentSoon(key, expiry)
	}
	c.when = "after the expiry"
	c.blank(expired...)
	for _, key := range expired {
		c.update(key, "data", "late data", isAbsent)
		c.touch(key, c.expiry, isAbsent)
		c.renew(key, newKey("successor"), "data", "late data", isAbsent)
		c.blank(key)
	}
	c.create(created, "data", isFound)
	c.revoke(committed, isAbsent)
	c.live(extendedByUpdate, "new data")
	c.live(extendedByTouch, "data")
}

// Each session is polled by one method until that reports it as expired. Then another method is
// called at once. It must not find the session: a store whose methods use two clocks fails here.
func methodsAgreeOnExpiry(c *backendChecker) {
	reporters := map[string]func(c *backendChecker, key string) (found bool){
		"Get": func(c *backendChecker, key string) bool {
			_, _, found, err := c.backend.Get(c.ctx, key)
			c.wantNil("Get", err)
			return found
		},
		"FindCtx": func(c *backendChecker, key string) bool {
			_, found, err := c.backend.FindCtx(c.ctx, key)
			c.wantNil("FindCtx", err)
			return found
		},
		"Update": func(c *backendChecker, key string) bool {
			found, _ := c.backend.Update(c.ctx, key, []byte("other data"), []byte("x"), c.expiry)
			return found
		},
	}
	finders := map[string]func(c *backendChecker, key string){
		"Get and FindCtx": func(c *backendChecker, key string) { c.blank(key) },
		"Update": func(c *backendChecker, key string) {
			c.update(key, "data", "new data", isAbsent)
		},
		"Touch":  func(c *backendChecker, key string) { c.touch(key, c.expiry, isAbsent) },
		"Revoke": func(c *backendChecker, key string) { c.revoke(key, isAbsent) },
		"Renew": func(c *backendChecker, key string) {
			c.renew(key, newKey("successor"), "data", "data", isAbsent)
		},
	}

	const repeats = 4
	delay := time.Duration(0) // so that the expiries are not at the same time
	var wg sync.WaitGroup
	var mu sync.Mutex
	for reporter, find := range reporters {
		for finder, findLate := range finders {
			for range repeats {
				delay += 4 * time.Millisecond
				key, expiry := newKey("key"), soon().Add(delay)
				c.createUntil(key, "data", expiry, isFound)
				own := *c
				wg.Go(func() {
					own.pollUntilExpired(key, expiry, find)
					own.when = fmt.Sprintf("%s after %s has reported the expiry", finder, reporter)
					findLate(&own, key)
					mu.Lock()
					defer mu.Unlock()
					c.fail(own.failure())
				})
			}
		}
	}
	wg.Wait()
}

// pollUntilExpired calls find until it reports the session as absent. It does not pause while the
// expiry is near. A store that rounds may expire the session earlier or later.
func (c *backendChecker) pollUntilExpired(
	key string, expiry time.Time, find func(c *backendChecker, key string) bool,
) {
	const near = 3 * time.Millisecond
	c.sleepUntil(expiry.Add(-20 * near))
	for find(c, key) && !c.failed() {
		late := time.Since(expiry)
		switch {
		case late > granularity:
			c.failf("the session is found %v after its expiry", late)
		case late > near:
			c.sleepUntil(time.Now().Add(5 * near))
		case late < -near:
			c.sleepUntil(time.Now().Add(near / 3))
		}
	}
}

// The suite cannot wait for the end of a tombstone. It checks the end that Get returns, and that
// the tombstone is in effect after the session would have expired.
func tombstoneOutlivesSession(c *backendChecker) {
	expiry := soon()
	revoked, unused := newKey("revoked"), newKey("unused")
	c.createUntil(revoked, "data", expiry, isFound)
	c.revoke(revoked, isFound)
	c.revoke(unused, isAbsent)
	old, successor := newKey("old"), newKey("successor")
	c.createUntil(old, "data", expiry, isFound)
	c.renew(old, successor, "data", "new data", isFound)

	c.sleepUntil(expiry.Add(granularity))
	c.when = "after the expiry of the session before the tombstone"
	c.tombstone(revoked, unused, old)
	c.renew(old, successor, "data", "new data", isFound)
	for _, key := range []string{revoked, unused, old} {
		c.create(key, "data", isAbsent)
		c.renew(key, newKey("other"), "data", "data", isAbsent)
		c.update(key, "data", "data", isAbsent)
		c.touch(key, c.expiry, isAbsent)
	}
	c.live(successor, "new data")
	c.renew(successor, revoked, "new data", "data", isAbsent)
	c.live(successor, "new data")
	c.revoke(old, isFound)
	c.gone(successor)
}
