package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/alexedwards/scs/v2"
)

var backendChecks = slices.Concat(
	basicChecks, renewChecks, revokeChecks, backendExpiryChecks, raceChecks,
)

var basicChecks = []check[*backendChecker]{
	{name: "keys are any bytes", run: keysAreAnyBytes},
	{name: "Get returns the data and the expiry", run: getReturnsExpiry},
	{name: "Get returns the end of a tombstone", run: getReturnsTombstone},
	{name: "Create stores a session and can be repeated", run: createStores},
	{name: "Create stores nothing if there is a tombstone", run: createAfterTombstone},
	{name: "Update replaces data and expiry", run: updateReplaces},
	{name: "Update stores nothing if there is no session", run: updateWithoutSession},
	{name: "Update reports changed data as a conflict", run: updateConflict},
	{name: "Update with the stored data is no conflict", run: updateRepeated},
	{name: "Touch replaces the expiry and keeps the data", run: touchReplacesExpiry},
	{name: "Touch stores nothing if there is no session", run: touchWithoutSession},
	{name: "Commit replaces a tombstone", run: commitReplacesTombstone},
	{name: "Delete leaves no tombstone", run: deleteLeavesNoTombstone},
	{name: "Delete leaves a tombstone in place", run: deleteKeepsTombstone},
	{name: "tombstones are not among the sessions", run: tombstonesAreNotListed},
	{name: "each method stores large data as a whole", run: methodsStoreLargeData},
	{name: "each method copies the slices it is given", run: methodsCopyGivenSlices},
	{name: "Get returns a slice that belongs to the caller", run: getCopiesSlice},
}

