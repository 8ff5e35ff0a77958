package sessionstores

import "time"

// A carrier brings the session of a request in and out. There are two: serverCarrier keeps it in a
// Backend and sends a token, cookieCarrier sends the session itself.
type carrier interface {
	// load returns the session that the cookies of the request lead to. An error says that it could
	// not be read.
	load(rs *requestSession) (session, error)

	// touch extends a session that the request has not changed, if that is due.
	touch(rs *requestSession)

	// save stores what the request has changed, and sets the cookie if the browser needs another
	// one. It returns ErrGone if the session was revoked or renewed by another request.
	save(rs *requestSession, w write) error

	// end revokes the session and deletes its cookie.
	end(rs *requestSession) error

	// endStored revokes the session for a response that is not going to be sent.
	endStored(rs *requestSession) error

	// attachment reads the attachment of the session.
	attachment(rs *requestSession) ([]byte, error)

	// alive reports whether the session that was read still exists.
	alive(rs *requestSession) (bool, error)

	// replaceAttachment replaces the attachment if it is still old.
	replaceAttachment(rs *requestSession, old, data []byte) (replaced bool, err error)
}

// A write is what a request saves.
type write struct {
	kind       writeKind
	token      string
	payload    payload
	expiry     time.Time // when the session expires unless it is touched
	attachment []byte    // nil unless the request has set it
	login      bool
	destroyed  bool // the session that was read has ended
}

type writeKind int

const (
	writeAttachment writeKind = iota // of a session that stays as it is
	writeUpdate                      // to the session that was read
	writeRenew                       // the same session under a new token
	writeNew                         // a new session
)

// idleExpiry returns when a session expires unless it is touched.
func idleExpiry(now time.Time, idle time.Duration, deadline time.Time) time.Time {
	if idle <= 0 {
		return deadline
	}

	if at := now.Add(idle); at.Before(deadline) {
		return at
	}

	return deadline
}
