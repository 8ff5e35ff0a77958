package storetest

import (
	"context"
	"strings"

	"github.com/alexedwards/scs/v2"
)

// An iterableChecker calls All of an scs.IterableStore, or AllCtx of an scs.IterableCtxStore.
type iterableChecker struct {
	storeChecker
	all func() (map[string][]byte, error)
}

func newIterableChecker(ctx context.Context, store scs.Store) (*iterableChecker, bool) {
	s, ok := store.(scs.IterableStore)
	all := func() (map[string][]byte, error) { return s.All() }
	return &iterableChecker{storeChecker{newChecker(ctx), store}, all}, ok
}

func newIterableCtxChecker(ctx context.Context, store scs.Store) (*iterableChecker, bool) {
	s, ok := store.(scs.IterableCtxStore)
	all := func() (map[string][]byte, error) { return s.AllCtx(ctx) }
	return &iterableChecker{storeChecker{newChecker(ctx), store}, all}, ok
}

var iterableChecks = []check[*iterableChecker]{
	{name: "All returns all sessions", run: allReturnsSessions},
	{name: "All returns no session that was deleted", run: allOmitsDeleted},
	{name: "All returns no session that has expired", run: allOmitsExpired, waits: true},
	{name: "All returns copies", run: allReturnsCopies},
}

// list calls All. It fails if the map is nil, which scs does not allow for an empty store either.
func (c *iterableChecker) list() map[string][]byte {
	if c.failed() {
		return nil
	}
	all, err := c.all()
	c.wantNil("All", err)
	if all == nil {
		c.failf("All returned nil, want a map")
	}
	return all
}

// listed fails unless All returns the data under key.
func (c *iterableChecker) listed(key, want string) {
	data, ok := c.list()[key]
	if !c.failed() && (!ok || string(data) != want) {
		c.failf("All returned %.60q (present: %v) under %.60q, want %.60q", data, ok, key, want)
	}
}

// notListed fails if All returns an entry whose key contains one of the keys. A store may keep
// other data under a key with a prefix, and must not return it as a session.
func (c *iterableChecker) notListed(keys ...string) {
	for listed := range c.list() {
		for _, key := range keys {
			if strings.Contains(listed, key) {
				c.failf("All returned an entry under %.60q, want none for %.60q", listed, key)
			}
		}
	}
}

func allReturnsSessions(c *iterableChecker) {
	sessions := map[string]string{
		newKey("one"): "first", newKey("two"): "", newKey("three"): "\x00\xff",
	}
	for key, data := range sessions {
		c.commit(key, data)
	}
	for key, data := range sessions {
		c.listed(key, data)
		c.present(key, data)
	}
}

func allOmitsDeleted(c *iterableChecker) {
	key := newKey("key")
	c.commit(key, "data")
	c.delete(key)
	c.notListed(key)
}

func allOmitsExpired(c *iterableChecker) {
	key, expiry := newKey("key"), soon()
	c.commitUntil(key, "data", expiry)
	c.listed(key, "data")
	c.absentSoon(key, expiry)
	c.when = "after Find has reported the session as absent"
	c.notListed(key)
}

func allReturnsCopies(c *iterableChecker) {
	c.returnedSliceIsCopied("All", func(key string) ([]byte, error) {
		all, err := c.all()
		return all[key], err
	})
}
