package sqlusers

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"strings"

	"github.com/chiauth0/auth/userprovider"
)

// A Table tells where an application keeps its users, and how a row becomes a user of its own type
// T. The zero values are defaults that fit the table of [Schema]. Dialect, Select and Scan have no
// default. [New] copies the Table.
type Table[T any] struct {
	// Dialect is the SQL dialect of the database: [PostgreSQL] or [SQLite].
	Dialect Dialect

	// Name is the name of the table, or schema.table. Default: users.
	Name string

	// Columns are the names of the columns that have a meaning.
	Columns Columns

	// Issuer is the one issuer, such as https://tenant.eu.auth0.com/, whose users a table without
	// an issuer column keeps. A login of another issuer is an error, since the same subject there
	// is another person. It must be written exactly as in the ID token: issuers of Auth0 end in a
	// slash. Required for a table without an issuer column, and empty for one with it.
	Issuer string

	// Select are the names of the columns that Scan reads, in its order. Each is the name of a
	// column and is quoted, so that it cannot be an expression.
	Select []string

	// Scan makes a user from the columns in Select. Its result becomes userprovider.User.Value. It
	// is called by several goroutines at once, while the row is being read, and must not use the
	// database. New calls it once with a row whose Scan returns an error, to check the number of
	// columns.
	Scan func(row Row) (T, error)

	// Defaults are values for the columns of a new user, such as those that must not be NULL:
	// column → value, of a type that the driver accepts. A value that is a
	// func(userprovider.Login) any is called to make the value, also for a login that then turns
	// out not to be the first. A field or a role that the login sets takes precedence. Default:
	// the defaults of the table.
	Defaults map[string]any

	// Reactivate makes an inactive user active at the next login, as Django's Auth0 backends do. It
	// does not bring back a deleted user. Default: false, and an inactive user stays inactive.
	Reactivate bool

	// SkipIDCheck accepts an SQLite table whose ID is an INTEGER PRIMARY KEY without AUTOINCREMENT.
	// SQLite gives the number of a deleted user to the next new one, and with it the sessions that
	// the deleted user left. The application must then never delete a user. Default: false, and New
	// refuses such a table.
	SkipIDCheck bool

	// Logger gets the warnings of New. Default: slog.Default().
	Logger *slog.Logger
}

// Columns are the names of the columns that have a meaning, exactly as the table has them. A
// mapping can write none of them, except Email, which follows the claim "email". [NoColumn] stands
// for a column that the table does not have.
type Columns struct {
	// ID is the key that sessions hold: an integer, text or UUID that is unique and never used
	// again. Default: id.
	ID string

	// Issuer and Subject are the identity of the user at Auth0. They must be text that is compared
	// byte by byte, and unique together (Subject alone where there is no Issuer). Default: issuer
	// (none if Table.Issuer is set), and subject.
	Issuer, Subject string

	// Email is the column of the field "email". Without one, the e-mail is not stored.
	// Default: email.
	Email string

	// Active is false for users who may not log in. NULL counts as false. Without such a column all
	// users are active. A new user is active, unless the table has a default for the column or
	// computes it: then the table decides, as for users who need an approval. Default: active.
	Active string

	// DeletedAt is when the user was deleted, for an application that marks rows in place of
	// removing them. A user is not active unless the column is NULL. A login neither sets nor
	// clears it. Default: deleted_at if the table has a column of this name, else none.
	DeletedAt string

	// Staff and Superuser are the roles. NULL counts as false. Without such a column no user has
	// the role, and a mapping that sets it is an error. Default: staff and superuser.
	Staff, Superuser string

	// Created is when the user first logged in, and Updated when a login last changed something, by
	// the clock of the database. They must be timestamps or dates. In a column without a time zone
	// the time is UTC. Default: created_at and updated_at.
	Created, Updated string

	// LastLogin is when the user last logged in. Every login is then a write, which is why there is
	// no such column by default. Default: none.
	LastLogin string
}

// NoColumn in place of a name in [Columns] means that the table has no such column.
const NoColumn = "-"

