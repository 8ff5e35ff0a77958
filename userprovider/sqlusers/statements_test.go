package sqlusers_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/userprovider"
	"github.com/chiauth0/auth/userprovider/sqlusers"
)

// version returns a text that every write to the users changes, and every number taken for an ID.
func (db database) version(t testing.TB) string {
	t.Helper()
	if db.dialect == sqlusers.SQLite {
		return db.query(t, `SELECT hex(group_concat(u)) FROM (
			SELECT id || '/' || subject || '/' || updated_at || '/' || coalesce(last_login, '')
				|| '/' || first_name AS u FROM users
			UNION ALL SELECT name || seq FROM sqlite_sequence)`)
	}
	return db.query(t, `SELECT string_agg(ctid::text || xmin::text, ',')
		|| (SELECT last_value FROM users_id_seq) FROM users`)
}

func TestLoginsTakeFewStatements(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db)
		users := mustNew(t, db, people(db.dialect))
		first := loginOf("auth0|ada", named("Ada"))
		first.Fields["email"] = "ada@app.example"
		changed := loginOf("auth0|ada", named("Augusta"))
		changed.Staff = new(true)
		bare := loginOf("auth0|ada", nil)

		var user userprovider.User
		for _, step := range []struct {
			name   string
			login  userprovider.Login
			want   int
			writes bool
		}{
			{"the first login", first, 2, true},
			{"a login that changes nothing", first, 1, false},
			{"a login that changes something", changed, 2, true},
			{"the same login again", changed, 1, false},
			{"a login without fields", bare, 1, false},
			{"the first login of a user without fields", loginOf("auth0|bob", nil), 2, true},
		} {
			before := db.version(t)
			statements := db.counter.during(func() { user = mustSync(t, users, step.login) })
			if len(statements) != step.want {
				t.Errorf("%s is %d statements, want %d: %q",
					step.name, len(statements), step.want, statements)
			}
			if wrote := db.version(t) != before; wrote != step.writes {
				t.Errorf("%s writes: %t, want %t", step.name, wrote, step.writes)
			}
		}
		for name, find := range map[string]func(){
			"FindUser": func() { mustFind(t, users, user.ID) },
			"FindSubject": func() {
				if _, err := users.FindSubject(t.Context(), issuer, "auth0|ada"); err != nil {
					t.Error(err)
				}
			},
		} {
			if statements := db.counter.during(find); len(statements) != 1 {
				t.Errorf("%s is %d statements, want 1: %q", name, len(statements), statements)
			}
		}
	})
}

// SQLite's data version moves when another connection writes to the file.
func TestUnchangedLoginDoesNotWriteToTheFile(t *testing.T) {
	db := openSQLite(t)
	createPeople(t, db)
	users := mustNew(t, db, people(db.dialect))
	login := loginOf("auth0|ada", named("Ada"))
	watcher, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer watcher.Close()
	version := func() (n int) {
		err := watcher.QueryRowContext(t.Context(), "PRAGMA data_version").Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := version()
	mustSync(t, users, login)
	after := version()
	if after == before {
		t.Error("a first login did not move the data version, so that this test shows nothing")
	}
	mustSync(t, users, login)
	if version() != after {
		t.Error("a login that changes nothing wrote to the file")
	}
}

// A login that changes nothing succeeds while another connection writes, without waiting for it.
func TestUnchangedLoginTakesNoLock(t *testing.T) {
	db := openSQLiteWith(t, "_pragma=busy_timeout(1)")
	createPeople(t, db)
	users := mustNew(t, db, people(db.dialect))
	login := loginOf("auth0|ada", named("Ada"))
	mustSync(t, users, login)
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() //nolint:errcheck // the test is over
	if _, err := tx.ExecContext(t.Context(), "UPDATE users SET staff = true"); err != nil {
		t.Fatal(err)
	}
	mustSync(t, users, login)
}

// The plan is that of the database, with enough users for an index to pay off.
func TestUsersAreFoundByAnIndex(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db)
		users := mustNew(t, db, people(db.dialect))
		mustExec(t, db.DB, `WITH RECURSIVE n(i) AS
			(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
			INSERT INTO users (issuer, subject) SELECT 'i', 'auth0|' || i FROM n`)
		mustExec(t, db.DB, "ANALYZE")

		byID := db.counter.during(func() { mustFind(t, users, "4711") })
		if plan := db.plan(t, byID[0], 4711); !strings.Contains(plan, "PRIMARY KEY") &&
			!strings.Contains(plan, "Index Scan using users_pkey") {
			t.Errorf("the plan of FindUser is %q, want one with the primary key", plan)
		}
		bySubject := db.counter.during(func() {
			if _, err := users.FindSubject(t.Context(), "i", "auth0|4711"); err != nil {
				t.Error(err)
			}
		})
		plan := db.plan(t, bySubject[0], "i", "auth0|4711")
		if !strings.Contains(strings.ToUpper(plan), "INDEX") {
			t.Errorf("the plan of FindSubject is %q, want one with an index", plan)
		}
	})
}

