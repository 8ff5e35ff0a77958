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

// errDatabaseURL does not repeat the URL: there may be a password in it.
var errDatabaseURL = errors.New("DATABASE_URL is none of: sqlite:///absolute/path/to/users.db, postgres://user:password@host/database")

// openUsers opens the table of users, and creates it where there is none yet. Without a DATABASE_URL it is in memory.
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
	create := sqlusers.Schema(dialect, "first_name text", "last_name text")
	if _, err := db.ExecContext(ctx, create); err != nil {
		// IF NOT EXISTS does not help when two nodes that start together both find nothing: PostgreSQL fails one of them.
		// That one finds the table at its second try.
		if _, err := db.ExecContext(ctx, create); err != nil {
			return nil, err
		}
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

// Close releases the database.
func (p *people) Close() error { return p.db.Close() }

func openDatabase(databaseURL string) (*sql.DB, sqlusers.Dialect, error) {
	if databaseURL == "" {
		return openInMemory()
	}
	u, err := url.Parse(databaseURL)
	if err != nil {
		return nil, 0, errDatabaseURL
	}
	switch {
	case u.Scheme == "sqlite" && u.Host == "" && strings.Trim(u.Path, "/") != "":
		// WAL, and patience with another node's write: see sqlusers.New.
		db, err := sql.Open("sqlite", "file:"+u.EscapedPath()+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(wal)")
		return db, sqlusers.SQLite, err
	case u.Scheme == "postgres" || u.Scheme == "postgresql":
		db, err := sql.Open("pgx", databaseURL)
		if err != nil {
			return nil, 0, errDatabaseURL
		}
		db.SetMaxOpenConns(16) // of the hundred that PostgreSQL has for all nodes
		return db, sqlusers.PostgreSQL, nil
	default:
		return nil, 0, errDatabaseURL
	}
}

// openInMemory opens a database that is its connection: there is only one, and it is never given up for being idle or old.
func openInMemory() (*sql.DB, sqlusers.Dialect, error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, 0, err
	}
	db.SetMaxOpenConns(1)
	db.SetConnMaxIdleTime(0)
	db.SetConnMaxLifetime(0)
	return db, sqlusers.SQLite, nil
}
