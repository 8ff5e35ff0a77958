package sessionstores

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
)

// DefaultCookieName is the name of the session cookie of a manager that [New] has made. It differs
// from scs's default, so that another application with scs on the same host does not use the same
// cookie.
const DefaultCookieName = "chiauth0_session"

// New returns a manager for a store, with settings for production. The cookie is HttpOnly and
// SameSite=Lax. The store gets hashes of the tokens. A session ends after 24 hours without a
// request, and after 72 hours in any case. Values are encoded by [Codec]. Change the fields of the
// manager before the first request; later changes have no effect.
//
// The store is a [Backend] such as memstore or redisstore, the store of package cookiestore, or any
// other scs.Store. With a store that is not a Backend, a write of another process between a read
// and a write of this one can be lost: a session that is revoked at that moment can come back. All
// other races are closed.
//
// New panics if store is nil. It calls scs.New, which starts a goroutine for a store of its own.
// Call it once at start.
//
// Serve requests through [Middleware] instead of the manager's LoadAndSave.
func New(store scs.Store) *scs.SessionManager {
	if store == nil {
		panic("sessionstores: New(nil): give it a store, such as memstore.New()")
	}

	m := scs.New()
	m.Store = newStoreAdapter(m, store)
	m.Codec = Codec{}
	m.IdleTimeout = 24 * time.Hour
	m.Lifetime = 72 * time.Hour
	m.Cookie.Name = DefaultCookieName
	m.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
		sendError(adapterOf(m).logger(), w, r, err)
	}

	return m
}

// SetLogger gives the manager a logger in place of slog.Default. Call it before the first request.
func SetLogger(m *scs.SessionManager, log *slog.Logger) {
	adapterOf(m).log = log
}

// sendError is the ErrorFunc of New. The visitor is not told what went wrong.
func sendError(log *slog.Logger, w http.ResponseWriter, r *http.Request, err error) {
	log.ErrorContext(r.Context(), "session not saved", "err", err)

	status := http.StatusInternalServerError
	if errors.Is(err, ErrUnavailable) {
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "5")
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, http.StatusText(status), status)
}

// LoadError returns why the session of this request could not be read: an error that wraps
// [ErrUnavailable], or nil. With an error, the handlers see an anonymous session that cannot be
// changed. Answer 503 where that would be wrong.
func LoadError(ctx context.Context, m *scs.SessionManager) error {
	rs, err := requireRequest(ctx, m)
	if err != nil {
		return err
	}
	rs.fetch()

	return rs.loadErr
}

// GetString returns a string value of the session, or "" if there is none. It differs from the
// manager's GetString in two ways. It returns the error of [LoadError]. It does not decode the
// other values of the session, if the codec is [Codec] and no handler has called a method of the
// manager before.
func GetString(ctx context.Context, m *scs.SessionManager, key string) (string, error) {
	rs, err := requireRequest(ctx, m)
	if err != nil {
		return "", err
	}
	rs.fetch()
	if rs.loadErr != nil {
		return "", rs.loadErr
	}

	if _, ok := rs.loader.writer.Codec.(Codec); ok && !rs.decoded.Load() {
		if !rs.session.live {
			return "", nil
		}
		value, _ := findString(rs.session.values, key)
		return value, nil
	}

	return m.GetString(ctx, key), nil
}

// Renew begins a new session at a login. It has a new token and keeps the values; the old session
// is revoked. It differs from the manager's RenewToken in three ways. It begins a session also if
// another request has revoked the old one meanwhile. The attachment of the old session is not kept.
// The session is indexed under names, so that [RevokeAll] finds it by each of them; a store without
// an index ignores them, see [CanRevokeAll].
//
// Call it before the identity of the user is written, against session fixation. Everywhere else
// call RenewToken, which does not undo a logout.
func Renew(ctx context.Context, m *scs.SessionManager, names ...string) error {
	rs, err := requireRequest(ctx, m)
	if err != nil {
		return err
	}
	if err := LoadError(ctx, m); err != nil {
		return err
	}

	rs.noteDestroy()
	l := &login{names: make([]string, len(names))}
	for i, name := range names {
		l.names[i] = nameKey(name)
	}

	err = rs.want(func(i *intent) {
		i.login = l
		i.attachment = nil
	})
	if err != nil {
		return err
	}

	return m.RenewToken(ctx)
}

// SetAttachment stores data beside the session: in an entry of its own, which is read only when
// [Attachment] asks for it. It is saved with the session, expires with it and is removed with it.
// It is for data that is large and seldom read. chiauth0 keeps the tokens of Auth0 in it. A session
// has one attachment. The data is stored as it is; encrypt it first if the store must not reveal
// it.
//
// A write of the session in another request does not affect the attachment.
func SetAttachment(ctx context.Context, m *scs.SessionManager, data []byte) error {
	rs, err := requireRequest(ctx, m)
	if err != nil {
		return err
	}
	rs.fetch()
	rs.noteDestroy()

	return rs.want(func(i *intent) { i.attachment = append([]byte{}, data...) })
}

// Attachment returns the attachment of the session, or nil if there is none. An error that wraps
// [ErrUnavailable] says that the store could not be read.
func Attachment(ctx context.Context, m *scs.SessionManager) ([]byte, error) {
	rs, err := requireRequest(ctx, m)
	if err != nil {
		return nil, err
	}
	rs.fetch()
	if rs.loadErr != nil {
		return nil, rs.loadErr
	}

	rs.noteDestroy()
	want := rs.intent()
	switch {
	case want.attachment != nil:
		return want.attachment, nil
	case want.login != nil, want.destroyed, !rs.session.live, len(rs.session.attachment) == 0:
		return nil, nil
	}

	return rs.adapter.carrier.attachment(rs)
}

// RevokeAll revokes every session that is indexed under name, on every node that shares the store,
// also those that are being created. It needs no request.
//
// The error wraps errors.ErrUnsupported if the store has no index, see [CanRevokeAll], and
// otherwise [ErrUnavailable]. After an error some of the sessions may be revoked; call it again.
func RevokeAll(ctx context.Context, m *scs.SessionManager, name string) error {
	if err := CanRevokeAll(m); err != nil {
		return err
	}

	a := adapterOf(m)
	key := nameKey(name)
	if cookies, ok := a.carrier.(*cookieCarrier); ok {
		return unavailable(cookies.revocations.revokeName(ctx, key))
	}

	indexed, _ := a.indexed()
	for _, key := range []string{key, attachmentPrefix + key} {
		if _, err := indexed.RevokeAll(ctx, key); err != nil {
			return unavailable(err)
		}
	}

	return nil
}

// CanRevokeAll returns nil if the store of the manager finds sessions by name. Otherwise it returns
// an error that wraps errors.ErrUnsupported and names the store.
func CanRevokeAll(m *scs.SessionManager) error {
	a := adapterOf(m)
	cookies, ok := a.carrier.(*cookieCarrier)
	if ok && cookies.revocations != nil {
		return nil
	}
	if _, ok := a.indexed(); ok {
		return nil
	}

	return unindexed(a.store)
}

func unindexed(store scs.Store) error {
	return fmt.Errorf(
		"sessionstores: %T has no index of sessions: %w", store, errors.ErrUnsupported,
	)
}

// nameKey returns the key of a name in the index. Names are hashed, as tokens are.
func nameKey(name string) string {
	return "name:" + hash(name)
}
