package sessionstores

import (
	"time"

	"github.com/chiauth0/auth/internal/fields"
)

const idleVersion = 1

const (
	idleKey     = 'k'
	idleExpires = 'e'
)

// idleExpiry returns the expiry that the idle cookie has for a session, or the zero time.
func (c *cookieCarrier) idleExpiry(rs *requestSession, name, key string) time.Time {
	var latest time.Time
	c.open(rs, name+idleSuffix, func(plaintext []byte) bool {
		expiry, ok := decodeIdle(plaintext, key)
		if ok && expiry.After(latest) {
			latest = expiry
		}
		return false
	})

	return latest
}

// decodeIdle returns the expiry in an idle cookie. ok is false for that of another session.
func decodeIdle(plaintext []byte, key string) (expiry time.Time, ok bool) {
	r, ok := fields.Read(plaintext, idleVersion)
	if !ok {
		return expiry, false
	}

	same := false
	for {
		id, value, more := r.Next()
		if !more {
			return expiry, same && !r.Malformed()
		}

		switch id {
		case idleKey:
			same = string(value) == key
		case idleExpires:
			expiry = time.UnixMilli(fields.Int(value))
		}
	}
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

	name := rs.loader.writer.Cookie.Name + idleSuffix
	plaintext := fields.Append([]byte{idleVersion}, idleKey, s.key)
	plaintext = fields.AppendInt(plaintext, idleExpires, expiry.UnixMilli())
	out := newCookieBatch(rs, c.sealer.HeaderLimit(), &s.payload)
	out.set(name, c.sealer.SealCookie(name, plaintext))
	out.send()
}
