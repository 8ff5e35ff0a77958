package storetest_test

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	_ "modernc.org/sqlite"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/storetest"
)

var _ sessionstores.IndexedBackend = sqlStore{}

// A store of a third party passes the suite. sqlStore keeps sessions in SQLite, and is an example
// for a store on a database with transactions.
func TestSQLStorePasses(t *testing.T) {
	t.Parallel()
	store := sqlStore{openSQLite(t, schema)}
	storetest.Run(t, func(*testing.T) scs.Store { return store })
}

const schema = `
CREATE TABLE sessions (
	key BLOB PRIMARY KEY,
	is_tombstone BOOLEAN NOT NULL,
	value BLOB NOT NULL,     -- the data, or the successor of a tombstone
	expiry INTEGER NOT NULL  -- Unix milliseconds
);
CREATE TABLE session_index (
	name BLOB, key BLOB, expiry INTEGER NOT NULL, PRIMARY KEY (name, key)
)`

// openSQLite returns an empty database. One connection serializes the transactions.
func openSQLite(t *testing.T, schema string) *sql.DB {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(schema); err != nil {
		t.Fatal(err)
	}
	return db
}

type sqlStore struct{ db *sql.DB }

// A row is what is under a key. The zero row is nothing.
type row struct {
	isSession, isTombstone bool
	value                  string
	expiry                 int64
}

// A txn is a transaction. All its statements use the same time. It keeps the first error, after
// which it is not committed.
type txn struct {
	*sql.Tx
	now int64
	err error
}

func (s sqlStore) run(ctx context.Context, fn func(tx *txn) (bool, error)) (bool, error) {
	sqlTx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	tx := &txn{Tx: sqlTx, now: time.Now().UnixMilli()}
	found, err := fn(tx)
	if err != nil || tx.err != nil {
		_ = tx.Rollback()
		return found, cmp.Or(tx.err, err)
	}
	err = tx.Commit()
	return found && err == nil, err
}

func (tx *txn) exec(query string, args ...any) {
	if tx.err == nil {
		_, tx.err = tx.Exec(query, args...)
	}
}

func (tx *txn) get(key string) (r row) {
	var value []byte
	err := tx.QueryRow(
		`SELECT is_tombstone, value, expiry FROM sessions WHERE key = ? AND expiry > ?`,
		[]byte(key), tx.now,
	).Scan(&r.isTombstone, &value, &r.expiry)
	if err != nil {
		if !errors.Is(err, sql.ErrNoRows) {
			tx.err = cmp.Or(tx.err, err)
		}
		return row{}
	}
	r.isSession, r.value = !r.isTombstone, string(value)
	return r
}

func (tx *txn) put(key string, isTombstone bool, value string, expiry int64) {
	tx.exec(`INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?)`,
		[]byte(key), isTombstone, []byte(value), expiry)
}

func (tx *txn) delete(key string) {
	tx.exec(`DELETE FROM sessions WHERE key = ? AND NOT is_tombstone`, []byte(key))
}

// store stores a session, or removes the session under key if the expiry is past.
func (tx *txn) store(key, data string, expiry time.Time) bool {
	if expiry.UnixMilli() <= tx.now {
		tx.delete(key)
		return false
	}
	tx.put(key, false, data, expiry.UnixMilli())
	return true
}

func (tx *txn) bury(key, successor string) {
	tx.put(key, true, successor, tx.now+sessionstores.TombstoneTTL.Milliseconds())
}

// revoke buries the session under key and its successors.
func (tx *txn) revoke(key string) (found bool) {
	r := tx.get(key)
	if !r.isTombstone || r.value == "" {
		tx.bury(key, "")
		return r.isSession
	}
	tx.bury(key, r.value)
	return tx.err == nil && tx.revoke(r.value)
}

func (s sqlStore) Get(
	ctx context.Context, key string,
) (data []byte, expiry time.Time, found bool, err error) {
	found, err = s.run(ctx, func(tx *txn) (bool, error) {
		r := tx.get(key)
		if r.isSession {
			data = []byte(r.value)
		}
		if r.isSession || r.isTombstone {
			expiry = time.UnixMilli(r.expiry)
		}
		return r.isSession, nil
	})
	return data, expiry, found, err
}

func (s sqlStore) Create(
	ctx context.Context, key string, data []byte, expiry time.Time,
) (created bool, err error) {
	return s.run(ctx, func(tx *txn) (bool, error) {
		return !tx.get(key).isTombstone && tx.store(key, string(data), expiry), nil
	})
}

