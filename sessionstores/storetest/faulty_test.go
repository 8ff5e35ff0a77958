package storetest

import (
	"context"
	"time"

	"github.com/chiauth0/auth/sessionstores/memstore"
)

// A faulty store is an honest one of which a test replaces some methods. Those without a context and those with one are
// told apart only where a fault lies in that.
type faulty struct {
	honest *memstore.Store

	find      func(key string) ([]byte, bool, error)
	findCtx   func(ctx context.Context, key string) ([]byte, bool, error)
	commit    func(key string, data []byte, expiry time.Time) error
	commitCtx func(ctx context.Context, key string, data []byte, expiry time.Time) error
	delete    func(key string) error
	deleteCtx func(ctx context.Context, key string) error
	all       func() (map[string][]byte, error)
	get       func(ctx context.Context, key string) ([]byte, time.Time, bool, error)
	update    func(ctx context.Context, key string, data []byte, expiry time.Time) (bool, error)
	touch     func(ctx context.Context, key string, expiry time.Time) (bool, error)
	remove    func(ctx context.Context, key string) (bool, error)
	renew     func(ctx context.Context, oldKey, newKey string, data []byte, expiry time.Time) (bool, error)
	end       func(ctx context.Context, key string) error
	file      func(ctx context.Context, names []string, expiry time.Time, keys ...string) error
	create    func(ctx context.Context, key string, data []byte, expiry time.Time) (bool, error)
	endAll    func(ctx context.Context, name string) error
}

func newFaulty() *faulty {
	m := memstore.New()
	return &faulty{
		honest: m,
		find:   m.Find, findCtx: m.FindCtx, commit: m.Commit, commitCtx: m.CommitCtx, delete: m.Delete, deleteCtx: m.DeleteCtx,
		all: m.All, get: m.Get, update: m.Update, touch: m.Touch, remove: m.Remove, renew: m.Renew, end: m.End,
		file: m.File, create: m.Create, endAll: m.EndAll,
	}
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

func (f *faulty) Get(ctx context.Context, key string) ([]byte, time.Time, bool, error) {
	return f.get(ctx, key)
}

func (f *faulty) Update(ctx context.Context, key string, data []byte, expiry time.Time) (bool, error) {
	return f.update(ctx, key, data, expiry)
}

func (f *faulty) Touch(ctx context.Context, key string, expiry time.Time) (bool, error) {
	return f.touch(ctx, key, expiry)
}

func (f *faulty) Remove(ctx context.Context, key string) (bool, error) { return f.remove(ctx, key) }

func (f *faulty) Renew(ctx context.Context, oldKey, newKey string, data []byte, expiry time.Time) (bool, error) {
	return f.renew(ctx, oldKey, newKey, data, expiry)
}

func (f *faulty) End(ctx context.Context, key string) error { return f.end(ctx, key) }

func (f *faulty) File(ctx context.Context, names []string, expiry time.Time, keys ...string) error {
	return f.file(ctx, names, expiry, keys...)
}

func (f *faulty) Create(ctx context.Context, key string, data []byte, expiry time.Time) (bool, error) {
	return f.create(ctx, key, data, expiry)
}

func (f *faulty) EndAll(ctx context.Context, name string) error { return f.endAll(ctx, name) }
