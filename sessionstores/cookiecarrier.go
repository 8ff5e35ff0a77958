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
	plaintext, ok := c.open(rs, name, func([]byte) bool { return true })
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
// set by another host or path, and none is used. A plaintext that belongs to another session does
// not count.
func (c *cookieCarrier) open(
	rs *requestSession, name string, belongs func(plaintext []byte) bool,
) (plaintext []byte, ok bool) {
	var parts cookieParts
	parts.collect(rs.cookies, name)

	for value := range parts.joined() {
		opened, sealed := c.sealer.OpenCookie(name, value)
		if !sealed || !belongs(opened) {
			continue
		}
		if ok && !bytes.Equal(opened, plaintext) {
			c.adapter.logger().WarnContext(rs.Context,
				"the request has two different cookies, none of them is used", "cookie", name)
			return nil, false
		}
		plaintext, ok = opened, true
	}

	return plaintext, ok
}

// save sends the session. A request in another tab that does so at the same time overwrites it, or
// is overwritten.
func (c *cookieCarrier) save(rs *requestSession, w write) error {
	if w.kind == writeAttachment {
		c.sendAttachment(rs, &w)
		return nil
	}

	before := rs.session
	if latest := time.Now().Add(nameRevocationTTL); w.payload.deadline.After(latest) {
		w.payload.deadline = latest // no revocation is kept for longer
	}
	if err := c.keepAttachment(rs, &w); err != nil {
		return err
	}

	s := session{token: w.token, expiry: w.expiry, cookie: before.cookie}
	if w.kind == writeNew {
		var err error
		if s.cookie, err = c.newSession(rs, &w); err != nil {
			return err
		}
	}

	out, err := c.seal(rs, &s, &w)
	if err != nil {
		return err
	}
	if w.kind != writeUpdate { // the browser keeps the old cookie if this fails
		if err := c.revoke(rs); err != nil {
			return err
		}
	}
	out.send()

	return nil
}

// newSession returns what the cookie of a new session has beside the payload.
func (c *cookieCarrier) newSession(rs *requestSession, w *write) (cookieSession, error) {
	if c.revocations == nil || len(w.payload.names) == 0 {
		return cookieSession{}, nil
	}

	generations, err := c.revocations.generations(rs.Context, w.payload.nameKeys())
	return cookieSession{generations: generations}, unavailable(err)
}

// seal returns the cookies of a session. The attachment is left out if they are too large with it.
func (c *cookieCarrier) seal(rs *requestSession, s *session, w *write) (*cookieBatch, error) {
	name := rs.loader.writer.Cookie.Name
	if w.attachment != nil && len(w.attachment) == 0 {
		w.payload.attachment = nil
	}
	out := newCookieBatch(rs, c.sealer.HeaderLimit(), &w.payload)
	out.remove(name + idleSuffix)
	if w.attachment != nil || len(w.payload.attachment) == 0 {
		c.addAttachment(rs, out, w)
	}
	c.addSession(rs, out, s, w)

	err := out.check()
	if errors.Is(err, ErrTooLarge) && len(w.payload.attachment) > 0 {
		rs.warn("tokens not kept, the cookies would be too large", err)
		w.payload.attachment = nil
		out.remove(name + attachmentSuffix)
		c.addSession(rs, out, s, w)
		err = out.check()
	}

	return out, err
}

func (c *cookieCarrier) addSession(rs *requestSession, out *cookieBatch, s *session, w *write) {
	name := rs.loader.writer.Cookie.Name
	s.stored = w.payload.encode()
	out.set(name, c.sealer.SealCookie(name, encodeCookieSession(s)))
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
