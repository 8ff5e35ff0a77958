package storetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
)

// A backendChecker calls a sessionstores.Backend. The embedded storeChecker uses FindCtx,
// CommitCtx and DeleteCtx.
type backendChecker struct {
	storeChecker
	backend sessionstores.Backend
}

func newBackendChecker(ctx context.Context, store scs.Store) (*backendChecker, bool) {
	b, ok := store.(sessionstores.Backend)
	return &backendChecker{storeChecker{newChecker(ctx), viaCtx{ctx, b}}, b}, ok
}

// An outcome is what a method is expected to report.
type outcome int

const (
	isAbsent    outcome = iota // found=false or created=false
	isFound                    // found=true or created=true
	isConflict                 // ErrConflict
	isUncertain                // anything but an error, for calls in a race
)

// expect fails unless the results of a call are the expected outcome.
func (c *backendChecker) expect(call string, want outcome, found bool, err error) {
	switch want {
	case isAbsent, isFound:
		if err != nil || found != (want == isFound) {
			c.failf("%s = %v, error %v; want %v and no error", call, found, err, want == isFound)
		}
	case isConflict:
		if !errors.Is(err, sessionstores.ErrConflict) {
			c.failf("%s = %v, error %v; want ErrConflict", call, found, err)
		}
	case isUncertain:
		if err != nil && !errors.Is(err, sessionstores.ErrConflict) {
			c.failf("%s returned the error %q, want none or ErrConflict", call, err)
		}
	}
}

func (c *backendChecker) create(key, data string, want outcome) {
	c.createUntil(key, data, c.expiry, want)
}

func (c *backendChecker) createUntil(key, data string, expiry time.Time, want outcome) {
	if c.failed() {
		return
	}
	created, err := c.backend.Create(c.ctx, key, []byte(data), expiry)
	c.expect(fmt.Sprintf("Create(%.60q)", key), want, created, err)
}

// update returns found without an error. Update reports a conflict with found=true.
func (c *backendChecker) update(key, old, data string, want outcome) (updated bool) {
	return c.updateUntil(key, old, data, c.expiry, want)
}

func (c *backendChecker) updateUntil(
	key, old, data string, expiry time.Time, want outcome,
) (updated bool) {
	if c.failed() {
		return false
	}
	found, err := c.backend.Update(c.ctx, key, []byte(old), []byte(data), expiry)
	call := fmt.Sprintf("Update(%.60q, old %.20q, data %.20q)", key, old, data)
	c.expect(call, want, found, err)
	if errors.Is(err, sessionstores.ErrConflict) && !found {
		c.failf("%s = false with ErrConflict, want true", call)
	}
	return found && err == nil
}

func (c *backendChecker) touch(key string, expiry time.Time, want outcome) {
	if c.failed() {
		return
	}
	found, err := c.backend.Touch(c.ctx, key, expiry)
	c.expect(fmt.Sprintf("Touch(%.60q)", key), want, found, err)
}

// renew renews a session whose data is old. The successor has the given data.
func (c *backendChecker) renew(from, to, old, data string, want outcome) (renewed bool) {
	return c.renewUntil(from, to, old, data, c.expiry, want)
}

func (c *backendChecker) renewUntil(
	from, to, old, data string, expiry time.Time, want outcome,
) (renewed bool) {
	if c.failed() {
		return false
	}
	found, err := c.backend.Renew(c.ctx, from, to, []byte(old), []byte(data), expiry)
	call := fmt.Sprintf("Renew(%.60q, %.60q, old %.20q)", from, to, old)
	c.expect(call, want, found, err)
	if found && err != nil {
		c.failf("%s = true with the error %q, want false", call, err)
	}
	return found
}

func (c *backendChecker) revoke(key string, want outcome) (revoked bool) {
	if c.failed() {
		return false
	}
	found, err := c.backend.Revoke(c.ctx, key)
	c.expect(fmt.Sprintf("Revoke(%.60q)", key), want, found, err)
	return found
}

// get returns the data of a session.
func (c *backendChecker) get(key string) string {
	if c.failed() {
		return ""
	}
	data, _, found, err := c.backend.Get(c.ctx, key)
	c.expect(fmt.Sprintf("Get(%.60q)", key), isFound, found, err)
	return string(data)
}

// live fails unless Get and FindCtx find the data under key, and Get returns an expiry in an hour.
func (c *backendChecker) live(key, data string) {
	c.liveUntil(key, data, c.expiry)
}

func (c *backendChecker) liveUntil(key, want string, expiry time.Time) {
	if c.failed() {
		return
	}
	data, got, found, err := c.backend.Get(c.ctx, key)
	if err != nil || !found || string(data) != want {
		c.failf("Get(%.60q) = %.60q, found=%v, error %v; want %.60q", key, data, found, err, want)
	}
	if got.Sub(expiry).Abs() > granularity {
		c.failf("Get(%.60q) returned the expiry %v, want %v", key, got, expiry)
	}
	c.present(key, want)
}

// gone fails if Get or FindCtx finds one of the keys. There may be tombstones.
func (c *backendChecker) gone(keys ...string) {
	for _, key := range keys {
		c.notFound(key)
	}
}

// blank fails unless Get reports that there is neither a session nor a tombstone.
func (c *backendChecker) blank(keys ...string) {
	for _, key := range keys {
		if expiry := c.notFound(key); !expiry.IsZero() {
			c.failf("Get(%.60q) returned the expiry %v of a tombstone, want no tombstone",
				key, expiry)
		}
	}
}

// tombstone fails unless Get reports a tombstone under each key that lasts for TombstoneTTL. The
// tombstone was made after the start of the check.
func (c *backendChecker) tombstone(keys ...string) {
	end := c.start.Add(sessionstores.TombstoneTTL - granularity)
	for _, key := range keys {
		expiry := c.notFound(key)
		if !c.failed() && expiry.Before(end) {
			c.failf("Get(%.60q) returned the expiry %v, want a tombstone until %v",
				key, expiry, end)
		}
	}
}

// notFound fails if Get or FindCtx finds the key, and returns the expiry that Get returned.
func (c *backendChecker) notFound(key string) (expiry time.Time) {
	if c.failed() {
		return time.Time{}
	}
	data, expiry, found, err := c.backend.Get(c.ctx, key)
	if found || err != nil || len(data) > 0 {
		c.failf("Get(%.60q) = %.60q, found=%v, error %v; want found=false, no data and no error",
			key, data, found, err)
	}
	c.absent(key)
	return expiry
}

// chain creates a session under the first of n new keys, and renews it from each to the next. The
// data of each session is its key.
func (c *backendChecker) chain(n int) []string {
	keys := newKeys("chain", n)
	c.create(keys[0], keys[0], isFound)
	for i := range n - 1 {
		c.renew(keys[i], keys[i+1], keys[i], keys[i+1], isFound)
	}
	return keys
}
