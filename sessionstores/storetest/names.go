package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
)

// Those of logins in flight are in names_create.go.
var namerChecks = append([]check[sessionstores.Namer]{
	{"EndAll ends every key that is filed under the name", endAllEndsEvery},
	{"a key is found by each of its names, and may be filed again", filedAgain},
	{"a key may be filed before there is anything under it, and filing changes nothing there", filingChangesNothing},
	{"a key stays filed until its own expiry, whatever is filed before or after it", filedUntilExpiry},
	{"EndAll reaches what End reaches", endAllReachesSuccessors},
	{"EndAll of an unknown name is no error, and it can be called again", endAllAgain},
	{"EndAll leaves sessions of other names alone", endAllLeavesOthers},
	{"what is filed is no session", filedIsNoSession},
}, createChecks...)

func file(ctx context.Context, n sessionstores.Namer, name string, expiry time.Time, keys ...string) error {
	if err := n.File(ctx, []string{name}, expiry, keys...); err != nil {
		return fmt.Errorf("filing %d keys under %.60q: %w", len(keys), name, err)
	}
	return nil
}

func endAll(ctx context.Context, n sessionstores.Namer, name string) error {
	if err := n.EndAll(ctx, name); err != nil {
		return fmt.Errorf("EndAll(%.60q): %w", name, err)
	}
	return nil
}

// commitAll stores something under each of the keys.
func commitAll(ctx context.Context, b sessionstores.Backend, keys ...string) error {
	for _, key := range keys {
		if err := commit(viaCtx{ctx, b}, key, []byte(key), inAnHour()); err != nil {
			return err
		}
	}
	return nil
}

// allLive is an error unless all keys have what commitAll stored.
func allLive(ctx context.Context, b sessionstores.Backend, keys ...string) error {
	for _, key := range keys {
		if err := live(ctx, b, key, []byte(key), inAnHour()); err != nil {
			return err
		}
	}
	return nil
}

func newKeys(purpose string, n int) (keys []string) {
	for i := range n {
		keys = append(keys, newKey(fmt.Sprint(purpose, i)))
	}
	return keys
}

// More keys than a store may take in one go, filed at once and one by one.
func endAllEndsEvery(ctx context.Context, n sessionstores.Namer) error {
	for _, count := range []int{1, 2, 300} {
		name, keys := newKey("name"), newKeys("key", count)
		half := count / 2
		if err := first(
			func() error { return file(ctx, n, name, inAnHour(), keys[half:]...) },
			func() error { return commitAll(ctx, n, keys...) },
		); err != nil {
			return err
		}
		for _, key := range keys[:half] {
			if err := file(ctx, n, name, inAnHour(), key); err != nil {
				return err
			}
		}
		if err := endAll(ctx, n, name); err != nil {
			return err
		}
		if err := allGone(ctx, n, keys...); err != nil {
			return fmt.Errorf("after EndAll of a name with %d keys: %w", count, err)
		}
	}
	return nil
}

func filedAgain(ctx context.Context, n sessionstores.Namer) error {
	names := newKeys("name", 3)
	for _, name := range names {
		keys := newKeys("key", 2)
		for range 2 {
			if err := n.File(ctx, names[:2], inAnHour(), keys...); err != nil {
				return fmt.Errorf("filing: %w", err)
			}
		}
		err := first(
			func() error { return commitAll(ctx, n, keys...) },
			func() error { return file(ctx, n, names[2], inAnHour(), keys...) },
			func() error { return allLive(ctx, n, keys...) },
			func() error { return endAll(ctx, n, name) },
			func() error { return allGone(ctx, n, keys...) },
		)
		if err != nil {
			return fmt.Errorf("two keys filed under two names, again, and under a third: %w", err)
		}
	}
	return nil
}

func filingChangesNothing(ctx context.Context, n sessionstores.Namer) error {
	before, after, key := newKey("before"), newKey("after"), newKey("key")
	return first(
		func() error { return file(ctx, n, before, inAnHour(), key) },
		func() error { return gone(ctx, n, key) },
		func() error { return commitAll(ctx, n, key) },
		func() error { return file(ctx, n, after, time.Now().Add(2*time.Hour), key) },
		func() error { return allLive(ctx, n, key) },
		func() error { return file(ctx, n, after, longAgo(), key) },
		func() error { return allLive(ctx, n, key) },
		func() error { return endAll(ctx, n, before) },
		func() error { return gone(ctx, n, key) },
	)
}

