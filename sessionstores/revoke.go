package sessionstores

import (
	"context"
	"slices"
	"strings"

	"github.com/alexedwards/scs/v2"
)

// Revoke revokes the session of this request at once, and its attachment. It works after the
// response has begun, when the manager's Destroy returns [ErrTooLate]; the cookie then stays in the
// browser and leads to no session. After [Save], it revokes the session that was saved. A copy of a
// cookie session is only affected if its store keeps revocations.
func Revoke(ctx context.Context, m *scs.SessionManager) error {
	rs, err := requireRequest(ctx, m)
	if err != nil {
		return err
	}
	rs.fetch()
	if rs.loadErr != nil {
		return rs.loadErr
	}

	rs.mu.Lock()
	begun := rs.begun
	rs.mu.Unlock()
	if begun {
		return rs.adapter.carrier.endStored(rs)
	}

	rs.dropCookies()
	return rs.adapter.carrier.end(rs)
}

// dropCookies removes the cookies that an earlier Save has added to the response.
func (rs *requestSession) dropCookies() {
	h := rs.Header()
	name := rs.loader.writer.Cookie.Name
	h["Set-Cookie"] = slices.DeleteFunc(h["Set-Cookie"], func(line string) bool {
		cookie, _, _ := strings.Cut(line, "=")
		for _, own := range []string{name, name + attachmentSuffix, name + idleSuffix} {
			if _, ok := partIndex(cookie, own); ok {
				return true
			}
		}
		return false
	})
}

// AttachmentID returns what identifies the attachment of the session, or an empty string if there
// is none. It stays the same when the session gets a new token, and changes with a login.
func AttachmentID(ctx context.Context, m *scs.SessionManager) (string, error) {
	rs, err := requireRequest(ctx, m)
	if err != nil {
		return "", err
	}
	rs.fetch()

	return string(rs.session.attachment), rs.loadErr
}

// Discard drops what this request has changed in the session. Nothing is saved with the response,
// and later changes return [ErrTooLate]. It is for a handler that reports a failure after it has
// changed the session.
func Discard(ctx context.Context, m *scs.SessionManager) error {
	rs, err := requireRequest(ctx, m)
	if err != nil {
		return err
	}

	rs.mu.Lock()
	defer rs.mu.Unlock()

	rs.saved = true
	rs.wanted = nil

	return nil
}
