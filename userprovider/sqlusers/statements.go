package sqlusers

import (
	"strings"

	"github.com/chiauth0/auth/userprovider"
)

// A statement is SQL and its arguments. The SQL contains nothing that comes from a login.
type statement struct {
	sql  string
	args []any
}

// loginStatements are the statements of one login. Each returns the user, or no row.
type loginStatements struct {
	compare statement // also returns whether the login changes anything; empty if it always does
	update  statement
	insert  statement
}

// loginStatements returns the statements of a login. A login that always writes, because it stores
// its time, needs no comparison.
func (s *settings) loginStatements(
	login userprovider.Login, changes []assignment,
) loginStatements {
	statements := loginStatements{
		update: s.updateStatement(login, changes),
		insert: s.insertStatement(login, changes),
	}
	if s.columns.LastLogin == "" {
		statements.compare = s.compareStatement(login, changes)
	}
	return statements
}

func (s *settings) compareStatement(login userprovider.Login, changes []assignment) statement {
	b := builder{settings: s}
	b.add("SELECT (", b.differs(changes), "), ", s.selected)
	b.add(" FROM ", s.table(), " WHERE ", b.isUser(login.Identity))
	return b.statement()
}

func (s *settings) updateStatement(login userprovider.Login, changes []assignment) statement {
	b := builder{settings: s}
	b.add("UPDATE ", s.table(), " SET ", b.assignments(changes))
	b.add(" WHERE ", b.isUser(login.Identity))
	b.add(" RETURNING ", s.selected)
	return b.statement()
}

// insertStatement inserts a new user. It returns no row if another login has inserted the user.
func (s *settings) insertStatement(login userprovider.Login, changes []assignment) statement {
	b := builder{settings: s}
	names, values := b.newUser(login, changes)
	b.add("INSERT INTO ", s.table(), " (", strings.Join(names, ", "), ")")
	b.add(" VALUES (", strings.Join(values, ", "), ")")
	b.add(" ON CONFLICT (", s.conflictTarget(), ") DO NOTHING")
	b.add(" RETURNING ", s.selected)
	return b.statement()
}

func (s *settings) selectByID() string {
	return "SELECT " + s.selected + " FROM " + s.table() +
		" WHERE " + s.quote(s.columns.ID) + " = " + s.placeholder(1)
}

func (s *settings) selectBySubject() string {
	b := builder{settings: s}
	b.add("SELECT ", s.selected, " FROM ", s.table(), " WHERE ", b.isUser(userprovider.Identity{}))
	return b.statement().sql
}

// selectList returns the columns of a userprovider.User, and those of the application.
func (s *settings) selectList(names []string) string {
	list := []string{
		"CAST(" + s.quote(s.columns.ID) + " AS text)",
		"NULL",
		s.quote(s.columns.Subject),
		s.activeExpression(),
		s.columnOr(s.columns.Staff, "FALSE"),
		s.columnOr(s.columns.Superuser, "FALSE"),
	}
	if s.columns.Issuer != "" {
		list[1] = s.quote(s.columns.Issuer)
	}
	for _, name := range names {
		list = append(list, s.quote(name))
	}
	return strings.Join(list, ", ")
}

func (s *settings) activeExpression() string {
	active := s.columnOr(s.columns.Active, "TRUE")
	if s.columns.DeletedAt == "" {
		return active
	}
	deletedAt := s.quote(s.columns.DeletedAt)
	return "CASE WHEN " + deletedAt + " IS NULL THEN " + active + " ELSE FALSE END"
}

// columnOr returns the column, or a constant if the table does not have it.
func (s *settings) columnOr(name, constant string) string {
	if name == "" {
		return constant
	}
	return s.quote(name)
}
