package sessionstores

import (
	"bytes"
	"context"
	"errors"
	"time"
)

func (c *serverCarrier) touchAttachment(rs *requestSession, expiry time.Time) error {
	_, err := c.backend.Touch(rs.Context, attachmentKey(rs.session.attachment), expiry)
	return err
}

// attachment reads the attachment of the session.
func (c *serverCarrier) attachment(rs *requestSession) ([]byte, error) {
	data, _, found, err := c.backend.Get(rs.Context, attachmentKey(rs.session.attachment))
	if err != nil || !found {
		return nil, unavailable(err)
	}

	return data, nil
}

// createAttachment stores an attachment. It returns ErrGone if the attachment was revoked with its
// session.
func (c *serverCarrier) createAttachment(rs *requestSession, w *write) error {
	key := attachmentKey(w.payload.attachment)
	created, err := c.backend.Create(rs.Context, key, w.attachment, w.expiry)
	if err == nil && !created {
		return ErrGone
	}

	return unavailable(err)
}

// finishAttachment follows the write of a session: its attachment is updated, or lives as long as
// the session does.
func (c *serverCarrier) finishAttachment(rs *requestSession, w *write) error {
	unchanged := bytes.Equal(w.payload.attachment, rs.session.attachment)
	switch {
	case len(w.payload.attachment) == 0 || !unchanged:
		return nil
	case w.attachment != nil:
		return c.updateAttachment(rs, w, w.expiry)
	}

	if err := c.touchAttachment(rs, w.expiry); err != nil {
		rs.warn("attachment of the session not extended", err)
	}

	return nil
}

// updateAttachment replaces the attachment of a session. The last write wins.
func (c *serverCarrier) updateAttachment(rs *requestSession, w *write, expiry time.Time) error {
	ctx := context.WithoutCancel(rs.Context) // also the reads are part of the write
	key := attachmentKey(w.payload.attachment)
	for range maxConflicts {
		old, _, found, err := c.backend.Get(ctx, key)
		if err != nil {
			return unavailable(err)
		}
		if !found {
			created := *w
			created.expiry = expiry
			return c.createAttachment(rs, &created)
		}

		found, err = c.backend.Update(ctx, key, old, w.attachment, expiry)
		if err == nil && !found {
			return ErrGone
		}
		if !errors.Is(err, ErrConflict) {
			return unavailable(err)
		}
	}

	return unavailable(ErrConflict)
}

// revokeAttachment is for an attachment that no session refers to any more. If it fails, the
// attachment expires.
func (c *serverCarrier) revokeAttachment(rs *requestSession, id []byte) {
	if _, err := c.backend.Revoke(rs.Context, attachmentKey(id)); err != nil {
		rs.warn("attachment of a session not revoked", err)
	}
}
