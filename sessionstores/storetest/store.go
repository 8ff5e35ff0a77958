package storetest

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

var storeChecks = []check[*storeChecker]{
	{name: "Find returns what was committed", run: committedIsFound},
	{name: "Commit replaces the data", run: commitReplaces},
	{name: "Delete removes a session and can be repeated", run: deleteRemoves},
	{name: "an unknown or malformed token is absent without an error", run: malformedIsAbsent},
	{name: "keys that look alike are different", run: alikeKeysDiffer},
	{name: "data is any bytes of any size", run: dataIsAnyBytes},
	{name: "the slice that is given is neither changed nor kept", run: givenSliceIsCopied},
	{name: "the slice that is returned belongs to the caller", run: returnedSliceIsCopied},
	{name: "a session with an expiry in the past is absent", run: pastIsAbsent},
	{name: "an expiry in a hundred years is kept", run: farExpiryIsKept},
	{name: "the time zone of an expiry has no effect", run: zoneHasNoEffect},
	{name: "an expired session is absent", run: expiredIsAbsent, waits: true},
	{name: "concurrent calls do not disturb each other", run: concurrentCalls},
}

func committedIsFound(c *storeChecker) {
	one, two := newKey("one"), newKey("two")
	c.absent(one)
	c.commit(one, "first")
	c.commit(two, "second")
	c.present(one, "first")
	c.present(two, "second")
	c.present(one, "first") // Find removes nothing
}

func commitReplaces(c *storeChecker) {
	key := newKey("key")
	for _, data := range []string{"a longer value", "short", "a longer one again"} {
		c.commit(key, data)
		c.present(key, data)
	}
}

func deleteRemoves(c *storeChecker) {
	key, other := newKey("key"), newKey("other")
	c.commit(key, "data")
	c.commit(other, "other data")
	for _, c.when = range []string{"after Delete", "after a second Delete"} {
		c.delete(key)
		c.absent(key)
		c.present(other, "other data")
	}

	c.when = "after Delete and Commit"
	c.commit(key, "new data")
	c.present(key, "new data")
}

// A token comes from a cookie, which can contain anything. See the comments of scs.Store: a
// malformed token is absent, and an error means that the store has failed.
func malformedIsAbsent(c *storeChecker) {
	for _, key := range []string{
		"", " ", "*", "?", "%", "_", "\x00", "\n", "a\x00b", "\xff\xfe", "ключ", "💥", "a:b",
		"{a}", "../../etc/passwd", "'; DROP TABLE sessions; --", "%00", `\`, `"`,
		newKey("unknown"), strings.Repeat("k", 10_000),
	} {
		c.absent(key)
		c.delete(key)
	}
}

func alikeKeysDiffer(c *storeChecker) {
	base := newKey("key")
	keys := []string{
		base, base + " ", " " + base, base + "x", base[:len(base)-1], strings.ToLower(base),
		base + "*", base + "%", base + ":" + base, base + "é", base + "e\u0301", base + "=",
		"{" + base + "}", strings.Repeat(base, 7), strings.Repeat(base, 7) + "x",
	}
	for _, key := range keys {
		c.commit(key, "data of "+key)
	}
	for i, key := range keys {
		c.present(key, "data of "+key)
		c.delete(key)
		c.when = fmt.Sprintf("after Delete(%.60q)", key)
		for _, other := range keys[i+1:] {
			c.present(other, "data of "+other)
		}
	}
}

// A store may refuse such an expiry with an error. It must not keep the session under a key that
// was not used before.
func pastIsAbsent(c *storeChecker) {
	for _, expiry := range pastTimes() {
		c.when = fmt.Sprintf("after Commit with the expiry %v", expiry)
		fresh, existing := newKey("fresh"), newKey("existing")
		c.commit(existing, "old data")

		_ = c.store.Commit(fresh, []byte("new data"), expiry)
		c.absent(fresh)
		if err := c.store.Commit(existing, []byte("new data"), expiry); err == nil {
			c.absent(existing)
		}
	}
}

func farExpiryIsKept(c *storeChecker) {
	key := newKey("key")
	c.commitUntil(key, "data", time.Now().AddDate(100, 0, 0))
	c.present(key, "data")
	c.delete(key)
}

// zones returns time zones far from each other and from most local ones.
func zones() []*time.Location {
	return []*time.Location{
		time.FixedZone("west", -12*60*60), time.UTC, time.FixedZone("east", 14*60*60),
	}
}

func zoneHasNoEffect(c *storeChecker) {
	for _, zone := range zones() {
		c.when = fmt.Sprintf("with an expiry in the time zone %v", zone)
		live, expired := newKey("live"), newKey("expired")
		c.commitUntil(live, "data", c.expiry.In(zone))
		c.present(live, "data")
		_ = c.store.Commit(expired, []byte("data"), time.Now().Add(-time.Minute).In(zone))
		c.absent(expired)
	}
}

func expiredIsAbsent(c *storeChecker) {
	expiry := soon()
	fresh, shortened, extended := newKey("fresh"), newKey("shortened"), newKey("extended")
	c.commit(shortened, "data")
	c.commitUntil(shortened, "data", expiry)
	c.commitUntil(fresh, "data", expiry)
	c.commitUntil(extended, "data", expiry)
	c.commit(extended, "data")

	c.present(fresh, "data")
	c.absentSoon(fresh, expiry)
	c.absentSoon(shortened, expiry)
	c.present(extended, "data")
}

func concurrentCalls(c *storeChecker) {
	const users, requests = 50, 20
	shared := newKey("shared")
	whole := func(user int) string { return strings.Repeat(fmt.Sprintf("user %d;", user), 100) }
	valid := map[string]bool{}
	for user := range users {
		valid[whole(user)] = true
	}
	c.commit(shared, whole(0))

	failures := make([]error, users)
	var wg sync.WaitGroup
	for user := range users {
		wg.Go(func() {
			c := *c
			own := newKey("own")
			for request := range requests {
				data := fmt.Sprintf("request %d of user %d", request, user)
				c.commit(own, data)
				c.commit(shared, whole(user))
				c.present(own, data)
				c.presentOneOf(shared, valid)
				c.delete(own)
				c.absent(own)
			}
			failures[user] = c.failure()
		})
	}
	wg.Wait()
	for _, err := range failures {
		c.fail(err)
	}
}

// presentOneOf fails unless Find finds valid data. Data that mixes two writes is not valid.
func (c *storeChecker) presentOneOf(key string, valid map[string]bool) {
	if c.failed() {
		return
	}
	data, found, err := c.store.Find(key)
	if err != nil || !found || !valid[string(data)] {
		c.failf("Find(%.60q) = %.60q, found=%v, error %v; want data that one Commit has written",
			key, data, found, err)
	}
}
