package storetest

import (
	"context"
	"fmt"
	"strings"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
)

var logoutChecks = []check[sessionstores.Backend]{
	{"Renew stores the successor, and the old session stays gone", renewStores},
	{"End removes the session, is no error for an absent one, and can be repeated", endRemoves},
	{"Renew after End finds nothing", renewAfterEnd},
	{"End after Renew ends the successor, and the successor's", endReachesSuccessors},
	{"End ends a renewal of a successor that is under way", endReachesRenewalUnderWay},
	{"End leaves other sessions alone", endLeavesOthers},
	{"End wins against renewals at the same time", endWinsRaces},
	{"Get tells a session that has been removed or ended from one that never was", getTellsEnded},
	{"what is remembered of renewals and logouts is no session", tracesAreNoSessions},
}

// renew is what a request does that renews its token: Remove, then Renew. It expects both to succeed.
func renew(ctx context.Context, b sessionstores.Backend, from, to string) error {
	found, err := b.Remove(ctx, from)
	if err := says("Remove of the session to renew", true, found, err); err != nil {
		return err
	}
	found, err = b.Renew(ctx, from, to, []byte(to), inAnHour())
	return says("Renew", true, found, err)
}

// chain commits a session under the first of n new keys and renews it from each to the next.
func chain(ctx context.Context, b sessionstores.Backend, n int) (keys []string, err error) {
	for i := range n {
		keys = append(keys, newKey(fmt.Sprint("hop", i)))
	}
	if err := commit(viaCtx{ctx, b}, keys[0], []byte(keys[0]), inAnHour()); err != nil {
		return nil, err
	}
	for i := range n - 1 {
		if err := renew(ctx, b, keys[i], keys[i+1]); err != nil {
			return nil, fmt.Errorf("renewal %d: %w", i+1, err)
		}
	}
	return keys, nil
}

func end(ctx context.Context, b sessionstores.Backend, key string) error {
	if err := b.End(ctx, key); err != nil {
		return fmt.Errorf("ending a session: %w", err)
	}
	return nil
}

func getTellsEnded(ctx context.Context, b sessionstores.Backend) error {
	ended, removed, never := newKey("ended"), newKey("removed"), newKey("never")
	for _, key := range []string{ended, removed} {
		if err := commit(viaCtx{ctx, b}, key, []byte("data"), inAnHour()); err != nil {
			return err
		}
	}
	if err := end(ctx, b, ended); err != nil {
		return err
	}
	found, err := b.Remove(ctx, removed)
	if err := says("Remove", true, found, err); err != nil {
		return err
	}
	for key, want := range map[string]bool{ended: true, removed: true, never: false} {
		_, expiry, found, err := b.Get(ctx, key)
		if err := says("Get", false, found, err); err != nil {
			return err
		}
		if expiry.IsZero() == want {
			return fmt.Errorf("Get(%.60q) reported the expiry %v with found=false; want one only for what was there", key, expiry)
		}
	}
	return nil
}

// allGone is an error if any of keys is found.
func allGone(ctx context.Context, b sessionstores.Backend, keys ...string) error {
	for _, key := range keys {
		if err := gone(ctx, b, key); err != nil {
			return err
		}
	}
	return nil
}

func renewStores(ctx context.Context, b sessionstores.Backend) error {
	keys, err := chain(ctx, b, 3)
	if err != nil {
		return err
	}
	return first(
		func() error { return live(ctx, b, keys[2], []byte(keys[2]), inAnHour()) },
		func() error { return allGone(ctx, b, keys[:2]...) },
		func() error {
			found, err := b.Update(ctx, keys[0], []byte("late"), inAnHour())
			return says("Update of a session that was renewed", false, found, err)
		},
		func() error {
			found, err := b.Touch(ctx, keys[1], inAnHour())
			return says("Touch of a session that was renewed", false, found, err)
		},
		func() error { return allGone(ctx, b, keys[:2]...) },
	)
}

func endRemoves(ctx context.Context, b sessionstores.Backend) error {
	key := newKey("key")
	return first(
		func() error { return end(ctx, b, newKey("absent")) },
		func() error { return commit(viaCtx{ctx, b}, key, []byte("data"), inAnHour()) },
		func() error { return end(ctx, b, key) },
		func() error { return gone(ctx, b, key) },
		func() error { return end(ctx, b, key) },
		func() error { return gone(ctx, b, key) },
		func() error {
			found, err := b.Remove(ctx, key)
			return says("Remove of a session that was ended", false, found, err)
		},
		func() error {
			found, err := b.Update(ctx, key, []byte("late"), inAnHour())
			return says("Update of a session that was ended", false, found, err)
		},
		func() error { return gone(ctx, b, key) },
	)
}

