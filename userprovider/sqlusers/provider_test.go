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

func TestDeletedUserComesBackAsANewUser(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db)
		users := mustNew(t, db, people(db.dialect))
		old := mustSync(t, users, loginOf("auth0|ada", nil))
		mustExec(t, db.DB, "DELETE FROM users")
		_, err := users.FindUser(t.Context(), old.ID)
		if !errors.Is(err, userprovider.ErrNotFound) {
			t.Errorf("FindUser of a deleted user returned the error %v, want ErrNotFound", err)
		}
		again := mustSync(t, users, loginOf("auth0|ada", nil))
		if again.ID == old.ID {
			t.Errorf("the ID %q was given twice", old.ID)
		}
		if !again.Created {
			t.Error("Created is false, want true")
		}
	})
}

func TestUserHasItsIdentity(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db)
		users := mustNew(t, db, people(db.dialect))
		user := mustSync(t, users, loginOf("auth0|ada", nil))
		if user.Issuer != issuer || user.Subject != "auth0|ada" || !user.Created {
			t.Errorf("the first login returned %+v, want its issuer, subject and Created "+
				"true", user)
		}
		for _, login := range []userprovider.Login{
			loginOf("auth0|ada", nil), loginOf("auth0|ada", named("Ada")),
		} {
			if user := mustSync(t, users, login); user.Created {
				t.Errorf("a later login returned %+v, want Created false", user)
			}
		}
		found := mustFind(t, users, user.ID)
		if found.Issuer != issuer || found.Subject != "auth0|ada" || found.Created {
			t.Errorf("FindUser returned %+v, want its issuer, subject and Created false", found)
		}
	})
}

// A row that was written by another program may have no identity and no flags.
func TestNullCountsAsFalse(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		mustExec(t, db.DB, `CREATE TABLE users (id text PRIMARY KEY, issuer text, subject text,
			active boolean, staff boolean, superuser boolean, email text,
			UNIQUE (issuer, subject))`)
		mustExec(t, db.DB, "INSERT INTO users (id, email) VALUES ('1', 'old@app.example')")
		mustExec(t, db.DB, "INSERT INTO users (id, issuer, subject) "+
			"VALUES ('2', '"+issuer+"', 'x')")
		table := sqlusers.Table[sql.NullString]{
			Dialect: db.dialect,
			Select:  []string{"email"},
			Scan: func(row sqlusers.Row) (email sql.NullString, err error) {
				err = row.Scan(&email)
				return email, err
			},
			Columns:  sqlusers.Columns{Created: sqlusers.NoColumn, Updated: sqlusers.NoColumn},
			Defaults: map[string]any{"id": "3"},
		}
		users := mustNew(t, db, table)
		user := mustFind(t, users, "1")
		if user.Active || user.Staff || user.Superuser || user.Issuer+user.Subject != "" {
			t.Errorf("FindUser returned %+v, want no flags and no identity", user)
		}
		login := loginOf("x", nil)
		login.Staff, login.Superuser = new(false), new(true)
		user = mustSync(t, users, login)
		if user.ID != "2" || user.Staff || !user.Superuser || user.Active {
			t.Errorf("a login returned %+v, want the inactive user 2 with Superuser", user)
		}
	})
}

// A subject of another issuer is another person, for whom the table has no place.
func TestTableWithOneIssuerRefusesOthers(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		mustExec(t, db.DB, sqlusers.Schema(db.dialect))
		mustExec(t, db.DB, "CREATE UNIQUE INDEX subjects ON users (subject)")
		users := mustNew(t, db, sqlusers.Table[string]{
			Dialect:  db.dialect,
			Issuer:   issuer,
			Select:   []string{"subject"},
			Scan:     scanString,
			Defaults: map[string]any{"issuer": "unused"},
		})
		user := mustSync(t, users, loginOf("auth0|ada", nil))
		if user.Issuer != issuer {
			t.Errorf("the issuer is %q, want %q", user.Issuer, issuer)
		}

		other := loginOf("auth0|ada", nil)
		other.Staff = new(true)
		for _, name := range []string{"https://other.example/", strings.TrimSuffix(issuer, "/")} {
			other.Identity.Issuer = name
			_, err := users.SyncUser(t.Context(), other)
			wantError(t, err, userprovider.ErrMisconfigured, "Table.Issuer", name, issuer)
			_, err = users.FindSubject(t.Context(), name, "auth0|ada")
			wantError(t, err, userprovider.ErrNotFound)
		}
		if mustFind(t, users, user.ID).Staff {
			t.Error("the login of another issuer wrote to the user")
		}
	})
}

