package sessionstores

import "errors"

var (
	// ErrGone says that the session was revoked, or given a new token, by another request since
	// this one began. What this request changed is not saved, and no session cookie is sent.
	ErrGone = errors.New("sessionstores: the session was revoked or renewed by another request")

	// ErrTooLate says that the response has begun, so that the session can no longer be saved with
	// it.
	ErrTooLate = errors.New("sessionstores: the response has begun, the session is already saved")

	// ErrUnavailable says that the store could not be read or written. Trying again later may help.
	ErrUnavailable = errors.New("sessionstores: session store unavailable")

	// ErrTooLarge says that a cookie session does not fit into the cookies of a request. The text
	// around it names the sizes.
	ErrTooLarge = errors.New("sessionstores: session too large for cookies")

	// ErrMisused says that the program uses the session in a way that would lose or duplicate it.
	// The text around it names the fix.
	ErrMisused = errors.New("sessionstores: misused")
)
