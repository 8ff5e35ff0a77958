package cookiestore

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
)

const revokedPrefix = "revoked:"

// Revoker returns the list of revocations, nil if there is none. Package sessionstores asks for it.
func (s *Store) Revoker() sessionstores.Revoker {
	if s.Revocations == nil {
		return nil
	}
	return revocations{s.Revocations}
}

// revocations keeps each key that was ended, with the time of it, until every session from before has expired.
type revocations struct{ store scs.Store }

func (r revocations) Revoke(ctx context.Context, key string, expiry time.Time) error {
	at := binary.BigEndian.AppendUint64(nil, uint64(time.Now().UnixMilli()))
	var err error
	if s, ok := r.store.(scs.CtxStore); ok {
		err = s.CommitCtx(ctx, revokedPrefix+key, at, expiry)
	} else {
		err = r.store.Commit(revokedPrefix+key, at, expiry)
	}
	if err != nil {
		return fmt.Errorf("cookiestore: list of revocations: %w", err)
	}
	return nil
}

// Revoked asks for all keys at the same time: one round trip, and one answer that counts. An entry that is not ours revokes
// as well: whoever damages the list must not bring sessions back.
func (r revocations) Revoked(ctx context.Context, since time.Time, keys ...string) (bool, error) {
	revoked, errs := make([]bool, len(keys)), make([]error, len(keys))
	var asked sync.WaitGroup
	for i, key := range keys {
		asked.Go(func() {
			at, found, err := r.find(ctx, revokedPrefix+key)
			revoked[i] = found && (len(at) != 8 || int64(binary.BigEndian.Uint64(at)) >= since.UnixMilli())
			errs[i] = err
		})
	}
	asked.Wait()
	for i := range keys {
		if errs[i] != nil {
			return false, fmt.Errorf("cookiestore: list of revocations: %w", errs[i])
		}
		if revoked[i] {
			return true, nil
		}
	}
	return false, nil
}

func (r revocations) find(ctx context.Context, key string) ([]byte, bool, error) {
	if s, ok := r.store.(scs.CtxStore); ok {
		return s.FindCtx(ctx, key)
	}
	return r.store.Find(key)
}
