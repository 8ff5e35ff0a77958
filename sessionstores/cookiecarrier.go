package sessionstores

import (
	"bytes"
	"errors"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/internal/fields"
)

// cookieSealer is the store of package cookiestore.
type cookieSealer interface {
	scs.Store

	// SealCookie returns the value of a cookie. It opens only in a cookie of the same name.
	SealCookie(name string, plaintext []byte) string

	// OpenCookie is the reverse of SealCookie. ok is false for a value that was changed, or sealed
	// for another cookie.
	OpenCookie(name, value string) (plaintext []byte, ok bool)

	// RevocationStore returns the store of the revocations, or nil.
	RevocationStore() scs.Store

	// HeaderLimit returns how many bytes the header of a response may have.
	HeaderLimit() int
}

// cookieCarrier keeps sessions in cookies. There are up to three for a session:
//
//   - the session itself, which only a request that changes it sends,
//   - its attachment,
//   - its idle expiry, which a request that only reads may send. It cannot undo what another
//     request does to the session.
//
// A cookie that is too large for a browser is sent in parts, see splitCookie.
type cookieCarrier struct {
	adapter     *storeAdapter
	sealer      cookieSealer
	revocations *revocations // nil if there is no store for them
}

const (
	attachmentSuffix = "_attachment"
	idleSuffix       = "_idle"
)

func newCookieCarrier(a *storeAdapter, sealer cookieSealer) *cookieCarrier {
	c := &cookieCarrier{adapter: a, sealer: sealer}
	if store := sealer.RevocationStore(); store != nil {
		c.revocations = newRevocations(store)
	}

	return c
}

// A cookieSession is what a session cookie has beside the payload.
type cookieSession struct {
	generations string // of the names of the session, see revocations
}

const sessionCookieVersion = 1

const (
	sessionToken       = 't'
	sessionExpiry      = 'e'
	sessionGenerations = 'g'
	sessionPayload     = 'p'
)

func encodeCookieSession(s *session) []byte {
	b := make([]byte, 0, 128+len(s.stored))
	b = append(b, sessionCookieVersion)
	b = fields.Append(b, sessionToken, s.token)
	b = fields.AppendInt(b, sessionExpiry, s.expiry.UnixMilli())
	b = fields.AppendNonEmpty(b, sessionGenerations, s.cookie.generations)

	return fields.Append(b, sessionPayload, s.stored)
}

func decodeCookieSession(plaintext []byte) (s session, ok bool) {
	r, ok := fields.Read(plaintext, sessionCookieVersion)
	if !ok {
		return s, false
	}

	for {
		id, value, more := r.Next()
		if !more {
			break
		}

		switch id {
		case sessionToken:
			s.token = string(value)
		case sessionExpiry:
			s.expiry = time.UnixMilli(fields.Int(value))
		case sessionGenerations:
			s.cookie.generations = string(value)
		case sessionPayload:
			s.stored = value
		}
	}

	s.payload, ok = decodePayload(s.stored)
	if !ok || r.Malformed() || !isToken(s.token) {
		return session{}, false
	}
	s.key = keyOf(s.token)
	s.live = true

	return s, true
}

// load opens the cookies of the session.
func (c *cookieCarrier) load(rs *requestSession) (session, error) {
	name := rs.loader.reader.Cookie.Name
	plaintext, ok := c.open(rs, name)
	if !ok {
		return session{}, nil
	}

	s, ok := decodeCookieSession(plaintext)
	if !ok {
		return session{}, nil
	}

	s.read = time.Now()
	if idle := c.idleExpiry(rs, name, s.key); idle.After(s.expiry) {
		s.expiry = idle
	}
	if !s.read.Before(s.expiry) || !s.read.Before(s.deadline) {
		return session{}, nil
	}

	if c.revocations != nil {
		revoked, err := c.revocations.revoked(rs.Context, &s)
		if err != nil {
			return session{}, unavailable(err)
		}
		if revoked {
			return session{}, nil
		}
	}

	return s, nil
}

// open returns the plaintext of a cookie, or of its parts. If different ones open, one of them was
// set by another host or path, and none is used.
func (c *cookieCarrier) open(rs *requestSession, name string) (plaintext []byte, ok bool) {
	var parts cookieParts
	parts.collect(rs.cookies, name)

	for value := range parts.joined() {
		opened, sealed := c.sealer.OpenCookie(name, value)
		if !sealed {
			continue
		}
		if ok && !bytes.Equal(opened, plaintext) {
			c.adapter.logger().WarnContext(rs.Context,
				"the request has two different sessions, none of them is used", "cookie", name)
			return nil, false
		}
		plaintext, ok = opened, true
	}

	return plaintext, ok
}

const idleVersion = 1

const (
	idleKey     = 'k'
	idleExpires = 'e'
)

// idleExpiry returns the expiry that the idle cookie has for a session, or the zero time.
func (c *cookieCarrier) idleExpiry(rs *requestSession, name, key string) time.Time {
	plaintext, ok := c.open(rs, name+idleSuffix)
	if !ok {
		return time.Time{}
	}
	r, ok := fields.Read(plaintext, idleVersion)
	if !ok {
		return time.Time{}
	}

	var expiry time.Time
	same := false
	for {
		id, value, more := r.Next()
		if !more {
			break
		}

		switch id {
		case idleKey:
			same = string(value) == key
		case idleExpires:
			expiry = time.UnixMilli(fields.Int(value))
		}
	}
	if !same || r.Malformed() {
		return time.Time{}
	}

	return expiry
}

