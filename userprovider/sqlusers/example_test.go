package sqlusers_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/chiauth0/auth/userprovider"
	"github.com/chiauth0/auth/userprovider/sqlusers"
)

// An Account is the application's own user.
type Account struct {
	ID        int64
	FirstName string
	Plan      string
}

// scanAccount is for the provider and for the application's own queries.
func scanAccount(row sqlusers.Row) (*Account, error) {
	var a Account
	err := row.Scan(&a.ID, &a.FirstName, &a.Plan)
	return &a, err
}

func Example() {
	ctx := context.Background()
	dsn := "file:accounts?mode=memory&cache=shared&_pragma=busy_timeout(5000)"
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		log.Fatal(err)
	}
	schema := sqlusers.Schema(sqlusers.SQLite,
		"first_name text NOT NULL DEFAULT ''", "plan text NOT NULL")
	if _, err := db.ExecContext(ctx, schema); err != nil {
		log.Fatal(err)
	}

	users, err := sqlusers.New(ctx, db, sqlusers.Table[*Account]{
		Dialect:  sqlusers.SQLite,
		Select:   []string{"id", "first_name", "plan"},
		Scan:     scanAccount,
		Defaults: map[string]any{"plan": "free"},
	})
	if err != nil {
		log.Fatal(err)
	}

	// chiauth0 does this on every login, with cfg.Users = users and cfg.Mapping:
	mapping := userprovider.Mapping{Fields: map[string]string{"first_name": "given_name"}}
	login, _ := mapping.Apply(map[string]any{
		"iss": "https://tenant.eu.auth0.com/", "sub": "auth0|65a1", "given_name": "Ada",
	}, nil)
	user, err := users.SyncUser(ctx, login)
	if err != nil {
		log.Fatal(err)
	}
	account := user.Value.(*Account) // chiauth0.UserAs[*Account](ctx) in a handler
	fmt.Println(user.ID, user.Created, account.FirstName, account.Plan)

	// The table belongs to the application, which runs any other query itself.
	rows, err := db.QueryContext(ctx,
		"SELECT id, first_name, plan FROM users WHERE plan = ?", "free")
	if err != nil {
		log.Fatal(err)
	}
	for rows.Next() {
		account, err := scanAccount(rows)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(account.FirstName)
	}
	if err := errors.Join(rows.Err(), rows.Close(), db.Close()); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 1 true Ada free
	// Ada
}

// An application that uses pgx's own pool passes it through database/sql. Both use the same
// connections.
func ExampleNew_pgxpool() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, "postgres://localhost/app")
	if err != nil {
		log.Fatal(err)
	}
	users, err := sqlusers.New(ctx, stdlib.OpenDBFromPool(pool), sqlusers.Table[*Account]{
		Dialect: sqlusers.PostgreSQL,
		Select:  []string{"id", "first_name", "plan"},
		Scan:    scanAccount,
	})
	if err != nil {
		log.Fatal(err)
	}
	var _ userprovider.UserProvider = users // for chiauth0.Config.Users
}

// A mapping that cannot work is an error when the application starts: chiauth0 calls CheckFields
// with all mapped fields.
func ExampleProvider_CheckFields() {
	ctx := context.Background()
	db, err := sql.Open("sqlite", "file:fields?mode=memory&cache=shared&_pragma=busy_timeout(5000)")
	if err != nil {
		log.Fatal(err)
	}
	schema := sqlusers.Schema(sqlusers.SQLite, "first_name text")
	if _, err := db.ExecContext(ctx, schema); err != nil {
		log.Fatal(err)
	}
	users, err := sqlusers.New(ctx, db, sqlusers.Table[string]{
		Dialect: sqlusers.SQLite,
		Select:  []string{"subject"},
		Scan: func(row sqlusers.Row) (subject string, err error) {
			err = row.Scan(&subject)
			return subject, err
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(users.CheckFields([]string{"email", "first_name"}))
	for _, field := range []string{"staff", "created_at", "plan"} {
		err := users.CheckFields([]string{field})
		reason, _, _ := strings.Cut(err.Error(), ";")
		fmt.Println(errors.Is(err, userprovider.ErrMisconfigured), reason)
	}
	// Output:
	// <nil>
	// true sqlusers: table users: the field "staff" is a column that no claim may write
	// true sqlusers: table users: the field "created_at" is a column that no claim may write
	// true sqlusers: table users: the field "plan" is no column
}

// The default table, for an application that has no table yet.
func ExampleSchema() {
	fmt.Println(sqlusers.Schema(sqlusers.PostgreSQL, "first_name text"))
	// Output:
	// CREATE TABLE IF NOT EXISTS users (
	//   id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	//   issuer text NOT NULL,
	//   subject text NOT NULL,
	//   email text,
	//   active boolean NOT NULL DEFAULT true,
	//   staff boolean NOT NULL DEFAULT false,
	//   superuser boolean NOT NULL DEFAULT false,
	//   created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
	//   updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
	//   last_login timestamptz,
	//   first_name text,
	//   UNIQUE (issuer, subject)
	// )
}
