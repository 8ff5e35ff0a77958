package sqlusers_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/chiauth0/auth/userprovider"
	"github.com/chiauth0/auth/userprovider/sqlusers"
)

// TestNewRefuses: what would let in the wrong person, or fail at the first login, fails at start
// and says how to mend it.
func TestNewRefuses(t *testing.T) {
	const keys = "issuer text NOT NULL, subject text NOT NULL, "
	const rest = "email text, active boolean, staff boolean, superuser boolean, created_at " +
		"timestamp, updated_at timestamp"
	const unique = ", UNIQUE (issuer, subject)"
	const id = "id text PRIMARY KEY DEFAULT 'x', "
	type table = sqlusers.Table[string]
	both := []sqlusers.Dialect{sqlusers.SQLite, sqlusers.PostgreSQL}
	sqlite, postgreSQL := both[:1], both[1:]
	for _, c := range []struct {
		name     string
		dialects []sqlusers.Dialect
		columns  string
		change   func(t *table)
		want     []string
	}{
		{"nothing", both, id + keys + rest + unique, func(*table) {}, nil},
		{"a table that is not there",
			both, id + keys + rest + unique, func(t *table) { t.Name = "uesrs" }, []string{"uesrs", "Schema"}},
		{"columns that are not there", both, id + keys + "email text", func(t *table) {
			t.Select, t.Defaults = []string{"name"}, map[string]any{"seats": 1}
		}, []string{`"active"`, `"superuser"`, `"updated_at"`, `"name"`, "Table.Select", `"seats"`, "Table.Defaults"}},
		{"a column name in another case",
			both, id + keys + rest + unique, func(t *table) { t.Columns.Staff = "STAFF" }, []string{`"STAFF"`}},
		{"one column for two things",
			both, id + keys + rest + unique, func(t *table) { t.Columns.Superuser = "staff" }, []string{`"staff"`, "twice"}},
		{"people who are not kept apart",
			both, id + keys + rest, func(*table) {}, []string{"UNIQUE", "(issuer, subject)"}},
		{"subjects that are unique, but not per issuer",
			both, id + keys + rest + ", UNIQUE (subject)", func(*table) {}, []string{"(issuer, subject)"}},
		{"issuer and subject unique, but subject alone needed",
			both, id + keys + rest + unique, func(t *table) {
				t.Issuer, t.Defaults = issuer, map[string]any{"issuer": ""}
			}, []string{"exactly (subject)"}},
		{"people who are kept apart only with something else",
			both, id + keys + rest + ", UNIQUE (issuer, subject, email)", func(*table) {}, []string{"(issuer, subject)"}},
		{"an ID that is not unique",
			both, "id text DEFAULT 'x', " + keys + rest + unique, func(*table) {}, []string{"exactly (id)"}},
		{"an ID that is no key",
			both, "id real PRIMARY KEY DEFAULT 1, " + keys + rest + unique, func(*table) {}, []string{`"id" is real`}},
		{"an ID that nobody fills",
			both, "id text PRIMARY KEY, " + keys + rest + unique, func(*table) {}, []string{`"id" must not be NULL`, "Table.Defaults"}},
		{"columns that nobody fills",
			both, id + keys + rest + ", plan text NOT NULL, seats integer NOT NULL" + unique, func(t *table) {
				t.Defaults = map[string]any{"seats": 1}
			}, []string{`"plan" must not be NULL`}},
		{"an e-mail that must not be NULL",
			both, id + keys + strings.Replace(rest, "email text", "email text NOT NULL", 1) + unique, func(*table) {}, []string{`"email" must not be NULL`}},
		{"a default for the subject",
			both, id + keys + rest + unique, func(t *table) { t.Defaults = map[string]any{"subject": "x"} }, []string{`"subject"`, "Table.Defaults"}},
		{"a subject that is a number",
			both, id + "issuer text, subject integer, " + rest + unique, func(*table) {}, []string{`"subject" is integer`}},

		{"an ID that is used again",
			sqlite, "id INTEGER PRIMARY KEY, " + keys + rest + unique, func(*table) {}, []string{"AUTOINCREMENT", "SkipIDCheck"}},
		{"an ID that is used again, knowingly",
			sqlite, "id INTEGER PRIMARY KEY, " + keys + rest + unique, func(t *table) { t.SkipIDCheck = true }, nil},
		{"an ID that is never used again",
			sqlite, "id integer NOT NULL PRIMARY KEY autoincrement, " + keys + rest + unique, func(*table) {}, nil},
		{"subjects that are one in upper and lower case",
			sqlite, id + "issuer text, subject text COLLATE NOCASE, " + rest + unique, func(*table) {}, []string{"byte by byte"}},
		{"subjects that are one in upper and lower case to their index",
			sqlite, id + "issuer text, subject text, " + rest + ", UNIQUE (issuer, subject COLLATE NOCASE)", func(*table) {}, []string{"byte by byte"}},

		{"a role that is no boolean",
			postgreSQL, id + keys + strings.Replace(rest, "staff boolean", "staff integer", 1) + unique, func(*table) {}, []string{`"staff" is integer`}},
		{"subjects that are padded",
			postgreSQL, id + "issuer text, subject char(255), " + rest + unique, func(*table) {}, []string{`"subject" is character(255)`}},
		{"subjects of a collation that takes a for A",
			postgreSQL, id + `issuer text, subject text COLLATE "nocase", ` + rest + unique, func(*table) {}, []string{`"subject" is text`}},
		{"subjects of a length",
			postgreSQL, id + "issuer varchar(100), subject varchar(255), " + rest + unique, func(*table) {}, nil},
		{"an ID that the database makes",
			postgreSQL, "id uuid PRIMARY KEY DEFAULT gen_random_uuid(), " + keys + rest + unique, func(*table) {}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, dialect := range c.dialects {
				t.Run(dialect.String(), func(t *testing.T) {
					db := openDialect(t, dialect)
					if dialect == sqlusers.PostgreSQL {
						mustExec(t, db.DB, "CREATE COLLATION nocase (provider = icu, locale = "+
							"'und-u-ks-level2', deterministic = false)")
					}
					mustExec(t, db.DB, "CREATE TABLE users ("+c.columns+")")
					table := table{Dialect: dialect, Select: []string{"subject"}, Scan: scanString}
					c.change(&table)
					_, err := sqlusers.New(t.Context(), db.DB, table)
					if (err != nil) != (c.want != nil) {
						t.Fatalf("got the error %v, want %q", err, c.want)
					}
					for _, want := range c.want {
						if !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(want)) {
							t.Errorf("the error does not say %q: %v", want, err)
						}
					}
				})
			}
		})
	}
}

