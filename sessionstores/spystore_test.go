package sessionstores_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chiauth0/auth/sessionstores/memstore"
)

var errDown = errors.New("the store is down")

// A spyStore is a memstore that counts calls, and that can fail before or after a call.
type spyStore struct {
	*memstore.Store

	mu     sync.Mutex
	calls  map[string]int // by method
	before func(ctx context.Context, method, key string) error
	after  func(ctx context.Context, method, key string) error
}

func newSpyStore(tb testing.TB) *spyStore {
	return &spyStore{Store: newMemstore(tb), calls: make(map[string]int)}
}

// writes are the methods that change the store.
var writes = []string{
	"Commit", "Delete", "Create", "Update", "Touch", "Renew", "Revoke", "Index", "RevokeAll",
}

// count returns how often the methods were called since the last count.
func (s *spyStore) count(methods ...string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()

	for _, method := range methods {
		n += s.calls[method]
	}
	clear(s.calls)

	return n
}

// failBefore makes these methods fail without effect. Without methods, nothing fails.
func (s *spyStore) failBefore(methods ...string) {
	s.setHooks(failing(methods), nil)
}

// failAfter makes these methods fail although they have taken effect, as when an answer is lost.
func (s *spyStore) failAfter(methods ...string) {
	s.setHooks(nil, failing(methods))
}

type storeHook func(ctx context.Context, method, key string) error

func failing(methods []string) storeHook {
	return func(_ context.Context, method, _ string) error {
		if slices.Contains(methods, method) {
			return errDown
		}
		return nil
	}
}

func (s *spyStore) setHooks(before, after storeHook) {
	s.mu.Lock()
	defer s.mu.Unlock()

	s.before = before
	s.after = after
}

// called counts a call and returns what the hooks do.
func (s *spyStore) called(ctx context.Context, method, key string) (after func() error, err error) {
	s.mu.Lock()
	s.calls[method]++
	hookBefore, hookAfter := s.before, s.after
	s.mu.Unlock()

	after = func() error {
		if hookAfter == nil {
			return nil
		}
		return hookAfter(ctx, method, key)
	}
	if hookBefore == nil {
		return after, nil
	}

	return after, hookBefore(ctx, method, key)
}

// size returns how many entries the store has, tombstones and marks left out.
func (s *spyStore) size() int {
	return len(s.keys())
}

func (s *spyStore) keys() (keys []string) {
	entries, _ := s.All()
	for key := range entries {
		if !strings.HasPrefix(key, "replaced:") {
			keys = append(keys, key)
		}
	}

	return keys
}

// attachments returns how many attachments the store has.
func (s *spyStore) attachments() (n int) {
	for _, key := range s.keys() {
		if strings.HasPrefix(key, "attachment:") {
			n++
		}
	}

	return n
}

func (s *spyStore) Get(ctx context.Context, key string) ([]byte, time.Time, bool, error) {
	_, err := s.called(ctx, "Get", key)
	if err != nil {
		return nil, time.Time{}, false, err
	}

	return s.Store.Get(ctx, key)
}

func (s *spyStore) CommitCtx(ctx context.Context, key string, data []byte, expiry time.Time) error {
	after, err := s.called(ctx, "Commit", key)
	if err != nil {
		return err
	}

	return errors.Join(s.Store.CommitCtx(ctx, key, data, expiry), after())
}

func (s *spyStore) DeleteCtx(ctx context.Context, key string) error {
	after, err := s.called(ctx, "Delete", key)
	if err != nil {
		return err
	}

	return errors.Join(s.Store.DeleteCtx(ctx, key), after())
}

// call runs a method that reports whether there was a session.
func (s *spyStore) call(
	ctx context.Context, method, key string, run func() (bool, error),
) (bool, error) {
	after, err := s.called(ctx, method, key)
	if err != nil {
		return false, err
	}

	found, err := run()
	if err != nil {
		return found, err
	}

	return found, after()
}

