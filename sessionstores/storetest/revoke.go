package storetest

import "fmt"

var revokeChecks = []check[*backendChecker]{
	{name: "Revoke removes a session and can be repeated", run: revokeRemoves},
	{name: "Revoke leaves a tombstone where nothing was", run: revokeWithoutSession},
	{name: "Revoke follows the successors", run: revokeFollowsSuccessors},
	{name: "Revoke follows a successor that was deleted", run: revokeFollowsDeleted},
	{name: "Revoke leaves other sessions alone", run: revokeLeavesOthers},
}

func revokeRemoves(c *backendChecker) {
	key := newKey("key")
	c.create(key, "data", isFound)
	c.revoke(key, isFound)
	for range 2 {
		c.tombstone(key)
		c.revoke(key, isAbsent)
	}
	c.update(key, "data", "late data", isAbsent)
	c.touch(key, c.expiry, isAbsent)
	c.tombstone(key)
}

func revokeWithoutSession(c *backendChecker) {
	unused, deleted := newKey("unused"), newKey("deleted")
	c.create(deleted, "data", isFound)
	c.delete(deleted)
	for _, key := range []string{unused, deleted} {
		c.revoke(key, isAbsent)
		c.tombstone(key)
		c.create(key, "data", isAbsent)
		c.gone(key)
	}
}

func revokeFollowsSuccessors(c *backendChecker) {
	for length := 2; length <= 6; length++ {
		for start := range length {
			c.when = fmt.Sprintf("after %d renewals, Revoke of key %d", length-1, start)
			keys := c.chain(length)
			c.revoke(keys[start], isFound)
			c.tombstone(keys...)
			for _, key := range keys {
				c.revoke(key, isAbsent)
			}
			c.renew(keys[length-1], newKey("next"), keys[length-1], "data", isAbsent)
		}
	}
}

// A Create of the successor may be in progress. So a tombstone is left where nothing is.
func revokeFollowsDeleted(c *backendChecker) {
	keys := c.chain(3)
	c.delete(keys[2])
	c.revoke(keys[0], isAbsent)
	c.tombstone(keys...)
	c.create(keys[2], "data", isAbsent)
}

func revokeLeavesOthers(c *backendChecker) {
	other, keys, single := c.chain(3), c.chain(3), newKey("single")
	c.create(single, "data", isFound)
	c.revoke(keys[1], isFound)
	c.live(other[2], other[2])
	c.live(single, "data")
	c.renew(other[2], newKey("next"), other[2], "data", isFound)
	c.renew(single, newKey("next"), "data", "data", isFound)
}
