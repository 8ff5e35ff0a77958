package sqlusers_test

import (
	"context"
	"testing"

	"github.com/chiauth0/auth/userprovider"
	"github.com/chiauth0/auth/userprovider/sqlusers"
)

const issuer = "https://tenant.eu.auth0.com/"

// A person is the application's own user in these tests.
type person struct {
	First, Last string
	Email       *string
}

func scanPerson(row sqlusers.Row) (p person, err error) {
	err = row.Scan(&p.First, &p.Last, &p.Email)
	return p, err
}

func readPerson(user userprovider.User) map[string]any {
	p := user.Value.(person)
	fields := map[string]any{"first_name": p.First, "last_name": p.Last}
	if p.Email != nil {
		fields["email"] = *p.Email
	}
	return fields
}

func scanString(row sqlusers.Row) (s string, err error) {
	err = row.Scan(&s)
	return s, err
}

// people is the default table with two fields.
func people(dialect sqlusers.Dialect) sqlusers.Table[person] {
	return sqlusers.Table[person]{
		Dialect: dialect,
		Select:  []string{"first_name", "last_name", "email"},
		Scan:    scanPerson,
	}
}

// subjects is a table whose users are their subjects, without times and roles.
func subjects(dialect sqlusers.Dialect) sqlusers.Table[string] {
	return sqlusers.Table[string]{
		Dialect: dialect,
		Select:  []string{"subject"},
		Scan:    scanString,
		Columns: sqlusers.Columns{
			Staff:     sqlusers.NoColumn,
			Superuser: sqlusers.NoColumn,
			Created:   sqlusers.NoColumn,
			Updated:   sqlusers.NoColumn,
		},
	}
}

func createPeople(t testing.TB, db database, columns ...string) {
	t.Helper()
	columns = append([]string{
		"first_name text NOT NULL DEFAULT ''",
		"last_name text NOT NULL DEFAULT ''",
	}, columns...)
	mustExec(t, db.DB, sqlusers.Schema(db.dialect, columns...))
}

func mustNew[T any](
	t testing.TB, db database, table sqlusers.Table[T],
) *sqlusers.Provider[T] {
	t.Helper()
	users, err := sqlusers.New(context.Background(), db.DB, table)
	if err != nil {
		t.Fatal(err)
	}
	return users
}

func loginOf(subject string, fields map[string]any) userprovider.Login {
	return userprovider.Login{
		Identity: userprovider.Identity{Issuer: issuer, Subject: subject},
		Fields:   fields,
	}
}

func named(first string) map[string]any { return map[string]any{"first_name": first} }

func mustSync[T any](
	t testing.TB, users *sqlusers.Provider[T], login userprovider.Login,
) userprovider.User {
	t.Helper()
	user, err := users.SyncUser(t.Context(), login)
	if err != nil {
		t.Fatal(err)
	}
	return user
}

func mustFind[T any](t testing.TB, users *sqlusers.Provider[T], id string) userprovider.User {
	t.Helper()
	user, err := users.FindUser(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return user
}
