package sessionstores

import (
	"context"
	"time"

	"github.com/alexedwards/scs/v2"
)

// timedBackend is a Backend whose calls end in time.
type timedBackend struct {
	scs.Store
	backend  Backend
	timeouts timeouts
}

// timedIndex is an IndexedBackend whose calls end in time.
type timedIndex struct {
	timedBackend
	indexed IndexedBackend
}

// withTimeouts wraps a Backend, unless its calls never wait.
func withTimeouts(b Backend, t timeouts) Backend {
	if t.read <= 0 {
		return b
	}

	timed := timedBackend{Store: b, backend: b, timeouts: t}
	if indexed, ok := b.(IndexedBackend); ok {
		return timedIndex{timed, indexed}
	}

	return timed
}

// found is what most methods of a Backend return, beside an error.
type found struct {
	data   []byte
	expiry time.Time
	ok     bool
}

// write runs a write that reports whether there was a session. ErrConflict comes with its own
// report; every other error leaves the outcome unknown.
func (b timedBackend) write(
	ctx context.Context, call func(context.Context) (bool, error),
) (bool, error) {
	answer := make(chan bool, 1)
	err := b.timeouts.writing(ctx, func(ctx context.Context) error {
		ok, err := call(ctx)
		answer <- ok
		return err
	})

	select {
	case ok := <-answer:
		return ok, err
	default:
		return false, err
	}
}

func (b timedBackend) Get(ctx context.Context, key string) ([]byte, time.Time, bool, error) {
	answer := make(chan found, 1)
	err := b.timeouts.reading(ctx, func(ctx context.Context) error {
		data, expiry, ok, err := b.backend.Get(ctx, key)
		answer <- found{data, expiry, ok}
		return err
	})
	if err != nil {
		return nil, time.Time{}, false, err
	}

	f := <-answer
	return f.data, f.expiry, f.ok, nil
}

func (b timedBackend) FindCtx(ctx context.Context, key string) ([]byte, bool, error) {
	data, _, ok, err := b.Get(ctx, key)
	return data, ok, err
}

func (b timedBackend) CommitCtx(
	ctx context.Context, key string, data []byte, expiry time.Time,
) error {
	return b.timeouts.writing(ctx, func(ctx context.Context) error {
		return b.backend.CommitCtx(ctx, key, data, expiry)
	})
}

func (b timedBackend) DeleteCtx(ctx context.Context, key string) error {
	return b.timeouts.writing(ctx, func(ctx context.Context) error {
		return b.backend.DeleteCtx(ctx, key)
	})
}

func (b timedBackend) Create(
	ctx context.Context, key string, data []byte, expiry time.Time,
) (bool, error) {
	return b.write(ctx, func(ctx context.Context) (bool, error) {
		return b.backend.Create(ctx, key, data, expiry)
	})
}

func (b timedBackend) Update(
	ctx context.Context, key string, old, data []byte, expiry time.Time,
) (bool, error) {
	return b.write(ctx, func(ctx context.Context) (bool, error) {
		return b.backend.Update(ctx, key, old, data, expiry)
	})
}

func (b timedBackend) Touch(ctx context.Context, key string, expiry time.Time) (bool, error) {
	return b.write(ctx, func(ctx context.Context) (bool, error) {
		return b.backend.Touch(ctx, key, expiry)
	})
}

func (b timedBackend) Renew(
	ctx context.Context, oldKey, newKey string, old, data []byte, expiry time.Time,
) (bool, error) {
	return b.write(ctx, func(ctx context.Context) (bool, error) {
		return b.backend.Renew(ctx, oldKey, newKey, old, data, expiry)
	})
}

func (b timedBackend) Revoke(ctx context.Context, key string) (bool, error) {
	return b.write(ctx, func(ctx context.Context) (bool, error) {
		return b.backend.Revoke(ctx, key)
	})
}

func (b timedIndex) Index(
	ctx context.Context, names []string, expiry time.Time, keys ...string,
) error {
	return b.timeouts.writing(ctx, func(ctx context.Context) error {
		return b.indexed.Index(ctx, names, expiry, keys...)
	})
}

// Keys has the time-out of one read.
func (b timedIndex) Keys(ctx context.Context, name string) ([]string, error) {
	answer := make(chan []string, 1)
	err := b.timeouts.reading(ctx, func(ctx context.Context) error {
		keys, err := b.indexed.Keys(ctx, name)
		answer <- keys
		return err
	})
	if err != nil {
		return nil, err
	}

	return <-answer, nil
}

// RevokeAll has no time-out of its own: a name may have many sessions. The context of the caller
// bounds it.
func (b timedIndex) RevokeAll(ctx context.Context, name string) (int, error) {
	return b.indexed.RevokeAll(ctx, name)
}
