package sqlusers_test

import (
	"strings"
	"testing"

	"github.com/chiauth0/auth/userprovider"
	"github.com/chiauth0/auth/userprovider/sqlusers"
)

// TestFieldsThatNoClaimMayWrite: and at start and at login.
func TestFieldsThatNoClaimMayWrite(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		types := "pages bytea, tags text[], seen timestamptz, born date, place point"
		if db.dialect == sqlusers.SQLite {
			types = "pages blob, tags, seen timestamp, born date, place geometry"
		}
		mustExec(t, db.DB, `CREATE TABLE members (key text PRIMARY KEY DEFAULT 'k', tenant text, auth0_id text,
			mail text, enabled boolean, editor boolean, boss boolean, since timestamp, changed timestamp, seen_at timestamp,
			password text, is_staff boolean, role text, groups text, doubled text GENERATED ALWAYS AS (mail || mail) STORED,
			nickname text, `+types+`, UNIQUE (tenant, auth0_id))`)
		users := mustNew(t, db, sqlusers.Table[string]{
			Dialect: db.dialect, Name: "members", Select: []string{"key"}, Scan: scanString,
			Columns: sqlusers.Columns{
				ID: "key", Issuer: "tenant", Subject: "auth0_id", Email: "mail", Active: "enabled", Staff: "editor",
				Superuser: "boss", Created: "since", Updated: "changed", LastLogin: "seen_at",
			},
		})
		if err := users.CheckFields([]string{"email", "nickname"}); err != nil {
			t.Error(err)
		}
		refused := map[string][]string{
			"no claim may write": {
				"key", "tenant", "auth0_id", "mail", "enabled", "editor", "boss", "since", "changed", "seen_at",
				"password", "is_staff", "role", "groups",
			},
			"is no column": {
				"no_such", "NICKNAME", "Boss", "nickname ",
				`nickname"`, "nickname, boss", "members.nickname", "rowid", "ctid", "",
				"nickname\x00", "ſeen_at",
			},
			"the database alone writes": {"doubled"},
			"can hold no claim":         {"pages", "tags", "seen", "born", "place"},
		}
		var all []string
		for want, fields := range refused {
			for _, field := range fields {
				all = append(all, field)
				startErr := users.CheckFields([]string{"email", field, "nickname"})
				login := loginOf("auth0|ada", map[string]any{field: "x", "nickname": "ada"})
				_, loginErr := users.SyncUser(t.Context(), login)
				for _, err := range []error{startErr, loginErr} {
					if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "table members") {
						t.Errorf("%q: got %v, want %q", field, err, want)
					}
				}
			}
		}
		err := users.CheckFields(all)
		if n := len(err.(interface{ Unwrap() []error }).Unwrap()); n != len(all) {
			t.Errorf("of %d fields that cannot be mapped %d are named", len(all), n)
		}
		if n := db.query(t, "SELECT count(*) FROM members"); n != "0" {
			t.Errorf("logins that were refused left %s rows", n)
		}
	})
}

// TestLeftOutColumns: an e-mail column can be left out; a role that is mapped cannot.
func TestLeftOutColumns(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db)
		table := people(db.dialect)
		table.Columns = sqlusers.Columns{
			Email: sqlusers.NoColumn, Active: sqlusers.NoColumn, Staff: sqlusers.NoColumn, Superuser: sqlusers.NoColumn,
			Created: sqlusers.NoColumn, Updated: sqlusers.NoColumn,
		}
		mustExec(t, db.DB, "INSERT INTO users (issuer, subject, active, staff, superuser) VALUES "+
			"('"+issuer+"', 'auth0|ada', false, true, true)")
		users := mustNew(t, db, table)
		login := loginOf("auth0|ada", map[string]any{"email": "ada@app.example"})
		user := mustSync(t, users, login)
		if user.Value.(person).Email != nil || !user.Active || user.Staff || user.Superuser {
			t.Errorf("the user is %+v", user)
		}
		for role, set := range map[string]func(*userprovider.Login){
			"Staff":     func(l *userprovider.Login) { l.Staff = new(false) },
			"Superuser": func(l *userprovider.Login) { l.Superuser = new(true) },
		} {
			refused := login
			set(&refused)
			if _, err := users.SyncUser(t.Context(), refused); err == nil || !strings.Contains(err.Error(), role) {
				t.Errorf("a login that sets %s: %v", role, err)
			}
		}
	})
}
