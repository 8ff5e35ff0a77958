package sqlusers

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/chiauth0/auth/userprovider"
)

// errNotStored is the result of a login whose INSERT and UPDATE met no row.
var errNotStored = errors.New("the row can neither be inserted nor found; " +
	"a trigger or a row-level security policy may hide it")

// A kindError is an error with a kind of package userprovider, which its text does not repeat.
type kindError struct{ kind, err error }

func (e *kindError) Error() string { return e.err.Error() }

func (e *kindError) Unwrap() []error { return []error{e.kind, e.err} }

// fault returns an error that the operator must fix.
func (s *settings) fault(format string, args ...any) error {
	return s.errorf(userprovider.ErrMisconfigured, format, args...)
}

// invalid returns an error about a value of one login.
func (s *settings) invalid(format string, args ...any) error {
	return s.errorf(userprovider.ErrInvalid, format, args...)
}

func (s *settings) errorf(kind error, format string, args ...any) error {
	err := fmt.Errorf("sqlusers: table %s: %w", s.name, fmt.Errorf(format, args...))
	return &kindError{kind, err}
}

// explainLogin adds to an error of the database which table and which fields it is about, and of
// which kind it is.
func (s *settings) explainLogin(err error, login userprovider.Login) error {
	what := "storing a login"
	switch names := s.fieldsIn(err, login.Fields); len(names) {
	case 0:
	case 1:
		what += " with the field " + names[0]
	default:
		what += " with the fields " + strings.Join(names, ", ")
	}
	return s.explain(err, what)
}

func (s *settings) explainFind(err error) error { return s.explain(err, "reading a user") }

func (s *settings) explain(err error, what string) error {
	err = fmt.Errorf("sqlusers: table %s: %s: %w", s.name, what, err)
	if isStatementLost(err) {
		err = fmt.Errorf("%w (prepared statements do not work through this pool; see Connections "+
			"in the documentation of package sqlusers)", err)
	}
	if kind := s.kindOf(err); kind != nil {
		return &kindError{kind, err}
	}
	return err
}

// fieldsIn returns the fields that the error names, or all fields.
func (s *settings) fieldsIn(err error, fields map[string]any) []string {
	all := slices.Sorted(maps.Keys(fields))
	var named []string
	for _, field := range all {
		column := field
		if field == emailField {
			column = s.columns.Email
		}
		if column != "" && namesColumn(err, column) {
			named = append(named, field)
		}
	}
	if len(named) > 0 {
		return named
	}
	return all
}

// namesColumn reports whether a message has the column's name in quotes, after the table's name, or
// in the name that PostgreSQL gives to a constraint, as users_email_key.
func namesColumn(err error, column string) bool {
	message := err.Error() + " "
	for _, form := range []string{`"` + column + `"`, "_" + column + "_", "." + column + " "} {
		if strings.Contains(message, form) {
			return true
		}
	}
	return false
}

// kindOf returns the kind of userprovider's errors that an error of the database is. It is nil for
// an outage, and for an error that is not recognized.
func (s *settings) kindOf(err error) error {
	switch {
	case errors.Is(err, errScan), errors.Is(err, errNotStored):
		return userprovider.ErrMisconfigured
	case s.dialect == SQLite:
		return sqliteKindOf(err)
	default:
		return postgreSQLKindOf(err)
	}
}

// postgreSQLKindOf reads the SQLSTATE (PostgreSQL's manual, appendix A). It is found by its method,
// which the drivers share, so that no driver is imported.
func postgreSQLKindOf(err error) error {
	state := sqlState(err)
	if isCachedPlan(err) {
		return nil
	}
	switch state {
	case "23505", "23P01": // unique and exclusion constraints
		return userprovider.ErrConflict
	case "54000", "54001", "P0001": // an index row or a nesting too large, RAISE in a trigger
		return userprovider.ErrInvalid
	}
	if len(state) < 2 {
		return nil
	}
	switch state[:2] {
	case "22", "23": // data exceptions; CHECK, NOT NULL and foreign keys
		return userprovider.ErrInvalid
	case "0A", "26", "28", "3D", "3F", "42": // unsupported, lost, no access, no such name
		return userprovider.ErrMisconfigured
	}
	return nil
}

// sqliteKindOf reads SQLite's own message, which is part of the error in all drivers.
func sqliteKindOf(err error) error {
	is := func(messages ...string) bool { return containsAny(err, messages) }
	switch {
	case is("UNIQUE constraint failed"):
		return userprovider.ErrConflict
	case is("constraint failed", "datatype mismatch", "cannot store", "too big"):
		return userprovider.ErrInvalid
	case is("no such table", "no such column", "has no column named", "unknown database",
		"readonly database"):
		return userprovider.ErrMisconfigured
	}
	return nil
}

func (s *settings) isUniqueViolation(err error) bool {
	if err == nil {
		return false
	}
	if s.dialect == SQLite {
		return containsAny(err, []string{"UNIQUE constraint failed"})
	}
	return sqlState(err) == "23505"
}

// isDataException reports whether PostgreSQL says that a value is not one of the column's type
// (class 22).
func isDataException(err error) bool { return strings.HasPrefix(sqlState(err), "22") }

// isStatementLost reports whether a prepared statement is missing, or is there already. A pool that
// gives each transaction another connection causes both.
func isStatementLost(err error) bool {
	state := sqlState(err)
	return state == "26000" || state == "42P05"
}

// isCachedPlan reports whether a prepared statement was made before a migration.
func isCachedPlan(err error) bool {
	return containsAny(err, []string{"cached plan must not change result type"})
}

func containsAny(err error, messages []string) bool {
	text := err.Error()
	return slices.ContainsFunc(messages, func(message string) bool {
		return strings.Contains(text, message)
	})
}

func sqlState(err error) string {
	var stated interface{ SQLState() string }
	if !errors.As(err, &stated) {
		return ""
	}
	return stated.SQLState()
}
