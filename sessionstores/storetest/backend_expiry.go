package storetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

func pastRemoves(ctx context.Context, b sessionstores.Backend) error {
	data := []byte("data")
	calls := map[string]func(key string, expiry time.Time) (found bool, err error){
		"CommitCtx": func(key string, expiry time.Time) (bool, error) { return false, b.CommitCtx(ctx, key, data, expiry) },
		"Update":    func(key string, expiry time.Time) (bool, error) { return b.Update(ctx, key, data, expiry) },
		"Touch":     func(key string, expiry time.Time) (bool, error) { return b.Touch(ctx, key, expiry) },
		"Renew": func(key string, expiry time.Time) (bool, error) {
			return b.Renew(ctx, newKey("predecessor"), key, data, expiry)
		},
	}
	for name, call := range calls {
		for _, expiry := range []time.Time{longAgo(), time.Unix(0, 0), {}} {
			name := fmt.Sprintf("%s with the expiry %v", name, expiry)
			for _, there := range []bool{true, false} {
				key := newKey("key")
				if there {
					if err := commit(viaCtx{ctx, b}, key, []byte("old"), inAnHour()); err != nil {
						return err
					}
				}
				found, err := call(key, expiry)
				if err := says(name, false, found, err); err != nil {
					return err
				}
				if err := gone(ctx, b, key); err != nil {
					return fmt.Errorf("after %s: %w", name, err)
				}
			}
		}
	}
	return nil
}

func expiredIsThereForNobody(ctx context.Context, b sessionstores.Backend) error {
	s, data := viaCtx{ctx, b}, []byte("data")
	soon := time.Now().Add(granularity + granularity/5) // still to come when a store has rounded it down

	update := func(key string, expiry time.Time) func() error {
		return func() error { found, err := b.Update(ctx, key, data, expiry); return says("Update", true, found, err) }
	}
	touch := func(key string, expiry time.Time) func() error {
		return func() error { found, err := b.Touch(ctx, key, expiry); return says("Touch", true, found, err) }
	}
	committed, updated, touched, renewed := newKey("committed"), newKey("updated"), newKey("touched"), newKey("renewed")
	updatedLate, touchedLate, removedLate := newKey("updated-late"), newKey("touched-late"), newKey("removed-late")
	extendedByUpdate, extendedByTouch := newKey("extended-by-update"), newKey("extended-by-touch")
	for _, key := range []string{updated, touched} {
		if err := commit(s, key, data, inAnHour()); err != nil {
			return err
		}
	}
	for _, key := range []string{committed, updatedLate, touchedLate, removedLate, extendedByUpdate, extendedByTouch} {
		if err := commit(s, key, data, soon); err != nil {
			return err
		}
	}
	err := first(
		update(updated, soon), touch(touched, soon), update(extendedByUpdate, inAnHour()), touch(extendedByTouch, inAnHour()),
		func() error {
			found, err := b.Renew(ctx, newKey("predecessor"), renewed, data, soon)
			return says("Renew", true, found, err)
		},
	)
	if err != nil {
		return err
	}

	for _, key := range []string{committed, updated, touched, renewed} {
		if err := eventually(ctx, soon, func() error { return gone(ctx, b, key) }); err != nil {
			return err
		}
	}
	late := map[string]func() (bool, error){
		updatedLate: func() (bool, error) { return b.Update(ctx, updatedLate, data, inAnHour()) },
		touchedLate: func() (bool, error) { return b.Touch(ctx, touchedLate, inAnHour()) },
		removedLate: func() (bool, error) { return b.Remove(ctx, removedLate) },
	}
	for key, call := range late {
		found, err := call()
		if err := says(fmt.Sprintf("a call on the expired %q", key), false, found, err); err != nil {
			return err
		}
		if err := gone(ctx, b, key); err != nil {
			return err
		}
	}
	return errors.Join(present(s, extendedByUpdate, data), present(s, extendedByTouch, data))
}
