package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/alexedwards/scs/v2"
)

var iterableChecks = []check[scs.IterableStore]{
	{"All has the sessions that are live", func(ctx context.Context, s scs.IterableStore) error {
		return iterates(s, func() (map[string][]byte, error) { return s.All() })
	}},
}

var iterableCtxChecks = []check[scs.IterableCtxStore]{
	{"AllCtx has the sessions that are live", func(ctx context.Context, s scs.IterableCtxStore) error {
		return iterates(s, func() (map[string][]byte, error) { return s.AllCtx(ctx) })
	}},
}

// iterates checks all, a method of the store. Others may have sessions in it.
func iterates(store any, all func() (map[string][]byte, error)) error {
	s, ok := store.(scs.Store)
	if !ok {
		return fmt.Errorf("%T can be iterated over, but is no scs.Store", store)
	}
	if sessions, err := all(); err != nil || sessions == nil {
		return errors.Join(err, errors.New("want a map that is not nil, even when it is empty"))
	}

	want := map[string][]byte{newKey("one"): []byte("first"), newKey("two"): {}, newKey("three"): {0, 0xff}}
	for key, data := range want {
		if err := commit(s, key, data, inAnHour()); err != nil {
			return err
		}
	}
	deleted, overdue := newKey("deleted"), newKey("overdue")
	for _, key := range []string{deleted, overdue} {
		if err := commit(s, key, []byte("data"), inAnHour()); err != nil {
			return err
		}
	}
	if err := s.Delete(deleted); err != nil {
		return err
	}
	_ = s.Commit(overdue, []byte("data"), longAgo()) // may be refused: then the session is still live
	_, overdueIsLive, err := s.Find(overdue)
	if err != nil {
		return err
	}

	sessions, err := all()
	if err != nil {
		return err
	}
	for key, data := range want {
		if got, ok := sessions[key]; !ok || !bytes.Equal(got, data) {
			return fmt.Errorf("it has %.60q (present: %v) under %.60q, want %.60q", got, ok, key, data)
		}
	}
	if _, ok := sessions[deleted]; ok {
		return errors.New("it has a session that was deleted")
	}
	if _, ok := sessions[overdue]; ok != overdueIsLive {
		return fmt.Errorf("it has a session that has expired: %v; Find finds it: %v", ok, overdueIsLive)
	}
	return nil
}
