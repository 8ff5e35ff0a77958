package sessionstores

import (
	"bytes"
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"
)

// serverCarrier keeps sessions in a Backend. The cookie has the token.
type serverCarrier struct {
	adapter *storeAdapter
	backend Backend
}

// load looks up the tokens of the request until one leads to a session.
func (c *serverCarrier) load(rs *requestSession) (session, error) {
	var tombstone session
	for token := range cookieTokens(rs.cookies, rs.loader.reader.Cookie.Name) {
		s, err := c.read(rs.Context, token)
		if err != nil {
			return session{}, err
		}
		if s.live {
			return s, nil
		}
		if tombstone.key == "" {
			tombstone = s
		}
	}

	return tombstone, nil
}

// read returns the session of a token, or nothing. A tombstone has a key only, and so has an entry
// that is no session of this package.
func (c *serverCarrier) read(ctx context.Context, token string) (session, error) {
	key := keyOf(token)
	data, expiry, found, err := c.backend.Get(ctx, key)
	switch {
	case err != nil:
		return session{}, unavailable(err)
	case !found && expiry.IsZero():
		return session{}, nil
	case !found:
		return session{key: key}, nil
	}

	p, ok := decodePayload(data)
	if !ok {
		return session{key: key}, nil // a logout or a new session removes it
	}

	now := time.Now()
	if !now.Before(p.deadline) { // a plain store may keep it longer
		if err := c.backend.DeleteCtx(ctx, key); err != nil {
			c.adapter.logger().WarnContext(ctx, "expired session not deleted", "err", err)
		}
		return session{}, nil
	}

	return session{
		token: token, key: key, stored: data, payload: p, live: true, read: now, expiry: expiry,
	}, nil
}

// touch extends the session when a tenth of the idle timeout has passed. It also adds it to the
// index again: a store that is short of memory may have evicted the entry. A failure is logged: the
// session has most of its idle time left.
func (c *serverCarrier) touch(rs *requestSession) {
	s := rs.session
	idle := rs.loader.writer.IdleTimeout
	if idle <= 0 || !s.live {
		return
	}

	expiry := idleExpiry(s.read, idle, s.deadline)
	if expiry.Sub(s.expiry) < idle/10 {
		return
	}

	var tasks errgroup.Group
	tasks.Go(func() error {
		_, err := c.backend.Touch(rs.Context, s.key, expiry)
		return err
	})
	if len(s.attachment) > 0 {
		tasks.Go(func() error { return c.touchAttachment(rs, expiry) })
	}
	if len(s.names) > 0 {
		tasks.Go(func() error { return c.index(rs, s.key, &s.payload) })
	}
	if err := tasks.Wait(); err != nil {
		rs.warn("session not extended", err)
	}
}

// index adds a session and its attachment to the index of its names. Attachments have names of
// their own, so that they are not counted as sessions.
func (c *serverCarrier) index(rs *requestSession, key string, p *payload) error {
	indexed, ok := c.adapter.indexed()
	if !ok || len(p.names) == 0 {
		return nil
	}

	var tasks errgroup.Group
	tasks.Go(func() error {
		return indexed.Index(rs.Context, p.nameKeys(), p.deadline, key)
	})
	if len(p.attachment) > 0 {
		tasks.Go(func() error {
			names := p.nameKeys()
			for i, name := range names {
				names[i] = attachmentPrefix + name
			}
			return indexed.Index(rs.Context, names, p.deadline, attachmentKey(p.attachment))
		})
	}

	return unavailable(tasks.Wait())
}

func (c *serverCarrier) save(rs *requestSession, w write) error {
	switch w.kind {
	case writeAttachment:
		return c.updateAttachment(rs, &w, rs.session.expiry)
	case writeUpdate:
		return c.update(rs, &w)
	case writeRenew:
		return c.renew(rs, &w)
	default:
		return c.create(rs, &w)
	}
}

// update stores the session that was read, with its changes.
func (c *serverCarrier) update(rs *requestSession, w *write) error {
	s := rs.session
	attached := !bytes.Equal(w.payload.attachment, s.attachment)
	extended := !w.payload.deadline.Equal(s.deadline)
	if attached || extended {
		if err := c.index(rs, s.key, &w.payload); err != nil {
			return err
		}
	}
	if attached {
		if err := c.createAttachment(rs, w); err != nil {
			return err
		}
	}

	found, err := c.write(rs, w, func(old, data []byte) (bool, error) {
		return c.backend.Update(rs.Context, s.key, old, data, w.expiry)
	})
	if err == nil && !found {
		err = ErrGone
	}
	if err != nil {
		if attached {
			c.revokeAttachment(rs, w.payload.attachment)
		}
		return err
	}

	if extended || w.payload.persistent != s.persistent {
		c.setCookie(rs, w)
	}

	return c.finishAttachment(rs, w)
}