func (s sqlStore) Update(
	ctx context.Context, key string, old, data []byte, expiry time.Time,
) (found bool, err error) {
	return s.run(ctx, func(tx *txn) (bool, error) {
		r := tx.get(key)
		if r.isSession && r.value != string(old) && r.value != string(data) {
			return true, sessionstores.ErrConflict
		}
		return r.isSession && tx.store(key, string(data), expiry), nil
	})
}

func (s sqlStore) Touch(ctx context.Context, key string, expiry time.Time) (found bool, err error) {
	return s.run(ctx, func(tx *txn) (bool, error) {
		r := tx.get(key)
		return r.isSession && tx.store(key, r.value, expiry), nil
	})
}

func (s sqlStore) Renew(
	ctx context.Context, oldKey, newKey string, old, data []byte, expiry time.Time,
) (found bool, err error) {
	return s.run(ctx, func(tx *txn) (bool, error) {
		from, to := tx.get(oldKey), tx.get(newKey)
		switch {
		case to.isTombstone:
			return false, nil
		case from.isTombstone:
			return from.value == newKey, nil
		case !from.isSession:
			return false, nil
		case from.value != string(old):
			return false, sessionstores.ErrConflict
		case !tx.store(newKey, string(data), expiry):
			tx.delete(oldKey)
			return false, nil
		}
		tx.bury(oldKey, newKey)
		return true, nil
	})
}

func (s sqlStore) Revoke(ctx context.Context, key string) (found bool, err error) {
	return s.run(ctx, func(tx *txn) (bool, error) { return tx.revoke(key), nil })
}

func (s sqlStore) Index(
	ctx context.Context, names []string, expiry time.Time, keys ...string,
) error {
	_, err := s.run(ctx, func(tx *txn) (bool, error) {
		for _, name := range names {
			for _, key := range keys {
				tx.exec(`INSERT INTO session_index VALUES (?, ?, ?)
					ON CONFLICT DO UPDATE SET expiry = max(expiry, excluded.expiry)`,
					[]byte(name), []byte(key), expiry.UnixMilli())
			}
		}
		return true, nil
	})
	return err
}

func (s sqlStore) Keys(ctx context.Context, name string) (keys []string, err error) {
	_, err = s.run(ctx, func(tx *txn) (bool, error) {
		keys = tx.indexed(name)
		return true, nil
	})
	return keys, err
}

func (s sqlStore) RevokeAll(ctx context.Context, name string) (revoked int, err error) {
	_, err = s.run(ctx, func(tx *txn) (bool, error) {
		for _, key := range tx.indexed(name) {
			if tx.revoke(key) {
				revoked++
			}
		}
		tx.exec(`DELETE FROM session_index WHERE name = ?`, []byte(name))
		return true, nil
	})
	return revoked, err
}

// indexed returns the keys under a name.
func (tx *txn) indexed(name string) (keys []string) {
	rows, err := tx.Query(`SELECT key FROM session_index WHERE name = ? AND expiry > ?`,
		[]byte(name), tx.now)
	if err != nil {
		tx.err = cmp.Or(tx.err, err)
		return nil
	}
	defer rows.Close()
	for rows.Next() {
		var key []byte
		tx.err = cmp.Or(tx.err, rows.Scan(&key))
		keys = append(keys, string(key))
	}
	tx.err = cmp.Or(tx.err, rows.Err())
	return keys
}

func (s sqlStore) FindCtx(ctx context.Context, key string) ([]byte, bool, error) {
	data, _, found, err := s.Get(ctx, key)
	return data, found, err
}

func (s sqlStore) CommitCtx(
	ctx context.Context, key string, data []byte, expiry time.Time,
) error {
	_, err := s.run(ctx, func(tx *txn) (bool, error) {
		return tx.store(key, string(data), expiry), nil
	})
	return err
}

func (s sqlStore) DeleteCtx(ctx context.Context, key string) error {
	_, err := s.run(ctx, func(tx *txn) (bool, error) {
		tx.delete(key)
		return true, nil
	})
	return err
}

func (s sqlStore) Find(key string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), key)
}

func (s sqlStore) Commit(key string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), key, data, expiry)
}

func (s sqlStore) Delete(key string) error {
	return s.DeleteCtx(context.Background(), key)
}