// touch sends the idle cookie when a tenth of the idle timeout has passed.
func (c *cookieCarrier) touch(rs *requestSession) {
	s := rs.session
	idle := rs.loader.writer.IdleTimeout
	if idle <= 0 || !s.live {
		return
	}

	expiry := idleExpiry(s.read, idle, s.deadline)
	if expiry.Sub(s.expiry) < idle/10 {
		return
	}

	cookie := &rs.loader.writer.Cookie
	name := cookie.Name + idleSuffix
	plaintext := fields.Append([]byte{idleVersion}, idleKey, s.key)
	plaintext = fields.AppendInt(plaintext, idleExpires, expiry.UnixMilli())
	setCookie(rs.Header(), cookie, name, c.sealer.SealCookie(name, plaintext), s.deadline, s.persistent)
}

// save sends the session. A request in another tab that does so at the same time overwrites it, or
// is overwritten.
func (c *cookieCarrier) save(rs *requestSession, w write) error {
	before := rs.session
	if latest := time.Now().Add(nameRevocationTTL); w.payload.deadline.After(latest) {
		w.payload.deadline = latest // no revocation is kept for longer
	}
	if err := c.keepAttachment(rs, &w); err != nil {
		return err
	}

	s := session{token: w.token, expiry: w.expiry, cookie: before.cookie}
	switch w.kind {
	case writeAttachment:
		s.token = before.token
		s.expiry = before.expiry
	case writeUpdate:
		// the old cookie is overwritten
	case writeRenew:
		if err := c.revoke(rs); err != nil {
			return err
		}
	case writeNew:
		if err := c.beginSession(rs, &s, &w); err != nil {
			return err
		}
	}

	return c.send(rs, &s, &w)
}

// keepAttachment reads the attachment when its cookie has to be sent again with a later expiry.
func (c *cookieCarrier) keepAttachment(rs *requestSession, w *write) error {
	kept := w.attachment == nil && len(w.payload.attachment) > 0
	if !kept || w.payload.deadline.Equal(rs.session.deadline) {
		return nil
	}

	data, err := c.attachment(rs)
	if err == nil && data != nil {
		w.attachment = data
	}

	return err
}

// beginSession revokes the session that a new one replaces.
func (c *cookieCarrier) beginSession(rs *requestSession, s *session, w *write) error {
	s.cookie = cookieSession{}
	if err := c.revoke(rs); err != nil {
		return err
	}
	if c.revocations == nil || len(w.payload.names) == 0 {
		return nil
	}

	generations, err := c.revocations.generations(rs.Context, w.payload.nameKeys())
	s.cookie.generations = generations

	return unavailable(err)
}

// send seals the cookies and adds them to the response. The attachment is left out if the cookies
// are too large with it.
func (c *cookieCarrier) send(rs *requestSession, s *session, w *write) error {
	cookie := &rs.loader.writer.Cookie
	attachmentName := cookie.Name + attachmentSuffix
	out := newCookieBatch(rs, c.sealer.HeaderLimit(), &w.payload)
	out.remove(cookie.Name + idleSuffix)

	sendsAttachment := len(w.attachment) > 0
	if sendsAttachment {
		plaintext := append([]byte(hash(string(w.payload.attachment))), w.attachment...)
		out.set(attachmentName, c.sealer.SealCookie(attachmentName, plaintext))
	}

	s.stored = w.payload.encode()
	out.set(cookie.Name, c.sealer.SealCookie(cookie.Name, encodeCookieSession(s)))
	if len(w.payload.attachment) == 0 {
		out.remove(attachmentName)
	}

	err := out.check()
	if errors.Is(err, ErrTooLarge) && len(w.payload.attachment) > 0 {
		c.adapter.logger().WarnContext(rs.Context, "tokens not kept, the cookies would be too large", "err", err)
		w.payload.attachment = nil
		s.stored = w.payload.encode()
		out.set(cookie.Name, c.sealer.SealCookie(cookie.Name, encodeCookieSession(s)))
		out.remove(attachmentName)
		err = out.check()
	}
	if err != nil {
		return err
	}
	out.send()

	return nil
}

// end deletes the cookies of the session, and revokes copies of them.
func (c *cookieCarrier) end(rs *requestSession) error {
	if err := c.endStored(rs); err != nil {
		return err
	}

	name := rs.loader.writer.Cookie.Name
	out := newCookieBatch(rs, c.sealer.HeaderLimit(), &payload{})
	out.remove(name)
	out.remove(name + attachmentSuffix)
	out.remove(name + idleSuffix)
	out.send()

	return nil
}

func (c *cookieCarrier) endStored(rs *requestSession) error {
	return c.revoke(rs)
}

// revoke makes copies of the session's cookie useless, if there is a store of revocations.
func (c *cookieCarrier) revoke(rs *requestSession) error {
	s := rs.session
	if c.revocations == nil || !s.live {
		return nil
	}

	return unavailable(c.revocations.revokeSession(rs.Context, s.key, s.deadline))
}

// attachment opens the cookie of the attachment. The attachment of another session opens as well,
// and is not used.
func (c *cookieCarrier) attachment(rs *requestSession) ([]byte, error) {
	plaintext, ok := c.open(rs, rs.loader.reader.Cookie.Name+attachmentSuffix)
	if !ok {
		return nil, nil
	}

	data, same := bytes.CutPrefix(plaintext, []byte(hash(string(rs.session.attachment))))
	if !same {
		return nil, nil
	}

	return data, nil
}
