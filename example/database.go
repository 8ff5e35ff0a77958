package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"

	"github.com/chiauth0/auth/userprovider/sqlusers"
)

// errDatabaseURL does not contain the URL, which may contain a password.
var errDatabaseURL = errors.New("DATABASE_URL is invalid: want " +
	"sqlite:///absolute/path/to/users.db or postgres://user:password@host/database")

// openUsers opens the table of users and creates it if it does not exist. Without a DATABASE_URL
// the table is in memory.
func openUsers(ctx context.Context, databaseURL string) (_ *people, err error) {
	db, dialect, err := openDatabase(databaseURL)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			db.Close()
			err = fmt.Errorf("DATABASE_URL: %w", err)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := createTable(ctx, db, dialect); err != nil {
		return nil, err
	}
	provider, err := sqlusers.New(ctx, db, sqlusers.Table[person]{
		Dialect: dialect,
		Columns: sqlusers.Columns{LastLogin: "last_login"},
		Select:  strings.Split(columns, ", "),
		Scan:    scanPerson,
	})
	if err != nil {
		return nil, err
	}
	return &people{provider, db}, nil
}

// createTable tries twice. CREATE TABLE IF NOT EXISTS fails in PostgreSQL if another node creates
// the table at the same moment.
func createTable(ctx context.Context, db *sql.DB, dialect sqlusers.Dialect) error {
	create := sqlusers.Schema(dialect, "first_name text", "last_name text")
	if _, err := db.ExecContext(ctx, create); err == nil {
		return nil
	}
	_, err := db.ExecContext(ctx, create)
	return err
}

// Close closes the database.
func (p *people) Close() error { return p.db.Close() }

func openDatabase(databaseURL string) (*sql.DB, sqlusers.Dialect, error) {
	if databaseURL == "" {
		return openInMemory()
	}
	u, err := url.Parse(databaseURL)
	if err != nil {
		return nil, 0, errDatabaseURL
	}
	switch u.Scheme {
	case "sqlite":
		return openSQLite(u)
	case "postgres", "postgresql":
		return openPostgreSQL(databaseURL)
	default:
		return nil, 0, errDatabaseURL
	}
}

// openSQLite sets what sqlusers.New recommends: WAL, and a wait for the writes of other nodes.
func openSQLite(u *url.URL) (*sql.DB, sqlusers.Dialect, error) {
	if u.Host != "" || strings.Trim(u.Path, "/") == "" {
		return nil, 0, errDatabaseURL
	}
	pragmas := "?_pragma=busy_timeout(5000)&_pragma=journal_mode(wal)"
	db, err := sql.Open("sqlite", "file:"+u.EscapedPath()+pragmas)
	return db, sqlusers.SQLite, err
}

func openPostgreSQL(databaseURL string) (*sql.DB, sqlusers.Dialect, error) {
	db, err := sql.Open("pgx", databaseURL)
	if err != nil {
		return nil, 0, errDatabaseURL
	}
	db.SetMaxOpenConns(16) // the server's default limit is 100 for all nodes
	return db, sqlusers.PostgreSQL, nil
}

// openInMemory opens a database that lives as long as its one connection.
func openInMemory() (*sql.DB, sqlusers.Dialect, error) {
	db, err := sql.Open("sqlite", "file::memory:?_pragma=busy_timeout(5000)")
	if err != nil {
		return nil, 0, err
	}
	db.SetMaxOpenConns(1)
	db.SetConnMaxIdleTime(0)
	db.SetConnMaxLifetime(0)
	return db, sqlusers.SQLite, nil
}
