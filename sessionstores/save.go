package sessionstores

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
)

// rememberField is scs's own, see its RememberMe.
const rememberField = "__rememberMe"

// save is the one place where a request writes to the store. It holds no lock.
func (rs *requestSession) save() error {
	if !rs.fetched.Load() {
		return nil
	}
	if err := rs.checkResponse(); err != nil {
		return err
	}

	status := scs.Unmodified
	if rs.decoded.Load() {
		status = rs.loader.writer.Status(rs)
	}

	c := rs.wanted()
	unchanged := status == scs.Unmodified && c.login == nil && c.attachment == nil && !c.committed
	attached := status == scs.Unmodified && c.login == nil && !c.committed &&
		len(rs.session.attachment) > 0

	switch {
	case unchanged && rs.loadErr != nil:
		return nil
	case unchanged:
		rs.adapter.carrier.touch(rs)
		return nil
	case rs.loadErr != nil:
		return rs.loadErr
	case status == scs.Destroyed && !c.committed:
		return rs.adapter.carrier.end(rs)
	case attached:
		return rs.adapter.carrier.save(rs, write{
			kind: writeAttachment, payload: rs.session.payload, attachment: c.attachment,
		})
	}

	return rs.saveChanges(&c)
}

// encode keeps what scs hands to its store while the session is saved.
func (rs *requestSession) encode(e encoded) error {
	rs.mu.Lock()
	defer rs.mu.Unlock()

	if rs.changes == nil {
		rs.changes = &changes{}
	}
	rs.changes.encoded = e

	return nil
}

// saveChanges encodes the session and gives it to the carrier.
func (rs *requestSession) saveChanges(c *changes) error {
	m := &rs.loader.writer
	rs.decode()

	tokenBefore := m.Token(rs)
	if _, _, err := m.Commit(savingContext{rs}); err != nil {
		return fmt.Errorf("%w: %w", ErrMisused, err)
	}

	e := rs.wanted().encoded
	w := write{
		token:      e.token,
		expiry:     e.expiry,
		attachment: c.attachment,
		login:      c.login != nil,
		payload: payload{
			deadline:   m.Deadline(rs),
			persistent: m.Cookie.Persist || m.GetBool(rs, rememberField),
			values:     e.values,
		},
	}
	if !time.Now().Before(w.payload.deadline) {
		return rs.adapter.carrier.end(rs) // SetDeadline has ended the session
	}

	destroyed := rs.session.live && tokenBefore == ""
	switch {
	case c.login != nil:
		w.kind = writeNew
		w.payload.names = []byte(strings.Join(c.login.names, " "))
	case !rs.session.live, destroyed:
		w.kind = writeNew
	default:
		w.kind = writeUpdate
		if w.token != rs.session.token {
			w.kind = writeRenew
		}
		w.payload.names = rs.session.names
		w.payload.attachment = rs.session.attachment
	}

	if err := rs.checkReachable(&w); err != nil {
		return err
	}
	if c.attachment != nil && len(w.payload.attachment) == 0 {
		w.payload.attachment = []byte(rand.Text())
	}
	for _, key := range c.merged {
		if err := rs.adapter.revoke(rs.Context, key); err != nil {
			return err
		}
	}

	if err := rs.adapter.carrier.save(rs, w); err != nil {
		return err
	}
	rs.noteStored(&w)

	return nil
}

// checkReachable handles a new token that cannot reach the browser. The session keeps the old one,
// so that the user stays signed in. A login is not saved at all.
func (rs *requestSession) checkReachable(w *write) error {
	rs.mu.Lock()
	hijacking := rs.hijacking
	rs.mu.Unlock()

	gone := rs.Context.Err()
	switch {
	case gone != nil && w.login:
		return fmt.Errorf("%w: login not saved, the client has disconnected: %w", ErrGone, gone)
	case w.kind == writeRenew && (gone != nil || hijacking):
		rs.adapter.logger().WarnContext(rs.Context, "session token not renewed, the response cannot carry it")
		w.kind = writeUpdate
		w.token = rs.session.token
	}

	return nil
}

// saveDestroy carries out a Destroy of a handler that has panicked.
func (rs *requestSession) saveDestroy() {
	if !rs.decoded.Load() || rs.loadErr != nil {
		return
	}
	if rs.loader.writer.Status(rs) != scs.Destroyed {
		return
	}

	if err := rs.adapter.carrier.endStored(rs); err != nil {
		rs.adapter.logger().ErrorContext(rs.Context, "session not revoked", "err", err)
	}
}

// checkResponse finds a session cookie that another middleware has set.
func (rs *requestSession) checkResponse() error {
	name := rs.loader.writer.Cookie.Name
	for _, line := range rs.Header()["Set-Cookie"] {
		if strings.HasPrefix(line, name+"=") {
			return fmt.Errorf("%w: the cookie %q is set already: remove scs's LoadAndSave if it is used behind "+
				"sessionstores.Middleware, or give the other manager a cookie name of its own", ErrMisused, name)
		}
	}

	return nil
}

// Save saves the session now instead of with the first byte of the response. A handler calls it to
// learn whether the session is saved before it reports success. What is changed afterwards is not
// saved.
//
// [ErrGone] says that the session was revoked or renewed by another request, or that the client of
// a login has disconnected. [ErrUnavailable] says that the store did not answer. [ErrTooLarge] says
// that a cookie session does not fit. After an error the handler may change the session and call
// Save again. [ErrTooLate] says that the session was saved before.
func Save(ctx context.Context, m *scs.SessionManager) error {
	rs, err := requireRequest(ctx, m)
	if err != nil {
		return err
	}

	rs.mu.Lock()
	saved := rs.saved
	rs.saved = true
	rs.mu.Unlock()
	if saved {
		return ErrTooLate
	}

	err = rs.save()

	rs.mu.Lock()
	defer rs.mu.Unlock()

	switch {
	case err != nil:
		rs.saved = false
	case rs.changes != nil && rs.changes.stored != nil:
		rs.session = rs.changes.stored
		rs.changes.attachment = nil
		rs.changes.login = nil
	}

	return err
}
