package sqlusers_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"

	"github.com/chiauth0/auth/userprovider/sqlusers"
)

// A database is empty and belongs to one test. It counts the statements that it gets.
type database struct {
	*sql.DB
	dialect sqlusers.Dialect
	counter *counter
}

// onEveryDialect runs a test on SQLite, and on PostgreSQL if there is one (see postgresql_test.go).
func onEveryDialect(t *testing.T, test func(t *testing.T, db database)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, openSQLite(t))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		test(t, openPostgreSQL(t))
	})
}

func openSQLite(t testing.TB) database {
	t.Helper()
	return openSQLiteWith(t, "_pragma=busy_timeout(30000)")
}

// openSQLiteWith opens a file with these parameters of the driver.
func openSQLiteWith(t testing.TB, parameters string) database {
	t.Helper()
	file := filepath.Join(t.TempDir(), "users.db")
	dsn := "file:" + file + "?_pragma=journal_mode(wal)&_pragma=synchronous(off)&" + parameters
	return open(t, sqlusers.SQLite, &sqlite.Driver{}, dsn)
}

func openPostgreSQL(t testing.TB) database {
	t.Helper()
	dsn := postgreSQLServer(t)
	admin, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	schema := "chiauth0_" + strings.ToLower(rand.Text())
	mustExec(t, admin, "CREATE SCHEMA "+schema)
	t.Cleanup(func() {
		mustExec(t, admin, "DROP SCHEMA "+schema+" CASCADE")
		admin.Close()
	})
	separator := "?"
	if strings.Contains(dsn, "?") {
		separator = "&"
	}
	dsn += separator + "search_path=" + schema + ",public"
	return open(t, sqlusers.PostgreSQL, stdlib.GetDefaultDriver(), dsn)
}

// reopen opens another pool to the same database, with further parameters.
func (db database) reopen(t testing.TB, parameters string) database {
	t.Helper()
	return open(t, db.dialect, db.counter.driver, db.counter.dsn+"&"+parameters)
}

func open(t testing.TB, dialect sqlusers.Dialect, d driver.Driver, dsn string) database {
	t.Helper()
	c := &counter{driver: d, dsn: dsn}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(16)
	t.Cleanup(func() { db.Close() })
	return database{db, dialect, c}
}

func mustExec(t testing.TB, db *sql.DB, query string, args ...any) {
	t.Helper()
	// t.Context has ended when a test cleans up.
	if _, err := db.ExecContext(context.Background(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// query returns the one value of a query as text.
func (db database) query(t testing.TB, query string, args ...any) string {
	t.Helper()
	var value any
	if err := db.QueryRow(query, args...).Scan(&value); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return fmt.Sprint(value)
}

// A counter is a driver that records its statements.
type counter struct {
	driver     driver.Driver
	dsn        string
	mu         sync.Mutex
	statements []string
}

// during returns the statements that a function sends.
func (c *counter) during(do func()) []string {
	c.mu.Lock()
	c.statements = nil
	c.mu.Unlock()
	do()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.statements
}

func (c *counter) count(statement string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.statements = append(c.statements, statement)
}

func (c *counter) Driver() driver.Driver { return c.driver }

func (c *counter) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.driver.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	return &countedConn{conn.(conns), c}, nil
}

// conns are the interfaces of both drivers' connections.
type conns interface {
	driver.Conn
	driver.QueryerContext
	driver.ExecerContext
	driver.ConnPrepareContext
	driver.ConnBeginTx
}

type countedConn struct {
	conns
	counter *counter
}

func (c *countedConn) QueryContext(ctx context.Context, query string,
	args []driver.NamedValue,
) (driver.Rows, error) {
	c.counter.count(query)
	return c.conns.QueryContext(ctx, query, args)
}

func (c *countedConn) ExecContext(ctx context.Context, query string,
	args []driver.NamedValue,
) (driver.Result, error) {
	c.counter.count(query)
	return c.conns.ExecContext(ctx, query, args)
}

func (c *countedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	c.counter.count(query)
	return c.conns.PrepareContext(ctx, query)
}

func (c *countedConn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	c.counter.count("BEGIN")
	return c.conns.BeginTx(ctx, options)
}

// CheckNamedValue forwards to pgx, which accepts more types than database/sql.
func (c *countedConn) CheckNamedValue(value *driver.NamedValue) error {
	if checker, ok := c.conns.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(value)
	}
	return driver.ErrSkip
}

func TestMain(m *testing.M) {
	code := m.Run()
	stopPostgreSQL()
	os.Exit(code)
}
