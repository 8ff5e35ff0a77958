package sessionstores

import (
	"context"

	"github.com/alexedwards/scs/v2"
)

// Revoke revokes the session of this request at once, and its attachment. It works after the response
// has begun, when the manager's Destroy returns [ErrTooLate]. The cookie stays in the browser and is
// worth nothing; a cookie session without a store of revocations is not affected.
func Revoke(ctx context.Context, m *scs.SessionManager) error {
	rs, err := requireRequest(ctx, m)
	if err != nil {
		return err
	}
	rs.fetch()
	if rs.loadErr != nil {
		return rs.loadErr
	}

	return rs.adapter.carrier.endStored(rs)
}

// AttachmentID returns what identifies the attachment of the session, or an empty string if there is
// none. It stays the same when the session gets a new token, and changes with a login.
func AttachmentID(ctx context.Context, m *scs.SessionManager) (string, error) {
	rs, err := requireRequest(ctx, m)
	if err != nil {
		return "", err
	}
	rs.fetch()

	return string(rs.session.attachment), rs.loadErr
}
