package sessionstores

import (
	"bytes"
	"context"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/internal/fields"
)

// plainStore makes a Backend of any scs store. What must not create, or must not overwrite, reads
// first. It holds the lock of the key from that read to the write. Another process can write in
// between; [New] documents this window. Tombstones are values like sessions.
type plainStore struct{ scs.Store }

// A plainEntry is what a plainStore keeps under a key: a session or a tombstone.
type plainEntry struct {
	data      []byte // of a session
	expiry    time.Time
	tombstone bool
	successor string // of a tombstone: the key of the session that Renew has moved this one to
}

const plainVersion = 0xc2

const (
	plainExpiry    = 'e'
	plainData      = 'd'
	plainTombstone = 't'
)

func (e *plainEntry) encode() []byte {
	b := make([]byte, 0, 32+len(e.data))
	b = append(b, plainVersion)
	b = fields.AppendInt(b, plainExpiry, e.expiry.UnixMilli())
	if e.tombstone {
		return fields.Append(b, plainTombstone, e.successor)
	}

	return fields.Append(b, plainData, e.data)
}

// decodePlain returns a session or a tombstone. ok is false for what another program has stored.
// The data is a copy: some stores, such as scs's boltstore, return memory that they use again.
func decodePlain(b []byte) (e plainEntry, ok bool) {
	r, ok := fields.Read(b, plainVersion)
	if !ok {
		return e, false
	}

	for {
		id, value, ok := r.Next()
		if !ok {
			return e, !r.Malformed() && (e.tombstone || e.data != nil)
		}

		switch id {
		case plainExpiry:
			e.expiry = time.UnixMilli(fields.Int(value)).UTC()
		case plainData:
			e.data = append([]byte{}, value...)
		case plainTombstone:
			e.tombstone = true
			e.successor = string(value)
		}
	}
}

// read returns what is under a key. found is false if there is neither a session nor a tombstone.
func (p plainStore) read(ctx context.Context, key string) (e plainEntry, found bool, err error) {
	var b []byte
	if s, ok := p.Store.(scs.CtxStore); ok {
		b, found, err = s.FindCtx(ctx, key)
	} else {
		b, found, err = p.Find(key)
	}
	if err != nil || !found {
		return plainEntry{}, false, err
	}

	e, ok := decodePlain(b)
	if !ok || !time.Now().Before(e.expiry) {
		return plainEntry{}, false, nil
	}

	return e, true, nil
}

// write stores an entry. An expiry in the past removes what is there: several stores of the scs
// family would keep an entry without a lifetime.
func (p plainStore) write(ctx context.Context, key string, e plainEntry) error {
	if !time.Now().Before(e.expiry) {
		return p.remove(ctx, key)
	}

	if s, ok := p.Store.(scs.CtxStore); ok {
		return s.CommitCtx(ctx, key, e.encode(), e.expiry)
	}

	return p.Store.Commit(key, e.encode(), e.expiry)
}

func (p plainStore) remove(ctx context.Context, key string) error {
	if s, ok := p.Store.(scs.CtxStore); ok {
		return s.DeleteCtx(ctx, key)
	}

	return p.Store.Delete(key)
}

func (p plainStore) writeTombstone(ctx context.Context, key, successor string) error {
	return p.write(ctx, key, plainEntry{
		tombstone: true,
		successor: successor,
		expiry:    time.Now().Add(TombstoneTTL),
	})
}

func (p plainStore) FindCtx(ctx context.Context, key string) ([]byte, bool, error) {
	data, _, found, err := p.Get(ctx, key)
	return data, found, err
}

func (p plainStore) CommitCtx(
	ctx context.Context, key string, data []byte, expiry time.Time,
) error {
	unlock, err := plainLocks.lock(ctx, key)
	if err != nil {
		return err
	}
	defer unlock()

	return p.write(ctx, key, plainEntry{data: data, expiry: expiry})
}

