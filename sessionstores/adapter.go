package sessionstores

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
)

const (
	// attachmentPrefix distinguishes the keys of attachments from those of sessions. A hashed token
	// has no colon.
	attachmentPrefix = "attachment:"

	// replacedPrefix is for the keys that mark a session which has just been given a new token, see
	// markReplaced.
	replacedPrefix = "replaced:"

	// listedPrefix marks the keys that AllCtx returns. A Destroy or Commit inside Iterate then
	// finds the session, although the manager has its key and not its token.
	listedPrefix = "listed:"
)

// storeAdapter is the scs.Store of a manager that this package serves. In a request, the methods
// that would write to the store only record what the handler wants; the requestSession saves it,
// once. Outside of requests they write at once.
type storeAdapter struct {
	manager *scs.SessionManager
	store   scs.Store // what New was given
	backend Backend   // nil for cookie sessions
	carrier carrier
	log     *slog.Logger // nil for slog.Default
}

var (
	_ scs.CtxStore         = (*storeAdapter)(nil)
	_ scs.IterableCtxStore = (*storeAdapter)(nil)
)

func newStoreAdapter(m *scs.SessionManager, store scs.Store) *storeAdapter {
	a := &storeAdapter{manager: m, store: store}
	if cookies, ok := store.(cookieSealer); ok {
		a.carrier = newCookieCarrier(a, cookies)
		return a
	}

	backend, ok := store.(Backend)
	if !ok {
		backend = plainStore{store}
	}
	a.backend = withTimeouts(backend, timeoutsOf(store))
	a.carrier = &serverCarrier{adapter: a, backend: a.backend}

	return a
}

// adapterOf returns the adapter of a manager. A manager that New has not made gets one.
func adapterOf(m *scs.SessionManager) *storeAdapter {
	if a, ok := m.Store.(*storeAdapter); ok {
		return a
	}

	a := newStoreAdapter(m, m.Store)
	m.Store = a
	m.HashTokenInStore = false // the adapter hashes, in the same way

	return a
}

func (a *storeAdapter) logger() *slog.Logger {
	if a.log == nil {
		return slog.Default()
	}

	return a.log
}

// indexed returns the backend if it has an index.
func (a *storeAdapter) indexed() (IndexedBackend, bool) {
	b, ok := a.backend.(IndexedBackend)
	return b, ok
}

// keyOf returns the key of a session. It is the hash of the token, as with HashTokenInStore: who
// reads the store cannot use what is in it.
func keyOf(token string) string {
	if key, ok := strings.CutPrefix(token, listedPrefix); ok {
		return key
	}

	return hash(token)
}

func hash(s string) string {
	sum := sha256.Sum256(append(make([]byte, 0, 64), s...)) // on the stack
	var key [tokenLen]byte
	base64.RawURLEncoding.Encode(key[:], sum[:])

	return string(key[:])
}

func attachmentKey(id []byte) string {
	return attachmentPrefix + hash(string(id))
}

func isListed(token string) bool {
	return strings.HasPrefix(token, listedPrefix)
}

// FindCtx implements scs.CtxStore.
func (a *storeAdapter) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	if loading, ok := ctx.Value(loadingKey{}).(*requestSession); ok && loading.adapter == a {
		return loading.session.values, true, nil
	}

	if isListed(token) || token == "" {
		return nil, false, nil // a key that was read from the store is no token
	}
	if a.backend == nil {
		return nil, false, errNoRequest
	}

	data, _, found, err := a.backend.Get(ctx, keyOf(token))
	if err != nil || !found {
		return nil, false, unavailable(err)
	}

	p, ok := decodePayload(data)
	if !ok || !time.Now().Before(p.deadline) {
		return nil, false, nil
	}

	return p.values, true, nil
}

// CommitCtx implements scs.CtxStore.
func (a *storeAdapter) CommitCtx(
	ctx context.Context, token string, values []byte, expiry time.Time,
) error {
	if saving, ok := ctx.Value(savingKey{}).(*requestSession); ok && saving.adapter == a {
		saving.encode(encoded{token: token, values: values, expiry: expiry})
		return nil
	}

	if rs := requestOf(ctx, a); rs != nil && !isListed(token) {
		return rs.recordCommit()
	}
	if a.backend == nil {
		return errNoRequest
	}

	return a.commitJob(ctx, keyOf(token), values, expiry)
}

