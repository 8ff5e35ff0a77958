package sessionstores

import (
	"context"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
)

// Expiry returns when the session of this request ends: at the latest, and without another request.
// Both are zero if there is no session. The request does not extend the session, unless it changes
// it: a page can ask how much time is left without giving itself more.
func Expiry(ctx context.Context, m *scs.SessionManager) (deadline, idle time.Time, err error) {
	rs, err := requireRequest(ctx, m)
	if err != nil {
		return deadline, idle, err
	}
	rs.fetch()
	if rs.loadErr != nil || !rs.session.live {
		return deadline, idle, rs.loadErr
	}

	rs.mu.Lock()
	rs.untouched = true
	rs.mu.Unlock()

	return rs.session.deadline, rs.session.expiry, nil
}

// aliveInterval is how long an answer of the store is used.
const aliveInterval = time.Second

// liveness is what Alive has found out.
type liveness struct {
	mu    sync.Mutex
	asked time.Time
	alive bool
	err   error
}

// Alive reports whether the session that this request was sent with still exists. It is for long
// responses, such as server-sent events and WebSockets: they end when it reports false. It asks the
// store at most once a second. An error says that the store did not answer.
//
// A cookie session is alive until it expires, or until it is revoked if its store keeps
// revocations.
func Alive(ctx context.Context, m *scs.SessionManager) (bool, error) {
	rs, err := requireRequest(ctx, m)
	if err != nil {
		return false, err
	}
	rs.fetch()
	if rs.loadErr != nil {
		return false, rs.loadErr
	}
	if !rs.session.live || !time.Now().Before(rs.session.deadline) {
		return false, nil
	}

	rs.mu.Lock()
	if rs.liveness == nil {
		rs.liveness = &liveness{alive: true, asked: rs.session.read}
	}
	l := rs.liveness
	rs.mu.Unlock()

	l.mu.Lock()
	defer l.mu.Unlock()

	if time.Since(l.asked) >= aliveInterval {
		l.alive, l.err = rs.adapter.carrier.alive(rs)
		l.asked = time.Now()
	}

	return l.alive, l.err
}

func (c *serverCarrier) alive(rs *requestSession) (bool, error) {
	_, _, found, err := c.backend.Get(rs.Context, rs.session.key)
	return found, unavailable(err)
}

func (c *cookieCarrier) alive(rs *requestSession) (bool, error) {
	if c.revocations == nil {
		return true, nil
	}

	revoked, err := c.revocations.revoked(rs.Context, rs.session)
	return !revoked, unavailable(err)
}