// plan returns the first line of the plan of a statement.
func (db database) plan(t *testing.T, statement string, args ...any) string {
	t.Helper()
	explain, column := "EXPLAIN ", 0
	if db.dialect == sqlusers.SQLite {
		explain, column = "EXPLAIN QUERY PLAN ", 3
	}
	rows, err := db.QueryContext(t.Context(), explain+statement, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var plan string
	cells := make([]any, column+1)
	for i := range cells {
		cells[i] = new(any)
	}
	cells[column] = &plan
	if !rows.Next() {
		t.Fatal("there is no plan: ", rows.Err())
	}
	if err := rows.Scan(cells...); err != nil {
		t.Fatal(err)
	}
	return plan
}

type times struct {
	created, updated time.Time
	last             *time.Time
}

func timesTable(dialect sqlusers.Dialect) sqlusers.Table[times] {
	return sqlusers.Table[times]{
		Dialect: dialect,
		Select:  []string{"created_at", "updated_at", "last_login"},
		Scan: func(row sqlusers.Row) (u times, err error) {
			err = row.Scan(&u.created, &u.updated, &u.last)
			return u, err
		},
	}
}

func isNow(moment time.Time) bool { return time.Since(moment).Abs() < time.Minute }

func TestTimesOfALogin(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db)
		table := timesTable(db.dialect)
		without := mustNew(t, db, table)
		table.Columns.LastLogin = "last_login"
		with := mustNew(t, db, table)

		past := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
		rewind := func() {
			mustExec(t, db.DB, `UPDATE users SET created_at = '2001-02-03 04:05:06+00:00',
				updated_at = '2001-02-03 04:05:06+00:00', last_login = '2001-02-03 04:05:06+00:00'`)
		}
		login := loginOf("auth0|ada", named("Ada"))

		u := mustSync(t, without, login).Value.(times)
		if !isNow(u.created) || !isNow(u.updated) || u.last != nil {
			t.Errorf("a new user has the times %v, want now, now and none", u)
		}
		rewind()
		u = mustSync(t, without, login).Value.(times)
		if !u.created.Equal(past) || !u.updated.Equal(past) || !u.last.Equal(past) {
			t.Errorf("after a login that changes nothing the times are %v, want %v", u, past)
		}
		u = mustSync(t, with, login).Value.(times)
		if !u.created.Equal(past) || !u.updated.Equal(past) || !isNow(*u.last) {
			t.Errorf("with LastLogin, after a login that changes nothing, the times are %v, want "+
				"%v twice and now", u, past)
		}
		rewind()
		login.Fields["first_name"] = "Augusta"
		u = mustSync(t, without, login).Value.(times)
		if !u.created.Equal(past) || !isNow(u.updated) || !u.last.Equal(past) {
			t.Errorf("after a login that changes something the times are %v, want %v, now and %v",
				u, past, past)
		}
		rewind()
		login.Superuser = new(true)
		var user userprovider.User
		statements := db.counter.during(func() { user = mustSync(t, with, login) })
		u = user.Value.(times)
		if !u.created.Equal(past) || !isNow(u.updated) || !isNow(*u.last) {
			t.Errorf("with LastLogin, after a login that changes something, the times are %v, "+
				"want %v, now and now", u, past)
		}
		if len(statements) != 1 {
			t.Errorf("with LastLogin a login is %d statements, want 1: "+
				"%q", len(statements), statements)
		}
		u = mustSync(t, with, loginOf("auth0|bob", nil)).Value.(times)
		if !isNow(u.created) || !isNow(u.updated) || u.last == nil || !isNow(*u.last) {
			t.Errorf("with LastLogin a new user has the times %v, want now", u)
		}
	})
}

// A driver reads a timestamp without a time zone as UTC. The zone of the server does not matter.
func TestTimesWithoutAZoneAreUTC(t *testing.T) {
	db := openPostgreSQL(t).reopen(t, "timezone=Asia/Tokyo")
	mustExec(t, db.DB, `CREATE TABLE users (
		id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, issuer text, subject text, email text,
		active boolean, staff boolean, superuser boolean,
		created_at timestamp, updated_at timestamp(0), last_login timestamptz,
		UNIQUE (issuer, subject))`)
	table := timesTable(db.dialect)
	table.Columns.LastLogin = "last_login"
	users := mustNew(t, db, table)
	u := mustSync(t, users, loginOf("auth0|ada", nil)).Value.(times)
	if !isNow(u.created) || !isNow(u.updated) || !isNow(*u.last) {
		t.Errorf("the times are %v, want now", u)
	}
}
