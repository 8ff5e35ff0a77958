package sqlusers

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/chiauth0/auth/userprovider"
)

// A statement is SQL and its arguments. Nothing from a login is ever in the SQL.
type statement struct {
	sql  string
	args []any
}

// statements returns the two statements of a login, each of which returns the user or no row. write stores what has
// changed, and leaves the row alone if nothing has; settle is for when write returned nothing.
//
// PostgreSQL updates first, so that a login of a known user takes no number from the ID's sequence, and then finds or
// inserts. SQLite has no statement that does either of these; but its numbers are 64 bits and taken by writes alone, so
// that it can insert or update at once, and then only has to find.
func (s *settings) statements(login userprovider.Login, changes []assignment) (write, settle statement) {
	if s.dialect == SQLite {
		return s.upsert(login, changes), s.find(login)
	}
	return s.update(login, changes), s.findOrInsert(login, changes)
}

func (s *settings) update(login userprovider.Login, changes []assignment) statement {
	b := builder{settings: s}
	if len(changes) == 0 && s.columns.LastLogin == "" {
		return statement{}
	}
	b.add("UPDATE ", s.table(), " SET ", b.assignments(changes), " WHERE ", b.isUser(login))
	if s.columns.LastLogin == "" {
		b.add(" AND (", b.differs(changes), ")")
	}
	b.add(" RETURNING ", s.selected)
	return b.statement()
}

// findOrInsert returns no row only if another login inserted the user while this one was about to.
func (s *settings) findOrInsert(login userprovider.Login, changes []assignment) statement {
	b := builder{settings: s}
	names, values := b.newUser(login, changes)
	b.add("WITH known AS (SELECT ", s.selected, " FROM ", s.table(), " WHERE ", b.isUser(login), "), ",
		"new AS (INSERT INTO ", s.table(), " (", names, ") SELECT ", values,
		" WHERE NOT EXISTS (SELECT FROM known) ON CONFLICT (", s.conflictTarget(), ") DO NOTHING",
		" RETURNING ", s.selected, ") ",
		"SELECT * FROM known UNION ALL SELECT * FROM new")
	return b.statement()
}

func (s *settings) find(login userprovider.Login) statement {
	b := builder{settings: s}
	b.add("SELECT ", s.selected, " FROM ", s.table(), " WHERE ", b.isUser(login))
	return b.statement()
}

func (s *settings) upsert(login userprovider.Login, changes []assignment) statement {
	b := builder{settings: s}
	names, values := b.newUser(login, changes)
	b.add("INSERT INTO ", s.table(), " (", names, ") SELECT ", values, " WHERE ")
	conflict := " ON CONFLICT (" + s.conflictTarget() + ") DO "
	switch {
	case s.columns.LastLogin != "":
		b.add("TRUE", conflict, "UPDATE SET ", b.assignments(changes))
	case len(changes) == 0:
		b.add("NOT EXISTS (SELECT 1 FROM ", s.table(), " WHERE ", b.isUser(login), ")", conflict, "NOTHING")
	default:
		// A row that is as it should be is not even tried to be inserted: that would take a number for its ID. SQLite
		// has one writer at a time, so the row cannot change between this look at it and the update.
		b.add("NOT EXISTS (SELECT 1 FROM ", s.table(), " WHERE ", b.isUser(login), " AND NOT (", b.differs(changes), "))",
			conflict, "UPDATE SET ", b.assignments(changes))
	}
	b.add(" RETURNING ", s.selected)
	return b.statement()
}

// A builder puts a statement together. What writes SQL returns it, and adds its arguments.
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

// param returns a value as the column's type. PostgreSQL would take the type of a parameter from the place where it
// first stands, so where it could be another than the driver was told it is said.
func (b *builder) param(c column, value any) string {
	param := b.textParam(c, value)
	if c.castText != "" {
		return "CAST(" + param + " AS " + c.castText + ")"
	}
	return param
}

// textParam is param before a cast that only the database can do.
func (b *builder) textParam(c column, value any) string {
	if b.dialect == PostgreSQL && c.isText() {
		return "CAST(" + b.arg(value) + " AS text)"
	}
	return b.arg(value)
}

// isUser is the condition that a row is the login's user.
func (b *builder) isUser(login userprovider.Login) string {
	var conditions []string
	for _, name := range b.key() {
		value := login.Identity.Subject
		if name == b.columns.Issuer {
			value = login.Identity.Issuer
		}
		conditions = append(conditions, quote(name)+" = "+b.arg(value)+b.binary())
	}
	return strings.Join(conditions, " AND ")
}

