package storetest

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/alexedwards/scs/v2"
)

// granularity is the largest error with which a store may round a time.
const granularity = time.Second

// newKey returns a key that is not used by any other check or run. It begins with prefix.
func newKey(prefix string) string {
	return prefix + "-" + rand.Text()
}

func newKeys(prefix string, n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = newKey(fmt.Sprint(prefix, i))
	}
	return keys
}

func inAnHour() time.Time {
	return time.Now().Add(time.Hour)
}

// soon returns an expiry that is in the future even if a store rounds it down.
func soon() time.Time {
	return time.Now().Add(granularity + granularity/5)
}

// pastTimes returns expiries that are in the past even if a store rounds them up.
func pastTimes() []time.Time {
	return []time.Time{time.Now().Add(-time.Minute), time.Unix(0, 0), {}}
}

// A checker keeps the first failure of a check. After a failure, the methods of the checkers that
// embed it do nothing, so that a check needs no error handling of its own.
type checker struct {
	ctx    context.Context
	when   string // describes the situation in failures
	start  time.Time
	expiry time.Time // an hour after start; the expiry of sessions by default
	err    error
}

func newChecker(ctx context.Context) checker {
	start := time.Now()
	return checker{ctx: ctx, start: start, expiry: start.Add(time.Hour)}
}

func (c *checker) failure() error { return c.err }

func (c *checker) failed() bool { return c.err != nil }

// fail keeps err, unless it is nil or there is a failure already.
func (c *checker) fail(err error) {
	if err == nil || c.failed() {
		return
	}
	if c.when != "" {
		err = fmt.Errorf("%s: %w", c.when, err)
	}
	c.err = err
}

func (c *checker) failf(format string, args ...any) {
	c.fail(fmt.Errorf(format, args...))
}

// wantNil fails if a call returned an error.
func (c *checker) wantNil(call string, err error) {
	if err != nil {
		c.failf("%s returned the error %q, want none", call, err)
	}
}

// sleepUntil waits for a time or the end of the check.
func (c *checker) sleepUntil(t time.Time) {
	if c.failed() {
		return
	}
	select {
	case <-time.After(time.Until(t)):
	case <-c.ctx.Done():
		c.fail(c.ctx.Err())
	}
}

// A storeChecker calls an scs.Store.
type storeChecker struct {
	checker
	store scs.Store
}

func newStoreChecker(ctx context.Context, store scs.Store) (*storeChecker, bool) {
	return &storeChecker{newChecker(ctx), store}, true
}

func (c *storeChecker) commit(key, data string) {
	c.commitUntil(key, data, c.expiry)
}

func (c *storeChecker) commitUntil(key, data string, expiry time.Time) {
	if c.failed() {
		return
	}
	err := c.store.Commit(key, []byte(data), expiry)
	c.wantNil(fmt.Sprintf("Commit(%.60q, %d bytes, %v)", key, len(data), expiry), err)
}

func (c *storeChecker) delete(key string) {
	if c.failed() {
		return
	}
	c.wantNil(fmt.Sprintf("Delete(%.60q)", key), c.store.Delete(key))
}

// present fails unless Find finds the data under key.
func (c *storeChecker) present(key, want string) {
	if c.failed() {
		return
	}
	data, found, err := c.store.Find(key)
	if err != nil || !found || string(data) != want {
		c.failf("Find(%.60q) = %.60q (%d bytes), found=%v, error %v; want %.60q (%d bytes)",
			key, data, len(data), found, err, want, len(want))
	}
}

// absent fails if Find finds one of the keys.
func (c *storeChecker) absent(keys ...string) {
	for _, key := range keys {
		if c.failed() {
			return
		}
		data, found, err := c.store.Find(key)
		if found || err != nil {
			c.failf("Find(%.60q) = %.60q, found=%v, error %v; want found=false and no error",
				key, data, found, err)
		}
	}
}

// absentSoon waits until key is absent, and fails if it is still present when a store that rounds
// must have expired it.
func (c *storeChecker) absentSoon(key string, expiry time.Time) {
	late := expiry.Add(granularity)
	for time.Now().Before(late) && !c.failed() {
		if _, found, err := c.store.Find(key); err == nil && !found {
			return
		}
		c.sleepUntil(time.Now().Add(20 * time.Millisecond))
	}
	c.absent(key)
}

// viaCtx is an scs.Store with the methods of an scs.CtxStore that take a context.
type viaCtx struct {
	ctx   context.Context
	store scs.CtxStore
}

func (v viaCtx) Find(key string) ([]byte, bool, error) {
	return v.store.FindCtx(v.ctx, key)
}

func (v viaCtx) Commit(key string, data []byte, expiry time.Time) error {
	return v.store.CommitCtx(v.ctx, key, data, expiry)
}

func (v viaCtx) Delete(key string) error {
	return v.store.DeleteCtx(v.ctx, key)
}
