package sqlusers_test

import (
	"context"
	"crypto/rand"
	"testing"

	"github.com/chiauth0/auth/userprovider"
	"github.com/chiauth0/auth/userprovider/providertest"
	"github.com/chiauth0/auth/userprovider/sqlusers"
)

// A person is the application's own user in these tests.
type person struct {
	First, Last string
	Email       *string
}

func scanPerson(row sqlusers.Row) (p person, err error) {
	err = row.Scan(&p.First, &p.Last, &p.Email)
	return p, err
}

// people is the default table with two fields.
func people(dialect sqlusers.Dialect) sqlusers.Table[person] {
	return sqlusers.Table[person]{
		Dialect: dialect,
		Select:  []string{"first_name", "last_name", "email"},
		Scan:    scanPerson,
	}
}

func createPeople(t testing.TB, db database, columns ...string) {
	t.Helper()
	columns = append([]string{
		"first_name text NOT NULL DEFAULT ''", "last_name text NOT NULL DEFAULT ''",
	}, columns...)
	mustExec(t, db.DB, sqlusers.Schema(db.dialect, columns...))
}

func mustNew[T any](t testing.TB, db database, table sqlusers.Table[T]) *sqlusers.Provider[T] {
	t.Helper()
	users, err := sqlusers.New(context.Background(), db.DB, table)
	if err != nil {
		t.Fatal(err)
	}
	return users
}

func readPerson(user userprovider.User) map[string]any {
	p := user.Value.(person)
	fields := map[string]any{"first_name": p.First, "last_name": p.Last}
	if p.Email != nil {
		fields["email"] = *p.Email
	}
	return fields
}

func TestConforms(t *testing.T) {
	config := providertest.Config{Read: readPerson}
	tables := map[string]func(t *testing.T, db database) sqlusers.Table[person]{
		"default table": func(t *testing.T, db database) sqlusers.Table[person] {
			createPeople(t, db)
			return people(db.dialect)
		},
		"unique e-mails": func(t *testing.T, db database) sqlusers.Table[person] {
			createPeople(t, db)
			// Of a hash, because PostgreSQL's index takes no megabyte.
			expression := "email"
			if db.dialect == sqlusers.PostgreSQL {
				expression = "md5(email)"
			}
			mustExec(t, db.DB, "CREATE UNIQUE INDEX users_email ON users ("+expression+")")
			return people(db.dialect)
		},
		"last login kept": func(t *testing.T, db database) sqlusers.Table[person] {
			createPeople(t, db)
			table := people(db.dialect)
			table.Columns.LastLogin = "last_login"
			return table
		},
		"names that need quotes, and text for IDs": func(t *testing.T, db database) sqlusers.Table[person] {
			mustExec(t, db.DB, `CREATE TABLE "the ""users"" %s" ("ID" text PRIMARY KEY, "select" text NOT NULL,
				"from;--" text NOT NULL, "a ""b""" boolean, "$1" boolean, "?1" text, first_name text, last_name text,
				UNIQUE ("select", "from;--"))`)
			table := people(db.dialect)
			table.Name = `the "users" %s`
			table.Select = []string{"first_name", "last_name", "?1"}
			table.Columns = sqlusers.Columns{
				ID: "ID", Issuer: "select", Subject: "from;--", Email: "?1", Staff: `a "b"`, Superuser: "$1",
				Active: sqlusers.NoColumn, Created: sqlusers.NoColumn, Updated: sqlusers.NoColumn,
			}
			table.Defaults = map[string]any{
				"ID": func(userprovider.Login) any { return rand.Text() }, "first_name": "", "last_name": "",
			}
			return table
		},
	}
	for name, create := range tables {
		t.Run(name, func(t *testing.T) {
			onEveryDialect(t, func(t *testing.T, db database) {
				users := mustNew(t, db, create(t, db))
				config.Run(t, func(*testing.T) userprovider.UserProvider { return users })
			})
		})
	}
}
