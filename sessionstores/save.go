package sessionstores

import (
	"context"
	"crypto/rand"
	"encoding/base64"
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

	want := rs.intent()
	unchanged := status == scs.Unmodified && want.isNothing()

	switch {
	case unchanged && (rs.loadErr != nil || rs.isUntouched()):
		return nil //nolint:nilerr // LoadError reports it to the handlers
	case unchanged:
		rs.adapter.carrier.touch(rs)
		return nil
	case rs.loadErr != nil:
		return rs.loadErr
	case status == scs.Destroyed && want.attachment == nil:
		return rs.adapter.carrier.end(rs)
	case status == scs.Unmodified && want.isAttachment() && len(rs.session.attachment) > 0:
		return rs.adapter.carrier.save(rs, write{
			kind: writeAttachment, payload: rs.session.payload, attachment: want.attachment,
		})
	}

	return rs.saveChanges(&want)
}

// An intent is what the handlers want beside what scs has recorded.
type intent struct {
	login      *login // see Renew
	attachment []byte // to be saved; nil if it has not been set
	committed  bool   // a handler has called Commit
	destroyed  bool   // a handler has called Destroy

	merged  []string // keys of sessions that MergeSession has merged into this one
	encoded encoded  // what scs hands to its store while the session is saved
	stored  *session // what was saved; see Save
}

func (i *intent) isNothing() bool {
	return i.attachment == nil && !i.committed && i.login == nil && !i.destroyed
}

// isAttachment reports whether there is nothing but an attachment.
func (i *intent) isAttachment() bool {
	return i.attachment != nil && !i.committed && i.login == nil && !i.destroyed
}

func (rs *requestSession) isUntouched() bool {
	rs.mu.Lock()
	defer rs.mu.Unlock()

	return rs.untouched
}

// encode keeps what scs hands to its store while the session is saved.
func (rs *requestSession) encode(e encoded) {
	rs.mu.Lock()
	defer rs.mu.Unlock()

	rs.intentLocked().encoded = e
}

// noteStored keeps what a carrier has saved.
func (rs *requestSession) noteStored(w *write) {
	s := &session{
		token:   w.token,
		key:     keyOf(w.token),
		stored:  w.payload.encode(),
		payload: w.payload,
		live:    true,
		read:    time.Now(),
		expiry:  w.expiry,
	}

	rs.mu.Lock()
	defer rs.mu.Unlock()

	rs.intentLocked().stored = s
}

// saveChanges encodes the session and gives it to the carrier.
func (rs *requestSession) saveChanges(want *intent) error {
	m := &rs.loader.writer
	rs.decode()

	tokenBefore := m.Token(rs)
	if _, _, err := m.Commit(savingContext{rs}); err != nil {
		return fmt.Errorf("%w: %w", ErrMisused, err)
	}

	e := rs.intent().encoded
	w := write{
		token:      e.token,
		expiry:     e.expiry,
		attachment: want.attachment,
		login:      want.login != nil,
		destroyed:  want.destroyed,
		payload: payload{
			deadline:   m.Deadline(rs).Truncate(time.Millisecond), // as it is stored
			persistent: m.Cookie.Persist || m.GetBool(rs, rememberField),
			values:     e.values,
		},
	}
	if !time.Now().Before(w.payload.deadline) {
		return rs.adapter.carrier.end(rs) // SetDeadline has ended the session
	}

	switch {
	case w.login:
		w.kind = writeNew
		w.payload.names = []byte(strings.Join(want.login.names, " "))
		w.payload.origin = rs.origin()
	case !rs.session.live, want.destroyed, tokenBefore == "":
		w.kind = writeNew
	default:
		w.kind = writeUpdate
		if w.token != rs.session.token {
			w.kind = writeRenew
		}
		w.payload.names = rs.session.names
		w.payload.origin = rs.session.origin
		w.payload.attachment = rs.session.attachment
	}

	if w.kind == writeNew && rs.repeated {
		w.token = newToken() // the token of the failed attempt may be revoked
	}
	if err := rs.checkReachable(&w); err != nil {
		return err
	}
	if w.attachment != nil && len(w.payload.attachment) == 0 {
		w.payload.attachment = []byte(rand.Text())
	}
	if err := rs.adapter.carrier.save(rs, w); err != nil {
		return err
	}
	rs.noteStored(&w)

	// It comes last: if this session cannot be saved, the other ones still have their values.
	for _, key := range want.merged {
		if err := rs.adapter.revoke(rs.Context, key); err != nil {
			return err
		}
	}

	return nil
}

// newToken returns a token as scs makes it.
func newToken() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails

	return base64.RawURLEncoding.EncodeToString(b)
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
		log := rs.adapter.logger()
		log.WarnContext(rs.Context, "session token not renewed, the response cannot carry it")
		w.kind = writeUpdate
		w.token = rs.session.token
		w.payload.deadline = rs.session.deadline
	}

	return nil
}

// saveDestroy carries out a Destroy of a handler that has panicked.
func (rs *requestSession) saveDestroy() {
	rs.noteDestroy()
	if want := rs.intent(); !want.destroyed || rs.loadErr != nil {
		return
	}

	if err := rs.adapter.carrier.endStored(rs); err != nil {
		rs.adapter.logger().ErrorContext(rs.Context, "session not revoked", "err", err)
	}
}

// checkResponse finds a session cookie that another middleware has set.
func (rs *requestSession) checkResponse() error {
	if rs.cookieSet {
		return nil
	}

	name := rs.loader.writer.Cookie.Name
	for _, line := range rs.Header()["Set-Cookie"] {
		if strings.HasPrefix(line, name+"=") {
			return fmt.Errorf("%w: the cookie %q is set already: "+
				"remove scs's LoadAndSave if it is used behind sessionstores.Middleware, "+
				"or give the other manager a cookie name of its own", ErrMisused, name)
		}
	}

	return nil
}

// Save saves the session now instead of with the first byte of the response. A handler calls it to
// learn whether the session is saved before it reports success. What is changed afterwards is not
// saved. Do not call it while another goroutine uses the session.
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
		rs.repeated = true
		rs.saved = false
	case rs.wanted != nil && rs.wanted.stored != nil:
		rs.session = rs.wanted.stored
		rs.wanted = nil
	}

	return err
}
