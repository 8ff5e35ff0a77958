package sessionstores

import (
	"bytes"
)

// sendAttachment sends the attachment without the session, so that it cannot undo what another
// request does to the session.
func (c *cookieCarrier) sendAttachment(rs *requestSession, w *write) {
	out := newCookieBatch(rs, c.sealer.HeaderLimit(), &w.payload)
	c.addAttachment(rs, out, w)
	if err := out.check(); err != nil {
		rs.warn("tokens not kept, the cookies would be too large", err)
		out.remove(rs.loader.writer.Cookie.Name + attachmentSuffix)
	}
	out.send()
}

// addAttachment adds the cookie of the attachment. An empty attachment is removed.
func (c *cookieCarrier) addAttachment(rs *requestSession, out *cookieBatch, w *write) {
	name := rs.loader.writer.Cookie.Name + attachmentSuffix
	if len(w.attachment) == 0 {
		out.remove(name)
		return
	}

	plaintext := append([]byte(hash(string(w.payload.attachment))), w.attachment...)
	out.set(name, c.sealer.SealCookie(name, plaintext))
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

// attachment opens the cookie of the attachment. The attachment of another session opens as well,
// and is not used.
func (c *cookieCarrier) attachment(rs *requestSession) ([]byte, error) {
	id := []byte(hash(string(rs.session.attachment)))
	name := rs.loader.reader.Cookie.Name + attachmentSuffix
	plaintext, ok := c.open(rs, name, func(plaintext []byte) bool {
		return bytes.HasPrefix(plaintext, id)
	})
	if !ok {
		return nil, nil
	}

	return plaintext[len(id):], nil
}
