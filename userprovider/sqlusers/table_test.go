package sqlusers_test

import (
	"testing"

	"github.com/chiauth0/auth/userprovider"
	"github.com/chiauth0/auth/userprovider/sqlusers"
)

func TestNewChecksTheSettings(t *testing.T) {
	noIssuer := sqlusers.Columns{Issuer: sqlusers.NoColumn}
	for _, c := range []struct {
		name  string
		table table
		want  []string
	}{
		{"nothing set", table{}, []string{"Table.Dialect", "Table.Select and Scan"}},
		{"no such dialect", table{Dialect: 7}, []string{"Dialect(7)"}},
		{"no ID", table{Columns: sqlusers.Columns{ID: "-"}}, []string{"Table.Columns"}},
		{"no subject", table{Columns: sqlusers.Columns{Subject: "-"}}, []string{"Table.Columns"}},
		{"no issuer", table{Columns: noIssuer}, []string{"Table.Issuer is empty"}},
		{
			"two issuers",
			table{Issuer: issuer, Columns: sqlusers.Columns{Issuer: "iss"}},
			[]string{issuer, `"iss"`, "leave one of them empty"},
		},
		{
			"Reactivate without Active",
			table{Reactivate: true, Columns: sqlusers.Columns{Active: "-"}},
			[]string{"Table.Reactivate"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := sqlusers.New(t.Context(), nil, c.table)
			wantError(t, err, userprovider.ErrMisconfigured, c.want...)
		})
	}
}

// With a wrong issuer every login would fail.
func TestNewChecksTheFormOfTheIssuer(t *testing.T) {
	for _, wrong := range []string{
		"tenant.eu.auth0.com", "https://", "/", "https:/tenant.example", "ftp://tenant.example/",
		" https://tenant.example/", "://", "https://tenant.eu.auth0.com",
	} {
		_, err := sqlusers.New(t.Context(), nil, table{Issuer: wrong})
		wantError(t, err, userprovider.ErrMisconfigured, "Table.Issuer", wrong, "https://")
	}
	onEveryDialect(t, func(t *testing.T, db database) {
		mustExec(t, db.DB, "CREATE TABLE users ("+idColumn(db.dialect)+
			"subject text UNIQUE, email text, active boolean)")
		for _, name := range []string{
			"https://tenant.eu.auth0.com/", "https://login.app.example/",
			"https://accounts.google.com", "http://127.0.0.1:8080/realms/app",
		} {
			table := subjects(db.dialect)
			table.Issuer = name
			login := loginOf("at "+name, nil)
			login.Identity.Issuer = name
			mustSync(t, mustNew(t, db, table), login)
		}
	})
}

func TestNewCopiesTheTable(t *testing.T) {
	db := openSQLite(t)
	createPeople(t, db, "plan text NOT NULL")
	table := people(db.dialect)
	table.Defaults = map[string]any{"plan": "free"}
	users := mustNew(t, db, table)
	clear(table.Defaults)
	table.Select[0] = "id"
	user := mustSync(t, users, loginOf("auth0|ada", named("Ada")))
	if first := user.Value.(person).First; first != "Ada" {
		t.Errorf("the first name is %q, want Ada", first)
	}
}

// A table in another schema has the same name as one in the default schema.
func TestNameMayHaveASchema(t *testing.T) {
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
		_, err := sqlusers.New(t.Context(), db.DB, table)
		wantError(t, err, userprovider.ErrMisconfigured, "elsewhere")
	})
}