// commitJob saves a session outside of the request that it belongs to. It does not bring back a
// session that was revoked. The last write wins.
func (a *storeAdapter) commitJob(
	ctx context.Context, key string, values []byte, expiry time.Time,
) error {
	deadline, _, err := a.manager.Codec.Decode(values)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMisused, err)
	}

	for range maxConflicts {
		old, end, found, err := a.backend.Get(ctx, key)
		switch {
		case err != nil:
			return unavailable(err)
		case !found && !end.IsZero():
			return ErrGone
		case !found:
			p := payload{deadline: deadline, persistent: a.manager.Cookie.Persist, values: values}
			created, err := a.backend.Create(ctx, key, p.encode(), expiry)
			if err == nil && !created && time.Now().Before(expiry) {
				return ErrGone
			}
			return unavailable(err)
		}

		p, _ := decodePayload(old)
		p.deadline = deadline
		p.values = values
		found, err = a.backend.Update(ctx, key, old, p.encode(), expiry)
		if err == nil && !found && time.Now().Before(expiry) {
			return ErrGone
		}
		if !errors.Is(err, ErrConflict) {
			return unavailable(err)
		}
	}

	return unavailable(ErrConflict)
}

// DeleteCtx implements scs.CtxStore. scs calls it for Destroy, RenewToken and MergeSession.
func (a *storeAdapter) DeleteCtx(ctx context.Context, token string) error {
	if rs := requestOf(ctx, a); rs != nil && !isListed(token) {
		return rs.recordDelete(token)
	}
	if token == "" {
		return nil
	}
	if a.backend == nil {
		return errNoRequest
	}

	return a.revoke(ctx, keyOf(token))
}

// revoke ends a session outside of the request that it belongs to, and its attachment.
func (a *storeAdapter) revoke(ctx context.Context, key string) error {
	data, _, found, err := a.backend.Get(ctx, key)
	if err != nil {
		return unavailable(err)
	}

	if _, err := a.backend.Revoke(ctx, key); err != nil {
		return unavailable(err)
	}

	p, ok := decodePayload(data)
	if !found || !ok || len(p.attachment) == 0 {
		return nil
	}
	_, err = a.backend.Revoke(ctx, attachmentKey(p.attachment))

	return unavailable(err)
}

// AllCtx implements scs.IterableCtxStore, for the manager's Iterate.
func (a *storeAdapter) AllCtx(ctx context.Context) (map[string][]byte, error) {
	all, err := a.allStored(ctx)
	if err != nil {
		return nil, err
	}

	listed := make(map[string][]byte, len(all))
	for key, data := range all {
		if strings.Contains(key, ":") {
			continue // an attachment, or a mark
		}
		if values, ok := a.listedValues(data); ok {
			listed[listedPrefix+key] = values
		}
	}

	return listed, nil
}

func (a *storeAdapter) allStored(ctx context.Context) (map[string][]byte, error) {
	switch s := a.store.(type) {
	case scs.IterableCtxStore:
		return s.AllCtx(ctx)
	case scs.IterableStore:
		return s.All()
	default:
		err := errors.ErrUnsupported
		return nil, fmt.Errorf("sessionstores: %T cannot list its sessions: %w", a.store, err)
	}
}

// listedValues returns the values of a session as the store has listed it.
func (a *storeAdapter) listedValues(data []byte) (values []byte, ok bool) {
	if _, plain := a.store.(Backend); !plain {
		e, ok := decodePlain(data)
		if !ok || e.tombstone {
			return nil, false
		}
		data = e.data
	}

	p, ok := decodePayload(data)
	return p.values, ok
}

// Find implements scs.Store.
func (a *storeAdapter) Find(token string) ([]byte, bool, error) {
	return a.FindCtx(context.Background(), token)
}

// Commit implements scs.Store.
func (a *storeAdapter) Commit(token string, values []byte, expiry time.Time) error {
	return a.CommitCtx(context.Background(), token, values, expiry)
}

// Delete implements scs.Store.
func (a *storeAdapter) Delete(token string) error {
	return a.DeleteCtx(context.Background(), token)
}

// unavailable marks an error of the store. nil stays nil.
func unavailable(err error) error {
	if err == nil {
		return nil
	}

	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

var errNoRequest = fmt.Errorf("%w: a cookie session exists only in a request that is served "+
	"through sessionstores.Middleware", ErrMisused)
