package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
)

var storeChecks = []check[scs.Store]{
	{"what is committed is found", committedIsFound},
	{"a commit replaces what was there", commitReplaces},
	{"what is deleted is gone, and deleting it again is no error", deletedIsGone},
	{"an unknown or malformed token is not found, without an error", malformedIsNotFound},
	{"keys that look alike are told apart", alikeKeysAreApart},
	{"data is any bytes, from none to a megabyte", dataIsAnyBytes},
	{"an expiry in the past keeps nothing", pastKeepsNothing},
	{"an expiry in a hundred years is kept", farExpiryIsKept},
	{"an expired session is not found", expiredIsNotFound},
	{"concurrent use", concurrentUse},
}

func committedIsFound(_ context.Context, s scs.Store) error {
	one, two := newKey("one"), newKey("two")
	return first(
		func() error { return absent(s, one) },
		func() error { return commit(s, one, []byte("first"), inAnHour()) },
		func() error { return commit(s, two, []byte("second"), inAnHour()) },
		func() error { return present(s, one, []byte("first")) },
		func() error { return present(s, two, []byte("second")) },
		func() error { return present(s, one, []byte("first")) }, // finding takes nothing away
	)
}

func commitReplaces(_ context.Context, s scs.Store) error {
	key := newKey("key")
	for _, data := range []string{"a longer value", "short", "a longer one again"} {
		if err := commit(s, key, []byte(data), inAnHour()); err != nil {
			return err
		}
		if err := present(s, key, []byte(data)); err != nil {
			return err
		}
	}
	return nil
}

func deletedIsGone(_ context.Context, s scs.Store) error {
	key, other := newKey("key"), newKey("other")
	for _, k := range []string{key, other} {
		if err := commit(s, k, []byte(k), inAnHour()); err != nil {
			return err
		}
	}
	for _, call := range []string{"Delete", "second Delete"} {
		if err := s.Delete(key); err != nil {
			return fmt.Errorf("%s: %w", call, err)
		}
		if err := absent(s, key); err != nil {
			return fmt.Errorf("after the %s: %w", call, err)
		}
	}
	if err := present(s, other, []byte(other)); err != nil {
		return fmt.Errorf("after Delete of another key: %w", err)
	}
	if err := commit(s, key, []byte("again"), inAnHour()); err != nil {
		return err
	}
	return present(s, key, []byte("again"))
}

// A token is what a stranger wrote into a cookie. See the comments of scs.Store: tampered or malformed tokens are not found,
// and errors are for the system's own.
func malformedIsNotFound(_ context.Context, s scs.Store) error {
	for _, key := range []string{
		"", " ", "*", "?", "%", "_", "\x00", "\n", "a\x00b", "\xff\xfe", "ключ", "💥", "a:b", "{a}", "../../etc/passwd",
		"'; DROP TABLE sessions; --", "%00", `\`, `"`, newKey("unknown"), strings.Repeat("k", 10_000),
	} {
		if err := absent(s, key); err != nil {
			return err
		}
		if err := s.Delete(key); err != nil {
			return fmt.Errorf("Delete(%.60q): %w", key, err)
		}
	}
	return nil
}

func alikeKeysAreApart(_ context.Context, s scs.Store) error {
	base := newKey("key")
	keys := []string{
		base, base + " ", " " + base, base + "x", base[:len(base)-1], strings.ToLower(base), base + "*", base + "%",
		base + ":" + base, base + "é", base + "e\u0301", base + "=", "{" + base + "}",
		strings.Repeat(base, 7), strings.Repeat(base, 7) + "x",
	}
	for _, key := range keys {
		if err := commit(s, key, []byte("data of "+key), inAnHour()); err != nil {
			return err
		}
	}
	for i, key := range keys {
		if err := present(s, key, []byte("data of "+key)); err != nil {
			return err
		}
		if err := s.Delete(key); err != nil {
			return fmt.Errorf("Delete(%.60q): %w", key, err)
		}
		for _, other := range keys[i+1:] {
			if err := present(s, other, []byte("data of "+other)); err != nil {
				return fmt.Errorf("after Delete(%.60q): %w", key, err)
			}
		}
	}
	return nil
}

