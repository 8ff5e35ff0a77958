package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
)

// The checks of expiries are in backend_expiry.go, those of Renew and End in logout.go.
var backendChecks = append([]check[sessionstores.Backend]{
	{"keys are any bytes", keysAreAnyBytes},
	{"Get finds what FindCtx finds, and says when it expires", getSaysExpiry},
	{"Update replaces data and expiry, and creates nothing", updateCreatesNothing},
	{"Touch replaces the expiry, keeps the data, and creates nothing", touchKeepsData},
	{"Remove says whether the session was there", removeSays},
	{"one of many concurrent calls of Remove finds the session", oneRemoveWins},
	{"an Update or Touch that overlaps a Remove brings nothing back", removeWins},
	{"an expiry in the past removes what is there, without an error", pastRemoves},
	{"an expired session is there for nobody", expiredIsThereForNobody},
	{"the data that was given is neither changed nor kept", inputIsCopied},
	{"the data that is handed out is the caller's own", outputIsCopied},
}, logoutChecks...)

func keysAreAnyBytes(ctx context.Context, b sessionstores.Backend) error {
	base, expiry := newKey("key"), inAnHour()
	var keys []string
	for _, tail := range []string{"\x00", "\x00\x00", "\xff", "\xfe", "\n", "\r\n", `\`, "'"} {
		keys = append(keys, base+tail)
	}
	for _, key := range keys {
		if err := commit(viaCtx{ctx, b}, key, []byte(key), expiry); err != nil {
			return err
		}
	}
	for _, key := range keys {
		if err := live(ctx, b, key, []byte(key), expiry); err != nil {
			return err
		}
	}
	return nil
}

func getSaysExpiry(ctx context.Context, b sessionstores.Backend) error {
	key := newKey("key")
	if err := gone(ctx, b, key); err != nil {
		return err
	}
	for _, after := range []time.Duration{time.Minute, 72 * time.Hour, time.Hour} {
		expiry := time.Now().Add(after)
		if err := commit(viaCtx{ctx, b}, key, []byte("data"), expiry); err != nil {
			return err
		}
		if err := live(ctx, b, key, []byte("data"), expiry); err != nil {
			return err
		}
	}
	return nil
}

func updateCreatesNothing(ctx context.Context, b sessionstores.Backend) error {
	key, expiry := newKey("key"), time.Now().Add(2*time.Hour)
	update := func(want bool) func() error {
		return func() error {
			found, err := b.Update(ctx, key, []byte("updated"), expiry)
			return says("Update", want, found, err)
		}
	}
	return first(
		update(false),
		func() error { return gone(ctx, b, key) },
		func() error { return commit(viaCtx{ctx, b}, key, []byte("the first data"), inAnHour()) },
		update(true),
		func() error { return live(ctx, b, key, []byte("updated"), expiry) },
		func() error { return b.DeleteCtx(ctx, key) },
		update(false),
		func() error { return gone(ctx, b, key) },
	)
}

func touchKeepsData(ctx context.Context, b sessionstores.Backend) error {
	key, expiry := newKey("key"), time.Now().Add(2*time.Hour)
	touch := func(want bool) func() error {
		return func() error {
			found, err := b.Touch(ctx, key, expiry)
			return says("Touch", want, found, err)
		}
	}
	return first(
		touch(false),
		func() error { return gone(ctx, b, key) },
		func() error { return commit(viaCtx{ctx, b}, key, []byte("data"), inAnHour()) },
		touch(true),
		func() error { return live(ctx, b, key, []byte("data"), expiry) },
		func() error { return b.DeleteCtx(ctx, key) },
		touch(false),
		func() error { return gone(ctx, b, key) },
	)
}

func removeSays(ctx context.Context, b sessionstores.Backend) error {
	key := newKey("key")
	remove := func(want bool) func() error {
		return func() error {
			found, err := b.Remove(ctx, key)
			return says("Remove", want, found, err)
		}
	}
	return first(
		remove(false),
		func() error { return commit(viaCtx{ctx, b}, key, []byte("data"), inAnHour()) },
		remove(true),
		func() error { return gone(ctx, b, key) },
		remove(false),
	)
}

func oneRemoveWins(ctx context.Context, b sessionstores.Backend) error {
	const rounds, callers = 20, 50
	for range rounds {
		key := newKey("key")
		if err := commit(viaCtx{ctx, b}, key, []byte("data"), inAnHour()); err != nil {
			return err
		}
		var winners atomic.Int32
		calls := make([]func() error, callers)
		for i := range calls {
			calls[i] = func() error {
				found, err := b.Remove(ctx, key)
				if found {
					winners.Add(1)
				}
				return err
			}
		}
		if err := together(calls...); err != nil {
			return err
		}
		if n := winners.Load(); n != 1 {
			return fmt.Errorf("of %d concurrent calls of Remove, %d were told found=true; want 1", callers, n)
		}
	}
	return nil
}

func removeWins(ctx context.Context, b sessionstores.Backend) error {
	const rounds = 100
	for round := range rounds {
		key := newKey("key")
		if err := commit(viaCtx{ctx, b}, key, []byte("data"), inAnHour()); err != nil {
			return err
		}
		calls := []func() error{
			func() error { _, err := b.Update(ctx, key, []byte("updated"), inAnHour()); return err },
			func() error { _, err := b.Touch(ctx, key, inAnHour()); return err },
			func() error { found, err := b.Remove(ctx, key); return says("Remove", true, found, err) },
		}
		first := round % len(calls) // a busy scheduler tends to run the one that was started last, and always that
		if err := together(slices.Concat(calls[first:], calls[:first])...); err != nil {
			return err
		}
		if err := gone(ctx, b, key); err != nil {
			return fmt.Errorf("after Remove, concurrent with Update and Touch: %w", err)
		}
	}
	return nil
}

func inputIsCopied(ctx context.Context, b sessionstores.Backend) error {
	pristine, expiry := []byte("the data that was given"), inAnHour()
	writes := map[string]func(key string, data []byte) error{
		"Commit":    func(key string, data []byte) error { return b.Commit(key, data, expiry) },
		"CommitCtx": func(key string, data []byte) error { return b.CommitCtx(ctx, key, data, expiry) },
		"Update":    func(key string, data []byte) error { _, err := b.Update(ctx, key, data, expiry); return err },
		"Renew": func(key string, data []byte) error {
			_, err := b.Renew(ctx, newKey("predecessor"), key, data, expiry)
			return err
		},
	}
	for name, write := range writes {
		key, data := newKey("key"), bytes.Clone(pristine)
		if err := commit(b, key, []byte("old"), expiry); err != nil {
			return err
		}
		if err := write(key, data); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if !bytes.Equal(data, pristine) {
			return fmt.Errorf("%s changed the slice it was given", name)
		}
		clear(data)
		if err := live(ctx, b, key, pristine, expiry); err != nil {
			return fmt.Errorf("after the slice given to %s was reused: %w", name, err)
		}
	}
	return nil
}

func outputIsCopied(ctx context.Context, b sessionstores.Backend) error {
	key, pristine, expiry := newKey("key"), []byte("the data that is stored"), inAnHour()
	reads := map[string]func() ([]byte, error){
		"Find":    func() ([]byte, error) { data, _, err := b.Find(key); return data, err },
		"FindCtx": func() ([]byte, error) { data, _, err := b.FindCtx(ctx, key); return data, err },
		"Get":     func() ([]byte, error) { data, _, _, err := b.Get(ctx, key); return data, err },
	}
	if s, ok := b.(scs.IterableStore); ok {
		reads["All"] = func() ([]byte, error) { all, err := s.All(); return all[key], err }
	}
	if s, ok := b.(scs.IterableCtxStore); ok {
		reads["AllCtx"] = func() ([]byte, error) { all, err := s.AllCtx(ctx); return all[key], err }
	}
	if err := commit(b, key, pristine, expiry); err != nil {
		return err
	}
	for name, read := range reads {
		data, err := read()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		clear(data)
		_ = append(data, "and beyond its end"...)
		if err := live(ctx, b, key, pristine, expiry); err != nil {
			return fmt.Errorf("after the slice from %s was written into: %w", name, err)
		}
	}
	return nil
}

// together calls all at the same time, and joins their errors.
func together(calls ...func() error) error {
	start, errs := make(chan struct{}), make([]error, len(calls))
	var wg sync.WaitGroup
	for i, call := range calls {
		wg.Go(func() {
			<-start
			errs[i] = call()
		})
	}
	close(start)
	wg.Wait()
	return errors.Join(errs...)
}
