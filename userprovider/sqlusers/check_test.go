package sqlusers_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/chiauth0/auth/userprovider"
	"github.com/chiauth0/auth/userprovider/sqlusers"
)

const (
	idText  = "id text PRIMARY KEY DEFAULT 'x', "
	keys    = "issuer text NOT NULL, subject text NOT NULL, "
	flags   = "email text, active boolean, staff boolean, superuser boolean, "
	stamps  = "created_at timestamp, updated_at timestamp"
	unique  = ", UNIQUE (issuer, subject)"
	regular = idText + keys + flags + stamps + unique
)

type table = sqlusers.Table[string]

// A tableCase is a table, and what New says about it. No wants mean that New accepts it.
type tableCase struct {
	name    string
	columns string
	change  func(t *table)
	want    []string
}

func (c tableCase) run(t *testing.T, db database) {
	if db.dialect == sqlusers.PostgreSQL {
		mustExec(t, db.DB, "CREATE COLLATION nocase "+
			"(provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
	}
	mustExec(t, db.DB, "CREATE TABLE users ("+c.columns+")")
	table := table{Dialect: db.dialect, Select: []string{"subject"}, Scan: scanString}
	if c.change != nil {
		c.change(&table)
	}
	_, err := sqlusers.New(t.Context(), db.DB, table)
	if c.want == nil && err != nil {
		t.Fatalf("New returned the error %v, want none", err)
	}
	if c.want == nil {
		return
	}
	wantError(t, err, userprovider.ErrMisconfigured)
	for _, want := range c.want {
		if !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(want)) {
			t.Errorf("the error does not contain %q: %v", want, err)
		}
	}
}

func TestNewChecksTheTable(t *testing.T) {
	for _, c := range []tableCase{
		{"the default table", regular, nil, nil},
		{"no such table", regular, func(t *table) { t.Name = "uesrs" }, []string{
			"uesrs", "Schema",
		}},
		{"columns that do not exist", idText + keys + "email text", func(t *table) {
			t.Select = []string{"name"}
			t.Defaults = map[string]any{"seats": 1}
		}, []string{
			`"active"`, `"superuser"`, `"updated_at"`, `"name"`, "Table.Select",
			`"seats"`, "Table.Defaults",
		}},
		{"a column name in another case", regular, func(t *table) {
			t.Columns.Staff = "STAFF"
		}, []string{`"STAFF"`}},
		{"one column for two meanings", regular, func(t *table) {
			t.Columns.Superuser = "staff"
		}, []string{`"staff"`, "twice"}},
		{"a default for the subject", regular, func(t *table) {
			t.Defaults = map[string]any{"subject": "x"}
		}, []string{`"subject"`, "Table.Defaults"}},
		{
			"columns without a value",
			idText + keys + flags + "plan text NOT NULL, seats integer NOT NULL, " +
				stamps + unique,
			func(t *table) { t.Defaults = map[string]any{"seats": 1} },
			[]string{`"plan" must not be NULL`},
		},
		{
			"an e-mail that must not be NULL",
			idText + keys + strings.Replace(flags, "email text", "email text NOT NULL", 1) +
				stamps + unique,
			nil,
			[]string{`"email" must not be NULL`},
		},
	} {
		t.Run(c.name, func(t *testing.T) { onEveryDialect(t, c.run) })
	}
}

func TestNewChecksTheID(t *testing.T) {
	rest := keys + flags + stamps + unique
	for _, c := range []tableCase{
		{"not unique", "id text DEFAULT 'x', " + rest, nil, []string{"exactly (id)"}},
		{"not a key", "id real PRIMARY KEY DEFAULT 1, " + rest, nil, []string{
			`"id" is of the type real`,
		}},
		{"without a value", "id text PRIMARY KEY, " + rest, nil, []string{
			`"id" must not be NULL`, "Table.Defaults",
		}},
	} {
		t.Run(c.name, func(t *testing.T) { onEveryDialect(t, c.run) })
	}
	for _, c := range []tableCase{
		{"given again", "id INTEGER PRIMARY KEY, " + rest, nil, []string{
			"AUTOINCREMENT", "SkipIDCheck",
		}},
		{"given again, with SkipIDCheck", "id INTEGER PRIMARY KEY, " + rest, func(t *table) {
			t.SkipIDCheck = true
		}, nil},
		{"not given again", "id integer NOT NULL PRIMARY KEY autoincrement, " + rest, nil, nil},
		{"INT is not filled in", "id INT PRIMARY KEY, " + rest, nil, []string{
			`"id" must not be NULL`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, openSQLite(t)) })
	}
	t.Run("a UUID of the database", func(t *testing.T) {
		tableCase{"", "id uuid PRIMARY KEY DEFAULT gen_random_uuid(), " + rest, nil, nil}.
			run(t, openPostgreSQL(t))
	})
	t.Run("WITHOUT ROWID is not filled in", func(t *testing.T) {
		db := openSQLite(t)
		mustExec(t, db.DB, "CREATE TABLE users (id INTEGER PRIMARY KEY, "+rest+") WITHOUT ROWID")
		table := table{Dialect: db.dialect, Select: []string{"subject"}, Scan: scanString}
		_, err := sqlusers.New(t.Context(), db.DB, table)
		wantError(t, err, userprovider.ErrMisconfigured, `"id" must not be NULL`)
	})
}

