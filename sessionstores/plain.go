package sessionstores

import (
	"context"
	"time"

	"github.com/alexedwards/scs/v2"
)

// plain makes a Backend of any scs store, as well as three verbs allow: what must not create is preceded by a read. New
// documents the window that this leaves.
type plain struct{ scs.Store }

func (p plain) FindCtx(ctx context.Context, key string) ([]byte, bool, error) {
	if s, ok := p.Store.(scs.CtxStore); ok {
		return s.FindCtx(ctx, key)
	}
	return p.Find(key)
}

func (p plain) CommitCtx(ctx context.Context, key string, data []byte, expiry time.Time) error {
	if !expiry.After(time.Now()) {
		return p.DeleteCtx(ctx, key) // several stores of the scs family would keep it without a lifetime
	}
	if s, ok := p.Store.(scs.CtxStore); ok {
		return s.CommitCtx(ctx, key, data, expiry)
	}
	return p.Commit(key, data, expiry)
}

func (p plain) DeleteCtx(ctx context.Context, key string) error {
	if s, ok := p.Store.(scs.CtxStore); ok {
		return s.DeleteCtx(ctx, key)
	}
	return p.Delete(key)
}

// Get cannot tell the expiry: zero.
func (p plain) Get(ctx context.Context, key string) ([]byte, time.Time, bool, error) {
	data, found, err := p.FindCtx(ctx, key)
	return data, time.Time{}, found, err
}

func (p plain) Update(ctx context.Context, key string, data []byte, expiry time.Time) (bool, error) {
	if _, found, err := p.FindCtx(ctx, key); err != nil || !found {
		return false, err
	}
	return expiry.After(time.Now()), p.CommitCtx(ctx, key, data, expiry)
}

func (p plain) Touch(ctx context.Context, key string, expiry time.Time) (bool, error) {
	data, found, err := p.FindCtx(ctx, key)
	if err != nil || !found {
		return false, err
	}
	return expiry.After(time.Now()), p.CommitCtx(ctx, key, data, expiry)
}

func (p plain) Remove(ctx context.Context, key string) (bool, error) {
	if _, found, err := p.FindCtx(ctx, key); err != nil || !found {
		return false, err
	}
	return true, p.DeleteCtx(ctx, key)
}

// Renew has nowhere to look for an End that came between.
func (p plain) Renew(ctx context.Context, _, newKey string, data []byte, expiry time.Time) (bool, error) {
	return expiry.After(time.Now()), p.CommitCtx(ctx, newKey, data, expiry)
}

func (p plain) End(ctx context.Context, key string) error { return p.DeleteCtx(ctx, key) }