// A Row is one row of a result. *sql.Row and *sql.Rows are Rows, so that an application can use its
// scan function for its own queries.
type Row interface {
	Scan(dest ...any) error
}

// A Dialect is an SQL dialect.
type Dialect int

// The dialects of a [Table]: PostgreSQL 12 and later, and SQLite 3.35 and later.
const (
	PostgreSQL Dialect = iota + 1
	SQLite
)

// String returns the name of the database.
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

// defaultDeletedAt is the column that marks deleted users if the table has it.
const defaultDeletedAt = "deleted_at"

// withDefaults returns the columns with the defaults filled in, and "" for a column that the table
// does not have. DeletedAt stays as it is, since its default depends on the table.
func (c Columns) withDefaults(issuer string) Columns {
	set := func(name *string, standard string) {
		switch *name {
		case "":
			*name = standard
		case NoColumn:
			*name = ""
		}
	}
	if issuer == "" {
		set(&c.Issuer, "issuer")
	} else {
		set(&c.Issuer, "")
	}
	set(&c.ID, "id")
	set(&c.Subject, "subject")
	set(&c.Email, "email")
	set(&c.Active, "active")
	set(&c.Staff, "staff")
	set(&c.Superuser, "superuser")
	set(&c.Created, "created_at")
	set(&c.Updated, "updated_at")
	set(&c.LastLogin, "")
	return c
}

// settings returns the part of the table that does not depend on T, with the defaults filled in, or
// all faults that can be found without the database.
func (t Table[T]) settings() (settings, error) {
	s := settings{
		dialect:    t.Dialect,
		name:       t.Name,
		columns:    t.Columns.withDefaults(t.Issuer),
		issuer:     t.Issuer,
		defaults:   maps.Clone(t.Defaults),
		reactivate: t.Reactivate,
	}
	if s.name == "" {
		s.name = "users"
	}

	var faults []error
	fault := func(format string, args ...any) {
		err := fmt.Errorf("sqlusers: Table.%w", fmt.Errorf(format, args...))
		faults = append(faults, &kindError{userprovider.ErrMisconfigured, err})
	}
	if t.Dialect != PostgreSQL && t.Dialect != SQLite {
		fault("Dialect is %v; set it to sqlusers.PostgreSQL or sqlusers.SQLite", t.Dialect)
	}
	if s.columns.ID == "" || s.columns.Subject == "" {
		fault("Columns: a table without an ID or a Subject column cannot keep users; name both")
	}
	if problem := t.checkIssuer(s.columns.Issuer); problem != "" {
		fault("Issuer is %s", problem)
	}
	if s.reactivate && s.columns.Active == "" {
		fault("Reactivate is set, but the table has no Active column; name it in Columns, or " +
			"leave Reactivate out")
	}
	if t.Scan == nil || len(t.Select) == 0 {
		fault("Select and Scan are both required: the columns of your user, and the function " +
			"that reads them")
	} else if err := t.checkScan(); err != nil {
		faults = append(faults, &kindError{userprovider.ErrMisconfigured, err})
	}
	return s, errors.Join(faults...)
}

// checkIssuer returns what is wrong with Table.Issuer. column is the name of the issuer column.
func (t Table[T]) checkIssuer(column string) (problem string) {
	if t.Issuer == "" {
		if column == "" {
			return "empty, and the table has no issuer column; set it to the one issuer that " +
				"users may come from, such as https://tenant.eu.auth0.com/"
		}
		return ""
	}
	if column != "" {
		return fmt.Sprintf("%q, and Columns.Issuer is %q; leave one of them "+
			"empty", t.Issuer, column)
	}

	u, err := url.Parse(t.Issuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Sprintf("%q, which is not a URL; write it as the claim iss of the ID token, "+
			"such as https://tenant.eu.auth0.com/", t.Issuer)
	}
	isAuth0 := strings.HasSuffix(u.Hostname(), ".auth0.com")
	if isAuth0 && !strings.HasSuffix(t.Issuer, "/") {
		return fmt.Sprintf("%q; issuers of Auth0 end in a slash, so write "+
			"%q", t.Issuer, t.Issuer+"/")
	}
	return ""
}