func TestConflictNamesTheField(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db, "nickname text UNIQUE")
		users := mustNew(t, db, people(db.dialect))
		mustSync(t, users, loginOf("auth0|ada", map[string]any{"nickname": "countess"}))
		mustSync(t, users, loginOf("auth0|bob", map[string]any{"nickname": "bob"}))
		for _, subject := range []string{"auth0|bob", "auth0|new"} {
			fields := map[string]any{"nickname": "countess", "first_name": "X"}
			_, err := users.SyncUser(t.Context(), loginOf(subject, fields))
			wantError(t, err, userprovider.ErrConflict, "field nickname")
		}
		n := db.query(t, "SELECT count(*) FROM users WHERE first_name = 'X'")
		if n != "0" {
			t.Errorf("%s rows have fields of a login with a conflict, want 0", n)
		}
	})
}

// A column to which Ada equals ada still follows the claim.
func TestTextIsComparedByItsBytes(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		column := "nickname text COLLATE NOCASE"
		if db.dialect == sqlusers.PostgreSQL {
			mustExec(t, db.DB, "CREATE COLLATION nocase "+
				"(provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
			column = "nickname text COLLATE nocase"
		}
		createPeople(t, db, column)
		users := mustNew(t, db, people(db.dialect))
		for _, name := range []string{"ada", "Ada"} {
			mustSync(t, users, loginOf("auth0|ada", map[string]any{"nickname": name}))
			if got := db.query(t, "SELECT nickname FROM users"); got != name {
				t.Errorf("the nickname is %q, the login says %q", got, name)
			}
		}
	})
}

func TestDefaultsAreForNewUsers(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db, "plan text NOT NULL", "seats integer NOT NULL")
		table := people(db.dialect)
		table.Defaults = map[string]any{
			"plan": func(login userprovider.Login) any {
				return "of " + login.Identity.Subject
			},
			"seats":      3,
			"first_name": "unknown",
			"last_name":  "unknown",
			"active":     false,
			"staff":      true,
			"superuser":  true,
		}
		users := mustNew(t, db, table)
		login := loginOf("auth0|ada", named("Ada"))
		login.Superuser = new(false)
		for range 2 {
			user := mustSync(t, users, login)
			if user.Active || !user.Staff || user.Superuser {
				t.Errorf("the user is %+v, want an inactive one with Staff", user)
			}
			if p := user.Value.(person); p.First != "Ada" || p.Last != "unknown" {
				t.Errorf("the user is %+v, want the login's first name and the default last "+
					"name", p)
			}
			if rest := db.query(t, "SELECT plan || seats FROM users"); rest != "of auth0|ada3" {
				t.Errorf("plan and seats are %q, want %q", rest, "of auth0|ada3")
			}
		}

		mustExec(t, db.DB, "UPDATE users SET active = true, plan = 'gold', last_name = ''")
		user := mustSync(t, users, login)
		if !user.Active || user.Value.(person).Last != "" {
			t.Errorf("a later login wrote defaults: %+v", user)
		}
		if plan := db.query(t, "SELECT plan FROM users"); plan != "gold" {
			t.Errorf("after a later login the plan is %q, want gold", plan)
		}
	})
}

// The default of a unique column is made for new users only. An existing user whose nickname
// another user has as a user name can log in.
func TestDefaultsAreNotTriedOnExistingUsers(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db, "username text NOT NULL UNIQUE CHECK (username <> 'admin')")
		table := people(db.dialect)
		table.Defaults = map[string]any{"username": func(login userprovider.Login) any {
			return login.Claims["nickname"]
		}}
		users := mustNew(t, db, table)
		for subject, nickname := range map[string]string{"auth0|ada": "ada", "auth0|bob": "bob"} {
			login := loginOf(subject, named("A"))
			login.Claims = map[string]any{"nickname": nickname}
			mustSync(t, users, login)
		}
		for _, nickname := range []any{"bob", "admin", nil} {
			login := loginOf("auth0|ada", named("B"))
			login.Claims = map[string]any{"nickname": nickname}
			mustSync(t, users, login)
		}
	})
}

