package sqlusers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/chiauth0/auth/userprovider"
)

// settings are a [Table] and the columns that the database has for it. They do not change after
// New.
type settings struct {
	dialect    Dialect
	name       string
	columns    Columns // "" for a column that the table does not have
	issuer     string  // of all users, if there is no column for it
	defaults   map[string]any
	reactivate bool

	catalog  map[string]column // all columns of the table, by name
	selected string            // the select list

	waitsForLocks bool // SQLite has a busy timeout
}

// A column is the database's description of a column.
type column struct {
	name  string
	typ   string // as the database writes it
	kind  kind
	exact bool // text is equal only if its bytes are

	bits     int    // of an integer or a float
	length   int    // of text, in characters; 0 means no limit
	padded   bool   // text is filled up with spaces
	scale    int    // of a decimal: digits after the point; anyScale means no limit
	zoned    bool   // a time with a time zone
	castText string // the type that text must be cast to, in PostgreSQL

	notNull    bool
	hasDefault bool // the table has a value if an INSERT has none
	generated  bool // the database computes it, and refuses any other value
	reused     bool // an ID that is given again after its user was deleted
}

// A kind tells which claims a column can hold.
type kind int

const (
	other kind = iota // none
	text
	boolean
	integer
	decimal
	float
	document // JSON
	moment   // a time; no claim is one
)

const anyScale = 1 << 16

func (s *settings) readCatalog(ctx context.Context, db Querier) error {
	if db == nil {
		return errors.New("sqlusers: New needs a database, and db is nil")
	}
	read := s.readPostgreSQL
	if s.dialect == SQLite {
		read = s.readSQLite
	}
	s.catalog = map[string]column{}
	if err := read(ctx, db); err != nil {
		what := fmt.Sprintf("reading its columns (Table.Dialect is %v)", s.dialect)
		return s.explain(err, what)
	}
	return nil
}

// required reports whether a new user needs a value for the column.
func (c column) required() bool { return c.notNull && !c.hasDefault && !c.generated }

// chooseDeletedAt fills in the default of Columns.DeletedAt.
func (s *settings) chooseDeletedAt() {
	name := &s.columns.DeletedAt
	switch *name {
	case NoColumn:
		*name = ""
	case "":
		if _, ok := s.catalog[defaultDeletedAt]; ok {
			*name = defaultDeletedAt
		}
	}
}

// checkBusyTimeout warns if SQLite gives up at once when another connection writes.
func (s *settings) checkBusyTimeout(ctx context.Context, db Querier, logger *slog.Logger) {
	if s.dialect != SQLite {
		return
	}
	milliseconds, err := readInt(ctx, db, "PRAGMA busy_timeout")
	if err != nil {
		return
	}
	s.waitsForLocks = milliseconds > 0
	if !s.waitsForLocks {
		logger.WarnContext(ctx, "sqlusers: SQLite has no busy timeout, so that simultaneous "+
			"logins can fail; add _pragma=busy_timeout(5000) or _busy_timeout=5000 to the data "+
			"source name",
			"table", s.name)
	}
}

func readInt(ctx context.Context, db Querier, query string) (n int64, err error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	if !rows.Next() {
		return 0, errors.Join(sql.ErrNoRows, rows.Err())
	}
	err = rows.Scan(&n)
	return n, err
}

// key returns the columns that identify a user.
func (s *settings) key() []string {
	if s.columns.Issuer == "" {
		return []string{s.columns.Subject}
	}
	return []string{s.columns.Issuer, s.columns.Subject}
}

// keyValues returns the values of the key columns.
func (s *settings) keyValues(identity userprovider.Identity) []any {
	if s.columns.Issuer == "" {
		return []any{identity.Subject}
	}
	return []any{identity.Issuer, identity.Subject}
}

// meaningful returns the names of the columns that have a meaning.
func (s *settings) meaningful() []string {
	c := s.columns
	names := []string{
		c.ID, c.Issuer, c.Subject, c.Email, c.Active, c.DeletedAt, c.Staff, c.Superuser,
		c.Created, c.Updated, c.LastLogin,
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

// alwaysFilled reports whether every INSERT has a value for the column.
func (s *settings) alwaysFilled(name string) bool {
	c := s.columns
	return slices.Contains([]string{
		c.Issuer, c.Subject, c.Active, c.Staff, c.Superuser, c.Created, c.Updated, c.LastLogin,
	}, name)
}