func openDialect(t testing.TB, dialect sqlusers.Dialect) database {
	if dialect == sqlusers.PostgreSQL {
		return openPostgreSQL(t)
	}
	return openSQLite(t)
}

// TestTableFaults are those that need no database to be told.
func TestTableFaults(t *testing.T) {
	type table = sqlusers.Table[string]
	for _, c := range []struct {
		table table
		want  []string
	}{
		{table{}, []string{"Table.Dialect is Dialect(0)", "Table.Select and Scan"}},
		{table{Dialect: 7}, []string{"Table.Dialect is Dialect(7)"}},
		{table{Dialect: sqlusers.SQLite, Select: []string{"id"}}, []string{"Scan"}},
		{table{Dialect: sqlusers.SQLite, Scan: scanString}, []string{"Select"}},
		{table{Columns: sqlusers.Columns{ID: "-"}}, []string{"ID"}},
		{table{Columns: sqlusers.Columns{Subject: "-"}}, []string{"Subject"}},
		{table{Columns: sqlusers.Columns{Issuer: "-"}}, []string{"Table.Issuer is empty"}},
		{table{Issuer: issuer, Columns: sqlusers.Columns{Issuer: "iss"}}, []string{issuer, `"iss"`}},
		{table{Reactivate: true, Columns: sqlusers.Columns{Active: "-"}}, []string{"Reactivate"}},
	} {
		_, err := sqlusers.New(t.Context(), nil, c.table)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: got %v, want %q", c.table, err, want)
			}
		}
	}
}

// TestTableIsCopied: what happens to the Table after New is nobody's business.
func TestTableIsCopied(t *testing.T) {
	db := openSQLite(t)
	createPeople(t, db, "plan text NOT NULL")
	table := people(db.dialect)
	table.Defaults = map[string]any{"plan": "free"}
	users := mustNew(t, db, table)
	clear(table.Defaults)
	table.Select[0] = "id"
	if user := mustSync(t, users, loginOf("auth0|ada", map[string]any{"first_name": "Ada"})); user.Value.(person).First != "Ada" {
		t.Errorf("the user is %+v", user)
	}
}

// TestSchemaName: a table of another schema than the usual one, in the presence of one that has its
// name.
func TestSchemaName(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db)
		schema := "main"
		if db.dialect == sqlusers.PostgreSQL {
			schema = db.query(t, "SELECT current_schema()")
			mustExec(t, db.DB, "SET search_path = public")
		}
		table := people(db.dialect)
		table.Name = schema + ".users"
		mustSync(t, mustNew(t, db, table), loginOf("auth0|ada", nil))
		table.Name = "elsewhere.users"
		if _, err := sqlusers.New(t.Context(), db.DB, table); err == nil {
			t.Error("a table in a schema that is not there is taken")
		}
	})
}

// TestFoundByExactID: an ID that the database reads as another one is nobody's.
func TestFoundByExactID(t *testing.T) {
	for id, wrong := range map[string][]string{
		"bigint PRIMARY KEY DEFAULT 7": {"07", "+7", "7.0", "7 ",
			"0x7", "७", "9223372036854775808", "-7"},
		"smallint PRIMARY KEY DEFAULT 7": {"07", "65543"},
		"text PRIMARY KEY DEFAULT 'a'":   {"A", "a ", "á", "a\x00", "\xff"},
		"uuid PRIMARY KEY DEFAULT '10000000-aaaa-0000-0000-000000000000'": {
			"10000000-AAAA-0000-0000-000000000000", "{10000000-aaaa-0000-0000-000000000000}", "10000000aaaa00000000000000000000",
			"nonsense", "", "\x00",
		},
	} {
		t.Run(id, func(t *testing.T) {
			onEveryDialect(t, func(t *testing.T, db database) {
				if db.dialect == sqlusers.SQLite {
					id = strings.Replace(id, "uuid", "text", 1)
				}
				mustExec(t, db.DB, fmt.Sprintf("CREATE TABLE users (id %s, issuer text, subject "+
					"text, active boolean, staff boolean, superuser boolean, UNIQUE (issuer, "+
					"subject))", id))
				users := mustNew(t, db, sqlusers.Table[string]{
					Dialect: db.dialect, Select: []string{"subject"}, Scan: scanString,
					Columns: sqlusers.Columns{Email: "-", Created: "-", Updated: "-"},
				})
				user := mustSync(t, users, loginOf("auth0|ada", nil))
				if found, err := users.FindUser(t.Context(), user.ID); err != nil || found != user {
					t.Errorf("FindUser(%q) = %+v, %v", user.ID, found, err)
				}
				for _, id := range wrong {
					if found, err := users.FindUser(t.Context(), id); !errors.Is(err, userprovider.ErrNotFound) {
						t.Errorf("FindUser(%q) = %+v, %v", id, found, err)
					}
				}
			})
		})
	}
}
