package sessionstores

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
)

// state is what a request knows about one manager's session beyond what scs keeps. It travels in the context, between the
// middleware and the keeper; it is that context, and the ResponseWriter as well: one allocation.
type state struct {
	http.ResponseWriter
	context.Context
	loader  *loader
	outer   *state // another manager's, in the same request
	request *http.Request

	// As loaded.
	token    string
	key      string    // the key in the store; empty if nothing was found there
	lost     string    // the key of the session that the request asked for, if it was ended or renewed just before
	data     []byte    // as encoded
	now      time.Time // when that was
	deadline time.Time
	expiry   time.Time // when the store will forget it; zero if it cannot tell
	storeErr error     // the store could not be read
	cookies  []string  // the request's Cookie headers
	carried  *carried  // of a session that lives in the browser

	// loading and saving say to the keeper whose call it is: the middleware's, or the application's.
	loading, saving bool

	begun   bool // the answer has begun, and the session with it been saved
	dropped bool // saving failed and the error page was sent in place of the handler's answer

	mu      sync.Mutex // guards the rest: handlers may use the session from several goroutines
	removed bool       // this request took the loaded session out of the store
	gone    bool       // another request did
	fresh   bool       // see Renew
	record  []byte     // to be written with the session; nil if there is none
	pending *pending   // what commit has the keeper write
}

// pending is what goes into the store along with a session.
type pending struct {
	deadline     time.Time
	names        []string // keys of the names it is filed under
	renamed      bool     // they are others than it had
	recordKey    string
	record       []byte // nil if there is none to write
	recordExpiry time.Time
	sameRecord   bool // under the key that it had
}

type stateKey struct{}

// Value implements context.Context.
func (st *state) Value(key any) any {
	if key == (stateKey{}) {
		return st
	}
	return st.Context.Value(key)
}

// original returns a value of the session as it was loaded. Only a request that changes the session needs one, and decodes
// once more.
func (st *state) original(field string) any {
	if st.key == "" {
		return nil
	}
	_, values, _ := st.loader.reader.Codec.Decode(st.data) // it has been decoded before
	return values[field]
}

// stateOf finds the state of a keeper's session: two managers in one request do not see each other's.
func stateOf(ctx context.Context, k *keeper) *state {
	st, _ := ctx.Value(stateKey{}).(*state)
	for st != nil && st.loader.keeper != k {
		st = st.outer
	}
	return st
}

// find finds the state of a manager's session, through the manager itself or through a copy of it.
func find(ctx context.Context, m *scs.SessionManager) *state {
	st, _ := ctx.Value(stateKey{}).(*state)
	for st != nil && st.loader.manager != m && scs.Store(st.loader.keeper) != m.Store {
		st = st.outer
	}
	return st
}

func mustFind(ctx context.Context, m *scs.SessionManager) (*state, error) {
	if st := find(ctx, m); st != nil {
		return st, nil
	}
	return nil, fmt.Errorf("%w: no session in this context; serve the request through sessionstores.Middleware", ErrMisused)
}

// Err says why the session of this request could not be read: an error that wraps [ErrUnavailable], or nil. Until the
// store answers again, the request sees an anonymous session; answer 503 where that would be wrong, never with a login.
func Err(ctx context.Context, m *scs.SessionManager) error {
	st, err := mustFind(ctx, m)
	if err != nil {
		return err
	}
	if st.storeErr != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, st.storeErr)
	}
	return nil
}

// Renew gives the session a new token, as the manager's RenewToken does, and lets it be saved even if another request
// ended it meanwhile. It is for the one place that may begin a session anew, the login; against session fixation it has
// to come before the identity is written. Everywhere else use RenewToken, which a logout in flight beats.
func Renew(ctx context.Context, m *scs.SessionManager) error {
	if err := Err(ctx, m); err != nil {
		return err
	}
	st, err := mustFind(ctx, m)
	if err != nil {
		return err
	}
	st.setFresh(true)
	if err := m.RenewToken(ctx); err != nil {
		st.setFresh(false)
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if !st.loader.keeper.hash { // the keeper has not seen that, and not ended what was renewed
		return st.endSession(ctx)
	}
	return nil
}

func (st *state) setFresh(fresh bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.fresh = fresh
	st.gone = st.gone && !fresh
}
