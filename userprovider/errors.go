package userprovider

import "errors"

// The kinds of errors of a [UserProvider]. A provider wraps one of them and adds the field and the
// fix: the text goes to the log. It must not contain secrets. An error that wraps none of them
// stands for an outage.
var (
	// ErrNotFound is the error of FindUser and FindSubject for a user who does not exist.
	ErrNotFound = errors.New("userprovider: user not found")

	// ErrRefused is the error of SyncUser for a user who may not log in.
	ErrRefused = errors.New("userprovider: login refused")

	// ErrConflict is the error of SyncUser when another user has the value of a unique field.
	ErrConflict = errors.New("userprovider: another user has this value")

	// ErrInvalid is the error of SyncUser when a field cannot hold the value of its claim: a text
	// that is too long, a NUL character, a value that a CHECK constraint refuses. It concerns the
	// data of one person. The error names the field.
	ErrInvalid = errors.New("userprovider: invalid value")

	// ErrMisconfigured is an error that only the operator can fix, such as a missing column or a
	// login of an issuer that the provider does not accept. Retrying does not help.
	ErrMisconfigured = errors.New("userprovider: not set up correctly")
)
