package sqlusers_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/userprovider"
	"github.com/chiauth0/auth/userprovider/sqlusers"
)

const issuer = "https://tenant.eu.auth0.com/"

func loginOf(subject string, fields map[string]any) userprovider.Login {
	return userprovider.Login{
		Identity: userprovider.Identity{Issuer: issuer, Subject: subject}, Fields: fields,
	}
}

func mustSync[T any](t testing.TB, users *sqlusers.Provider[T], login userprovider.Login) userprovider.User {
	t.Helper()
	user, err := users.SyncUser(t.Context(), login)
	if err != nil {
		t.Fatal(err)
	}
	return user
}

// version changes whenever anything is written to the users, a number for an ID included.
func (db database) version(t testing.TB) string {
	t.Helper()
	if db.dialect == sqlusers.SQLite {
		// The pragma tells a connection about the writes of others, and these are pooled: a copy of
		// all pages does too.
		return db.query(t, "SELECT hex(group_concat(u)) FROM (SELECT id || '/' || subject || '/' "+
			"|| updated_at || '/' || coalesce(last_login, '') || '/' || first_name AS u FROM "+
			"users UNION ALL SELECT name || seq FROM sqlite_sequence)")
	}
	return db.query(t, "SELECT string_agg(ctid::text || xmin::text, ',') || (SELECT last_value "+
		"FROM users_id_seq) FROM users")
}

// TestStatements counts what goes to the database.
func TestStatements(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db)
		users := mustNew(t, db, people(db.dialect))
		fields := map[string]any{"email": "ada@app.example", "first_name": "Ada"}
		first, changed := loginOf("auth0|ada", fields), loginOf("auth0|ada", map[string]any{"first_name": "Augusta"})
		changed.Staff = new(true)
		bare := loginOf("auth0|ada", nil)
		var user userprovider.User
		for _, step := range []struct {
			name   string
			login  userprovider.Login
			atMost int
			writes bool
		}{
			{"the first login", first, 2, true},
			{"a login that changes nothing", first, 2, false},
			{"a login that changes something", changed, 1, true},
			{"that login again", changed, 2, false},
			{"a login that has no fields", bare, 2, false},
			{"the first login of somebody without fields", loginOf("auth0|bob", nil), 2, true},
		} {
			before := db.version(t)
			statements := db.counter.during(func() { user = mustSync(t, users, step.login) })
			if len(statements) > step.atMost || len(statements) == 0 {
				t.Errorf("%s is %d statements, want at most %d: %q",
					step.name, len(statements), step.atMost, statements)
			}
			if wrote := db.version(t) != before; wrote != step.writes {
				t.Errorf("%s writes: %t, want %t", step.name, wrote, step.writes)
			}
		}
		statements := db.counter.during(func() {
			if _, err := users.FindUser(t.Context(), user.ID); err != nil {
				t.Error(err)
			}
		})
		if len(statements) != 1 {
			t.Errorf("FindUser is %d statements, want 1: %q", len(statements), statements)
		}
	})
}

// TestNothingIsWrittenToTheFile asks SQLite itself, over a connection that does not write.
func TestNothingIsWrittenToTheFile(t *testing.T) {
	db := openSQLite(t)
	createPeople(t, db)
	users := mustNew(t, db, people(db.dialect))
	login := loginOf("auth0|ada", map[string]any{"first_name": "Ada"})
	watcher, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer watcher.Close()
	version := func() (n int) {
		if err := watcher.QueryRowContext(t.Context(), "PRAGMA data_version").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := version()
	mustSync(t, users, login)
	after := version()
	if after == before {
		t.Error("a first login did not move the data version, so this test sees nothing")
	}
	mustSync(t, users, login)
	if version() != after {
		t.Error("a login that changes nothing wrote to the file")
	}
}

// TestFindUserUsesTheIndex reads the database's own plan, among enough users for an index to pay.
func TestFindUserUsesTheIndex(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db)
		users := mustNew(t, db, people(db.dialect))
		mustExec(t, db.DB, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
			INSERT INTO users (issuer, subject) SELECT 'i', 'auth0|' || i FROM n`)
		mustExec(t, db.DB, "ANALYZE")
		statements := db.counter.during(func() {
			if _, err := users.FindUser(t.Context(), "4711"); err != nil {
				t.Error(err)
			}
		})
		explain, column := "EXPLAIN ", 0
		if db.dialect == sqlusers.SQLite {
			explain, column = "EXPLAIN QUERY PLAN ", 3
		}
		rows, err := db.Query(explain+statements[0], 4711)
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
		if !rows.Next() || rows.Scan(cells...) != nil || !isIndexed(plan) {
			t.Errorf("the plan is %q (%v)", plan, rows.Err())
		}
	})
}

func isIndexed(plan string) bool {
	return strings.Contains(plan, "SEARCH users USING INTEGER PRIMARY KEY") ||
		strings.Contains(plan, "Index Scan using users_pkey")
}

// TestTimes checks created_at, updated_at and last_login.
func TestTimes(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		type times struct {
			created, updated time.Time
			last             *time.Time
		}
		createPeople(t, db)
		table := sqlusers.Table[times]{
			Dialect: db.dialect,
			Select:  []string{"created_at", "updated_at", "last_login"},
			Scan: func(row sqlusers.Row) (u times, err error) {
				err = row.Scan(&u.created, &u.updated, &u.last)
				return u, err
			},
		}
		without := mustNew(t, db, table)
		table.Columns.LastLogin = "last_login"
		with := mustNew(t, db, table)
		past := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
		rewind := func() {
			mustExec(t, db.DB, "UPDATE users SET created_at = '2001-02-03 04:05:06+00:00', "+
				"updated_at = '2001-02-03 04:05:06+00:00', last_login = '2001-02-03 "+
				"04:05:06+00:00'")
		}
		isNow := func(moment time.Time) bool { return time.Since(moment).Abs() < time.Minute }
		login := loginOf("auth0|ada", map[string]any{"first_name": "Ada"})

		u := mustSync(t, without, login).Value.(times)
		if !isNow(u.created) || !isNow(u.updated) || u.last != nil {
			t.Errorf("a new user has the times %v", u)
		}
		rewind()
		u = mustSync(t, without, login).Value.(times)
		if !u.created.Equal(past) || !u.updated.Equal(past) || !u.last.Equal(past) {
			t.Errorf("after a login that changes nothing the times are %v", u)
		}
		u = mustSync(t, with, login).Value.(times)
		if !u.created.Equal(past) || !u.updated.Equal(past) || !isNow(*u.last) {
			t.Errorf("after a login that changes nothing, with a LastLogin column, the times are "+
				"%v", u)
		}
		rewind()
		login.Fields["first_name"] = "Augusta"
		u = mustSync(t, without, login).Value.(times)
		if !u.created.Equal(past) || !isNow(u.updated) || !u.last.Equal(past) {
			t.Errorf("after a login that changes something the times are %v", u)
		}
		rewind()
		login.Superuser = new(true)
		var user userprovider.User
		statements := db.counter.during(func() { user = mustSync(t, with, login) })
		if u := user.Value.(times); !u.created.Equal(past) || !isNow(u.updated) || !isNow(*u.last) || len(statements) != 1 {
			t.Errorf("after a login that changes something, with a LastLogin column, the times "+
				"are %v, by %q", u, statements)
		}
		u = mustSync(t, with, loginOf("auth0|bob", nil)).Value.(times)
		if !isNow(u.created) || !isNow(u.updated) || u.last == nil || !isNow(*u.last) {
			t.Errorf("a new user, with a LastLogin column, has the times %v", u)
		}
	})
}