// PostgreSQL cuts off spaces at the end of a text that is too long for its column. The shorter
// subject can be another person's.
func TestSubjectIsNotCut(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db)
		if db.dialect == sqlusers.PostgreSQL {
			mustExec(t, db.DB,
				"ALTER TABLE users ALTER subject TYPE varchar(9), ALTER issuer TYPE varchar(30)")
		}
		users := mustNew(t, db, people(db.dialect))
		spaced, err := users.SyncUser(t.Context(), loginOf("auth0|ada ", nil))
		if db.dialect == sqlusers.PostgreSQL {
			wantError(t, err, userprovider.ErrInvalid, `"subject"`, "holds 9 characters")
		}
		if user := mustSync(t, users, loginOf("auth0|ada", nil)); user.ID == spaced.ID {
			t.Error("the subjects with and without a space are one user")
		}
		if n := db.query(t, "SELECT count(*) FROM users WHERE subject = 'auth0|ada'"); n != "1" {
			t.Errorf("%s rows have the subject auth0|ada, want 1", n)
		}
	})
}

// An ID that the database reads as another one is not found.
func TestUserIsFoundByTheExactID(t *testing.T) {
	for id, wrong := range map[string][]string{
		"bigint PRIMARY KEY DEFAULT 7": {
			"07", "+7", "7.0", "7 ", "0x7", "७", "9223372036854775808", "-7",
		},
		"smallint PRIMARY KEY DEFAULT 7": {"07", "65543"},
		"text PRIMARY KEY DEFAULT 'a'":   {"A", "a ", "á", "a\x00", "\xff"},
		"uuid PRIMARY KEY DEFAULT '10000000-aaaa-0000-0000-000000000000'": {
			"10000000-AAAA-0000-0000-000000000000", "{10000000-aaaa-0000-0000-000000000000}",
			"10000000aaaa00000000000000000000", "nonsense", "", "\x00",
		},
	} {
		t.Run(id, func(t *testing.T) {
			onEveryDialect(t, func(t *testing.T, db database) {
				definition := id
				if db.dialect == sqlusers.SQLite {
					definition = strings.Replace(id, "uuid", "text", 1)
				}
				mustExec(t, db.DB, "CREATE TABLE users (id "+definition+`,
					issuer text, subject text,
					active boolean, email text, UNIQUE (issuer, subject))`)
				users := mustNew(t, db, subjects(db.dialect))
				user := mustSync(t, users, loginOf("auth0|ada", nil))
				if found := mustFind(t, users, user.ID); found.ID != user.ID {
					t.Errorf("FindUser(%q) returned %+v", user.ID, found)
				}
				for _, id := range wrong {
					found, err := users.FindUser(t.Context(), id)
					if !errors.Is(err, userprovider.ErrNotFound) {
						t.Errorf("FindUser(%q) returned %+v, %v, want ErrNotFound", id, found, err)
					}
				}
			})
		})
	}
}

// selecting is a Querier that counts statements, as a wrapper for tracing does.
type selecting struct {
	db    *sql.DB
	count int
}

func (s *selecting) QueryContext(
	ctx context.Context, query string, args ...any,
) (*sql.Rows, error) {
	s.count++
	return s.db.QueryContext(ctx, query, args...)
}

func TestNewTakesAnyQuerier(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db)
		querier := &selecting{db: db.DB}
		users, err := sqlusers.New(t.Context(), querier, people(db.dialect))
		if err != nil {
			t.Fatal(err)
		}
		before := querier.count
		user := mustSync(t, users, loginOf("auth0|ada", nil))
		mustFind(t, users, user.ID)
		if n := querier.count - before; n != 3 {
			t.Errorf("a first login and a look-up are %d statements, want 3", n)
		}
	})
}

func TestNewNeedsADatabase(t *testing.T) {
	_, err := sqlusers.New(t.Context(), nil, people(sqlusers.SQLite))
	if err == nil || !strings.Contains(err.Error(), "db is nil") {
		t.Errorf("New returned the error %v, want one about db", err)
	}
}

// wantError checks the kind of an error, and parts of its text.
func wantError(t testing.TB, err, kind error, parts ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("got the error %v, want the kind %v", err, kind)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not contain %q: %v", part, err)
		}
	}
}
