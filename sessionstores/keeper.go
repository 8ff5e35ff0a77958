package sessionstores

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
)

const (
	// recordPrefix sets the keys of records apart from those of sessions. No hashed token has a colon in it.
	recordPrefix = "record:"
	// listedPrefix marks the keys that AllCtx hands out, so that a Destroy or Commit inside the manager's Iterate finds
	// the session: scs would hash the hash, and destroy nothing.
	listedPrefix = "listed:"

	defaultReadTimeout = time.Second
	writeTimeout       = 5 * time.Second
)

// keeper is the scs.Store between a manager and a Backend. It knows, from the state in the context, which session the
// request loaded, and turns scs's three verbs into the Backend verb that cannot bring an ended session back.
type keeper struct {
	backend     Backend
	plain       bool // the Backend is the shim around a plain scs store
	hash        bool // false if the manager hashes tokens itself
	readTimeout time.Duration
}

var (
	_ scs.CtxStore         = (*keeper)(nil)
	_ scs.IterableCtxStore = (*keeper)(nil)
)

func newKeeper(store scs.Store, hash bool) *keeper {
	k := &keeper{hash: hash}
	switch store := store.(type) {
	case Backend:
		k.backend = store
	case BrowserStore:
		k.backend = newBrowser(store)
	default:
		k.backend, k.plain = plain{store}, true
	}
	// A store with a time of its own says so; one that never waits, like memstore, says zero.
	if t, ok := store.(interface{ ReadTimeout() time.Duration }); ok {
		k.readTimeout = t.ReadTimeout()
	} else {
		k.readTimeout = defaultReadTimeout
	}
	return k
}

// store is what New was given.
func (k *keeper) store() scs.Store {
	switch b := k.backend.(type) {
	case plain:
		return b.Store
	case *browser:
		return b.store
	}
	return k.backend
}

func (k *keeper) key(token string) string {
	if key, ok := strings.CutPrefix(token, listedPrefix); ok {
		return key
	}
	if !k.hash {
		return token
	}
	return hashed(token)
}

// hashed is what scs's HashTokenInStore makes of a token, so that sessions from before stay valid.
func hashed(s string) string {
	sum := sha256.Sum256(append(make([]byte, 0, 64), s...)) // on the stack
	var key [tokenLen]byte
	base64.RawURLEncoding.Encode(key[:], sum[:])
	return string(key[:])
}

func (k *keeper) readContext(ctx context.Context) (context.Context, context.CancelFunc) {
	if k.readTimeout <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, k.readTimeout)
}

// writeContext outlives the request: a visitor who closes the browser between two writes must not lose the session.
func (k *keeper) writeContext(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx = context.WithoutCancel(ctx)
	if k.readTimeout <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, writeTimeout)
}

// FindCtx implements scs.CtxStore.
func (k *keeper) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	if strings.HasPrefix(token, listedPrefix) {
		return nil, false, nil // a key out of a dump of the store is not a token
	}
	key := k.key(token)
	st := stateOf(ctx, k)
	ctx, cancel := k.readContext(ctx)
	defer cancel()
	data, expiry, found, err := k.backend.Get(ctx, key)
	if st != nil && st.loading {
		st.data, st.expiry, st.storeErr = data, expiry, err
		if found {
			st.key = key
		}
		if st.gone = err == nil && !found && !expiry.IsZero(); st.gone {
			st.lost = key
		}
	}
	return data, found, err
}

// CommitCtx implements scs.CtxStore.
func (k *keeper) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	key := k.key(token)
	st := stateOf(ctx, k)
	ctx, cancel := k.writeContext(ctx)
	defer cancel()
	if strings.HasPrefix(token, listedPrefix) { // inside Iterate: another session than the request's
		_, err := k.backend.Update(ctx, key, data, expiry)
		return err
	}
	if st == nil { // a job outside of any request
		return k.backend.CommitCtx(ctx, key, data, expiry)
	}
	if !st.saving {
		return fmt.Errorf("%w: the session was committed by another hand than sessionstores.Middleware; "+
			"take out scs's LoadAndSave, or the call of Commit", ErrMisused)
	}

	st.mu.Lock()
	defer st.mu.Unlock()
	if st.gone {
		return ErrGone
	}
	found, err := k.write(ctx, st, key, data, expiry)
	if err == nil && !found {
		st.gone = true
		return ErrGone
	}
	return err
}