// renew stores the session under a new token.
func (c *serverCarrier) renew(rs *requestSession, w *write) error {
	newKey := keyOf(w.token)
	attached := !bytes.Equal(w.payload.attachment, rs.session.attachment)

	var tasks errgroup.Group
	tasks.Go(func() error { return c.index(rs, newKey, &w.payload) })
	tasks.Go(func() error { return c.markReplaced(rs) })
	if attached {
		tasks.Go(func() error { return c.createAttachment(rs, w) })
	}
	if err := tasks.Wait(); err != nil {
		if attached {
			c.revokeAttachment(rs, w.payload.attachment)
		}
		return err
	}

	found, err := c.write(rs, w, func(old, data []byte) (bool, error) {
		return c.backend.Renew(rs.Context, rs.session.key, newKey, old, data, w.expiry)
	})
	switch {
	case err != nil && found:
		rs.warn("old session token not revoked", err)
	case err == nil && !found:
		err = ErrGone
		fallthrough
	case err != nil:
		if attached {
			c.revokeAttachment(rs, w.payload.attachment)
		}
		return err
	}

	c.setCookie(rs, w)

	return c.finishAttachment(rs, w)
}

// write stores the payload. When another request has changed the session, it reads it again and
// merges.
func (c *serverCarrier) write(
	rs *requestSession, w *write, store func(old, data []byte) (bool, error),
) (found bool, err error) {
	old := rs.session.stored
	base := mergeBase{codec: rs.loader.writer.Codec, original: rs.session.payload, mine: w.payload}

	for range maxConflicts {
		found, err := store(old, w.payload.encode())
		if !errors.Is(err, ErrConflict) {
			return found, unavailable(err)
		}

		old, _, found, err = c.backend.Get(context.WithoutCancel(rs.Context), rs.session.key)
		if err != nil || !found {
			return false, unavailable(err)
		}
		theirs, ok := decodePayload(old)
		if !ok {
			return false, nil
		}
		if w.payload, err = base.into(theirs); err != nil {
			return false, err
		}
		w.expiry = idleExpiry(time.Now(), rs.loader.writer.IdleTimeout, w.payload.deadline)
	}

	return false, unavailable(ErrConflict)
}

// create stores a new session in place of the one that was read, if there was one. Only a login
// begins a session for a request that was sent before the browser got another token.
func (c *serverCarrier) create(rs *requestSession, w *write) error {
	s := rs.session
	replaced, err := c.endBefore(rs, w)
	switch {
	case err != nil:
		return err
	case replaced && !w.login:
		return ErrGone
	}

	key := keyOf(w.token)
	if err := c.index(rs, key, &w.payload); err != nil {
		return err
	}
	if err := c.createStored(rs, w, key); err != nil {
		_, revokeErr := c.backend.Revoke(rs.Context, key)
		if len(w.payload.attachment) > 0 {
			c.revokeAttachment(rs, w.payload.attachment)
		}
		return errors.Join(err, unavailable(revokeErr))
	}

	if s.key != "" && !w.destroyed {
		if err := c.endStored(rs); err != nil {
			rs.warn("old session not revoked", err)
		}
	}
	c.setCookie(rs, w)

	return nil
}

// createStored stores a session and its attachment at the same time.
func (c *serverCarrier) createStored(rs *requestSession, w *write, key string) error {
	var tasks errgroup.Group
	tasks.Go(func() error {
		created, err := c.backend.Create(rs.Context, key, w.payload.encode(), w.expiry)
		if err == nil && !created {
			return ErrGone
		}
		return unavailable(err)
	})
	if w.attachment != nil {
		tasks.Go(func() error { return c.createAttachment(rs, w) })
	}
	if rs.session.key != "" {
		tasks.Go(func() error { return c.markReplaced(rs) })
	}

	return tasks.Wait()
}

func (c *serverCarrier) setCookie(rs *requestSession, w *write) {
	cookie := &rs.loader.writer.Cookie
	if rs.cookieSet { // by an attempt that has failed later
		removeSetCookie(rs.Header(), cookie.Name)
	}
	rs.cookieSet = true
	setCookie(rs.Header(), cookie, cookie.Name, w.token, w.payload.deadline, w.payload.persistent)
}