// Two users with one identity, or with identities that the database takes for equal, would be one.
func TestNewChecksTheIdentity(t *testing.T) {
	rest := flags + stamps
	for _, c := range []tableCase{
		{"not unique", idText + keys + rest, nil, []string{"UNIQUE", "(issuer, subject)"}},
		{"the subject alone is unique", idText + keys + rest + ", UNIQUE (subject)", nil, []string{
			"(issuer, subject)",
		}},
		{
			"unique with a third column",
			idText + keys + rest + ", UNIQUE (issuer, subject, email)", nil,
			[]string{"(issuer, subject)"},
		},
		{"one issuer needs unique subjects", regular, func(t *table) {
			t.Issuer, t.Defaults = issuer, map[string]any{"issuer": ""}
		}, []string{"exactly (subject)"}},
		{"a number", idText + "issuer text, subject integer, " + rest + unique, nil, []string{
			`"subject" is of the type integer`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) { onEveryDialect(t, c.run) })
	}
	for _, c := range []tableCase{
		{
			"a collation that ignores case",
			idText + "issuer text, subject text COLLATE NOCASE, " + rest + unique, nil,
			[]string{"byte by byte"},
		},
		{
			"an index that ignores case",
			idText + "issuer text, subject text, " + rest +
				", UNIQUE (issuer, subject COLLATE NOCASE)", nil,
			[]string{"byte by byte"},
		},
		{"no type", idText + "issuer, subject, " + rest + unique, nil, []string{
			`"issuer" is of no type`,
		}},
	} {
		t.Run("SQLite, "+c.name, func(t *testing.T) { c.run(t, openSQLite(t)) })
	}
	for _, c := range []tableCase{
		{"padded", idText + "issuer text, subject char(255), " + rest + unique, nil, []string{
			`"subject" is of the type character(255)`,
		}},
		{
			"a collation that ignores case",
			idText + `issuer text, subject text COLLATE "nocase", ` + rest + unique, nil,
			[]string{`"subject" is of the type text`},
		},
		{
			"of a length",
			idText + "issuer varchar(100), subject varchar(255), " + rest + unique, nil, nil,
		},
		{"computed", idText + "issuer text, subject text GENERATED ALWAYS AS (email) STORED, " +
			rest + unique, nil, []string{`"subject" is computed`}},
	} {
		t.Run("PostgreSQL, "+c.name, func(t *testing.T) { c.run(t, openPostgreSQL(t)) })
	}
	t.Run("a partial index", func(t *testing.T) {
		onEveryDialect(t, func(t *testing.T, db database) {
			mustExec(t, db.DB, "CREATE TABLE users ("+idText+keys+rest+", deleted_at timestamp)")
			mustExec(t, db.DB, "CREATE UNIQUE INDEX one ON users (issuer, subject) "+
				"WHERE deleted_at IS NULL")
			table := table{Dialect: db.dialect, Select: []string{"subject"}, Scan: scanString}
			_, err := sqlusers.New(t.Context(), db.DB, table)
			wantError(t, err, userprovider.ErrMisconfigured, "UNIQUE", "partial")
		})
	})
}

func TestNewChecksFlags(t *testing.T) {
	c := tableCase{
		"", strings.Replace(regular, "staff boolean", "staff integer", 1), nil,
		[]string{`"staff" is of the type integer`, "boolean"},
	}
	c.run(t, openPostgreSQL(t))

	onEveryDialect(t, func(t *testing.T, db database) {
		tableCase{
			"",
			strings.Replace(regular, "active boolean",
				"active boolean GENERATED ALWAYS AS (email IS NOT NULL) STORED", 1),
			func(t *table) { t.Reactivate = true },
			[]string{"Reactivate", `"active"`},
		}.run(t, db)
	})
}

