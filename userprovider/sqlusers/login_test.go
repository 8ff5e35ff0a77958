package sqlusers_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/chiauth0/auth/userprovider"
	"github.com/chiauth0/auth/userprovider/sqlusers"
)

// TestSimultaneousFirstLogins:
func TestSimultaneousFirstLogins(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db)
		users := mustNew(t, db, people(db.dialect))
		ids, faults := make([]string, 50), make([]error, 50)
		start := make(chan struct{})
		var all sync.WaitGroup
		for i := range ids {
			all.Go(func() {
				<-start
				user, err := users.SyncUser(t.Context(), loginOf("auth0|ada", map[string]any{"first_name": fmt.Sprint(i)}))
				ids[i], faults[i] = user.ID, err
			})
		}
		close(start)
		all.Wait()
		for i, id := range ids {
			if id != ids[0] || faults[i] != nil {
				t.Errorf("login %d made the user %q (%v), login 0 %q", i, id, faults[i], ids[0])
			}
		}
		if n := db.query(t, "SELECT count(*) FROM users"); n != "1" {
			t.Errorf("50 simultaneous first logins left %s rows", n)
		}
	})
}

// TestDeletedUserIsANewOne: The new user must not be in the sessions of the old one.
func TestDeletedUserIsANewOne(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db)
		users := mustNew(t, db, people(db.dialect))
		old := mustSync(t, users, loginOf("auth0|ada", nil))
		mustExec(t, db.DB, "DELETE FROM users")
		if _, err := users.FindUser(t.Context(), old.ID); !errors.Is(err, userprovider.ErrNotFound) {
			t.Errorf("the deleted user is found: %v", err)
		}
		if again := mustSync(t, users, loginOf("auth0|ada", nil)); again.ID == old.ID {
			t.Errorf("the ID %q was given twice", old.ID)
		}
	})
}

// TestInactive:
func TestInactive(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db)
		table := people(db.dialect)
		users := mustNew(t, db, table)
		login := loginOf("auth0|ada", map[string]any{"first_name": "Ada"})
		id := mustSync(t, users, login).ID
		mustExec(t, db.DB, "UPDATE users SET active = false")
		if found, err := users.FindUser(t.Context(), id); err != nil || found.Active {
			t.Errorf("found %+v, %v; want an inactive user", found, err)
		}
		if mustSync(t, users, login).Active {
			t.Error("a login made an inactive user active")
		}
		table.Reactivate = true
		if !mustSync(t, mustNew(t, db, table), login).Active {
			t.Error("a login did not make an inactive user active, with Reactivate")
		}
	})
}

// TestNullIsNo: a row that others wrote may have no say on roles.
func TestNullIsNo(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		mustExec(t, db.DB, "CREATE TABLE users (id text PRIMARY KEY, subject text UNIQUE, active "+
			"boolean, staff boolean, superuser boolean, email text)")
		mustExec(t, db.DB, "INSERT INTO users (id, subject) VALUES ('1', 'auth0|ada')")
		users := mustNew(t, db, sqlusers.Table[string]{
			Dialect: db.dialect, Issuer: issuer, Select: []string{"subject"}, Scan: scanString,
			Columns:  sqlusers.Columns{Created: sqlusers.NoColumn, Updated: sqlusers.NoColumn},
			Defaults: map[string]any{"id": "2"},
		})
		user, err := users.FindUser(t.Context(), "1")
		if err != nil || user.Active || user.Staff || user.Superuser || user.Value != "auth0|ada" {
			t.Errorf("found %+v, %v", user, err)
		}
		login := loginOf("auth0|ada", nil)
		login.Staff, login.Superuser = new(false), new(true)
		if user := mustSync(t, users, login); user.ID != "1" || user.Staff || !user.Superuser {
			t.Errorf("a login made it %+v", user)
		}
	})
}

// TestPinnedIssuer: the same subject at another issuer is another person, whom such a table has no
// place for.
func TestPinnedIssuer(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		mustExec(t, db.DB, sqlusers.Schema(db.dialect))
		mustExec(t, db.DB, "CREATE UNIQUE INDEX subjects ON users (subject)")
		table := sqlusers.Table[string]{
			Dialect: db.dialect, Issuer: issuer, Select: []string{"subject"}, Scan: scanString,
			Defaults: map[string]any{"issuer": "unused"},
		}
		users := mustNew(t, db, table)
		mustSync(t, users, loginOf("auth0|ada", nil))
		stranger := loginOf("auth0|ada", nil)
		stranger.Identity.Issuer = "https://other.example/"
		stranger.Staff = new(true)
		_, err := users.SyncUser(t.Context(), stranger)
		if err == nil || !strings.Contains(err.Error(), "Table.Issuer") || !strings.Contains(err.Error(), "other.example") {
			t.Errorf("another issuer's auth0|ada: %v", err)
		}
		if user := mustSync(t, users, loginOf("auth0|ada", nil)); user.Staff {
			t.Error("the other issuer's login reached the user")
		}
	})
}

// TestConflict:
func TestConflict(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db, "nickname text CONSTRAINT one_nickname_each UNIQUE")
		users := mustNew(t, db, people(db.dialect))
		mustSync(t, users, loginOf("auth0|ada", map[string]any{"nickname": "countess"}))
		mustSync(t, users, loginOf("auth0|bob", map[string]any{"nickname": "bob"}))
		for _, subject := range []string{"auth0|bob", "auth0|new"} {
			_, err := users.SyncUser(t.Context(), loginOf(subject, map[string]any{"nickname": "countess", "first_name": "X"}))
			if !errors.Is(err, userprovider.ErrConflict) || !strings.Contains(err.Error(), "nickname") {
				t.Errorf("%s, who wants a nickname that is taken, gets %v", subject, err)
			}
		}
		if n := db.query(t, "SELECT count(*) FROM users WHERE first_name = 'X'"); n != "0" {
			t.Errorf("a login with a conflict stored something in %s rows", n)
		}
	})
}