func (s *spyStore) Create(
	ctx context.Context, key string, data []byte, expiry time.Time,
) (bool, error) {
	return s.call(ctx, "Create", key, func() (bool, error) {
		return s.Store.Create(ctx, key, data, expiry)
	})
}

func (s *spyStore) Update(
	ctx context.Context, key string, old, data []byte, expiry time.Time,
) (bool, error) {
	return s.call(ctx, "Update", key, func() (bool, error) {
		return s.Store.Update(ctx, key, old, data, expiry)
	})
}

func (s *spyStore) Touch(ctx context.Context, key string, expiry time.Time) (bool, error) {
	return s.call(ctx, "Touch", key, func() (bool, error) {
		return s.Store.Touch(ctx, key, expiry)
	})
}

func (s *spyStore) Renew(
	ctx context.Context, oldKey, newKey string, old, data []byte, expiry time.Time,
) (bool, error) {
	return s.call(ctx, "Renew", newKey, func() (bool, error) {
		return s.Store.Renew(ctx, oldKey, newKey, old, data, expiry)
	})
}

func (s *spyStore) Revoke(ctx context.Context, key string) (bool, error) {
	return s.call(ctx, "Revoke", key, func() (bool, error) {
		return s.Store.Revoke(ctx, key)
	})
}

func (s *spyStore) Index(
	ctx context.Context, names []string, expiry time.Time, keys ...string,
) error {
	after, err := s.called(ctx, "Index", keys[0])
	if err != nil {
		return err
	}

	return errors.Join(s.Store.Index(ctx, names, expiry, keys...), after())
}

func (s *spyStore) Keys(ctx context.Context, name string) ([]string, error) {
	after, err := s.called(ctx, "Keys", name)
	if err != nil {
		return nil, err
	}

	keys, err := s.Store.Keys(ctx, name)
	return keys, errors.Join(err, after())
}

func (s *spyStore) RevokeAll(ctx context.Context, name string) (int, error) {
	after, err := s.called(ctx, "RevokeAll", name)
	if err != nil {
		return 0, err
	}

	n, err := s.Store.RevokeAll(ctx, name)
	return n, errors.Join(err, after())
}

// A networkStore is a spyStore that waits, as stores on a network do. Its calls get a context.
type networkStore struct {
	*spyStore
	readTimeout time.Duration
}

func (s networkStore) ReadTimeout() time.Duration { return s.readTimeout }

// A contextStore has what a plain scs store with contexts has, and no more.
type contextStore struct{ spy *spyStore }

func (s contextStore) Find(string) ([]byte, bool, error)      { return nil, false, errDown }
func (s contextStore) Commit(string, []byte, time.Time) error { return errDown }
func (s contextStore) Delete(string) error                    { return errDown }

func (s contextStore) FindCtx(ctx context.Context, key string) ([]byte, bool, error) {
	data, _, found, err := s.spy.Get(ctx, key)
	return data, found, err
}

func (s contextStore) CommitCtx(
	ctx context.Context, key string, data []byte, expiry time.Time,
) error {
	return s.spy.CommitCtx(ctx, key, data, expiry)
}

func (s contextStore) DeleteCtx(ctx context.Context, key string) error {
	return s.spy.DeleteCtx(ctx, key)
}

// A mapStore is a plain store that keeps entries past their expiry and cannot list them.
type mapStore struct {
	mu      sync.Mutex
	data    map[string][]byte
	commits int
}

func newMapStore() *mapStore {
	return &mapStore{data: make(map[string][]byte)}
}

func (s *mapStore) Find(key string) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()

	data, found := s.data[key]
	return data, found, nil
}

func (s *mapStore) Commit(key string, data []byte, _ time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()

	s.data[key] = data
	s.commits++
	return nil
}

func (s *mapStore) Delete(key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()

	delete(s.data, key)
	return nil
}
