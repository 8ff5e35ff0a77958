package sessionstores

import "errors"

var (
	// ErrGone says that the session was ended, or given a new token, by another request since this one began. What this
	// request changed is not saved, and it sends no session cookie, so that it undoes neither a logout nor a login.
	ErrGone = errors.New("sessionstores: the session was ended or renewed by another request")

	// ErrUnavailable says that the store could not be read or written.
	ErrUnavailable = errors.New("sessionstores: session store unavailable")

	// ErrMisused says that the program uses the session in a way that would lose or duplicate it; the text around it
	// names the mend.
	ErrMisused = errors.New("sessionstores: misused")

	errDropped = errors.New("sessionstores: response dropped, the session could not be saved")
)
