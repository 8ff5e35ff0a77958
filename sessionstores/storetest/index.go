package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
)

// An indexChecker calls a sessionstores.IndexedBackend.
type indexChecker struct {
	backendChecker
	indexed sessionstores.IndexedBackend
}

func newIndexChecker(ctx context.Context, store scs.Store) (*indexChecker, bool) {
	indexed, ok := store.(sessionstores.IndexedBackend)
	if !ok {
		return nil, false
	}
	b, _ := newBackendChecker(ctx, store)
	return &indexChecker{*b, indexed}, true
}

var indexChecks = slices.Concat([]check[*indexChecker]{
	{name: "RevokeAll revokes every key under the name", run: revokeAllRevokesEvery},
	{name: "RevokeAll returns the number of sessions", run: revokeAllCounts},
	{name: "RevokeAll follows the successors", run: revokeAllFollowsSuccessors},
	{name: "RevokeAll removes the index entries", run: revokeAllRemovesEntries},
	{name: "RevokeAll of an unknown name finds no sessions", run: revokeAllOfUnknownName},
	{name: "RevokeAll leaves sessions of other names alone", run: revokeAllLeavesOthers},
	{name: "a session that is created after RevokeAll is refused", run: createAfterRevokeAll},
	{name: "each of several names leads to the session", run: severalNames},
	{name: "Index changes no session", run: indexChangesNoSession},
	{name: "an index entry keeps the later expiry", run: laterExpiryIsKept, waits: true},
	{name: "Keys returns the keys under the name", run: keysReturnsKeys},
	{name: "Keys leaves out entries that have expired", run: keysExpire, waits: true},
	{name: "index entries are not among the sessions", run: indexIsNotListed},
}, indexRaceChecks)

func (c *indexChecker) index(name string, keys ...string) {
	c.indexUntil([]string{name}, c.expiry, keys...)
}

func (c *indexChecker) indexUntil(names []string, expiry time.Time, keys ...string) {
	if c.failed() {
		return
	}
	err := c.indexed.Index(c.ctx, names, expiry, keys...)
	c.wantNil(fmt.Sprintf("Index(%.60q, %v, %d keys)", names, expiry, len(keys)), err)
}

func (c *indexChecker) revokeAll(name string, want int) {
	if count := c.countRevokeAll(name); !c.failed() && count != want {
		c.failf("RevokeAll(%.60q) = %d, want %d", name, count, want)
	}
}

func (c *indexChecker) countRevokeAll(name string) int {
	if c.failed() {
		return 0
	}
	count, err := c.indexed.RevokeAll(c.ctx, name)
	c.wantNil(fmt.Sprintf("RevokeAll(%.60q)", name), err)
	return count
}

// createAll creates a session under each key, several at a time.
func (c *indexChecker) createAll(keys ...string) {
	const workers = 16
	var calls []func(c *indexChecker)
	for chunk := range slices.Chunk(keys, len(keys)/workers+1) {
		calls = append(calls, func(c *indexChecker) {
			for _, key := range chunk {
				c.create(key, key, isFound)
			}
		})
	}
	together(c, calls...)
}

// The largest number is above the limits of a page or a batch in common databases.
func revokeAllRevokesEvery(c *indexChecker) {
	for _, count := range []int{1, 2, 2100} {
		c.when = fmt.Sprintf("with %d keys under the name", count)
		name, keys := newKey("name"), newKeys("key", count)
		single := min(count/2, 20)
		for _, key := range keys[:single] {
			c.index(name, key)
		}
		c.index(name, keys[single:]...)
		c.createAll(keys...)
		c.revokeAll(name, count)
		c.tombstone(keys...)
	}
}

func revokeAllCounts(c *indexChecker) {
	name, live := newKey("name"), newKeys("live", 3)
	unused, deleted, revoked := newKey("unused"), newKey("deleted"), newKey("revoked")
	chain := c.chain(2)
	c.createAll(append(live, deleted, revoked)...)
	c.delete(deleted)
	c.revoke(revoked, isFound)

	c.index(name, live...)
	c.index(name, unused, deleted, revoked)
	c.index(name, chain...) // the session was renewed: two keys, one session
	c.index(name, live...)
	c.revokeAll(name, len(live)+1)
	c.tombstone(live...)
	c.tombstone(unused, deleted, revoked)
	c.tombstone(chain...)
}

func revokeAllFollowsSuccessors(c *indexChecker) {
	name, keys := newKey("name"), c.chain(4)
	c.index(name, keys[0])
	c.revokeAll(name, 1)
	c.tombstone(keys...)
	c.renew(keys[3], newKey("next"), keys[3], "data", isAbsent)
}

func revokeAllRemovesEntries(c *indexChecker) {
	name, key := newKey("name"), newKey("key")
	c.index(name, key)
	c.create(key, "data", isFound)
	c.revokeAll(name, 1)
	c.revokeAll(name, 0)

	c.commit(key, "another session")
	c.revokeAll(name, 0)
	c.live(key, "another session")
	c.index(name, key)
	c.revokeAll(name, 1)
}

func revokeAllOfUnknownName(c *indexChecker) {
	name := newKey("name")
	c.revokeAll(name, 0)
	for range 3 { // RevokeAll does not prevent later logins
		key := newKey("key")
		c.index(name, key)
		c.create(key, "data", isFound)
		c.live(key, "data")
		c.revokeAll(name, 1)
		c.gone(key)
	}
}

