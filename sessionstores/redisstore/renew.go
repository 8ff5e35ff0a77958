package redisstore

import (
	"context"
	"errors"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

var errSameKey = errors.New("redisstore: renew a session: newKey is oldKey; " +
	"the successor needs a key of its own")

// Renew moves a session from oldKey to newKey. It usually takes two round trips.
//
// The two keys may be on two nodes of a Cluster, so two scripts do the work. The first one stores
// the successor. The second one replaces the old session with a tombstone that names the
// successor, if the old session is still there and its data is still old. If it is not, the
// successor is removed again; its token has not been sent to a browser yet.
//
// A repeated call finds the tombstone and keeps the successor. It stores the successor again if
// that was deleted or has expired meanwhile.
//
// If the second script fails, its outcome is unknown and the successor stays: without it, a lost
// answer would leave no session. Renew then returns found=true and the error.
func (s *Store) Renew(
	ctx context.Context, oldKey, newKey string, old, data []byte, expiry time.Time,
) (found bool, err error) {
	if oldKey == newKey {
		return false, errSameKey
	}

	stored, err := s.store(ctx, newKey, data, expiry, "keep")
	if err != nil {
		return false, wrap("store the successor of a session", err)
	}
	switch stored {
	case done:
		return s.finishRenew(ctx, oldKey, newKey, old)
	case occupied:
		return s.renewOccupied(ctx, oldKey, newKey, old, data, expiry)
	case past:
		return s.renewPast(ctx, oldKey, newKey, old)
	default:
		return false, nil
	}
}

// renewOccupied renews to a key that holds another session. That is the successor of an earlier
// call, which was changed since, or what a failed call has left there.
func (s *Store) renewOccupied(
	ctx context.Context, oldKey, newKey string, old, data []byte, expiry time.Time,
) (found bool, err error) {
	state, err := s.retire(ctx, oldKey, newKey, old, "check")
	if err != nil {
		return false, wrap("renew a session", err)
	}
	if state != live {
		return state == done, conflictError(state)
	}

	stored, err := s.store(ctx, newKey, data, expiry, "replace")
	if err != nil {
		return false, wrap("store the successor of a session", err)
	}
	if stored != done {
		return false, nil
	}
	return s.finishRenew(ctx, oldKey, newKey, old)
}

// renewPast removes the session under oldKey, because the expiry of its successor is past.
func (s *Store) renewPast(
	ctx context.Context, oldKey, newKey string, old []byte,
) (found bool, err error) {
	state, err := s.retire(ctx, oldKey, newKey, old, "check")
	if err != nil {
		return false, wrap("renew a session", err)
	}
	if state == live {
		return false, s.DeleteCtx(ctx, oldKey)
	}
	return state == done, conflictError(state)
}

// finishRenew replaces the old session with a tombstone after the successor was stored.
func (s *Store) finishRenew(
	ctx context.Context, oldKey, newKey string, old []byte,
) (found bool, err error) {
	state, err := s.retire(ctx, oldKey, newKey, old, "retire")
	if err != nil {
		return true, wrap("replace a renewed session with a tombstone", err)
	}
	if state == done {
		return true, nil
	}

	if err := s.undoRenew(ctx, newKey); err != nil {
		return false, err
	}
	return false, conflictError(state)
}

// undoRenew removes the successor that a call of Renew has stored in vain. If another call has
// renewed that one meanwhile, it revokes the result.
func (s *Store) undoRenew(ctx context.Context, newKey string) error {
	successors, err := s.delete(ctx, newKey)
	if err != nil {
		return err
	}
	_, err = s.revoke(ctx, successors)
	return wrap("revoke the successors of a session", err)
}

// retire runs retireScript.
func (s *Store) retire(
	ctx context.Context, oldKey, newKey string, old []byte, mode string,
) (state int64, err error) {
	args := []any{digest(old), newKey, mode}
	return s.run(ctx, call{retireScript, s.sessionKey(oldKey), args})
}

func conflictError(state int64) error {
	if state == conflict {
		return sessionstores.ErrConflict
	}
	return nil
}
