package storetest

import (
	"fmt"
	"time"
)

var renewChecks = []check[*backendChecker]{
	{name: "Renew moves a session", run: renewMoves},
	{name: "Renew changes nothing if there is no session", run: renewWithoutSession},
	{name: "Renew changes nothing if the session was revoked", run: renewAfterRevoke},
	{name: "Renew changes nothing if the session was renewed to another key", run: renewTwice},
	{name: "Renew changes nothing if the new key has a tombstone", run: renewToTombstone},
	{name: "Renew changes nothing on a conflict", run: renewConflict},
	{name: "Renew can be repeated", run: renewRepeated},
	{name: "a repeated Renew does not undo later changes", run: renewRepeatedLate},
	{name: "a repeated Renew finds that the successor was revoked", run: renewRepeatedAfterRevoke},
}

func renewMoves(c *backendChecker) {
	for _, zone := range zones() {
		c.when = fmt.Sprintf("with an expiry in the time zone %v", zone)
		old, successor := newKey("old"), newKey("successor")
		expiry := time.Now().Add(2 * time.Hour).In(zone)
		c.create(old, "old data", isFound)
		c.renewUntil(old, successor, "old data", "new data", expiry, isFound)
		c.liveUntil(successor, "new data", expiry)
		c.tombstone(old)
	}

	c.when = "three times"
	keys := c.chain(4)
	c.live(keys[3], keys[3])
	c.tombstone(keys[:3]...)
	for _, key := range keys[:3] {
		c.update(key, key, "late data", isAbsent)
		c.touch(key, c.expiry, isAbsent)
		c.tombstone(key)
	}

	c.when = "with the same data"
	old, successor := newKey("old"), newKey("successor")
	c.create(old, "data", isFound)
	c.renew(old, successor, "data", "data", isFound)
	c.live(successor, "data")
}

func renewWithoutSession(c *backendChecker) {
	unused, deleted, successor := newKey("unused"), newKey("deleted"), newKey("successor")
	c.create(deleted, "data", isFound)
	c.delete(deleted)
	for _, key := range []string{unused, deleted} {
		c.renew(key, successor, "data", "data", isAbsent)
		c.renew(key, successor, "", "data", isAbsent)
		c.blank(key, successor)
	}
}

func renewAfterRevoke(c *backendChecker) {
	unused, revoked, successor := newKey("unused"), newKey("revoked"), newKey("successor")
	c.create(revoked, "data", isFound)
	c.revoke(revoked, isFound)
	c.revoke(unused, isAbsent)
	for _, key := range []string{unused, revoked} {
		c.renew(key, successor, "data", "data", isAbsent)
		c.renew(key, successor, "", "data", isAbsent)
		c.tombstone(key)
		c.blank(successor)
	}
}

func renewTwice(c *backendChecker) {
	chain, other := c.chain(2), newKey("other")
	c.renew(chain[0], other, chain[0], "other data", isAbsent)
	c.renew(chain[0], other, chain[1], "other data", isAbsent)
	c.blank(other)
	c.live(chain[1], chain[1])

	c.revoke(chain[0], isFound) // the successor is still the first one
	c.gone(chain[1])
}

func renewToTombstone(c *backendChecker) {
	key, revoked := newKey("key"), newKey("revoked")
	c.create(key, "data", isFound)
	c.revoke(revoked, isAbsent)
	c.renew(key, revoked, "data", "new data", isAbsent)
	c.live(key, "data")
	c.tombstone(revoked)

	c.when = "to the old key of another renewal"
	chain := c.chain(2)
	c.renew(key, chain[0], "data", "new data", isAbsent)
	c.live(key, "data")
	c.tombstone(chain[0])
	c.live(chain[1], chain[1])
}

func renewConflict(c *backendChecker) {
	key, successor := newKey("key"), newKey("successor")
	c.create(key, "first", isFound)
	c.update(key, "first", "second", isFound)
	longer := time.Now().Add(2 * time.Hour)
	for _, old := range []string{"first", "secon", "second ", ""} {
		c.renewUntil(key, successor, old, "third", longer, isConflict)
		c.live(key, "second")
		c.blank(successor)
	}

	c.when = "after a conflict, with the data as it is now"
	c.renew(key, successor, "second", "third", isFound)
	c.live(successor, "third")
	c.tombstone(key)
}

func renewRepeated(c *backendChecker) {
	old, successor := newKey("old"), newKey("successor")
	c.create(old, "old data", isFound)
	for range 3 {
		c.renew(old, successor, "old data", "new data", isFound)
		c.live(successor, "new data")
		c.tombstone(old)
	}
}

func renewRepeatedLate(c *backendChecker) {
	old, successor := newKey("old"), newKey("successor")
	c.create(old, "old data", isFound)
	c.renew(old, successor, "old data", "new data", isFound)
	c.update(successor, "new data", "later data", isFound)
	c.renewUntil(old, successor, "old data", "new data", time.Now().Add(2*time.Hour), isFound)
	c.live(successor, "later data")

	c.when = "after the successor was renewed"
	last := newKey("last")
	c.renew(successor, last, "later data", "last data", isFound)
	c.renew(old, successor, "old data", "new data", isAbsent)
	c.gone(successor)
	c.live(last, "last data")
}

func renewRepeatedAfterRevoke(c *backendChecker) {
	for i, revoked := range []string{"the old key", "the successor"} {
		c.when = "after Revoke of " + revoked
		chain := c.chain(2)
		c.revoke(chain[i], isFound)
		c.renew(chain[0], chain[1], chain[0], chain[1], isAbsent)
		c.tombstone(chain...)
	}
}