func revokeAllLeavesOthers(c *indexChecker) {
	name, key, unnamed := newKey("name"), newKey("key"), newKey("unnamed")
	alike := []string{
		name + "x", name[:len(name)-1], strings.ToLower(name), name + "*", name + "%",
		name + ":" + name, " " + name, name + " ", "{" + name + "}", "",
	}
	keys := newKeys("other", len(alike))
	for i, other := range alike {
		c.index(other, keys[i])
	}
	all := slices.Concat(keys, []string{unnamed, name}) // a key may equal a name
	c.createAll(all...)
	c.create(key, "data", isFound)
	c.index(name, key)
	c.revokeAll(name, 1)
	c.gone(key)
	for _, other := range all {
		c.live(other, other)
	}
}

func createAfterRevokeAll(c *indexChecker) {
	names := newKeys("name", 2)
	for _, name := range names {
		key := newKey("key")
		c.indexUntil(names, c.expiry, key)
		c.revokeAll(name, 0)
		c.create(key, "data", isAbsent)
		c.tombstone(key)
	}
}

func severalNames(c *indexChecker) {
	names := newKeys("name", 3)
	for _, name := range names {
		c.when = "two keys with two names at once and one more later"
		keys := newKeys("key", 2)
		c.indexUntil(names[:2], c.expiry, keys...)
		c.indexUntil(names[:2], c.expiry, keys...)
		c.createAll(keys...)
		c.index(names[2], keys...)
		c.revokeAll(name, 2)
		c.gone(keys...)
	}
}

func indexChangesNoSession(c *indexChecker) {
	name, other, key := newKey("name"), newKey("other"), newKey("key")
	longer := time.Now().Add(2 * time.Hour)
	c.index(name, key)
	c.blank(name, key)
	c.create(key, "data", isFound)
	c.indexUntil([]string{other}, longer, key)
	c.live(key, "data")
	c.indexUntil([]string{name, other}, time.Now().Add(-time.Minute), key)
	c.live(key, "data")

	revoked := newKey("revoked")
	c.revoke(revoked, isAbsent)
	c.index(name, revoked)
	c.tombstone(revoked)
	c.revokeAll(name, 1)
	c.gone(key)
}

func laterExpiryIsKept(c *indexChecker) {
	expiry := soon()
	longFirst, shortFirst := newKey("longFirst"), newKey("shortFirst")
	shared, sharedLast := newKey("shared"), newKey("sharedLast")
	keys := newKeys("key", 4)
	c.createAll(keys...)

	c.indexUntil([]string{longFirst}, c.expiry, keys[0])
	c.indexUntil([]string{longFirst}, expiry, keys[0])
	c.indexUntil([]string{shortFirst}, expiry, keys[1])
	c.indexUntil([]string{shortFirst}, c.expiry.In(zones()[0]), keys[1])
	// The entries of other keys under the name have no effect either.
	c.indexUntil([]string{shared}, expiry, newKey("short"))
	c.indexUntil([]string{shared}, c.expiry, keys[2])
	c.indexUntil([]string{sharedLast}, c.expiry, keys[3])
	c.indexUntil([]string{sharedLast}, expiry, newKey("short"))

	c.sleepUntil(expiry.Add(granularity))
	for i, name := range []string{longFirst, shortFirst, shared, sharedLast} {
		c.when = "after an earlier expiry of the entry or of another one, " + name
		c.revokeAll(name, 1)
		c.gone(keys[i])
	}
}

// keys checks what Keys returns, in any order.
func (c *indexChecker) keys(name string, want ...string) {
	if c.failed() {
		return
	}
	got, err := c.indexed.Keys(c.ctx, name)
	c.wantNil(fmt.Sprintf("Keys(%.60q)", name), err)
	if c.failed() {
		return
	}
	if !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
		c.failf("Keys(%.60q) = %d keys %.200q, want %d keys %.200q",
			name, len(got), got, len(want), want)
	}
}

func keysReturnsKeys(c *indexChecker) {
	name, other, many := newKey("name"), newKey("other"), newKey("many")
	live, unused, keys := newKey("live"), newKey("unused"), newKeys("key", 2100)
	c.keys(name)

	c.index(name, live)
	c.index(name, live, unused)
	c.index(strings.ToLower(name)+"x", other)
	c.index(strings.ToUpper(name), other)
	c.create(live, "data", isFound)
	c.keys(name, live, unused)
	c.keys(name, live, unused)
	c.live(live, "data")

	c.index(many, keys...)
	c.keys(many, keys...)
	c.revokeAll(name, 1)
	c.keys(name)
}

func keysExpire(c *indexChecker) {
	expiry := soon()
	name, short, long := newKey("name"), newKey("short"), newKey("long")
	c.indexUntil([]string{name}, expiry, short)
	c.indexUntil([]string{name}, c.expiry, long)
	c.indexUntil([]string{name}, time.Now().Add(-time.Minute), newKey("past"))
	c.sleepUntil(expiry.Add(granularity))
	c.keys(name, long)
}

func indexIsNotListed(c *indexChecker) {
	name, key := newKey("name"), newKey("key")
	c.index(name, key)
	c.gone(name, key)
	if store, ok := c.backend.(scs.IterableStore); ok {
		c.notListed(store.All, name, key)
	}
}
