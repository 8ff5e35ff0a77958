package sessionstores

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
)

// lateWindow is how long a request with an old token counts as one that was sent before the browser
// got the new token.
const lateWindow = 10 * time.Second

// endBefore prepares the creation of a session in place of another one. It revokes a session that a
// handler has destroyed, so that a failure is not hidden by the new one. It reports whether another
// request has replaced the session of this one already.
func (c *serverCarrier) endBefore(rs *requestSession, w *write) (replaced bool, err error) {
	s := rs.session
	switch {
	case s.key == "":
		return false, nil
	case w.destroyed:
		found, err := c.revoke(rs)
		if err != nil || found {
			return false, err
		}
		return c.wasReplaced(rs)
	case s.live:
		return false, nil
	}

	return c.wasReplaced(rs)
}

// end revokes the session and deletes its cookie. A login that came first has replaced the cookie,
// and it is kept then.
func (c *serverCarrier) end(rs *requestSession) error {
	if rs.session.key == "" {
		return nil
	}

	found, err := c.revoke(rs)
	if err != nil {
		return err
	}
	if !found {
		replaced, err := c.wasReplaced(rs)
		if err != nil || replaced {
			return err
		}
	}

	cookie := &rs.loader.writer.Cookie
	deleteCookie(rs.Header(), cookie, cookie.Name)

	return nil
}

func (c *serverCarrier) endStored(rs *requestSession) error {
	if rs.session.key == "" {
		return nil
	}

	_, err := c.revoke(rs)
	return err
}

// revoke revokes the session that was read, or what succeeded it, and its attachment.
func (c *serverCarrier) revoke(rs *requestSession) (found bool, err error) {
	var tasks errgroup.Group
	if id := rs.session.attachment; len(id) > 0 {
		tasks.Go(func() error {
			c.revokeAttachment(rs, id)
			return nil
		})
	}

	found, err = c.backend.Revoke(rs.Context, rs.session.key)
	_ = tasks.Wait()

	return found, unavailable(err)
}

// markReplaced notes that the browser gets another token with this response. A request that still
// has the old one was sent before, and must not begin a session: its cookie would replace the new
// one.
func (c *serverCarrier) markReplaced(rs *requestSession) error {
	expiry := time.Now().Add(lateWindow)
	err := c.backend.CommitCtx(rs.Context, replacedPrefix+rs.session.key, []byte{1}, expiry)

	return unavailable(err)
}

func (c *serverCarrier) wasReplaced(rs *requestSession) (bool, error) {
	ctx := context.WithoutCancel(rs.Context)
	_, _, replaced, err := c.backend.Get(ctx, replacedPrefix+rs.session.key)
	return replaced, unavailable(err)
}
