package sqlusers_test

import (
	"testing"

	"github.com/chiauth0/auth/userprovider"
	"github.com/chiauth0/auth/userprovider/sqlusers"
)

// createMembers makes a table whose columns have other names and all kinds of types.
func createMembers(t *testing.T, db database) *sqlusers.Provider[string] {
	types := "pages bytea, tags text[], seen timestamptz, born date, place point"
	if db.dialect == sqlusers.SQLite {
		types = "pages blob, tags, seen timestamp, born date, place geometry"
	}
	mustExec(t, db.DB, `CREATE TABLE members (key text PRIMARY KEY DEFAULT 'k',
		tenant text, auth0_id text, mail text, enabled boolean, editor boolean, boss boolean,
		since timestamp, changed timestamp, seen_at timestamp, gone timestamp,
		password text, is_staff boolean, role text, groups text, nickname text,
		doubled text GENERATED ALWAYS AS (mail || mail) STORED, `+types+`,
		UNIQUE (tenant, auth0_id))`)
	return mustNew(t, db, sqlusers.Table[string]{
		Dialect: db.dialect,
		Name:    "members",
		Select:  []string{"key"},
		Scan:    scanString,
		Columns: sqlusers.Columns{
			ID:        "key",
			Issuer:    "tenant",
			Subject:   "auth0_id",
			Email:     "mail",
			Active:    "enabled",
			DeletedAt: "gone",
			Staff:     "editor",
			Superuser: "boss",
			Created:   "since",
			Updated:   "changed",
			LastLogin: "seen_at",
		},
	})
}

func TestFieldsThatNoClaimMayWriteAreRefused(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		users := createMembers(t, db)
		var all []string
		for want, fields := range map[string][]string{
			"no claim may write": {
				"key", "tenant", "auth0_id", "mail", "enabled", "gone", "editor", "boss",
				"since", "changed", "seen_at", "password", "is_staff",
			},
			"is no column": {
				"no_such", "NICKNAME", "Boss", "nickname ", `nickname"`, "nickname, boss",
				"members.nickname", "rowid", "ctid", "", "nickname\x00", "ſeen_at",
			},
			"the database computes": {"doubled"},
			"can hold no claim":     {"pages", "tags", "seen", "born", "place"},
		} {
			for _, field := range fields {
				all = append(all, field)
				startErr := users.CheckFields([]string{"email", field, "nickname"})
				login := loginOf("auth0|ada", map[string]any{field: "x", "nickname": "ada"})
				_, loginErr := users.SyncUser(t.Context(), login)
				for _, err := range []error{startErr, loginErr} {
					wantError(t, err, userprovider.ErrMisconfigured, want, "table members")
				}
			}
		}
		err := users.CheckFields(all)
		if n := len(err.(interface{ Unwrap() []error }).Unwrap()); n != len(all) {
			t.Errorf("the error names %d fields, want %d", n, len(all))
		}
		if n := db.query(t, "SELECT count(*) FROM members"); n != "0" {
			t.Errorf("refused logins left %s rows, want 0", n)
		}
	})
}

// Mapping.Validate lets a claim write these fields only if its name is a URL.
func TestFieldsForRightsCanBeWritten(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		users := createMembers(t, db)
		if err := users.CheckFields([]string{"email", "nickname", "role", "groups"}); err != nil {
			t.Error(err)
		}
		fields := map[string]any{"role": "editor", "groups": []any{"a", "b"}}
		mustSync(t, users, loginOf("auth0|ada", fields))
		got := db.query(t, "SELECT role || groups FROM members")
		if want := `editor["a","b"]`; got != want {
			t.Errorf("role and groups are %q, want %q", got, want)
		}
	})
}

func TestEmailColumnCanBeLeftOut(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db)
		table := people(db.dialect)
		table.Columns = sqlusers.Columns{
			Email:     sqlusers.NoColumn,
			Active:    sqlusers.NoColumn,
			Staff:     sqlusers.NoColumn,
			Superuser: sqlusers.NoColumn,
			Created:   sqlusers.NoColumn,
			Updated:   sqlusers.NoColumn,
		}
		mustExec(t, db.DB, "INSERT INTO users (issuer, subject, active, staff, superuser) "+
			"VALUES ('"+issuer+"', 'auth0|ada', false, true, true)")
		users := mustNew(t, db, table)
		login := loginOf("auth0|ada", map[string]any{"email": "ada@app.example"})
		user := mustSync(t, users, login)
		if user.Value.(person).Email != nil || !user.Active || user.Staff || user.Superuser {
			t.Errorf("the user is %+v, want an active one without e-mail and roles", user)
		}
	})
}

func TestRolesNeedAColumn(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db)
		complete := mustNew(t, db, people(db.dialect))
		if err := complete.CheckRoles(true, true); err != nil {
			t.Errorf("CheckRoles of a table with both columns: %v", err)
		}

		table := people(db.dialect)
		table.Columns.Staff, table.Columns.Superuser = sqlusers.NoColumn, sqlusers.NoColumn
		users := mustNew(t, db, table)
		if err := users.CheckRoles(false, false); err != nil {
			t.Errorf("CheckRoles(false, false): %v", err)
		}
		for role, set := range map[string]func(*userprovider.Login){
			"Staff":     func(l *userprovider.Login) { l.Staff = new(false) },
			"Superuser": func(l *userprovider.Login) { l.Superuser = new(true) },
		} {
			err := users.CheckRoles(role == "Staff", role == "Superuser")
			wantError(t, err, userprovider.ErrMisconfigured, "Table.Columns."+role)
			login := loginOf("auth0|ada", nil)
			set(&login)
			_, err = users.SyncUser(t.Context(), login)
			wantError(t, err, userprovider.ErrMisconfigured, "Mapping."+role+"Group")
		}
	})
}
