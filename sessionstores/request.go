package sessionstores

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/internal/slot"
)

// A requestSession is what one request knows about the session of one manager. It is the context
// and the ResponseWriter that the handlers see.
//
// It is lazy, in two steps. The session is read from the store when something first asks for it,
// and its values are decoded when a handler first calls a method of the manager.
//
// It saves once, before the first byte of the response. Until then, the manager's Commit, Destroy
// and RenewToken only change what is going to be saved.
type requestSession struct {
	http.ResponseWriter
	context.Context // of the request, as the middleware has received it

	adapter *storeAdapter
	loader  *loader
	outer   *requestSession // of another manager, in the same request
	request *http.Request
	cookies []string // the request's Cookie headers

	fetching sync.Once
	fetched  atomic.Bool
	session  *session // as it was read; nil before fetch
	loadErr  error    // the store could not be read

	decoding sync.Once
	decoded  atomic.Bool
	scsData  any         // what scs keeps in the context
	unread   bool        // the values could not be decoded; the handlers see an anonymous session
	deleting atomic.Bool // a handler has called Destroy or RenewToken, see noteDestroy

	repeated  bool // an attempt to save the session has failed
	cookieSet bool // the response has the session cookie

	slot slot.Slot // for package chiauth0

	mu        sync.Mutex // guards the rest: handlers may use the session from several goroutines
	begun     bool       // the response has begun
	saved     bool       // the session is saved, or cannot be saved any more
	dropped   bool       // saving failed, an error page was sent instead of the response
	hijacking bool       // the response has no headers that this package can be sure of
	untouched bool       // the request does not extend the session
	liveness  *liveness  // see Alive
	wanted    *intent    // what the handlers want; nil if there is nothing
}

// A session is what was read from the store or from a cookie.
type session struct {
	token  string
	key    string // in the store; empty if there is neither a session nor a tombstone
	stored []byte // the payload as it was read
	payload
	live   bool      // false for a tombstone
	read   time.Time // when it was read
	expiry time.Time // when it expires unless it is touched
	cookie cookieSession
}

// encoded is a session as scs hands it to its store.
type encoded struct {
	token  string
	values []byte
	expiry time.Time
}

// login is what Renew asks for.
type login struct {
	names []string // keys of the names to index the new session under
}

type (
	requestKey struct{} // a requestSession's own
	loadingKey struct{} // of the context in which scs loads the session
	savingKey  struct{} // of the context in which scs encodes it
)

// Value implements context.Context. Asking for the manager's session loads it.
func (rs *requestSession) Value(key any) any {
	switch key {
	case any(requestKey{}):
		return rs
	case any(slot.Key{}):
		return &rs.slot
	case rs.loader.scsKey:
		data := rs.decode()
		rs.noteDestroy()
		return data
	}

	return rs.Context.Value(key)
}

// requestOf returns the requestSession of an adapter in ctx, or nil. Two managers in one request do
// not see each other's.
func requestOf(ctx context.Context, a *storeAdapter) *requestSession {
	rs, _ := ctx.Value(requestKey{}).(*requestSession)
	for rs != nil && rs.adapter != a {
		rs = rs.outer
	}

	return rs
}

// requireRequest returns the requestSession of a manager, or an error that says how to get one.
func requireRequest(ctx context.Context, m *scs.SessionManager) (*requestSession, error) {
	a, ok := m.Store.(*storeAdapter)
	if ok {
		if rs := requestOf(ctx, a); rs != nil {
			return rs, nil
		}
	}

	return nil, fmt.Errorf("%w: there is no session in this context: "+
		"serve the request through sessionstores.Middleware", ErrMisused)
}

// loadingContext is the context in which scs loads the session. It hides the session that is being
// loaded.
type loadingContext struct{ *requestSession }

func (c loadingContext) Value(key any) any {
	switch key {
	case any(loadingKey{}):
		return c.requestSession
	case c.loader.scsKey:
		return nil
	}

	return c.requestSession.Value(key)
}