// A name that expires as a whole has to outlive the last of its keys, whichever was filed last.
func filedUntilExpiry(ctx context.Context, n sessionstores.Namer) error {
	names, keys := newKeys("name", 4), newKeys("key", 4)
	soon, marker := time.Now().Add(granularity+granularity/5), newKey("marker")
	err := first(
		func() error { return commitAll(ctx, n, keys...) },
		func() error { return commit(viaCtx{ctx, n}, marker, nil, soon) },
		func() error { return file(ctx, n, names[0], soon, newKey("other")) },
		func() error { return file(ctx, n, names[0], inAnHour(), keys[0]) },
		func() error { return file(ctx, n, names[1], inAnHour(), keys[1]) },
		func() error { return file(ctx, n, names[1], soon, newKey("other")) },
		func() error { return file(ctx, n, names[2], soon, keys[2]) },
		func() error { return file(ctx, n, names[2], inAnHour(), keys[2]) },
		func() error { return file(ctx, n, names[3], inAnHour(), keys[3]) },
		func() error { return file(ctx, n, names[3], soon, keys[3]) },
		func() error { return eventually(ctx, soon, func() error { return gone(ctx, n, marker) }) },
	)
	if err != nil {
		return err
	}
	for i, when := range []string{
		"after another that has expired", "before another that has expired", "again for longer", "again for less long",
	} {
		if err := endAll(ctx, n, names[i]); err != nil {
			return err
		}
		if err := gone(ctx, n, keys[i]); err != nil {
			return fmt.Errorf("after EndAll of a name under which the key was filed for an hour, %s: %w", when, err)
		}
	}
	return nil
}

func endAllReachesSuccessors(ctx context.Context, n sessionstores.Namer) error {
	keys, err := chain(ctx, n, 4)
	if err != nil {
		return err
	}
	name, removed, next := newKey("name"), newKey("removed"), newKey("next")
	return first(
		func() error { return commitAll(ctx, n, removed) },
		func() error { return file(ctx, n, name, inAnHour(), keys[1], removed) },
		func() error { found, err := n.Remove(ctx, removed); return says("Remove", true, found, err) },
		func() error { return endAll(ctx, n, name) },
		func() error { return allGone(ctx, n, keys...) },
		func() error {
			found, err := n.Renew(ctx, removed, next, []byte(next), inAnHour())
			return says("Renew of a session that EndAll ended since it was removed", false, found, err)
		},
		func() error { return gone(ctx, n, next) },
	)
}

func endAllAgain(ctx context.Context, n sessionstores.Namer) error {
	name := newKey("name")
	if err := endAll(ctx, n, name); err != nil {
		return err
	}
	for range 3 { // each is a login that the one before has not barred
		key := newKey("key")
		err := first(
			func() error { return file(ctx, n, name, inAnHour(), key) },
			func() error { return create(ctx, n, key, true) },
			func() error { return allLive(ctx, n, key) },
			func() error { return endAll(ctx, n, name) },
			func() error { return gone(ctx, n, key) },
			func() error { return endAll(ctx, n, name) },
		)
		if err != nil {
			return err
		}
	}
	return nil
}

func endAllLeavesOthers(ctx context.Context, n sessionstores.Namer) error {
	name, key, unnamed := newKey("name"), newKey("key"), newKey("unnamed")
	others := []string{
		name + "x", name[:len(name)-1], strings.ToLower(name), name + "*", name + ":" + name, " " + name, "{" + name + "}", "",
	}
	if err := commitAll(ctx, n, key, unnamed, name); err != nil { // a session may be called like a name
		return err
	}
	keys := newKeys("other", len(others))
	for i, other := range others {
		if err := first(
			func() error { return file(ctx, n, other, inAnHour(), keys[i]) },
			func() error { return commitAll(ctx, n, keys[i]) },
		); err != nil {
			return err
		}
	}
	return first(
		func() error { return file(ctx, n, name, inAnHour(), key) },
		func() error { return endAll(ctx, n, name) },
		func() error { return gone(ctx, n, key) },
		func() error { return allLive(ctx, n, append(keys, unnamed, name)...) },
	)
}

func filedIsNoSession(ctx context.Context, n sessionstores.Namer) error {
	name, key := newKey("name"), newKey("key")
	if err := first(
		func() error { return file(ctx, n, name, inAnHour(), key) },
		func() error { return allGone(ctx, n, name, key) },
	); err != nil {
		return err
	}
	s, ok := n.(scs.IterableStore)
	if !ok {
		return nil
	}
	all, err := s.All()
	if err != nil {
		return fmt.Errorf("iterating: %w", err)
	}
	for found := range all {
		if strings.Contains(found, name) || strings.Contains(found, key) {
			return errors.New("among the sessions is what was filed: " + found)
		}
	}
	return nil
}
