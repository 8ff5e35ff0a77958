package sqlusers

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/chiauth0/auth/userprovider"
)

// A builder builds a statement. Methods that return SQL add its arguments, so that SQL must be
// added in the order in which it was made.
type builder struct {
	*settings
	sql  strings.Builder
	args []any
}

func (b *builder) add(parts ...string) {
	for _, part := range parts {
		b.sql.WriteString(part)
	}
}

func (b *builder) statement() statement { return statement{b.sql.String(), b.args} }

// arg returns a placeholder for a value.
func (b *builder) arg(value any) string {
	b.args = append(b.args, value)
	return b.placeholder(len(b.args))
}

// param returns a placeholder for a value of the column's type.
func (b *builder) param(c column, value any) string {
	param := b.textParam(c, value)
	if c.castText != "" {
		return "CAST(" + param + " AS " + c.castText + ")"
	}
	return param
}

// textParam returns a placeholder, as text where the driver sends text. Without the cast,
// PostgreSQL derives the type of a parameter from the place where it first occurs.
func (b *builder) textParam(c column, value any) string {
	if b.dialect == PostgreSQL && c.isText() {
		return "CAST(" + b.arg(value) + " AS text)"
	}
	return b.arg(value)
}

// isUser returns the condition that a row belongs to a user.
func (b *builder) isUser(identity userprovider.Identity) string {
	values := b.keyValues(identity)
	var conditions []string
	for i, name := range b.key() {
		conditions = append(conditions, b.quote(name)+" = "+b.arg(values[i])+b.binary())
	}
	return strings.Join(conditions, " AND ")
}

// differs returns the condition that a row lacks one of the changes. Text is compared by its bytes,
// even in a column to which Ada equals ada.
func (b *builder) differs(changes []assignment) string {
	if len(changes) == 0 {
		return "FALSE"
	}
	var conditions []string
	for _, change := range changes {
		name := b.quote(change.column.name)
		param := b.textParam(change.column, change.value)
		switch {
		case b.dialect == SQLite:
			conditions = append(conditions, name+" IS NOT "+param+b.binary())
		case change.column.isText():
			conditions = append(conditions,
				"CAST("+name+` AS text) COLLATE "C" IS DISTINCT FROM `+param)
		default:
			conditions = append(conditions, name+" IS DISTINCT FROM "+param)
		}
	}
	return strings.Join(conditions, " OR ")
}

// assignments returns the SET list of an UPDATE.
func (b *builder) assignments(changes []assignment) string {
	var list []string
	for _, change := range changes {
		list = append(list, b.quote(change.column.name)+" = "+b.param(change.column, change.value))
	}
	if updated := b.catalog[b.columns.Updated]; b.isWritable(updated) {
		value := b.now(updated)
		if b.columns.LastLogin != "" { // which alone is no change
			value = "CASE WHEN " + b.differs(changes) + " THEN " + value +
				" ELSE " + b.quote(updated.name) + " END"
		}
		list = append(list, b.quote(updated.name)+" = "+value)
	}
	if last := b.catalog[b.columns.LastLogin]; b.isWritable(last) {
		list = append(list, b.quote(last.name)+" = "+b.now(last))
	}
	if len(list) == 0 { // an UPDATE must set something
		subject := b.quote(b.columns.Subject)
		list = append(list, subject+" = "+subject)
	}
	return strings.Join(list, ", ")
}

// newUser returns the columns of a new user, and their values.
func (b *builder) newUser(
	login userprovider.Login, changes []assignment,
) (names, values []string) {
	user := b.initialValues(login)
	for _, change := range changes {
		user[change.column.name] = change.value
	}
	user[b.columns.Subject] = login.Identity.Subject
	if b.columns.Issuer != "" {
		user[b.columns.Issuer] = login.Identity.Issuer
	}
	for _, name := range slices.Sorted(maps.Keys(user)) {
		names = append(names, b.quote(name))
		values = append(values, b.param(b.catalog[name], user[name]))
	}
	for _, name := range []string{b.columns.Created, b.columns.Updated, b.columns.LastLogin} {
		_, given := user[name]
		if c := b.catalog[name]; !given && b.isWritable(c) {
			names = append(names, b.quote(name))
			values = append(values, b.now(c))
		}
	}
	return names, values
}

// initialValues returns the values of a new user that no claim decides on.
func (b *builder) initialValues(login userprovider.Login) map[string]any {
	user := map[string]any{}
	active := b.catalog[b.columns.Active]
	if b.isWritable(active) && !active.hasDefault {
		user[active.name] = true
	}
	for _, name := range []string{b.columns.Staff, b.columns.Superuser} {
		if b.isWritable(b.catalog[name]) {
			user[name] = false
		}
	}
	for name, value := range b.defaults {
		if makeValue, ok := value.(func(userprovider.Login) any); ok {
			value = makeValue(login)
		}
		user[name] = value
	}
	return user
}

// isWritable reports whether the table has the column and accepts values for it.
func (b *builder) isWritable(c column) bool { return c.name != "" && !c.generated }

// isText reports whether a driver sends a value of the column to PostgreSQL as text.
func (c column) isText() bool { return c.kind == text || c.castText != "" }

// table returns the name of the table for SQL.
func (s *settings) table() string {
	schema, name := s.schemaAndName()
	if schema == "" {
		return s.quote(name)
	}
	return s.quote(schema) + "." + s.quote(name)
}

func (s *settings) schemaAndName() (schema, name string) {
	schema, name, ok := strings.Cut(s.name, ".")
	if !ok {
		return "", s.name
	}
	return schema, name
}

// conflictTarget names the unique index on the identity of users. In SQLite it must be an index
// that compares bytes.
func (s *settings) conflictTarget() string {
	var list []string
	for _, name := range s.key() {
		list = append(list, s.quote(name)+s.binary())
	}
	return strings.Join(list, ", ")
}

// binary makes SQLite compare bytes, independent of the collation of the column.
func (s *settings) binary() string {
	if s.dialect == SQLite {
		return " COLLATE BINARY"
	}
	return ""
}

// now returns the time of the database, so that all processes use one clock. Where a column has no
// time zone it is UTC, which is how drivers and Django read it.
func (s *settings) now(c column) string {
	switch {
	case s.dialect == SQLite:
		return "strftime('%Y-%m-%d %H:%M:%f', 'now')"
	case c.zoned:
		return "CURRENT_TIMESTAMP"
	default:
		return "(CURRENT_TIMESTAMP AT TIME ZONE 'UTC')"
	}
}

func (s *settings) placeholder(n int) string {
	if s.dialect == SQLite {
		return "?" + strconv.Itoa(n)
	}
	return "$" + strconv.Itoa(n)
}

// quote makes any name an identifier. SQLite reads a name in double quotes as a text if there is no
// such column, for example after a migration.
func (s *settings) quote(name string) string {
	mark := `"`
	if s.dialect == SQLite {
		mark = "`"
	}
	return mark + strings.ReplaceAll(name, mark, mark+mark) + mark
}
