package storetest_test

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/storetest"
)

// mapStore is a Backend on a map, written from the doc comments of package sessionstores. It does
// not remove what has expired.
type mapStore struct {
	mu      sync.Mutex
	entries map[string]mapEntry
}

type mapEntry struct {
	data      []byte
	expiry    time.Time
	tombstone bool
	successor string
}

var _ sessionstores.Backend = (*mapStore)(nil)

// read returns an entry that has not expired. The store is locked.
func (s *mapStore) read(key string) (e mapEntry, session bool) {
	e = s.entries[key]
	if !time.Now().Before(e.expiry) {
		delete(s.entries, key)
		return mapEntry{}, false
	}

	return e, !e.tombstone
}

// write stores a session, unless its expiry is past. The store is locked.
func (s *mapStore) write(key string, data []byte, expiry time.Time) bool {
	delete(s.entries, key)
	if !time.Now().Before(expiry) {
		return false
	}
	s.entries[key] = mapEntry{data: bytes.Clone(data), expiry: expiry}

	return true
}

// bury leaves a tombstone. The store is locked.
func (s *mapStore) bury(key, successor string) {
	end := time.Now().Add(sessionstores.TombstoneTTL)
	s.entries[key] = mapEntry{expiry: end, tombstone: true, successor: successor}
}

func (s *mapStore) Get(_ context.Context, key string) ([]byte, time.Time, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()

	e, session := s.read(key)
	return bytes.Clone(e.data), e.expiry, session, nil
}

func (s *mapStore) Create(
	_ context.Context, key string, data []byte, expiry time.Time,
) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()

	if e, _ := s.read(key); e.tombstone {
		return false, nil
	}

	return s.write(key, data, expiry), nil
}

func (s *mapStore) Update(
	_ context.Context, key string, old, data []byte, expiry time.Time,
) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()

	e, session := s.read(key)
	switch {
	case !session:
		return false, nil
	case !bytes.Equal(e.data, old) && !bytes.Equal(e.data, data):
		return true, sessionstores.ErrConflict
	}

	return s.write(key, data, expiry), nil
}

func (s *mapStore) Touch(_ context.Context, key string, expiry time.Time) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()

	e, session := s.read(key)
	return session && s.write(key, e.data, expiry), nil
}

func (s *mapStore) Renew(
	_ context.Context, oldKey, newKey string, old, data []byte, expiry time.Time,
) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()

	if e, _ := s.read(newKey); e.tombstone {
		return false, nil
	}

	e, session := s.read(oldKey)
	switch {
	case e.tombstone:
		return e.successor == newKey, nil
	case !session:
		return false, nil
	case !bytes.Equal(e.data, old):
		return false, sessionstores.ErrConflict
	}

	delete(s.entries, oldKey)
	if !s.write(newKey, data, expiry) {
		return false, nil
	}
	s.bury(oldKey, newKey)

	return true, nil
}

func (s *mapStore) Revoke(_ context.Context, key string) (found bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()

	for key != "" {
		e, session := s.read(key)
		found = found || session
		s.bury(key, e.successor)
		key = e.successor
	}

	return found, nil
}

func (s *mapStore) FindCtx(ctx context.Context, key string) ([]byte, bool, error) {
	data, _, found, err := s.Get(ctx, key)
	return data, found, err
}

func (s *mapStore) CommitCtx(_ context.Context, key string, data []byte, expiry time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()

	s.write(key, data, expiry)
	return nil
}

func (s *mapStore) DeleteCtx(_ context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()

	if e, _ := s.read(key); !e.tombstone {
		delete(s.entries, key)
	}
	return nil
}

func (s *mapStore) Find(key string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), key)
}

func (s *mapStore) Commit(key string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), key, data, expiry)
}

func (s *mapStore) Delete(key string) error {
	return s.DeleteCtx(context.Background(), key)
}

func TestSmallStoreWrittenFromTheDocumentationConforms(t *testing.T) {
	storetest.Run(t, func(*testing.T) scs.Store {
		return &mapStore{entries: make(map[string]mapEntry)}
	})
}
