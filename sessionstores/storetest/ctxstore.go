package storetest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/alexedwards/scs/v2"
)

var ctxChecks = []check[scs.CtxStore]{
	{"the methods with a context and those without agree", ctxAgrees},
	{"a cancelled context gives an error or is ignored, and breaks nothing", cancelledBreaksNothing},
}

func ctxAgrees(ctx context.Context, s scs.CtxStore) error {
	key, with := newKey("key"), viaCtx{ctx, s}
	stores := []struct {
		name  string
		store scs.Store
	}{{"without a context", s}, {"with a context", with}}
	for _, writer := range stores {
		for _, reader := range stores {
			err := first(
				func() error { return commit(writer.store, key, []byte(writer.name), inAnHour()) },
				func() error { return present(reader.store, key, []byte(writer.name)) },
				func() error { return writer.store.Delete(key) },
				func() error { return absent(reader.store, key) },
			)
			if err != nil {
				return fmt.Errorf("written %s, read %s: %w", writer.name, reader.name, err)
			}
		}
	}
	return nil
}

// A browser that goes away cancels the request. Whether the store then works on is its own affair, but it must not say that
// a session is absent which is there (that signs somebody out), nor leave half of a write.
func cancelledBreaksNothing(ctx context.Context, s scs.CtxStore) error {
	dead, cancel := context.WithCancel(ctx)
	cancel()
	old, data := []byte("old data"), []byte("new data, and more of it")

	kept, replaced, deleted := newKey("kept"), newKey("replaced"), newKey("deleted")
	for _, key := range []string{kept, replaced, deleted} {
		if err := commit(viaCtx{ctx, s}, key, old, inAnHour()); err != nil {
			return err
		}
	}

	if got, found, err := s.FindCtx(dead, kept); err == nil && (!found || !bytes.Equal(got, old)) {
		return fmt.Errorf("FindCtx with a cancelled context: %.60q, found=%v and no error; want the data or an error", got, found)
	}
	if err := present(s, kept, old); err != nil {
		return fmt.Errorf("after FindCtx with a cancelled context: %w", err)
	}

	refused := s.CommitCtx(dead, replaced, data, inAnHour())
	isOld, isNew := present(s, replaced, old), present(s, replaced, data)
	if isNew != nil && (refused == nil || isOld != nil) {
		return fmt.Errorf("after CommitCtx with a cancelled context, which returned %w: %w", nonNil(refused), isNew)
	}

	refused = s.DeleteCtx(dead, deleted)
	isOld, isGone := present(s, deleted, old), absent(s, deleted)
	if isGone != nil && (refused == nil || isOld != nil) {
		return fmt.Errorf("after DeleteCtx with a cancelled context, which returned %w: %w", nonNil(refused), isGone)
	}

	// The store works on for those whose context is alive.
	if err := commit(viaCtx{ctx, s}, kept, data, inAnHour()); err != nil {
		return err
	}
	return present(viaCtx{ctx, s}, kept, data)
}

var errNone = errors.New("no error")

// nonNil makes words of the absence of an error.
func nonNil(err error) error { return cmp.Or(err, errNone) }