func TestNewChecksTimes(t *testing.T) {
	for typ, accepted := range map[string]map[sqlusers.Dialect]bool{
		"timestamp":                {sqlusers.SQLite: true, sqlusers.PostgreSQL: true},
		"timestamp with time zone": {sqlusers.SQLite: true, sqlusers.PostgreSQL: true},
		"date":                     {sqlusers.SQLite: true, sqlusers.PostgreSQL: true},
		"datetime":                 {sqlusers.SQLite: true},
		"text":                     {sqlusers.SQLite: true, sqlusers.PostgreSQL: false},
		"":                         {sqlusers.SQLite: true},
		"bigint":                   {sqlusers.SQLite: false, sqlusers.PostgreSQL: false},
		"integer":                  {sqlusers.SQLite: false, sqlusers.PostgreSQL: false},
		"real":                     {sqlusers.SQLite: false, sqlusers.PostgreSQL: false},
		"boolean":                  {sqlusers.SQLite: false, sqlusers.PostgreSQL: false},
		"time":                     {sqlusers.PostgreSQL: false},
	} {
		for dialect, ok := range accepted {
			t.Run(dialect.String()+" "+typ, func(t *testing.T) {
				for column, change := range map[string]func(*table){
					"created_at": nil,
					"updated_at": nil,
					"last_login": func(t *table) { t.Columns.LastLogin = "last_login" },
				} {
					db := openDialect(t, dialect)
					columns := idText + keys + flags + stamps + ", last_login timestamp" + unique
					columns = strings.Replace(columns, column+" timestamp", column+" "+typ, 1)
					c := tableCase{columns: columns, change: change}
					if !ok {
						c.want = []string{`"` + column + `"`, "timestamp or a date", "NoColumn"}
					}
					c.run(t, db)
				}
			})
		}
	}
}

func openDialect(t testing.TB, dialect sqlusers.Dialect) database {
	t.Helper()
	if dialect == sqlusers.PostgreSQL {
		return openPostgreSQL(t)
	}
	return openSQLite(t)
}

func TestNewWarnsAboutSQLiteWithoutABusyTimeout(t *testing.T) {
	for parameters, warns := range map[string]bool{
		"_pragma=busy_timeout(5000)": false,
		"_pragma=busy_timeout(0)":    true,
		"":                           true,
	} {
		t.Run(parameters, func(t *testing.T) {
			db := openSQLiteWith(t, parameters)
			createPeople(t, db)
			var log bytes.Buffer
			table := people(db.dialect)
			table.Logger = slog.New(slog.NewTextHandler(&log, nil))
			mustNew(t, db, table)
			got := strings.Contains(log.String(), "busy timeout") &&
				strings.Contains(log.String(), "level=WARN")
			if got != warns {
				t.Errorf("a warning is logged: %t, want %t: %s", got, warns, log.String())
			}
		})
	}
}

func TestNewReportsAllFaultsAtOnce(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		c := tableCase{
			"", idText + "issuer integer, subject integer, email text NOT NULL, active boolean, " +
				"staff boolean, superuser boolean, created_at integer, updated_at integer" + unique,
			nil,
			[]string{`"issuer"`, `"subject"`, `"email"`, `"created_at"`, `"updated_at"`},
		}
		c.run(t, db)
	})
}

var errNotCalled = errors.New("not called")

// The number of columns is wrong at every login, so that New must find it.
func TestNewChecksTheNumberOfColumnsThatScanTakes(t *testing.T) {
	table := people(sqlusers.SQLite)
	table.Scan = func(row sqlusers.Row) (p person, err error) { return p, row.Scan(&p.First) }
	_, err := sqlusers.New(t.Context(), nil, table)
	wantError(t, err, userprovider.ErrMisconfigured,
		"Table.Select names 3 columns, and Scan takes 1")

	db := openSQLite(t)
	createPeople(t, db)
	for name, scan := range map[string]func(sqlusers.Row) (person, error){
		"ignores the error": func(row sqlusers.Row) (p person, err error) {
			_ = row.Scan(&p.First, &p.Last, &p.Email)
			return p, nil
		},
		"panics without a row": func(row sqlusers.Row) (p person, err error) {
			if err := row.Scan(&p.First, &p.Last, &p.Email); err != nil {
				panic(errNotCalled)
			}
			return p, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			table := people(db.dialect)
			table.Scan = scan
			mustSync(t, mustNew(t, db, table), loginOf("auth0|ada", nil))
		})
	}
}