// differs is the condition that a row is not yet as the changes have it. Text is compared by its bytes, even where the
// column takes Ada and ada for equal.
func (b *builder) differs(changes []assignment) string {
	if len(changes) == 0 {
		return "FALSE"
	}
	var conditions []string
	for _, change := range changes {
		name, param := quote(change.column.name), b.textParam(change.column, change.value)
		switch {
		case b.dialect == SQLite:
			conditions = append(conditions, name+" IS NOT "+param+b.binary())
		case change.column.isText():
			conditions = append(conditions, "CAST("+name+" AS text) COLLATE \"C\" IS DISTINCT FROM "+param)
		default:
			conditions = append(conditions, name+" IS DISTINCT FROM "+param)
		}
	}
	return strings.Join(conditions, " OR ")
}

func (b *builder) assignments(changes []assignment) string {
	var list []string
	for _, change := range changes {
		list = append(list, quote(change.column.name)+" = "+b.param(change.column, change.value))
	}
	now := b.now()
	if name := quote(b.columns.Updated); b.columns.Updated != "" {
		value := now
		if b.columns.LastLogin != "" { // which alone is no change
			value = "CASE WHEN " + b.differs(changes) + " THEN " + now + " ELSE " + name + " END"
		}
		list = append(list, name+" = "+value)
	}
	if b.columns.LastLogin != "" {
		list = append(list, quote(b.columns.LastLogin)+" = "+now)
	}
	return strings.Join(list, ", ")
}

// newUser returns the columns and values of a user who is not there yet.
func (b *builder) newUser(login userprovider.Login, changes []assignment) (names, values string) {
	user := map[string]any{b.columns.Active: true, b.columns.Staff: false, b.columns.Superuser: false}
	for name, value := range b.defaults {
		if makeValue, ok := value.(func(userprovider.Login) any); ok {
			value = makeValue(login)
		}
		user[name] = value
	}
	for _, change := range changes {
		user[change.column.name] = change.value
	}
	user[b.columns.Issuer], user[b.columns.Subject] = login.Identity.Issuer, login.Identity.Subject
	list := []string{}
	delete(user, "") // the columns that the table lacks
	ordered := slices.Sorted(maps.Keys(user))
	for i, name := range ordered {
		list = append(list, b.param(b.catalog[name], user[name]))
		ordered[i] = quote(name)
	}
	for _, name := range []string{b.columns.Created, b.columns.Updated, b.columns.LastLogin} {
		if _, ok := user[name]; !ok && name != "" {
			ordered, list = append(ordered, quote(name)), append(list, b.now())
		}
	}
	return strings.Join(ordered, ", "), strings.Join(list, ", ")
}

// isText reports whether a value travels to PostgreSQL as text.
func (c column) isText() bool { return c.kind == text || c.castText != "" }

// table returns the table's name for SQL.
func (s *settings) table() string {
	schema, name := s.schemaAndName()
	if schema == "" {
		return quote(name)
	}
	return quote(schema) + "." + quote(name)
}

func (s *settings) schemaAndName() (schema, name string) {
	schema, name, ok := strings.Cut(s.name, ".")
	if !ok {
		return "", s.name
	}
	return schema, name
}

// selectList begins with what a userprovider.User needs.
func (s *settings) selectList(names []string) string {
	flag := func(name, standard string) string {
		if name == "" {
			return standard
		}
		return quote(name)
	}
	list := []string{
		"CAST(" + quote(s.columns.ID) + " AS text)",
		flag(s.columns.Active, "TRUE"), flag(s.columns.Staff, "FALSE"), flag(s.columns.Superuser, "FALSE"),
	}
	for _, name := range names {
		list = append(list, quote(name))
	}
	return strings.Join(list, ", ")
}

// conflictTarget names the unique index that keeps people apart. In SQLite it has to be one that compares bytes.
func (s *settings) conflictTarget() string {
	var list []string
	for _, name := range s.key() {
		list = append(list, quote(name)+s.binary())
	}
	return strings.Join(list, ", ")
}

// binary makes SQLite compare bytes, whatever the column's collation says.
func (s *settings) binary() string {
	if s.dialect == SQLite {
		return " COLLATE BINARY"
	}
	return ""
}

// now is the database's time, so that all processes go by one clock. SQLite's is UTC, as SQLite's drivers and Django
// read it.
func (s *settings) now() string {
	if s.dialect == SQLite {
		return "strftime('%Y-%m-%d %H:%M:%f', 'now')"
	}
	return "CURRENT_TIMESTAMP"
}

func (s *settings) placeholder(n int) string {
	if s.dialect == SQLite {
		return "?" + strconv.Itoa(n)
	}
	return "$" + strconv.Itoa(n)
}

// quote makes any name an identifier.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