func keysAreAnyBytes(c *backendChecker) {
	base := newKey("key")
	var keys []string
	for _, suffix := range []string{"\x00", "\x00\x00", "\xff", "\xfe", "\n", "\r\n", `\`, "'"} {
		keys = append(keys, base+suffix)
	}
	for _, key := range keys {
		c.create(key, "data of "+key, isFound)
	}
	for _, key := range keys {
		c.live(key, "data of "+key)
	}
}

func getReturnsExpiry(c *backendChecker) {
	key := newKey("key")
	c.blank(key)
	for _, zone := range zones() {
		for _, ttl := range []time.Duration{time.Minute, 72 * time.Hour, time.Hour} {
			c.when = fmt.Sprintf("with an expiry in %v in the time zone %v", ttl, zone)
			expiry := time.Now().Add(ttl).In(zone)
			c.commitUntil(key, "data", expiry)
			c.liveUntil(key, "data", expiry)
		}
	}
}

func getReturnsTombstone(c *backendChecker) {
	revoked, unused := newKey("revoked"), newKey("unused")
	c.createUntil(revoked, "data", time.Now().Add(3*granularity), isFound)
	c.revoke(revoked, isFound)
	c.tombstone(revoked)

	c.revoke(unused, isAbsent)
	c.tombstone(unused)

	old, successor := newKey("old"), newKey("successor")
	c.createUntil(old, "data", time.Now().Add(3*granularity), isFound)
	c.renew(old, successor, "data", "data", isFound)
	c.tombstone(old)
}

func createStores(c *backendChecker) {
	key, expiry := newKey("key"), time.Now().Add(2*time.Hour)
	for _, c.when = range []string{"the first Create", "a repeated Create"} {
		c.createUntil(key, "data", expiry, isFound)
		c.liveUntil(key, "data", expiry)
	}
	for _, zone := range zones() {
		c.when = fmt.Sprintf("with an expiry in the time zone %v", zone)
		key := newKey("key")
		c.createUntil(key, "data", expiry.In(zone), isFound)
		c.liveUntil(key, "data", expiry)
	}
}

func createAfterTombstone(c *backendChecker) {
	unused, revoked, chain := newKey("unused"), newKey("revoked"), c.chain(2)
	c.create(revoked, "data", isFound)
	c.revoke(revoked, isFound)
	c.revoke(unused, isAbsent)

	for _, key := range []string{unused, revoked, chain[0]} {
		c.create(key, "data", isAbsent)
		c.create(key, "data", isAbsent) // the first call leaves the tombstone in place
		c.tombstone(key)
	}
	c.live(chain[1], chain[1])
}

func updateReplaces(c *backendChecker) {
	key := newKey("key")
	c.create(key, "0", isFound)
	old := "0"
	for _, ttl := range []time.Duration{2 * time.Hour, 30 * time.Minute, time.Minute, time.Hour} {
		for _, zone := range zones() {
			c.when = fmt.Sprintf("with an expiry in %v in the time zone %v", ttl, zone)
			data, expiry := old+".", time.Now().Add(ttl).In(zone)
			c.updateUntil(key, old, data, expiry, isFound)
			c.liveUntil(key, data, expiry)
			old = data
		}
	}

	c.when = "with empty data"
	c.update(key, old, "", isFound)
	c.live(key, "")
	c.update(key, "", "data", isFound)
	c.live(key, "data")
}

func updateWithoutSession(c *backendChecker) {
	unused, deleted := newKey("unused"), newKey("deleted")
	revoked, chain := newKey("revoked"), c.chain(2)
	c.create(deleted, "data", isFound)
	c.delete(deleted)
	c.create(revoked, "data", isFound)
	c.revoke(revoked, isFound)

	for _, key := range []string{unused, deleted} {
		c.update(key, "data", "new data", isAbsent)
		c.update(key, "", "", isAbsent)
		c.blank(key)
	}
	for _, key := range []string{revoked, chain[0]} {
		c.update(key, "data", "new data", isAbsent)
		c.update(key, "", "", isAbsent)
		c.update(key, key, key, isAbsent)
		c.tombstone(key)
	}
	c.live(chain[1], chain[1])
}

func updateConflict(c *backendChecker) {
	key := newKey("key")
	c.create(key, "first", isFound)
	c.update(key, "first", "second", isFound)

	longer := time.Now().Add(2 * time.Hour)
	for _, old := range []string{"first", "secon", "second ", "SECOND", ""} {
		c.updateUntil(key, old, "third", longer, isConflict)
		c.live(key, "second") // with the same expiry
	}

	c.when = "after a conflict, with the data as it is now"
	c.update(key, "second", "third", isFound)
	c.live(key, "third")
}

func updateRepeated(c *backendChecker) {
	key, longer := newKey("key"), time.Now().Add(2*time.Hour)
	c.create(key, "first", isFound)
	c.update(key, "first", "second", isFound)
	c.updateUntil(key, "first", "second", longer, isFound)
	c.liveUntil(key, "second", longer)
	c.update(key, "second", "second", isFound)
	c.live(key, "second")
}

func touchReplacesExpiry(c *backendChecker) {
	key := newKey("key")
	c.create(key, "data", isFound)
	for _, ttl := range []time.Duration{2 * time.Hour, 30 * time.Minute, time.Minute, time.Hour} {
		for _, zone := range zones() {
			c.when = fmt.Sprintf("with an expiry in %v in the time zone %v", ttl, zone)
			expiry := time.Now().Add(ttl).In(zone)
			c.touch(key, expiry, isFound)
			c.liveUntil(key, "data", expiry)
		}
	}
}

func touchWithoutSession(c *backendChecker) {
	unused, deleted := newKey("unused"), newKey("deleted")
	revoked, chain := newKey("revoked"), c.chain(2)
	c.create(deleted, "data", isFound)
	c.delete(deleted)
	c.create(revoked, "data", isFound)
	c.revoke(revoked, isFound)

	for _, key := range []string{unused, deleted} {
		c.touch(key, c.expiry, isAbsent)
		c.blank(key)
	}
	for _, key := range []string{revoked, chain[0]} {
		c.touch(key, c.expiry, isAbsent)
		c.tombstone(key)
	}
	c.live(chain[1], chain[1])
}

func commitReplacesTombstone(c *backendChecker) {
	revoked, chain := newKey("revoked"), c.chain(2)
	c.revoke(revoked, isAbsent)
	for _, key := range []string{revoked, chain[0]} {
		c.commit(key, "data")
		c.live(key, "data")
		c.update(key, "data", "new data", isFound)
		c.touch(key, c.expiry, isFound)
		c.live(key, "new data")
		c.revoke(key, isFound)
		c.tombstone(key)
	}
	c.live(chain[1], chain[1]) // Commit has replaced the tombstone that named it as the successor
}

func deleteLeavesNoTombstone(c *backendChecker) {
	unused, key := newKey("unused"), newKey("key")
	c.create(key, "data", isFound)
	for _, key := range []string{unused, key} {
		c.delete(key)
		c.blank(key)
		c.create(key, "data", isFound)
		c.live(key, "data")
	}
}

func deleteKeepsTombstone(c *backendChecker) {
	revoked, chain := newKey("revoked"), c.chain(2)
	c.revoke(revoked, isAbsent)
	for _, key := range []string{revoked, chain[0]} {
		c.delete(key)
		c.tombstone(key)
		c.create(key, "data", isAbsent)
	}
	c.revoke(chain[0], isFound)
	c.gone(chain[1])
}

func tombstonesAreNotListed(c *backendChecker) {
	renewed, revoked, unused := c.chain(2), c.chain(2), newKey("unused")
	c.revoke(revoked[0], isFound)
	c.revoke(unused, isAbsent)
	if store, ok := c.backend.(scs.IterableStore); ok {
		c.notListed(store.All, renewed[0], revoked[0], revoked[1], unused)
	}
}

// notListed fails if all returns an entry for one of the keys.
func (c *backendChecker) notListed(all func() (map[string][]byte, error), keys ...string) {
	list := iterableChecker{c.storeChecker, all}
	list.notListed(keys...)
	c.fail(list.failure())
}

func methodsStoreLargeData(c *backendChecker) {
	key, successor := newKey("key"), newKey("successor")
	first, second := everyByte(megabyte+1), everyByte(2*megabyte+1)
	if _, err := c.backend.Create(c.ctx, key, []byte(first), c.expiry); err != nil {
		return // a store may refuse more than a megabyte
	}
	c.when = "Create"
	c.live(key, first)
	c.when = "Update"
	c.update(key, first, second, isFound)
	c.live(key, second)
	c.update(key, second[:len(second)-1]+"x", first, isConflict)
	c.when = "Renew"
	c.renew(key, successor, second, first, isFound)
	c.live(successor, first)
	c.delete(successor)
}

func methodsCopyGivenSlices(c *backendChecker) {
	c.givenSliceIsCopied("Create", func(key string, given []byte) error {
		_, err := c.backend.Create(c.ctx, key, given, c.expiry)
		return err
	})
	c.givenSliceIsCopied("CommitCtx", func(key string, given []byte) error {
		return c.backend.CommitCtx(c.ctx, key, given, c.expiry)
	})
	c.givenSliceIsCopied("Update", func(key string, given []byte) error {
		c.create(key, "old", isFound)
		_, err := c.backend.Update(c.ctx, key, []byte("old"), given, c.expiry)
		return err
	})
	c.givenSliceIsCopied("Renew", func(key string, given []byte) error {
		old := newKey("old")
		c.create(old, "old", isFound)
		_, err := c.backend.Renew(c.ctx, old, key, []byte("old"), given, c.expiry)
		return err
	})
	c.oldSliceIsUnchanged()
}

// oldSliceIsUnchanged checks the slices with which Update and Renew compare the stored data.
func (c *backendChecker) oldSliceIsUnchanged() {
	key, successor, old := newKey("key"), newKey("successor"), []byte("old")
	c.create(key, "old", isFound)
	_, err := c.backend.Update(c.ctx, key, old, []byte("old"), c.expiry)
	c.wantNil("Update", err)
	_, err = c.backend.Renew(c.ctx, key, successor, old, []byte("new"), c.expiry)
	c.wantNil("Renew", err)
	if string(old) != "old" {
		c.failf("Update or Renew changed the slice old to %q, want %q", old, "old")
	}
}

func getCopiesSlice(c *backendChecker) {
	c.returnedSliceIsCopied("Get", func(key string) ([]byte, error) {
		data, _, _, err := c.backend.Get(c.ctx, key)
		return data, err
	})
}
