package sqlusers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/chiauth0/auth/userprovider"
)

// A Provider is a [userprovider.UserProvider] over a table of the application's. All methods are safe for concurrent use.
type Provider[T any] struct {
	settings
	db     *sql.DB
	query  string // selects a user by ID
	scan   func(row Row) (T, error)
	wanted int // how many columns scan reads
}

// New returns a provider over a table that exists already (see [Schema]). It reads which columns the table has, and
// refuses one that cannot keep its promises: two users with one (issuer, subject), an ID that is used again, a column that
// must not be NULL and that nobody fills. It creates and changes nothing. The table must not lose columns while the
// provider is in use.
//
// With SQLite, give the database a busy timeout (_pragma=busy_timeout(5000) or _busy_timeout=5000, depending on the
// driver): without one, the second of two simultaneous logins fails.
func New[T any](ctx context.Context, db *sql.DB, table Table[T]) (*Provider[T], error) {
	settings, err := table.settings()
	if err != nil {
		return nil, err
	}
	if err := settings.readCatalog(ctx, db); err != nil {
		return nil, err
	}
	if err := settings.check(ctx, db, table.Select, table.SkipIDCheck); err != nil {
		return nil, err
	}
	settings.selected = settings.selectList(table.Select)
	return &Provider[T]{
		settings: settings,
		db:       db,
		query: "SELECT " + settings.selected + " FROM " + settings.table() +
			" WHERE " + quote(settings.columns.ID) + " = " + settings.placeholder(1),
		scan:   table.Scan,
		wanted: len(table.Select),
	}, nil
}

// rounds is how often a login is tried before it gives up. The second round finds the user whom another login made
// meanwhile; a third is only needed if that user has been deleted by then.
const rounds = 3

// SyncUser implements [userprovider.UserProvider]. A login that changes something is one statement, one that changes
// nothing two and no write, a first login at most two. Each statement is a transaction of its own.
//
// The error wraps [userprovider.ErrConflict] if a column must be unique and another user has the value.
func (p *Provider[T]) SyncUser(ctx context.Context, login userprovider.Login) (userprovider.User, error) {
	changes, err := p.changes(login)
	if err != nil {
		return userprovider.User{}, err
	}
	write, settle := p.statements(login, changes)
	for range rounds {
		for _, s := range []statement{write, settle} {
			if s.sql == "" {
				continue
			}
			user, err := p.read(ctx, s.sql, s.args...)
			if !errors.Is(err, sql.ErrNoRows) {
				return user, p.explain(err, login)
			}
		}
	}
	return userprovider.User{}, fmt.Errorf("sqlusers: table %s: the user vanished %d times while logging in", p.name, rounds)
}

// FindUser implements [userprovider.UserProvider] by one indexed read.
func (p *Provider[T]) FindUser(ctx context.Context, id string) (userprovider.User, error) {
	var key any = id
	if c := p.catalog[p.columns.ID]; c.kind == integer {
		number, err := strconv.ParseInt(id, 10, c.bits)
		if err != nil {
			return userprovider.User{}, userprovider.ErrNotFound
		}
		key = number
	}
	user, err := p.read(ctx, p.query, key)
	switch {
	case errors.Is(err, sql.ErrNoRows), isDataFault(err): // what the column cannot hold is nobody's ID
		return userprovider.User{}, userprovider.ErrNotFound
	case err != nil:
		return userprovider.User{}, fmt.Errorf("sqlusers: table %s: reading a user: %w", p.name, err)
	case user.ID != id: // 007 is not 7, and a collation may take A for a
		return userprovider.User{}, userprovider.ErrNotFound
	}
	return user, nil
}

// read returns the one user of a query, or sql.ErrNoRows.
func (p *Provider[T]) read(ctx context.Context, query string, args ...any) (userprovider.User, error) {
	rows, err := p.db.QueryContext(ctx, query, args...)
	if err != nil {
		return userprovider.User{}, err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return userprovider.User{}, err
		}
		return userprovider.User{}, sql.ErrNoRows
	}

	var id string
	var active, staff, superuser sql.NullBool
	value, err := p.scan(&row{rows, []any{&id, &active, &staff, &superuser}, p.wanted})
	switch {
	case err != nil:
		return userprovider.User{}, fmt.Errorf("Table.Scan: %w", err)
	case id == "":
		return userprovider.User{}, errors.New("Table.Scan did not call its row's Scan, or the user's ID is empty")
	}
	// A write is only done, and its faults are only known, when the result has been read to its end.
	if rows.Next() {
		return userprovider.User{}, fmt.Errorf("the ID %q belongs to two rows", id)
	}
	return userprovider.User{
		ID: id, Active: active.Bool, Staff: staff.Bool, Superuser: superuser.Bool, Value: value,
	}, rows.Err()
}

// A row puts our columns in front of the application's.
type row struct {
	rows   *sql.Rows
	ours   []any
	wanted int
}

func (r *row) Scan(dest ...any) error {
	if len(dest) != r.wanted {
		return fmt.Errorf("Table.Select names %d columns, and Scan takes %d", r.wanted, len(dest))
	}
	return r.rows.Scan(slices.Concat(r.ours, dest)...)
}

// explain says what a database's error is about.
func (p *Provider[T]) explain(err error, login userprovider.Login) error {
	switch {
	case err == nil:
		return nil
	case isUniqueViolation(err):
		return fmt.Errorf("sqlusers: table %s: %w: %w", p.name, userprovider.ErrConflict, err)
	default:
		fields := strings.Join(slices.Sorted(maps.Keys(login.Fields)), ", ")
		return fmt.Errorf("sqlusers: table %s: storing a login (fields %s): %w", p.name, fields, err)
	}
}
