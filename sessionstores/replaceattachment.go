package sessionstores

import (
	"context"
	"errors"
	"time"

	"github.com/alexedwards/scs/v2"
)

// ReplaceAttachment replaces the attachment of the session at once, and not when the session is
// saved. It changes nothing and returns replaced=false if the attachment is no longer old, or if
// the session was revoked: of several requests that read the same attachment, one replaces it.
//
// It may be called after the response has begun, and after the request has ended. A cookie session
// can only be replaced with the response: ReplaceAttachment returns [ErrTooLate] after its first
// byte, and does not notice what other requests do.
func ReplaceAttachment(
	ctx context.Context, m *scs.SessionManager, old, data []byte,
) (replaced bool, err error) {
	rs, err := requireRequest(ctx, m)
	if err != nil {
		return false, err
	}
	rs.fetch()
	if rs.loadErr != nil {
		return false, rs.loadErr
	}
	if !rs.session.live || len(rs.session.attachment) == 0 {
		return false, nil
	}

	return rs.adapter.carrier.replaceAttachment(rs, old, data)
}

// CanReplaceAttachment returns nil if the session of this request can be saved: always for a
// session on a server, and before the first byte of the response for a cookie session. Otherwise it
// returns [ErrTooLate]. Ask before a change that must not be lost.
func CanReplaceAttachment(ctx context.Context, m *scs.SessionManager) error {
	rs, err := requireRequest(ctx, m)
	if err != nil {
		return err
	}
	if _, cookies := rs.adapter.carrier.(*cookieCarrier); cookies {
		return rs.want(func(*intent) {})
	}

	return nil
}

func (c *serverCarrier) replaceAttachment(
	rs *requestSession, old, data []byte,
) (replaced bool, err error) {
	s := rs.session
	expiry := idleExpiry(time.Now(), rs.loader.writer.IdleTimeout, s.deadline)
	replaced, err = c.backend.Update(rs.Context, attachmentKey(s.attachment), old, data, expiry)
	if errors.Is(err, ErrConflict) {
		return false, nil
	}

	return replaced, unavailable(err)
}

// replaceAttachment leaves the new attachment for the response. Its cookie is sent with that of the
// session.
func (c *cookieCarrier) replaceAttachment(
	rs *requestSession, _, data []byte,
) (replaced bool, err error) {
	err = rs.want(func(i *intent) { i.attachment = append([]byte{}, data...) })
	return err == nil, err
}