// TestTextIsComparedByItsBytes: a column that takes Ada and ada for equal still follows the claim.
func TestTextIsComparedByItsBytes(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		column := "nickname text COLLATE NOCASE"
		if db.dialect == sqlusers.PostgreSQL {
			mustExec(t, db.DB, "CREATE COLLATION nocase (provider = icu, locale = "+
				"'und-u-ks-level2', deterministic = false)")
			column = "nickname text COLLATE nocase"
		}
		createPeople(t, db, column)
		users := mustNew(t, db, people(db.dialect))
		for _, name := range []string{"ada", "Ada"} {
			mustSync(t, users, loginOf("auth0|ada", map[string]any{"nickname": name}))
			if have := db.query(t, "SELECT nickname FROM users"); have != name {
				t.Errorf("the nickname is %q, the login says %q", have, name)
			}
		}
	})
}

// TestDatabaseDown: An error that is none of the provider's answers becomes a 503.
func TestDatabaseDown(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db)
		users := mustNew(t, db, people(db.dialect))
		user := mustSync(t, users, loginOf("auth0|ada", nil))
		db.Close()
		if _, err := sqlusers.New(t.Context(), db.DB, people(db.dialect)); err == nil {
			t.Error("New works without a database")
		}
		_, syncErr := users.SyncUser(t.Context(), loginOf("auth0|ada", nil))
		_, findErr := users.FindUser(t.Context(), user.ID)
		for _, err := range []error{syncErr, findErr} {
			if err == nil || errors.Is(err, userprovider.ErrNotFound) || errors.Is(err, userprovider.ErrRefused) ||
				errors.Is(err, userprovider.ErrConflict) {
				t.Errorf("with the database down: %v", err)
			}
		}
	})
}

func scanString(row sqlusers.Row) (s string, err error) {
	err = row.Scan(&s)
	return s, err
}

// TestDefaults: what a new user starts with, and what wins over it.
func TestDefaults(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db, "plan text NOT NULL", "seats integer NOT NULL")
		table := people(db.dialect)
		table.Defaults = map[string]any{
			"plan":       func(login userprovider.Login) any { return "of " + login.Identity.Subject },
			"seats":      3,
			"first_name": "nobody", "last_name": "nobody",
			"active": false, "staff": true, "superuser": true,
		}
		users := mustNew(t, db, table)
		login := loginOf("auth0|ada", map[string]any{"first_name": "Ada"})
		login.Superuser = new(false)
		for range 2 {
			user := mustSync(t, users, login)
			if p := user.Value.(person); user.Active || !user.Staff || user.Superuser || p.First != "Ada" || p.Last != "nobody" {
				t.Errorf("the user is %+v", user)
			}
			if rest := db.query(t, "SELECT plan || seats FROM users"); rest != "of auth0|ada3" {
				t.Errorf("plan and seats are %q", rest)
			}
		}
		mustExec(t, db.DB, "UPDATE users SET active = true, plan = 'gold', last_name = ''")
		if user := mustSync(t, users, login); !user.Active || user.Value.(person).Last != "" {
			t.Errorf("a later login wrote defaults: %+v", user)
		}
		if plan := db.query(t, "SELECT plan FROM users"); plan != "gold" {
			t.Errorf("a later login made the plan %q", plan)
		}
	})
}

// TestScanFaults: what the application's function does wrong is said in its terms.
func TestScanFaults(t *testing.T) {
	db := openSQLite(t)
	createPeople(t, db)
	for want, scan := range map[string]func(sqlusers.Row) (person, error){
		"Table.Select names 3 columns, and Scan takes 1": func(row sqlusers.Row) (p person, err error) {
			return p, row.Scan(&p.First)
		},
		"did not call": func(sqlusers.Row) (p person, err error) { return p, nil },
		"out of cheese": func(sqlusers.Row) (p person, err error) {
			return p, errors.New("out of " +
				"cheese")
		},
	} {
		table := people(db.dialect)
		table.Scan = scan
		_, err := mustNew(t, db, table).SyncUser(context.Background(), loginOf("auth0|ada", nil))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestSubjectIsNeverCut: PostgreSQL cuts spaces off the end of what is too long for a column,
// without a word, and whoever can choose such a subject would be there before the other.
func TestSubjectIsNeverCut(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db)
		if db.dialect == sqlusers.PostgreSQL {
			mustExec(t, db.DB, "ALTER TABLE users ALTER subject TYPE varchar(9), ALTER issuer "+
				"TYPE varchar(30)")
		}
		users := mustNew(t, db, people(db.dialect))
		spaced, err := users.SyncUser(t.Context(), loginOf("auth0|ada ", nil))
		if db.dialect == sqlusers.PostgreSQL && (err == nil || !strings.Contains(err.Error(), `"subject"`)) {
			t.Errorf("a subject that the column would cut: %+v, %v", spaced, err)
		}
		if user := mustSync(t, users, loginOf("auth0|ada", nil)); user.ID == spaced.ID {
			t.Error("auth0|ada is whoever came with a space")
		}
		if n := db.query(t, "SELECT count(*) FROM users WHERE subject = 'auth0|ada'"); n != "1" {
			t.Errorf("%s rows have the subject auth0|ada", n)
		}
	})
}
