package sqlusers_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"

	"github.com/chiauth0/auth/userprovider"
	"github.com/chiauth0/auth/userprovider/sqlusers"
)

// A value that the table refuses is the data of one person, and not an outage.
func TestRefusedValuesAreInvalid(t *testing.T) {
	long := strings.Repeat("x", 31)
	for _, test := range []struct {
		name     string
		dialects []sqlusers.Dialect
		column   string
		value    any
	}{
		{"too long", onlyPostgreSQL, "nickname varchar(30)", long},
		{"a space at the end of a padded column", onlyPostgreSQL, "nickname char(30)", "a "},
		{"a NUL", onlyPostgreSQL, "nickname text", "a\x00b"},
		{"a CHECK", onBoth, "nickname text CHECK (nickname <> 'admin')", "admin"},
		{"a CHECK of the table", onBoth, "nickname text, CHECK (nickname <> email)", "same"},
		{"a foreign key", onlyPostgreSQL, "nickname text REFERENCES names (name)", "unknown"},
		{"another type", onBoth, "nickname integer", "seven"},
		{"a number that is too large", onBoth, "nickname bigint", 1e30},
		{"an index that is too large", onlyPostgreSQL, "nickname text UNIQUE", hardToCompress()},
	} {
		t.Run(test.name, func(t *testing.T) {
			onDialects(t, test.dialects, func(t *testing.T, db database) {
				mustExec(t, db.DB, "CREATE TABLE names (name text PRIMARY KEY)")
				createPeople(t, db, test.column)
				users := mustNew(t, db, people(db.dialect))
				for _, subject := range []string{"auth0|ada", "auth0|new"} {
					fields := map[string]any{"nickname": test.value, "email": "same"}
					_, err := users.SyncUser(t.Context(), loginOf(subject, fields))
					wantError(t, err, userprovider.ErrInvalid, "table users", "nickname")
					mustSync(t, users, loginOf("auth0|ada", nil))
				}
			})
		})
	}
}

func TestTriggersThatRaiseAreInvalid(t *testing.T) {
	db := openPostgreSQL(t)
	createPeople(t, db)
	mustExec(t, db.DB, `CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN RAISE EXCEPTION ''first names have two letters''; END'`)
	mustExec(t, db.DB, `CREATE TRIGGER no BEFORE INSERT ON users FOR EACH ROW
		WHEN (length(NEW.first_name) < 2) EXECUTE FUNCTION no()`)
	users := mustNew(t, db, people(db.dialect))
	_, err := users.SyncUser(t.Context(), loginOf("auth0|ada", named("A")))
	wantError(t, err, userprovider.ErrInvalid, "two letters", "first_name")
}

// These need the operator. Trying again does not help.
func TestFaultsOfTheTableAreMisconfigured(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db)
		users := mustNew(t, db, people(db.dialect))
		user := mustSync(t, users, loginOf("auth0|ada", named("Ada")))

		mustExec(t, db.DB, "ALTER TABLE users DROP COLUMN last_name")
		_, err := users.SyncUser(t.Context(), loginOf("auth0|ada", named("Augusta")))
		wantError(t, err, userprovider.ErrMisconfigured, "last_name")
		_, err = users.FindUser(t.Context(), user.ID)
		wantError(t, err, userprovider.ErrMisconfigured, "last_name")

		mustExec(t, db.DB, "DROP TABLE users")
		_, err = users.FindSubject(t.Context(), issuer, "auth0|ada")
		wantError(t, err, userprovider.ErrMisconfigured, "users")
	})
}

func TestMissingPrivilegesAreMisconfigured(t *testing.T) {
	db := openPostgreSQL(t)
	createPeople(t, db)
	role := db.query(t, "SELECT current_schema()") + "_reader"
	mustExec(t, db.DB, "CREATE ROLE "+role)
	t.Cleanup(func() {
		mustExec(t, db.DB, "DROP OWNED BY "+role)
		mustExec(t, db.DB, "DROP ROLE "+role)
	})
	mustExec(t, db.DB, "GRANT USAGE ON SCHEMA "+db.query(t, "SELECT current_schema()")+" TO "+role)
	mustExec(t, db.DB, "GRANT SELECT ON users TO "+role)
	reader := db.reopen(t, "role="+role)
	_, err := sqlusers.New(t.Context(), reader.DB, people(db.dialect))
	wantError(t, err, userprovider.ErrMisconfigured, "permission denied")

	mustExec(t, db.DB, "GRANT INSERT ON users TO "+role)
	mustExec(t, db.DB, "ALTER TABLE users ENABLE ROW LEVEL SECURITY")
	_, err = mustNew(t, reader, people(db.dialect)).SyncUser(t.Context(), loginOf("x", nil))
	wantError(t, err, userprovider.ErrMisconfigured, "row-level security")
}

// A trigger that skips the row leaves neither an error nor a user.
func TestRowsThatVanishAreMisconfigured(t *testing.T) {
	db := openPostgreSQL(t)
	createPeople(t, db)
	mustExec(t, db.DB, `CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN RETURN NULL; END'`)
	mustExec(t, db.DB, `CREATE TRIGGER skip BEFORE INSERT ON users FOR EACH ROW
		EXECUTE FUNCTION skip()`)
	users := mustNew(t, db, people(db.dialect))
	_, err := users.SyncUser(t.Context(), loginOf("auth0|ada", nil))
	wantError(t, err, userprovider.ErrMisconfigured, "trigger")
}

