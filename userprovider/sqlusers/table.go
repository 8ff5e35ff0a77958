package sqlusers

import (
	"errors"
	"fmt"
	"maps"
)

// A Table says where an application keeps its users, and how a row becomes a user of its own type T. Its zero fields are
// the defaults and fit the table that [Schema] describes; Dialect, Select and Scan have none. [New] reads and copies it.
type Table[T any] struct {
	// Dialect is the database's language: [PostgreSQL] or [SQLite].
	Dialect Dialect

	// Name is the table's, or schema.table: a dot divides the two. Default: users.
	Name string

	// Columns are the names of the columns that have a meaning.
	Columns Columns

	// Issuer is the one issuer, such as https://tenant.eu.auth0.com/, whose users a table without an issuer column
	// keeps: a login of another one is an error, because another tenant's auth0|1 is another person. Required where
	// there is no such column, and must be empty where there is one.
	Issuer string

	// Select are the names of the columns that Scan reads, in its order. Any column of the table may be among them, and
	// a name is all that may stand here: it is quoted.
	Select []string

	// Scan makes a user from the columns in Select. What it returns becomes userprovider.User.Value; its error is the
	// request's. It is called while the row is being read, by several goroutines at once, and must not use the
	// database.
	Scan func(row Row) (T, error)

	// Defaults are values for the columns of a new user, above all for those that must not be NULL: column → value, of
	// a type that the driver takes. One that is a func(userprovider.Login) any is called to make the value; it may be
	// called for a login that turns out not to be the first. A field or role that the login sets wins. Default: what the
	// table itself has as defaults, and active without roles.
	Defaults map[string]any

	// Reactivate makes an inactive user who logs in active again, as Django's Auth0 backends do. Default: false, and
	// setting somebody inactive keeps them out.
	Reactivate bool

	// SkipIDCheck takes an SQLite table whose ID is an INTEGER PRIMARY KEY without AUTOINCREMENT. SQLite gives the
	// number of a deleted user to the next new one, who would be in the sessions of the other: the application must then
	// never delete a user. Default: false, and New refuses such a table.
	SkipIDCheck bool
}

// Columns are the names of the columns that have a meaning, exactly as the table has them. None but Email can be a field
// that is mapped to a claim, and Email only follows the claim "email". [NoColumn] stands for a column that the table
// lacks.
type Columns struct {
	// ID is the key that sessions keep: an integer, text or UUID that is unique and never used again. Default: id.
	ID string

	// Issuer and Subject say who somebody is at Auth0. They must be text that is compared byte by byte, and unique
	// together (Subject alone where there is no Issuer). Default: issuer (none if Table.Issuer is set), and subject.
	Issuer, Subject string

	// Email is the column of the field "email". Without one the e-mail is not stored. Default: email.
	Email string

	// Active is false for people who may not sign in; NULL counts as false. Without such a column everybody is active.
	// Default: active.
	Active string

	// Staff and Superuser are the roles; NULL counts as false. Without such a column nobody has the role, and a login
	// that sets it is an error. Default: staff and superuser.
	Staff, Superuser string

	// Created is when the user first logged in, and Updated when a login last changed something, both by the database's
	// clock. Default: created_at and updated_at.
	Created, Updated string

	// LastLogin is when the user last logged in. It makes every login a write, so it is never taken by default.
	// Default: none.
	LastLogin string
}

// NoColumn in place of a name in [Columns] says that the table has no such column.
const NoColumn = "-"

// A Row is one row of a result: a *sql.Row and a *sql.Rows are, so that an application can use its scan function for
// queries of its own.
type Row interface {
	Scan(dest ...any) error
}

// A Dialect is a database's language.
type Dialect int

// The dialects that a [Table] can have: PostgreSQL 12 and later, and SQLite 3.35 and later.
const (
	PostgreSQL Dialect = iota + 1
	SQLite
)

// String returns the name that people know the database by.
func (d Dialect) String() string {
	switch d {
	case PostgreSQL:
		return "PostgreSQL"
	case SQLite:
		return "SQLite"
	default:
		return fmt.Sprintf("Dialect(%d)", int(d))
	}
}

// named returns the columns with the defaults filled in and "" for those that the table lacks.
func (c Columns) named(issuer string) Columns {
	name := func(name *string, standard string) {
		switch *name {
		case "":
			*name = standard
		case NoColumn:
			*name = ""
		}
	}
	if issuer == "" {
		name(&c.Issuer, "issuer")
	} else {
		name(&c.Issuer, "")
	}
	name(&c.ID, "id")
	name(&c.Subject, "subject")
	name(&c.Email, "email")
	name(&c.Active, "active")
	name(&c.Staff, "staff")
	name(&c.Superuser, "superuser")
	name(&c.Created, "created_at")
	name(&c.Updated, "updated_at")
	name(&c.LastLogin, "")
	return c
}

// settings returns what of the table does not depend on T, with the defaults filled in, or every fault in it that can be
// told without the database.
func (t Table[T]) settings() (settings, error) {
	s := settings{
		dialect: t.Dialect, name: t.Name, columns: t.Columns.named(t.Issuer), issuer: t.Issuer,
		defaults: maps.Clone(t.Defaults), reactivate: t.Reactivate,
	}
	if s.name == "" {
		s.name = "users"
	}
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("sqlusers: Table."+format, args...))
	}
	if t.Dialect != PostgreSQL && t.Dialect != SQLite {
		fault("Dialect is %v; set it to sqlusers.PostgreSQL or sqlusers.SQLite", t.Dialect)
	}
	if s.columns.ID == "" || s.columns.Subject == "" {
		fault("Columns: a table without an ID or a Subject column cannot keep users; name both")
	}
	switch {
	case t.Issuer == "" && s.columns.Issuer == "":
		fault("Issuer is empty, and the table has no issuer column; set it to the one issuer that users may come from, " +
			"such as https://tenant.eu.auth0.com/")
	case t.Issuer != "" && s.columns.Issuer != "":
		fault("Issuer is %q, and Columns.Issuer is %q; leave one of them empty", t.Issuer, s.columns.Issuer)
	}
	if s.reactivate && s.columns.Active == "" {
		fault("Reactivate is set, but the table has no Active column; name it in Columns, or leave Reactivate out")
	}
	if t.Scan == nil || len(t.Select) == 0 {
		fault("Select and Scan are both needed: the columns of your user, and the function that reads them")
	}
	return s, errors.Join(faults...)
}
