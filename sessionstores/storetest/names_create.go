package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

var createChecks = []check[sessionstores.Namer]{
	{"Create stores a session, and keeps none that has expired", createStores},
	{"Create after EndAll, or after End, stores nothing", createAfterEnd},
	{"EndAll wins against logins and renewals at the same time", endAllWinsRaces},
}

// create expects a Create of what commitAll stores to answer want.
func create(ctx context.Context, n sessionstores.Namer, key string, want bool) error {
	created, err := n.Create(ctx, key, []byte(key), inAnHour())
	if err != nil || created != want {
		return fmt.Errorf("Create(%.60q) reported created=%v, %w; want %v and no error", key, created, nonNil(err), want)
	}
	return nil
}

func createStores(ctx context.Context, n sessionstores.Namer) error {
	name, key, expiry := newKey("name"), newKey("key"), time.Now().Add(2*time.Hour)
	pristine := []byte("the data that was given")
	data := bytes.Clone(pristine)
	err := first(
		func() error { return file(ctx, n, name, expiry, key) },
		func() error {
			created, err := n.Create(ctx, key, data, expiry)
			return says("Create", true, created, err)
		},
		func() error {
			if !bytes.Equal(data, pristine) {
				return errors.New("the slice that was given to Create was changed")
			}
			clear(data)
			return live(ctx, n, key, pristine, expiry)
		},
	)
	if err != nil {
		return err
	}
	for _, expiry := range []time.Time{longAgo(), time.Unix(0, 0), {}} {
		past := newKey("past")
		err := first(
			func() error { return file(ctx, n, name, inAnHour(), past) },
			func() error {
				created, err := n.Create(ctx, past, data, expiry)
				return says(fmt.Sprintf("Create with the expiry %v", expiry), false, created, err)
			},
			func() error { return gone(ctx, n, past) },
		)
		if err != nil {
			return err
		}
	}
	return nil
}

func createAfterEnd(ctx context.Context, n sessionstores.Namer) error {
	names := newKeys("name", 2)
	ends := map[string]func(key string) error{
		"End":                      func(key string) error { return end(ctx, n, key) },
		"EndAll of the one name":   func(string) error { return endAll(ctx, n, names[0]) },
		"EndAll of the other name": func(string) error { return endAll(ctx, n, names[1]) },
	}
	for name, end := range ends {
		key := newKey("key")
		if err := n.File(ctx, names, inAnHour(), key); err != nil {
			return fmt.Errorf("filing: %w", err)
		}
		err := first(
			func() error { return end(key) },
			func() error { return create(ctx, n, key, false) },
			func() error { return gone(ctx, n, key) },
		)
		if err != nil {
			return fmt.Errorf("after File, then %s: %w", name, err)
		}
	}
	return nil
}

// Logins are filed, created and renewed while EndAll runs. Of those that were filed before it began, nothing is to be left;
// the others stay filed, so that the next EndAll finds them.
func endAllWinsRaces(ctx context.Context, n sessionstores.Namer) error {
	const rounds, logins = 50, 6
	for round := range rounds {
		name, keys, successors := newKey("name"), newKeys("key", logins), newKeys("successor", logins)
		var early [logins]bool
		var begun atomic.Bool // EndAll may have
		filed := make(chan struct{}, logins)
		calls := []func() error{func() error {
			for range round % logins {
				<-filed
			}
			begun.Store(true)
			return endAll(ctx, n, name)
		}}
		for i := range logins {
			calls = append(calls, func() error {
				err := file(ctx, n, name, inAnHour(), keys[i])
				early[i] = !begun.Load()
				filed <- struct{}{}
				if err != nil {
					return err
				}
				created, err := n.Create(ctx, keys[i], []byte(keys[i]), inAnHour())
				if err != nil || !created || i%2 == 0 {
					return err
				}
				return renewFiled(ctx, n, name, keys[i], successors[i])
			})
		}
		if err := together(calls...); err != nil {
			return err
		}
		for i := range logins {
			if !early[i] {
				continue
			}
			if err := allGone(ctx, n, keys[i], successors[i]); err != nil {
				return fmt.Errorf("after EndAll, concurrent with a login that was filed before: %w", err)
			}
		}
		if err := endAll(ctx, n, name); err != nil {
			return err
		}
		if err := allGone(ctx, n, append(keys, successors...)...); err != nil {
			return fmt.Errorf("after EndAll of what was filed during another: %w", err)
		}
	}
	return nil
}

// renewFiled is what a request does that renews the token of a session with a name. It goes as far as EndAll lets it.
func renewFiled(ctx context.Context, n sessionstores.Namer, name, from, to string) error {
	if found, err := n.Remove(ctx, from); err != nil || !found {
		return err
	}
	if err := file(ctx, n, name, inAnHour(), to); err != nil {
		return err
	}
	_, err := n.Renew(ctx, from, to, []byte(to), inAnHour())
	return err
}