func renewAfterEnd(ctx context.Context, b sessionstores.Backend) error {
	oldKey, successor := newKey("old"), newKey("successor")
	return first(
		func() error { return commit(viaCtx{ctx, b}, oldKey, []byte("data"), inAnHour()) },
		func() error { found, err := b.Remove(ctx, oldKey); return says("Remove", true, found, err) },
		func() error { return end(ctx, b, oldKey) },
		func() error {
			found, err := b.Renew(ctx, oldKey, successor, []byte("data"), inAnHour())
			return says("Renew of a session that was ended since it was removed", false, found, err)
		},
		func() error { return allGone(ctx, b, oldKey, successor) },
	)
}

func endReachesSuccessors(ctx context.Context, b sessionstores.Backend) error {
	for length := 2; length <= 5; length++ {
		keys, err := chain(ctx, b, length)
		if err != nil {
			return err
		}
		if err := end(ctx, b, keys[0]); err != nil {
			return err
		}
		if err := allGone(ctx, b, keys...); err != nil {
			return fmt.Errorf("after End of a session that was renewed %d times: %w", length-1, err)
		}
	}
	return nil
}

func endReachesRenewalUnderWay(ctx context.Context, b sessionstores.Backend) error {
	keys, err := chain(ctx, b, 3)
	if err != nil {
		return err
	}
	next := newKey("next")
	return first(
		func() error { found, err := b.Remove(ctx, keys[2]); return says("Remove", true, found, err) },
		func() error { return end(ctx, b, keys[0]) },
		func() error {
			found, err := b.Renew(ctx, keys[2], next, []byte("data"), inAnHour())
			return says("Renew of a session whose predecessor was ended", false, found, err)
		},
		func() error { return allGone(ctx, b, append(keys, next)...) },
	)
}

func endLeavesOthers(ctx context.Context, b sessionstores.Backend) error {
	other, err := chain(ctx, b, 3)
	if err != nil {
		return err
	}
	keys, err := chain(ctx, b, 3)
	if err != nil {
		return err
	}
	// An end in the middle reaches what came after, whose name other has no part in.
	return first(
		func() error { return end(ctx, b, keys[1]) },
		func() error { return allGone(ctx, b, keys...) },
		func() error { return live(ctx, b, other[2], []byte(other[2]), inAnHour()) },
		func() error { return renew(ctx, b, other[2], newKey("other")) },
	)
}

func endWinsRaces(ctx context.Context, b sessionstores.Backend) error {
	const rounds, hops = 100, 3
	for range rounds {
		keys := []string{newKey("hop0")}
		if err := commit(viaCtx{ctx, b}, keys[0], []byte("data"), inAnHour()); err != nil {
			return err
		}
		for i := range hops {
			keys = append(keys, newKey(fmt.Sprint("hop", i+1)))
		}
		err := together(
			func() error { return end(ctx, b, keys[0]) },
			func() error {
				for i := range hops {
					if found, err := b.Remove(ctx, keys[i]); err != nil || !found {
						return err
					}
					if found, err := b.Renew(ctx, keys[i], keys[i+1], []byte("data"), inAnHour()); err != nil || !found {
						return err
					}
				}
				return nil
			},
		)
		if err != nil {
			return err
		}
		if err := allGone(ctx, b, keys...); err != nil {
			return fmt.Errorf("after End, concurrent with renewals: %w", err)
		}
	}
	return nil
}

func tracesAreNoSessions(ctx context.Context, b sessionstores.Backend) error {
	renewed, err := chain(ctx, b, 2)
	if err != nil {
		return err
	}
	ended, err := chain(ctx, b, 2)
	if err != nil {
		return err
	}
	if err := end(ctx, b, ended[0]); err != nil {
		return err
	}
	dead := []string{renewed[0], ended[0], ended[1]}
	if err := allGone(ctx, b, dead...); err != nil {
		return err
	}
	s, ok := b.(scs.IterableStore)
	if !ok {
		return nil
	}
	all, err := s.All()
	if err != nil {
		return fmt.Errorf("iterating: %w", err)
	}
	for key := range all {
		for _, of := range dead { // a store may keep its notes under a longer name
			if strings.Contains(key, of) {
				return fmt.Errorf("among the sessions is %q, which is no session but what is remembered of %q", key, of)
			}
		}
	}
	return nil
}