// write stores what the middleware saves: first the names that lead to it, then the record, then the session. found is
// false if the session was ended meanwhile.
func (k *keeper) write(ctx context.Context, st *state, key string, data []byte, expiry time.Time) (found bool, err error) {
	p := st.pending
	namer, _ := k.backend.(Namer)
	if len(p.names) == 0 {
		namer = nil
	}
	keys := []string{key}
	if p.record != nil {
		keys = append(keys, p.recordKey)
	}
	if namer != nil && (key != st.key || p.renamed || p.record != nil || !p.deadline.Equal(st.deadline)) {
		if err := namer.File(ctx, p.names, p.deadline, keys...); err != nil {
			return false, err
		}
	}
	writeSession := func() (bool, error) {
		switch {
		case st.key == key:
			return k.backend.Update(ctx, key, data, expiry)
		case st.key != "" && !st.fresh:
			return k.backend.Renew(ctx, st.key, key, data, expiry)
		case namer != nil:
			return namer.Create(ctx, key, data, expiry)
		}
		return true, k.backend.CommitCtx(ctx, key, data, expiry)
	}
	writeRecord := func() error { return k.backend.CommitCtx(ctx, p.recordKey, p.record, p.recordExpiry) }

	switch {
	case p.record == nil:
		return writeSession()
	case p.sameRecord: // the session first: nothing is to be left of one that was ended
		if found, err = writeSession(); err == nil && found {
			err = writeRecord()
		}
		return found, err
	case st.key == key: // the record first: if it fails, the session goes on with the one it has
		if err := writeRecord(); err != nil {
			return false, err
		}
		return writeSession()
	}
	// A new session and its record are written at the same time: nobody has the token yet.
	var recorded sync.WaitGroup
	var recordErr error
	recorded.Go(func() { recordErr = writeRecord() })
	found, err = writeSession()
	if recorded.Wait(); recordErr != nil && err == nil {
		err = errors.Join(recordErr, k.backend.DeleteCtx(ctx, key))
	}
	return found, err
}

// DeleteCtx implements scs.CtxStore. scs calls it for Destroy, for RenewToken and for MergeSession.
func (k *keeper) DeleteCtx(ctx context.Context, token string) error {
	st := stateOf(ctx, k)
	ctx, cancel := k.writeContext(ctx)
	defer cancel()
	if token == "" { // a Destroy of a session that was never saved, or that another request may be renewing just now
		if st != nil && st.lost != "" {
			return k.backend.End(ctx, st.lost)
		}
		return nil
	}
	key := k.key(token)
	if st == nil || key != st.key || strings.HasPrefix(token, listedPrefix) {
		return k.backend.End(ctx, key) // by a job or inside Iterate: no answer is coming that would finish a Destroy
	}
	st.mu.Lock()
	fresh := st.fresh
	st.mu.Unlock()
	if fresh {
		// Another request may be giving the old session a token as well. Its cookie would overwrite this login's.
		return k.backend.End(ctx, key)
	}
	found, err := k.backend.Remove(ctx, key)
	if err == nil {
		st.mu.Lock()
		st.removed, st.gone = found, !found
		st.mu.Unlock()
	}
	return err
}

// forget removes a session by its key, as if nobody had loaded it.
func (k *keeper) forget(ctx context.Context, key string) error {
	ctx, cancel := k.writeContext(ctx)
	defer cancel()
	return k.backend.DeleteCtx(ctx, key)
}

// AllCtx implements scs.IterableCtxStore, for the manager's Iterate.
func (k *keeper) AllCtx(ctx context.Context) (map[string][]byte, error) {
	store := k.store()
	var all map[string][]byte
	var err error
	switch s := store.(type) {
	case scs.IterableCtxStore:
		all, err = s.AllCtx(ctx)
	case scs.IterableStore:
		all, err = s.All()
	default:
		return nil, fmt.Errorf("sessionstores: %T cannot list its sessions: %w", store, errors.ErrUnsupported)
	}
	if err != nil {
		return nil, err
	}
	listed := make(map[string][]byte, len(all))
	for key, data := range all {
		if !strings.HasPrefix(key, recordPrefix) {
			listed[listedPrefix+key] = data
		}
	}
	return listed, nil
}

// Find implements scs.Store.
func (k *keeper) Find(token string) ([]byte, bool, error) {
	return k.FindCtx(context.Background(), token)
}

// Commit implements scs.Store.
func (k *keeper) Commit(token string, data []byte, expiry time.Time) error {
	return k.CommitCtx(context.Background(), token, data, expiry)
}

// Delete implements scs.Store.
func (k *keeper) Delete(token string) error {
	return k.DeleteCtx(context.Background(), token)
}