func TestFaultsOfScanAreMisconfigured(t *testing.T) {
	db := openSQLite(t)
	createPeople(t, db)
	for want, scan := range map[string]func(sqlusers.Row) (person, error){
		"did not call": func(sqlusers.Row) (p person, err error) {
			return p, nil
		},
		"out of cheese": func(row sqlusers.Row) (p person, err error) {
			if err := row.Scan(&p.First, &p.Last, &p.Email); err != nil {
				return p, err
			}
			return p, errors.New("out of cheese")
		},
		"converting NULL to string": func(row sqlusers.Row) (p person, err error) {
			var email string
			return p, row.Scan(&p.First, &p.Last, &email)
		},
	} {
		table := people(db.dialect)
		table.Scan = scan
		_, err := mustNew(t, db, table).SyncUser(t.Context(), loginOf("auth0|ada", nil))
		wantError(t, err, userprovider.ErrMisconfigured, "Table.Scan", want)
	}
}

// An error without a kind is an outage.
func TestDatabaseThatDoesNotAnswerIsAnOutage(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db)
		users := mustNew(t, db, people(db.dialect))
		user := mustSync(t, users, loginOf("auth0|ada", nil))

		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := users.SyncUser(cancelled, loginOf("auth0|ada", nil))
		wantOutage(t, err)
		_, err = users.FindUser(cancelled, user.ID)
		wantOutage(t, err)

		db.Close()
		_, err = sqlusers.New(t.Context(), db.DB, people(db.dialect))
		wantOutage(t, err)
		_, err = users.SyncUser(t.Context(), loginOf("auth0|ada", nil))
		wantOutage(t, err)
		_, err = users.FindUser(t.Context(), user.ID)
		wantOutage(t, err)
		_, err = users.FindSubject(t.Context(), issuer, "auth0|ada")
		wantOutage(t, err)
	})
}

func wantOutage(t testing.TB, err error) {
	t.Helper()
	if err == nil {
		t.Error("got no error, want one")
	}
	for _, kind := range []error{
		userprovider.ErrNotFound, userprovider.ErrRefused, userprovider.ErrConflict,
		userprovider.ErrInvalid, userprovider.ErrMisconfigured,
	} {
		if errors.Is(err, kind) {
			t.Errorf("got the kind %v, want none: %v", kind, err)
		}
	}
}

// A fake is a Querier that fails with errors of a database.
type fake struct {
	sqlusers.Querier
	faults []error // of the next statements; then the Querier answers
	calls  int
}

func (f *fake) QueryContext(
	ctx context.Context, query string, args ...any,
) (*sql.Rows, error) {
	f.calls++
	if len(f.faults) > 0 {
		err := f.faults[0]
		f.faults = f.faults[1:]
		return nil, err
	}
	return f.Querier.QueryContext(ctx, query, args...)
}

// A stateError is an error with a SQLSTATE, as pgx and lib/pq have them.
type stateError struct{ state, message string }

func (e stateError) Error() string    { return e.message + " (SQLSTATE " + e.state + ")" }
func (e stateError) SQLState() string { return e.state }

func TestKindsOfPostgreSQLErrors(t *testing.T) {
	db := openPostgreSQL(t)
	createPeople(t, db)
	querier := &fake{Querier: db.DB}
	users, err := sqlusers.New(t.Context(), querier, people(db.dialect))
	if err != nil {
		t.Fatal(err)
	}
	for state, kind := range map[string]error{
		"23P01": userprovider.ErrConflict,
		"22001": userprovider.ErrInvalid, "22P02": userprovider.ErrInvalid,
		"23502": userprovider.ErrInvalid, "23503": userprovider.ErrInvalid,
		"23514": userprovider.ErrInvalid, "54000": userprovider.ErrInvalid,
		"42703": userprovider.ErrMisconfigured, "42P01": userprovider.ErrMisconfigured,
		"42501": userprovider.ErrMisconfigured, "28P01": userprovider.ErrMisconfigured,
		"3D000": userprovider.ErrMisconfigured, "3F000": userprovider.ErrMisconfigured,
		"26000": userprovider.ErrMisconfigured, "0A000": userprovider.ErrMisconfigured,
	} {
		querier.faults = []error{stateError{state, "boom"}}
		_, err := users.SyncUser(t.Context(), loginOf("auth0|ada", nil))
		wantError(t, err, kind, state)
	}
	for _, state := range []string{"", "08006", "25006", "53300", "57014", "57P03", "XX000"} {
		querier.faults = []error{stateError{state, "boom"}}
		_, err := users.SyncUser(t.Context(), loginOf("auth0|ada", nil))
		wantOutage(t, err)
	}
}

// PgBouncer in transaction mode gives each transaction another connection.
func TestLostStatementsNameTheDocumentation(t *testing.T) {
	db := openPostgreSQL(t)
	createPeople(t, db)
	querier := &fake{Querier: db.DB}
	users, err := sqlusers.New(t.Context(), querier, people(db.dialect))
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range []string{"26000", "42P05"} {
		querier.faults = []error{stateError{state, "prepared statement"}}
		_, err := users.FindUser(t.Context(), "1")
		wantError(t, err, userprovider.ErrMisconfigured, "see Connections")
	}
}

func onDialects(
	t *testing.T, dialects []sqlusers.Dialect, test func(t *testing.T, db database),
) {
	t.Helper()
	for _, dialect := range dialects {
		t.Run(dialect.String(), func(t *testing.T) { test(t, openDialect(t, dialect)) })
	}
}

// hardToCompress returns a text that is too large for an index page.
func hardToCompress() string {
	var b strings.Builder
	for i := range 20000 {
		b.WriteRune(rune('!' + i*i*7919%89))
		b.WriteRune(rune('0' + i*31%71))
	}
	return b.String()
}
