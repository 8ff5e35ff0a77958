package sqlusers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// settings are a [Table] and what the database says about it. They do not change after New.
type settings struct {
	dialect    Dialect
	name       string
	columns    Columns // "" for a column that the table lacks
	issuer     string  // the only one, where there is no column for it
	defaults   map[string]any
	reactivate bool

	catalog  map[string]column // all columns of the table, by name
	selected string            // the select list
}

// A column is what the database says about a column.
type column struct {
	name  string
	typ   string // as the database writes it
	kind  kind
	exact bool // text is equal if and only if its bytes are

	bits     int    // of an integer or a float
	length   int    // of text, in characters; 0 if any
	scale    int    // of a decimal: digits after the point; anyScale if any
	castText string // the type that text has to be cast to, in PostgreSQL

	required  bool // must not be NULL, and has no default
	generated bool // the database alone writes it
	reused    bool // an ID that is given again after its user was deleted
}

// A kind is what a column can hold of what a claim can be.
type kind int

const (
	other kind = iota // nothing
	text
	boolean
	integer
	decimal
	float
	document // JSON
)

const anyScale = 1 << 16

func (s *settings) readCatalog(ctx context.Context, db *sql.DB) error {
	read := s.readPostgreSQL
	if s.dialect == SQLite {
		read = s.readSQLite
	}
	s.catalog = map[string]column{}
	if err := read(ctx, db); err != nil {
		return fmt.Errorf("sqlusers: table %s: reading which columns it has (Table.Dialect is %v): %w", s.name, s.dialect, err)
	}
	return nil
}

// check refuses a table that cannot keep a provider's promises, with every fault at once.
func (s *settings) check(ctx context.Context, db *sql.DB, selected []string, skipIDCheck bool) error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("sqlusers: table %s: %w", s.name, fmt.Errorf(format, args...)))
	}
	if len(s.catalog) == 0 {
		fault("there is no such table; create it first (Schema has one), or mend Table.Name")
		return errors.Join(faults...)
	}
	have := strings.Join(slices.Sorted(maps.Keys(s.catalog)), ", ")
	for _, list := range []struct {
		where string
		names []string
	}{
		{"Columns", s.known()}, {"Select", selected}, {"Defaults", slices.Sorted(maps.Keys(s.defaults))},
	} {
		for _, name := range list.names {
			if _, ok := s.catalog[name]; !ok {
				fault("there is no column %q; mend Table.%s (it has %s)", name, list.where, have)
			}
		}
	}
	if len(faults) > 0 {
		return errors.Join(faults...)
	}

	seen := map[string]bool{}
	for _, name := range s.known() {
		if seen[name] {
			fault("the column %q stands twice in Table.Columns", name)
		}
		seen[name] = true
	}
	for _, name := range s.key() {
		if _, ok := s.defaults[name]; ok {
			fault("Table.Defaults has the column %q, which every login sets itself", name)
		}
		if c := s.catalog[name]; c.kind != text || !c.exact {
			fault("the column %q is %s; it says who somebody is, so it must be text that is compared byte by byte", name, c.typ)
		}
	}
	for _, name := range []string{s.columns.Active, s.columns.Staff, s.columns.Superuser} {
		if c := s.catalog[name]; name != "" && s.dialect == PostgreSQL && c.kind != boolean {
			fault("the column %q is %s; it must be boolean", name, c.typ)
		}
	}
	id := s.catalog[s.columns.ID]
	if id.kind != integer && id.kind != text && id.typ != "uuid" {
		fault("the column %q is %s; an ID must be an integer, text or a UUID", id.name, id.typ)
	}
	if id.reused && !skipIDCheck {
		fault("the column %q is an INTEGER PRIMARY KEY without AUTOINCREMENT: SQLite gives a deleted user's number to the "+
			"next new one, who would be in the other's sessions; add AUTOINCREMENT, or set Table.SkipIDCheck if users are "+
			"never deleted", id.name)
	}
	for _, name := range slices.Sorted(maps.Keys(s.catalog)) {
		if _, ok := s.defaults[name]; !ok && s.catalog[name].required && !s.alwaysWritten(name) {
			fault("the column %q must not be NULL and has no default; give it one in Table.Defaults", name)
		}
	}
	if len(faults) == 0 {
		faults = append(faults, s.checkUnique(ctx, db, s.key()...), s.checkUnique(ctx, db, s.columns.ID))
	}
	return errors.Join(faults...)
}

// checkUnique has the database plan, not run, what only a unique index on exactly these columns can do.
func (s *settings) checkUnique(ctx context.Context, db *sql.DB, names ...string) error {
	target := s.conflictTarget(names)
	if names[0] == s.columns.ID {
		target = quote(s.columns.ID)
	}
	subject := quote(s.columns.Subject)
	rows, err := db.QueryContext(ctx, "EXPLAIN INSERT INTO "+s.table()+" ("+subject+") SELECT '' WHERE FALSE ON CONFLICT ("+
		target+") DO NOTHING")
	if err == nil {
		for rows.Next() {
		}
		err = errors.Join(rows.Err(), rows.Close())
	}
	if err != nil {
		return fmt.Errorf("sqlusers: table %s: it needs a UNIQUE constraint on exactly (%s), compared byte by byte, so that "+
			"nobody is there twice: %w", s.name, strings.Join(names, ", "), err)
	}
	return nil
}

// key returns the columns that say who somebody is.
func (s *settings) key() []string {
	if s.columns.Issuer == "" {
		return []string{s.columns.Subject}
	}
	return []string{s.columns.Issuer, s.columns.Subject}
}

// known returns the names of the columns that have a meaning.
func (s *settings) known() []string {
	c := s.columns
	return slices.DeleteFunc([]string{
		c.ID, c.Issuer, c.Subject, c.Email, c.Active, c.Staff, c.Superuser, c.Created, c.Updated, c.LastLogin,
	}, func(name string) bool { return name == "" })
}

// alwaysWritten tells which columns every new user has a value for.
func (s *settings) alwaysWritten(name string) bool {
	return name != s.columns.ID && name != s.columns.Email && slices.Contains(s.known(), name)
}
