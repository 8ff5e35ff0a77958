package sqlusers_test

import (
	"context"
	"crypto/rand"
	"testing"

	"github.com/chiauth0/auth/userprovider"
	"github.com/chiauth0/auth/userprovider/providertest"
	"github.com/chiauth0/auth/userprovider/sqlusers"
)

func TestProviderConforms(t *testing.T) {
	for name, create := range map[string]func(*testing.T, database) sqlusers.Table[person]{
		"default table":        createDefault,
		"unique e-mails":       createUniqueEmails,
		"last login is stored": createLastLogin,
		"odd names":            createOddNames,
	} {
		t.Run(name, func(t *testing.T) {
			onEveryDialect(t, func(t *testing.T, db database) {
				table := create(t, db)
				users := mustNew(t, db, table)
				config := providertest.Config{Read: readPerson}
				if table.Columns.Active != sqlusers.NoColumn {
					config.SetActive = setActive(db)
				}
				if table.Name == "" {
					config.Delete = deleteRow(db)
				}
				config.Run(t, func(*testing.T) userprovider.UserProvider { return users })
			})
		})
	}
}

func TestProviderWithSoftDeleteConforms(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db, "deleted_at timestamp")
		users := mustNew(t, db, people(db.dialect))
		config := providertest.Config{
			Read:      readPerson,
			SetActive: setActive(db),
			Delete: func(ctx context.Context, user userprovider.User) error {
				_, err := db.ExecContext(ctx,
					"UPDATE users SET deleted_at = CURRENT_TIMESTAMP WHERE id = "+user.ID)
				return err
			},
		}
		config.Run(t, func(*testing.T) userprovider.UserProvider { return users })
	})
}

func TestProviderThatReactivatesConforms(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db)
		table := people(db.dialect)
		table.Reactivate = true
		users := mustNew(t, db, table)
		config := providertest.Config{
			Read: readPerson, SetActive: setActive(db), Delete: deleteRow(db), Reactivates: true,
		}
		config.Run(t, func(*testing.T) userprovider.UserProvider { return users })
	})
}

func setActive(db database) func(context.Context, userprovider.User, bool) error {
	return func(ctx context.Context, user userprovider.User, active bool) error {
		value := "false"
		if active {
			value = "true"
		}
		_, err := db.ExecContext(ctx, "UPDATE users SET active = "+value+" WHERE id = "+user.ID)
		return err
	}
}

func deleteRow(db database) func(context.Context, userprovider.User) error {
	return func(ctx context.Context, user userprovider.User) error {
		_, err := db.ExecContext(ctx, "DELETE FROM users WHERE id = "+user.ID)
		return err
	}
}

func createDefault(t *testing.T, db database) sqlusers.Table[person] {
	createPeople(t, db)
	return people(db.dialect)
}

// createUniqueEmails has an index on a hash, since an index of PostgreSQL cannot hold a megabyte.
func createUniqueEmails(t *testing.T, db database) sqlusers.Table[person] {
	createPeople(t, db)
	expression := "email"
	if db.dialect == sqlusers.PostgreSQL {
		expression = "md5(email)"
	}
	mustExec(t, db.DB, "CREATE UNIQUE INDEX users_email ON users ("+expression+")")
	return people(db.dialect)
}

func createLastLogin(t *testing.T, db database) sqlusers.Table[person] {
	createPeople(t, db)
	table := people(db.dialect)
	table.Columns.LastLogin = "last_login"
	return table
}

// createOddNames has names that need quotes, and text as the ID.
func createOddNames(t *testing.T, db database) sqlusers.Table[person] {
	mustExec(t, db.DB, `CREATE TABLE "the ""users"" %s" (
		"ID" text PRIMARY KEY, "select" text NOT NULL, "from;--" text NOT NULL,
		"a ""b""" boolean, "$1" boolean, "?1" text, first_name text, last_name text,
		UNIQUE ("select", "from;--"))`)
	table := people(db.dialect)
	table.Name = `the "users" %s`
	table.Select = []string{"first_name", "last_name", "?1"}
	table.Columns = sqlusers.Columns{
		ID:        "ID",
		Issuer:    "select",
		Subject:   "from;--",
		Email:     "?1",
		Staff:     `a "b"`,
		Superuser: "$1",
		Active:    sqlusers.NoColumn,
		Created:   sqlusers.NoColumn,
		Updated:   sqlusers.NoColumn,
	}
	table.Defaults = map[string]any{
		"ID":         func(userprovider.Login) any { return rand.Text() },
		"first_name": "",
		"last_name":  "",
	}
	return table
}
