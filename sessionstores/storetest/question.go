package storetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
)

// granularity is how much a store may round a time, up or down.
const granularity = time.Second

// newKey returns a key that no other check and no earlier run has used, which begins with what it is for.
func newKey(purpose string) string {
	return purpose + "-" + rand.Text()
}

// inAnHour is an expiry that no check lives to see. Stores round it differently; none of its digits should matter.
func inAnHour() time.Time {
	return time.Now().Add(time.Hour)
}

// longAgo is past however a store rounds it.
func longAgo() time.Time {
	return time.Now().Add(-time.Minute)
}

// present is an error unless Find finds want under key.
func present(s scs.Store, key string, want []byte) error {
	data, found, err := s.Find(key)
	switch {
	case err != nil:
		return fmt.Errorf("Find(%.60q): %w", key, err)
	case !found:
		return fmt.Errorf("Find(%.60q) found nothing; want %.60q", key, want)
	case !bytes.Equal(data, want):
		return fmt.Errorf("Find(%.60q) = %.60q (%d bytes), want %.60q (%d bytes)", key, data, len(data), want, len(want))
	}
	return nil
}

// absent is an error unless Find says that there is nothing under key.
func absent(s scs.Store, key string) error {
	data, found, err := s.Find(key)
	switch {
	case err != nil:
		return fmt.Errorf("Find(%.60q): %w; want no error and found=false", key, err)
	case found:
		return fmt.Errorf("Find(%.60q) = %.60q; want nothing to be found", key, data)
	}
	return nil
}

// commit is Commit, with an error that says so.
func commit(s scs.Store, key string, data []byte, expiry time.Time) error {
	if err := s.Commit(key, data, expiry); err != nil {
		return fmt.Errorf("Commit(%.60q, %d bytes, %v): %w", key, len(data), expiry, err)
	}
	return nil
}

// viaCtx is a CtxStore seen through its methods with a context only.
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

// live is an error unless Get and FindCtx both find want under key, to expire at expiry.
func live(ctx context.Context, b sessionstores.Backend, key string, want []byte, expiry time.Time) error {
	data, at, found, err := b.Get(ctx, key)
	switch {
	case err != nil:
		return fmt.Errorf("Get(%.60q): %w", key, err)
	case !found:
		return fmt.Errorf("Get(%.60q) found nothing; want %.60q", key, want)
	case !bytes.Equal(data, want):
		return fmt.Errorf("Get(%.60q) = %.60q, want %.60q", key, data, want)
	case at.Sub(expiry).Abs() > granularity:
		return fmt.Errorf("Get(%.60q) says that it expires at %v, want %v", key, at, expiry)
	}
	return present(viaCtx{ctx, b}, key, want)
}

// gone is an error unless Get and FindCtx both say that there is nothing under key.
func gone(ctx context.Context, b sessionstores.Backend, key string) error {
	data, _, found, err := b.Get(ctx, key)
	switch {
	case err != nil:
		return fmt.Errorf("Get(%.60q): %w; want no error and found=false", key, err)
	case found:
		return fmt.Errorf("Get(%.60q) = %.60q; want nothing to be found", key, data)
	}
	return absent(viaCtx{ctx, b}, key)
}

// says is an error unless a call reported found=want and no error.
func says(call string, want, found bool, err error) error {
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w; want found=%v and no error", call, err, want)
	case found != want:
		return fmt.Errorf("%s reported found=%v, want %v", call, found, want)
	}
	return nil
}

// eventually asks until the answer is nil, but not beyond the time when a store that rounds must have noticed that expiry
// is past.
func eventually(ctx context.Context, expiry time.Time, ask func() error) error {
	for {
		err := ask()
		if err == nil {
			return nil
		}
		if time.Until(expiry) < -granularity {
			return fmt.Errorf("%v after it expired: %w", time.Since(expiry).Round(time.Millisecond), err)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
}

// first returns the first error of questions, which are asked in turn.
func first(questions ...func() error) error {
	for _, ask := range questions {
		if err := ask(); err != nil {
			return err
		}
	}
	return nil
}
