package sessionstores

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"

	"github.com/alexedwards/scs/v2"
)

// recordField holds the id of the session's record, in the session.
const recordField = "__record"

// SetRecord keeps data beside the session rather than in it: in an entry of its own, which is written with the session,
// expires with it, is removed with it, and is read only when [Record] asks. chiauth0 keeps Auth0's tokens there, so that
// three kilobytes which nearly no request reads cost nearly no request anything, and a session write that overlaps their
// renewal cannot bring old ones back. A session has one record; setting it again replaces it. The data is stored as it is:
// seal it first if a dump of the store must not yield it.
func SetRecord(ctx context.Context, m *scs.SessionManager, data []byte) error {
	st, err := mustFind(ctx, m)
	if err != nil {
		return err
	}
	m.Put(ctx, recordField, rand.Text())
	st.mu.Lock()
	st.record = data
	st.mu.Unlock()
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
