package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/chiauth0/auth/sessionstores/memstore"
)

// A faulty store is a memstore of which a test replaces some methods.
type faulty struct {
	honest *memstore.Store

	find      func(key string) ([]byte, bool, error)
	findCtx   func(ctx context.Context, key string) ([]byte, bool, error)
	commit    func(key string, data []byte, expiry time.Time) error
	commitCtx func(ctx context.Context, key string, data []byte, expiry time.Time) error
	delete    func(key string) error
	deleteCtx func(ctx context.Context, key string) error
	all       func() (map[string][]byte, error)

	get    func(key string) ([]byte, time.Time, bool, error)
	create func(key string, data []byte, expiry time.Time) (bool, error)
	update func(key string, old, data []byte, expiry time.Time) (bool, error)
	touch  func(key string, expiry time.Time) (bool, error)
	renew  func(oldKey, newKey string, old, data []byte, expiry time.Time) (bool, error)
	revoke func(key string) (bool, error)

	index     func(names []string, expiry time.Time, keys ...string) error
	keys      func(name string) ([]string, error)
	revokeAll func(name string) (int, error)
}

var errRefused = errors.New("refused by the test")

var background = context.Background()

func newFaulty() *faulty {
	m := memstore.New()
	f := &faulty{honest: m}
	f.find, f.findCtx = m.Find, m.FindCtx
	f.commit, f.commitCtx = m.Commit, m.CommitCtx
	f.delete, f.deleteCtx = m.Delete, m.DeleteCtx
	f.all = m.All

	f.get = func(key string) ([]byte, time.Time, bool, error) {
		return m.Get(background, key)
	}
	f.create = func(key string, data []byte, expiry time.Time) (bool, error) {
		return m.Create(background, key, data, expiry)
	}
	f.update = func(key string, old, data []byte, expiry time.Time) (bool, error) {
		return m.Update(background, key, old, data, expiry)
	}
	f.touch = func(key string, expiry time.Time) (bool, error) {
		return m.Touch(background, key, expiry)
	}
	f.renew = func(oldKey, newKey string, old, data []byte, expiry time.Time) (bool, error) {
		return m.Renew(background, oldKey, newKey, old, data, expiry)
	}
	f.revoke = func(key string) (bool, error) {
		return m.Revoke(background, key)
	}
	f.index = func(names []string, expiry time.Time, keys ...string) error {
		return m.Index(background, names, expiry, keys...)
	}
	f.keys = func(name string) ([]string, error) {
		return m.Keys(background, name)
	}
	f.revokeAll = func(name string) (int, error) {
		return m.RevokeAll(background, name)
	}
	return f
}

func (f *faulty) Find(key string) ([]byte, bool, error) { return f.find(key) }

func (f *faulty) FindCtx(ctx context.Context, key string) ([]byte, bool, error) {
	return f.findCtx(ctx, key)
}

func (f *faulty) Commit(key string, data []byte, expiry time.Time) error {
	return f.commit(key, data, expiry)
}

func (f *faulty) CommitCtx(ctx context.Context, key string, data []byte, expiry time.Time) error {
	return f.commitCtx(ctx, key, data, expiry)
}

func (f *faulty) Delete(key string) error { return f.delete(key) }

func (f *faulty) DeleteCtx(ctx context.Context, key string) error { return f.deleteCtx(ctx, key) }

func (f *faulty) All() (map[string][]byte, error) { return f.all() }

func (f *faulty) AllCtx(context.Context) (map[string][]byte, error) { return f.all() }

func (f *faulty) Get(_ context.Context, key string) ([]byte, time.Time, bool, error) {
	return f.get(key)
}

func (f *faulty) Create(
	_ context.Context, key string, data []byte, expiry time.Time,
) (bool, error) {
	return f.create(key, data, expiry)
}

func (f *faulty) Update(
	_ context.Context, key string, old, data []byte, expiry time.Time,
) (bool, error) {
	return f.update(key, old, data, expiry)
}

func (f *faulty) Touch(_ context.Context, key string, expiry time.Time) (bool, error) {
	return f.touch(key, expiry)
}

func (f *faulty) Renew(
	_ context.Context, oldKey, newKey string, old, data []byte, expiry time.Time,
) (bool, error) {
	return f.renew(oldKey, newKey, old, data, expiry)
}

func (f *faulty) Revoke(_ context.Context, key string) (bool, error) { return f.revoke(key) }

func (f *faulty) Index(
	_ context.Context, names []string, expiry time.Time, keys ...string,
) error {
	return f.index(names, expiry, keys...)
}

func (f *faulty) Keys(_ context.Context, name string) ([]string, error) {
	return f.keys(name)
}

func (f *faulty) RevokeAll(_ context.Context, name string) (int, error) {
	return f.revokeAll(name)
}

// pause makes a race between two steps of a faulty method likely.
func pause() { time.Sleep(200 * time.Microsecond) }

// isLive reports whether there is a session.
func (f *faulty) isLive(key string) bool {
	_, found, _ := f.honest.Find(key)
	return found
}

// hasTombstone reports whether there is a tombstone.
func (f *faulty) hasTombstone(key string) bool {
	_, expiry, found, _ := f.honest.Get(background, key)
	return !found && !expiry.IsZero()
}