// nil is not among them: no codec makes it, and to SQL it is a NULL, which the tables of scs's own stores refuse.
func dataIsAnyBytes(_ context.Context, s scs.Store) error {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for name, data := range map[string][]byte{
		"empty":      {},
		"one zero":   {0},
		"every byte": every,
		"a megabyte": bytes.Repeat(every, 4096),
	} {
		key := newKey("key")
		if err := commit(s, key, data, inAnHour()); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := present(s, key, data); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// A store may refuse such an expiry with an error. What it may not do is keep the session for ever, or keep the old one.
func pastKeepsNothing(_ context.Context, s scs.Store) error {
	for _, expiry := range []time.Time{longAgo(), time.Unix(0, 0), {}} {
		fresh, old := newKey("fresh"), newKey("old")
		if err := commit(s, old, []byte("old"), inAnHour()); err != nil {
			return err
		}
		for _, key := range []string{fresh, old} {
			refused := s.Commit(key, []byte("new"), expiry)
			if err := absent(s, key); err != nil && (refused == nil || key == fresh) {
				return fmt.Errorf("after a commit that expires at %v: %w", expiry, err)
			}
		}
	}
	return nil
}

func farExpiryIsKept(_ context.Context, s scs.Store) error {
	key := newKey("key")
	if err := commit(s, key, []byte("data"), time.Now().AddDate(100, 0, 0)); err != nil {
		return err
	}
	if err := present(s, key, []byte("data")); err != nil {
		return err
	}
	return s.Delete(key)
}

func expiredIsNotFound(ctx context.Context, s scs.Store) error {
	fresh, shortened, extended := newKey("fresh"), newKey("shortened"), newKey("extended")
	soon := time.Now().Add(granularity / 2)
	err := first(
		func() error { return commit(s, shortened, []byte("data"), inAnHour()) },
		func() error { return commit(s, shortened, []byte("data"), soon) },
		func() error { return commit(s, fresh, []byte("data"), soon) },
		func() error { return commit(s, extended, []byte("data"), soon) },
		func() error { return commit(s, extended, []byte("data"), inAnHour()) },
	)
	if err != nil {
		return err
	}
	for _, key := range []string{fresh, shortened} {
		if err := eventually(ctx, soon, func() error { return absent(s, key) }); err != nil {
			return err
		}
	}
	return present(s, extended, []byte("data"))
}

func concurrentUse(_ context.Context, s scs.Store) error {
	const users, requests = 50, 20
	shared := newKey("shared")
	if err := commit(s, shared, sharedBy(0), inAnHour()); err != nil {
		return err
	}
	errs := make([]error, users)
	var wg sync.WaitGroup
	for user := range users {
		wg.Go(func() {
			own := newKey("own")
			for request := range requests {
				data := fmt.Appendf(nil, "request %d of user %d", request, user)
				errs[user] = first(
					func() error { return commit(s, own, data, inAnHour()) },
					func() error { return commit(s, shared, sharedBy(user), inAnHour()) },
					func() error { return present(s, own, data) },
					func() error { return whole(s, shared, users) },
					func() error { return s.Delete(own) },
					func() error { return absent(s, own) },
				)
				if errs[user] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// sharedBy is what a user writes into the shared session. Parts of it from two users are what neither wrote.
func sharedBy(user int) []byte {
	return bytes.Repeat(fmt.Appendf(nil, "user %d;", user), 100)
}

// whole is an error unless what is under key is just as one of the users wrote it.
func whole(s scs.Store, key string, users int) error {
	data, found, err := s.Find(key)
	if err != nil || !found {
		return fmt.Errorf("Find of a shared session: found=%v, error %w", found, err)
	}
	for user := range users {
		if bytes.Equal(data, sharedBy(user)) {
			return nil
		}
	}
	return fmt.Errorf("Find of a shared session = %.60q, which nobody wrote", data)
}
