package sqlusers

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"syscall"
	"time"
)

const (
	// maxRetries is how often an operation is repeated after its first failure.
	maxRetries = 5

	// firstWait is the longest wait before the first repetition. It doubles each time, so that all
	// waits together are below 160 ms.
	firstWait = 5 * time.Millisecond
)

// retry repeats an operation while it fails for a reason that passes, at most maxRetries times. The
// waits are random, so that two logins that disturb each other do not meet again.
func (s *settings) retry(ctx context.Context, operation func() error) error {
	wait := firstWait
	for range maxRetries {
		err := operation()
		if err == nil || !s.passes(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(rand.N(wait)): //nolint:gosec // not a secret
		}
		wait *= 2
	}
	return operation()
}

// passingStates are errors of PostgreSQL that a repetition can cure: serialization failure,
// deadlock, and a connection that the server closed because it stops, crashed or found it idle.
var passingStates = []string{"40001", "40P01", "57P01", "57P02", "57P05"}

// passes reports whether a repetition of the statement may succeed.
func (s *settings) passes(err error) bool {
	if s.dialect == PostgreSQL {
		return isCachedPlan(err) || isClosed(err) || slices.Contains(passingStates, sqlState(err))
	}
	// A busy timeout has waited for a lock already, except for one of a shared cache.
	if !s.waitsForLocks && containsAny(err, []string{"database is locked"}) {
		return true
	}
	return containsAny(err, []string{"database table is locked", "database schema is locked"})
}

// isClosed reports whether the connection was closed while it was in the pool. All statements of
// this package can be repeated, so that it does not matter whether the server has run one.
func isClosed(err error) bool {
	if errors.Is(err, errScan) {
		return false
	}
	for _, closed := range []error{
		syscall.EPIPE, syscall.ECONNRESET, io.EOF, io.ErrUnexpectedEOF,
	} {
		if errors.Is(err, closed) {
			return true
		}
	}
	return false
}