// decodedContext is the context in which scs reports the status of the session.
type decodedContext struct{ *requestSession }

func (c decodedContext) Value(key any) any {
	if key == c.loader.scsKey {
		return c.scsData
	}

	return c.requestSession.Value(key)
}

// savingContext is the context in which scs encodes the session.
type savingContext struct{ *requestSession }

func (c savingContext) Value(key any) any {
	if key == any(savingKey{}) {
		return c.requestSession
	}

	return c.requestSession.Value(key)
}

// fetch reads the session of the request, once. Calls at the same time wait for the first.
func (rs *requestSession) fetch() {
	rs.fetching.Do(func() {
		s, err := rs.adapter.carrier.load(rs)
		rs.session = &s
		rs.loadErr = err
		rs.fetched.Store(true)
		switch {
		case rs.loadErr == nil:
		case errors.Is(rs.Context.Err(), context.Canceled):
			log := rs.adapter.logger()
			log.InfoContext(rs.Context, "session not read, request cancelled", "err", rs.loadErr)
		default:
			rs.adapter.logger().ErrorContext(rs.Context, "session not read", "err", rs.loadErr)
		}
	})
}

// decode gives the session to scs, once, and returns what scs keeps in the context.
func (rs *requestSession) decode() any {
	rs.decoding.Do(func() {
		rs.fetch()

		m := &rs.loader.reader
		token := ""
		if rs.session.live && rs.loadErr == nil {
			token = rs.session.token
		}

		loaded, err := m.Load(loadingContext{rs}, token)
		if err != nil {
			rs.warn("session not decoded, the request continues without it", err)
			rs.unread = true
			loaded, _ = m.Load(loadingContext{rs}, "") // reads nothing
		}
		rs.scsData = loaded.Value(rs.loader.scsKey)
		rs.decoded.Store(true)
	})

	return rs.scsData
}

// warn logs an error that the request continues with.
func (rs *requestSession) warn(message string, err error) {
	rs.adapter.logger().WarnContext(rs.Context, message, "err", err)
}

// noteDestroy finds out whether what scs has deleted last was a Destroy. The status of scs says so
// until the handler changes the session again. What the handler asked for before is void then.
func (rs *requestSession) noteDestroy() {
	if !rs.deleting.CompareAndSwap(true, false) {
		return
	}
	if rs.loader.writer.Status(decodedContext{rs}) != scs.Destroyed {
		return
	}

	rs.mu.Lock()
	defer rs.mu.Unlock()

	destroyed := &intent{destroyed: true}
	if rs.wanted != nil {
		destroyed.merged = rs.wanted.merged
	}
	rs.wanted = destroyed
}

// want records what a handler wants to be saved. It returns ErrTooLate if the session is saved
// already.
func (rs *requestSession) want(record func(*intent)) error {
	rs.mu.Lock()
	defer rs.mu.Unlock()

	if rs.saved {
		return ErrTooLate
	}
	record(rs.intentLocked())

	return nil
}

func (rs *requestSession) intentLocked() *intent {
	if rs.wanted == nil {
		rs.wanted = &intent{}
	}

	return rs.wanted
}

// intent returns a copy of what the handlers want.
func (rs *requestSession) intent() intent {
	rs.mu.Lock()
	defer rs.mu.Unlock()

	if rs.wanted == nil {
		return intent{}
	}

	return *rs.wanted
}

// recordCommit is what a Commit of a handler does: the session is saved with the response, changed
// or not.
func (rs *requestSession) recordCommit() error {
	return rs.want(func(i *intent) { i.committed = true })
}

// recordDelete is what a Destroy, a RenewToken or a MergeSession of a handler does. noteDestroy
// says later which one it was.
func (rs *requestSession) recordDelete(token string) error {
	if rs.loadErr != nil {
		return rs.loadErr
	}

	return rs.want(func(i *intent) {
		if token != "" && token != rs.session.token && rs.adapter.backend != nil {
			i.merged = append(i.merged, keyOf(token))
		}
		rs.deleting.Store(true)
	})
}
