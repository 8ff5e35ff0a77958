package storetest_test

import (
	"database/sql"
	"testing"

	"github.com/alexedwards/scs/sqlite3store"
	"github.com/alexedwards/scs/v2"
	_ "modernc.org/sqlite"

	"github.com/chiauth0/auth/sessionstores/storetest"
)

// Nor does it ask more of a store on a database: scs's own for SQLite passes, with a driver in Go.
func TestSQLStorePasses(t *testing.T) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1) // each connection has a memory of its own
	_, err = db.Exec(`CREATE TABLE sessions (token TEXT PRIMARY KEY, data BLOB NOT NULL, expiry REAL NOT NULL)`)
	if err != nil {
		t.Fatal(err)
	}
	storetest.Run(t, func(*testing.T) scs.Store { return sqlite3store.NewWithCleanupInterval(db, 0) })
}
