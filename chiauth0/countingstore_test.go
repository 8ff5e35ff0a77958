package chiauth0_test

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/memstore"
)

// A countingStore is a memory store that counts its reads and writes, and fails on demand.
type countingStore struct {
	*memstore.Store
	reads, writes atomic.Int64
	down          atomic.Bool // every call fails
}

var errStoreDown = errors.New("the store is down")

var _ sessionstores.IndexedBackend = (*countingStore)(nil)

func (s *countingStore) count(n *atomic.Int64) error {
	n.Add(1)
	if s.down.Load() {
		return errStoreDown
	}

	return nil
}

func (s *countingStore) Get(
	ctx context.Context, key string,
) ([]byte, time.Time, bool, error) {
	if err := s.count(&s.reads); err != nil {
		return nil, time.Time{}, false, err
	}

	return s.Store.Get(ctx, key)
}

func (s *countingStore) FindCtx(ctx context.Context, key string) ([]byte, bool, error) {
	data, _, found, err := s.Get(ctx, key)
	return data, found, err
}

func (s *countingStore) CommitCtx(
	ctx context.Context, key string, data []byte, expiry time.Time,
) error {
	if err := s.count(&s.writes); err != nil {
		return err
	}

	return s.Store.CommitCtx(ctx, key, data, expiry)
}

func (s *countingStore) DeleteCtx(ctx context.Context, key string) error {
	if err := s.count(&s.writes); err != nil {
		return err
	}

	return s.Store.DeleteCtx(ctx, key)
}

func (s *countingStore) Create(
	ctx context.Context, key string, data []byte, expiry time.Time,
) (bool, error) {
	if err := s.count(&s.writes); err != nil {
		return false, err
	}

	return s.Store.Create(ctx, key, data, expiry)
}

func (s *countingStore) Update(
	ctx context.Context, key string, old, data []byte, expiry time.Time,
) (bool, error) {
	if err := s.count(&s.writes); err != nil {
		return false, err
	}

	return s.Store.Update(ctx, key, old, data, expiry)
}

func (s *countingStore) Touch(
	ctx context.Context, key string, expiry time.Time,
) (bool, error) {
	if err := s.count(&s.writes); err != nil {
		return false, err
	}

	return s.Store.Touch(ctx, key, expiry)
}

func (s *countingStore) Renew(
	ctx context.Context, oldKey, newKey string, old, data []byte, expiry time.Time,
) (bool, error) {
	if err := s.count(&s.writes); err != nil {
		return false, err
	}

	return s.Store.Renew(ctx, oldKey, newKey, old, data, expiry)
}

func (s *countingStore) Revoke(
	ctx context.Context, key string,
) (bool, error) {
	if err := s.count(&s.writes); err != nil {
		return false, err
	}

	return s.Store.Revoke(ctx, key)
}

func (s *countingStore) Index(
	ctx context.Context, names []string, expiry time.Time, keys ...string,
) error {
	if err := s.count(&s.writes); err != nil {
		return err
	}

	return s.Store.Index(ctx, names, expiry, keys...)
}

func (s *countingStore) Keys(ctx context.Context, name string) ([]string, error) {
	if err := s.count(&s.reads); err != nil {
		return nil, err
	}

	return s.Store.Keys(ctx, name)
}

func (s *countingStore) RevokeAll(ctx context.Context, name string) (int, error) {
	if err := s.count(&s.writes); err != nil {
		return 0, err
	}

	return s.Store.RevokeAll(ctx, name)
}
