package sessionstores

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"time"

	"github.com/alexedwards/scs/v2"
)

// recordField holds the id of the session's record, in the session.
const recordField = "__record"

// SetRecord keeps data beside the session rather than in it: in an entry of its own, which is written with the session,
// expires with it, is removed with it, and is read only when [Record] asks. chiauth0 keeps Auth0's tokens there, so that
// three kilobytes which nearly no request reads cost nearly no request anything, and a session write that overlaps their
// renewal cannot bring old ones back. A session has one record; setting it again replaces it. The data is stored as it is:
// seal it first if a dump of the store must not yield it. A Destroy outside of any request leaves the record, out of reach,
// until it expires.
func SetRecord(ctx context.Context, m *scs.SessionManager, data []byte) error {
	st, err := mustFind(ctx, m)
	if err != nil {
		return err
	}
	st.mu.Lock()
	st.record = data
	fresh := st.fresh
	st.mu.Unlock()
	// The id stays while the session does: a request that overlaps this one saves the session as it has loaded it, and
	// would else leave it with the name of a record that is gone. A login begins with a record of its own.
	id := m.GetString(ctx, recordField)
	if original, _ := st.original(recordField).(string); id == "" || fresh && id == original {
		id = rand.Text()
	}
	m.Put(ctx, recordField, id)
	return nil
}

// Record returns the session's record, nil if it has none. An error that wraps [ErrUnavailable] says that the store
// could not be read.
func Record(ctx context.Context, m *scs.SessionManager) ([]byte, error) {
	st, err := mustFind(ctx, m)
	if err != nil {
		return nil, err
	}
	id := m.GetString(ctx, recordField)
	if id == "" {
		return nil, Err(ctx, m)
	}
	st.mu.Lock()
	pending := st.record
	st.mu.Unlock()
	if pending != nil {
		return pending, nil
	}
	k := st.loader.keeper
	ctx, cancel := k.readContext(ctx)
	defer cancel()
	data, _, found, err := k.backend.Get(ctx, k.recordKey(id))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if !found {
		return nil, nil
	}
	return data, nil
}

func (k *keeper) recordKey(id string) string { return recordPrefix + k.key(id) }

// recordExpiry is when the record of a session with this deadline expires, if it is written now. A plain store cannot move
// it on with each request without rewriting it.
func (st *state) recordExpiry(deadline time.Time) time.Time {
	if st.loader.keeper.plain {
		return deadline
	}
	return expiryAt(time.Now(), st.loader.writer.IdleTimeout, deadline)
}

// keepRecord lets the record live as long as the session, which has just been written, if it was not written itself.
func (st *state) keepRecord(ctx context.Context, id string) {
	m, k := &st.loader.writer, st.loader.keeper
	deadline := m.Deadline(ctx)
	moved := !deadline.Equal(st.deadline) || m.IdleTimeout > 0 && !k.plain
	if id == "" || !moved || st.pending.record != nil {
		return
	}
	ctx, cancel := k.writeContext(ctx)
	defer cancel()
	if _, err := k.backend.Touch(ctx, k.recordKey(id), st.recordExpiry(deadline)); err != nil {
		slog.WarnContext(ctx, "expiry of the session's record not moved on", "err", err)
	}
}

// removeRecord is for a record that nothing names any more. If it fails, the record expires by itself.
func (st *state) removeRecord(ctx context.Context, id string) {
	if id == "" {
		return
	}
	k := st.loader.keeper
	ctx, cancel := k.writeContext(ctx)
	defer cancel()
	if err := k.backend.DeleteCtx(ctx, k.recordKey(id)); err != nil {
		slog.WarnContext(ctx, "record of an ended session not deleted", "err", err)
	}
}
