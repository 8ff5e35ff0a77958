package sqlusers_test

import (
	"testing"

	"github.com/chiauth0/auth/userprovider"
	"github.com/chiauth0/auth/userprovider/sqlusers"
)

// otherColumns are the columns of a table that a test is not about.
const otherColumns = `issuer text NOT NULL, subject text NOT NULL, email text,
	UNIQUE (issuer, subject))`

func idColumn(dialect sqlusers.Dialect) string {
	if dialect == sqlusers.SQLite {
		return "id INTEGER PRIMARY KEY AUTOINCREMENT, "
	}
	return "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
}

// A table that lets in users after an approval has a default of its own for the active column.
func TestTableDecidesWhetherNewUsersAreActive(t *testing.T) {
	for column, want := range map[string]bool{
		"active boolean":                                 true,
		"active boolean DEFAULT NULL":                    true,
		"active boolean NOT NULL":                        true,
		"active boolean NOT NULL DEFAULT true":           true,
		"active boolean NOT NULL DEFAULT false":          false,
		"banned boolean, active boolean DEFAULT (1 = 2)": false,
		"deleted boolean DEFAULT false, " +
			"active boolean GENERATED ALWAYS AS (NOT deleted) STORED": true,
		"approved boolean DEFAULT false, " +
			"active boolean GENERATED ALWAYS AS (approved) STORED": false,
	} {
		t.Run(column, func(t *testing.T) {
			onEveryDialect(t, func(t *testing.T, db database) {
				mustExec(t, db.DB,
					"CREATE TABLE users ("+idColumn(db.dialect)+column+", "+otherColumns)
				users := mustNew(t, db, subjects(db.dialect))
				for i := range 2 {
					user := mustSync(t, users, loginOf("auth0|ada", map[string]any{"email": "x"}))
					if user.Active != want {
						t.Errorf("after login %d Active is %t, want %t", i+1, user.Active, want)
					}
				}
			})
		})
	}
}

func TestDefaultOfTheApplicationWinsOverTheTables(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db)
		table := people(db.dialect)
		table.Defaults = map[string]any{"active": false}
		if mustSync(t, mustNew(t, db, table), loginOf("auth0|ada", nil)).Active {
			t.Error("Active is true, want the false of Table.Defaults")
		}
	})
}

func TestDeletedAtMarksDeletedUsers(t *testing.T) {
	for name, columns := range map[string]sqlusers.Columns{
		"deleted_at": {},
		"removed":    {DeletedAt: "removed"},
	} {
		t.Run(name, func(t *testing.T) {
			onEveryDialect(t, func(t *testing.T, db database) {
				createPeople(t, db, name+" timestamp")
				table := people(db.dialect)
				table.Columns = columns
				table.Reactivate = true
				users := mustNew(t, db, table)
				login := loginOf("auth0|ada", named("Ada"))
				user := mustSync(t, users, login)
				if !user.Active {
					t.Error("a new user is not active")
				}

				mustExec(t, db.DB, "UPDATE users SET "+name+" = CURRENT_TIMESTAMP")
				if mustFind(t, users, user.ID).Active {
					t.Error("FindUser returned a deleted user with Active true")
				}
				if again := mustSync(t, users, login); again.Active || again.ID != user.ID {
					t.Errorf("a login of a deleted user returned %+v, want Active false", again)
				}
				err := users.CheckFields([]string{name})
				wantError(t, err, userprovider.ErrMisconfigured, name, "no claim may write")

				mustExec(t, db.DB, "UPDATE users SET "+name+" = NULL")
				if !mustFind(t, users, user.ID).Active {
					t.Error("FindUser returned a restored user with Active false")
				}
			})
		})
	}
}

func TestDeletedAtCanBeLeftOut(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db, "deleted_at integer NOT NULL DEFAULT 0")
		table := people(db.dialect)
		_, err := sqlusers.New(t.Context(), db.DB, table)
		wantError(t, err, userprovider.ErrMisconfigured, `"deleted_at"`, "DeletedAt", "NoColumn")

		table.Columns.DeletedAt = sqlusers.NoColumn
		user := mustSync(t, mustNew(t, db, table), loginOf("auth0|ada", nil))
		if !user.Active {
			t.Error("Active is false, want true")
		}
	})
}

// A column that the database computes is never written.
func TestComputedColumnsAreNotWritten(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		mustExec(t, db.DB, "CREATE TABLE users ("+idColumn(db.dialect)+`
			kind text,
			staff boolean GENERATED ALWAYS AS (kind IS NOT NULL) STORED,
			superuser boolean GENERATED ALWAYS AS (kind IS NOT NULL) STORED,
			active boolean GENERATED ALWAYS AS (kind IS NULL) STORED,
			created_at timestamp, updated_at timestamp, `+otherColumns)
		users := mustNew(t, db, sqlusers.Table[string]{
			Dialect: db.dialect, Select: []string{"subject"}, Scan: scanString,
		})
		user := mustSync(t, users, loginOf("auth0|ada", map[string]any{"kind": "admin"}))
		if !user.Staff || !user.Superuser || user.Active {
			t.Errorf("the user is %+v, want the values that the database computes", user)
		}
		login := loginOf("auth0|ada", nil)
		login.Staff = new(true)
		_, err := users.SyncUser(t.Context(), login)
		wantError(t, err, userprovider.ErrMisconfigured, `"staff"`, "Mapping.StaffGroup")
	})
}
