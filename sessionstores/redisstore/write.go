package redisstore

import (
	"context"
	"crypto/sha1" //nolint:gosec // G505: the hash that scripts have; see digest
	"encoding/hex"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

// CommitCtx stores data under key until expiry. It replaces what is under key.
func (s *Store) CommitCtx(ctx context.Context, key string, data []byte, expiry time.Time) error {
	redisKey := s.sessionKey(key)
	defer s.written.add(redisKey)

	value := sessionValue(data, expiry)
	err := s.client.Do(ctx, "set", redisKey, value, "pxat", unixMillis(expiry)).Err()
	return wrap("store a session", err)
}

// Commit is CommitCtx without a context.
func (s *Store) Commit(key string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), key, data, expiry)
}

// DeleteCtx removes the session under key. It leaves a tombstone in place.
func (s *Store) DeleteCtx(ctx context.Context, key string) error {
	_, err := s.delete(ctx, key)
	return err
}

// delete runs deleteScript. It returns the key of the successor in a tombstone, if there is one.
func (s *Store) delete(ctx context.Context, key string) (successors []string, err error) {
	cmd := s.runAll(ctx, []call{{deleteScript, s.sessionKey(key), nil}})[0]
	text, err := cmd.Text()
	if err != nil {
		return nil, wrap("delete a session", err)
	}
	return successorOf(text), nil
}

// Delete is DeleteCtx without a context.
func (s *Store) Delete(key string) error {
	return s.DeleteCtx(context.Background(), key)
}

// Create stores a session under a new key. It returns created=false if there is a tombstone.
func (s *Store) Create(
	ctx context.Context, key string, data []byte, expiry time.Time,
) (created bool, err error) {
	outcome, err := s.store(ctx, key, data, expiry, "replace")
	return outcome == done, wrap("create a session", err)
}

// store runs createScript.
func (s *Store) store(
	ctx context.Context, key string, data []byte, expiry time.Time, ifOccupied string,
) (outcome int64, err error) {
	args := []any{sessionValue(data, expiry), unixMillis(expiry), ifOccupied}
	return s.run(ctx, call{createScript, s.sessionKey(key), args})
}

// Update replaces the data and the expiry of an existing session whose data is still old. It sends
// a digest of the old data.
func (s *Store) Update(
	ctx context.Context, key string, old, data []byte, expiry time.Time,
) (found bool, err error) {
	args := []any{digest(old), sessionValue(data, expiry), unixMillis(expiry)}
	outcome, err := s.run(ctx, call{updateScript, s.sessionKey(key), args})
	if err != nil {
		return false, wrap("update a session", err)
	}
	if outcome == conflict {
		return true, sessionstores.ErrConflict
	}
	return outcome == done, nil
}

// Touch replaces the expiry of an existing session. It sends no data.
func (s *Store) Touch(
	ctx context.Context, key string, expiry time.Time,
) (found bool, err error) {
	args := []any{expiryText(expiry), unixMillis(expiry)}
	outcome, err := s.run(ctx, call{touchScript, s.sessionKey(key), args})
	return outcome == done, wrap("touch a session", err)
}

// digest returns what redis.sha1hex returns in a script. It detects a change by another request;
// two sessions of one user that collide on purpose cost that user one change.
func digest(data []byte) string {
	sum := sha1.Sum(data) //nolint:gosec // G401: see above
	return hex.EncodeToString(sum[:])
}
