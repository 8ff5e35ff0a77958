package sqlusers

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
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