func (p plainStore) DeleteCtx(ctx context.Context, key string) error {
	unlock, err := plainLocks.lock(ctx, key)
	if err != nil {
		return err
	}
	defer unlock()

	e, found, err := p.read(ctx, key)
	if err != nil {
		return err
	}
	if found && e.tombstone {
		return nil
	}

	return p.remove(ctx, key)
}

func (p plainStore) Get(ctx context.Context, key string) ([]byte, time.Time, bool, error) {
	e, found, err := p.read(ctx, key)
	if err != nil || !found {
		return nil, time.Time{}, false, err
	}

	return e.data, e.expiry, !e.tombstone, nil
}

func (p plainStore) Create(
	ctx context.Context, key string, data []byte, expiry time.Time,
) (bool, error) {
	unlock, err := plainLocks.lock(ctx, key)
	if err != nil {
		return false, err
	}
	defer unlock()

	e, found, err := p.read(ctx, key)
	if err != nil {
		return false, err
	}
	if found && e.tombstone {
		return false, nil
	}

	err = p.write(ctx, key, plainEntry{data: data, expiry: expiry})
	return err == nil && time.Now().Before(expiry), err
}

func (p plainStore) Update(
	ctx context.Context, key string, old, data []byte, expiry time.Time,
) (bool, error) {
	unlock, err := plainLocks.lock(ctx, key)
	if err != nil {
		return false, err
	}
	defer unlock()

	e, found, err := p.read(ctx, key)
	if err != nil || !found || e.tombstone {
		return false, err
	}
	if !bytes.Equal(e.data, old) && !bytes.Equal(e.data, data) {
		return true, ErrConflict
	}

	err = p.write(ctx, key, plainEntry{data: data, expiry: expiry})
	return err == nil && time.Now().Before(expiry), err
}

func (p plainStore) Touch(ctx context.Context, key string, expiry time.Time) (bool, error) {
	unlock, err := plainLocks.lock(ctx, key)
	if err != nil {
		return false, err
	}
	defer unlock()

	e, found, err := p.read(ctx, key)
	if err != nil || !found || e.tombstone {
		return false, err
	}

	err = p.write(ctx, key, plainEntry{data: e.data, expiry: expiry})
	return err == nil && time.Now().Before(expiry), err
}

func (p plainStore) Renew(
	ctx context.Context, oldKey, newKey string, old, data []byte, expiry time.Time,
) (bool, error) {
	unlock, err := plainLocks.lock(ctx, oldKey)
	if err != nil {
		return false, err
	}
	defer unlock()

	e, found, err := p.read(ctx, oldKey)
	if err != nil || !found {
		return false, err
	}

	renewed := e.tombstone && e.successor == newKey
	switch {
	case e.tombstone && !renewed:
		return false, nil
	case !renewed && !bytes.Equal(e.data, old):
		return false, ErrConflict
	}

	created, err := p.Create(ctx, newKey, data, expiry)
	if err != nil || !created || renewed {
		return created, err
	}

	// From here on there is a successor, whatever becomes of the tombstone.
	return true, p.writeTombstone(ctx, oldKey, newKey)
}

func (p plainStore) Revoke(ctx context.Context, key string) (bool, error) {
	revoked := false
	for range maxSuccessors {
		found, successor, err := p.revokeOne(ctx, key)
		revoked = revoked || found
		if err != nil || successor == "" {
			return revoked, err
		}
		key = successor
	}

	return revoked, nil
}

// revokeOne leaves a tombstone under one key. It returns the successor that the key had.
func (p plainStore) revokeOne(
	ctx context.Context, key string,
) (found bool, successor string, err error) {
	unlock, err := plainLocks.lock(ctx, key)
	if err != nil {
		return false, "", err
	}
	defer unlock()

	e, found, err := p.read(ctx, key)
	if err != nil {
		return false, "", err
	}

	if err := p.writeTombstone(ctx, key, e.successor); err != nil {
		return false, "", err
	}

	return found && !e.tombstone, e.successor, nil
}

// maxSuccessors bounds a chain of renewals: the store may have been written by another program.
const maxSuccessors = 10_000
