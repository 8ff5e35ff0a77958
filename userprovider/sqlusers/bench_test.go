package sqlusers_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/chiauth0/auth/userprovider/sqlusers"
)

// BenchmarkRequest is a whole request of a signed-in user, with the session in memory and the user
// in the database. Beside it is the query alone, and a request that does not ask for the user.
func BenchmarkRequest(b *testing.B) {
	onEveryDialectB(b, func(b *testing.B, db database) {
		users := fill(b, db)
		app, request := signedIn(b, users)
		user := mustSync(b, users, loginOf("auth0|4711", nil))
		b.Run("by hand", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				byHand(b, db, user.ID)
			}
		})
		b.Run("FindUser", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := users.FindUser(b.Context(), user.ID); err != nil {
					b.Fatal(err)
				}
			}
		})
		for _, path := range []string{"/user", "/quiet"} {
			b.Run("request"+path, func(b *testing.B) {
				r := request(path)
				b.ReportAllocs()
				for b.Loop() {
					answer := httptest.NewRecorder()
					app.ServeHTTP(answer, r)
					if answer.Code != http.StatusOK {
						b.Fatal(answer.Code)
					}
				}
			})
		}
	})
}

// BenchmarkSyncUser is a login of an existing user.
func BenchmarkSyncUser(b *testing.B) {
	onEveryDialectB(b, func(b *testing.B, db database) {
		users := fill(b, db)
		login := loginOf("auth0|4711",
			map[string]any{"first_name": "Ada", "last_name": "Lovelace", "email": ada})
		for name, change := range map[string]bool{"unchanged": false, "changed": true} {
			b.Run(name, func(b *testing.B) {
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					if change {
						login.Fields["last_name"] = strconv.Itoa(i)
					}
					mustSync(b, users, login)
				}
			})
		}
	})
}

// fill makes a table of ten thousand people.
func fill(b *testing.B, db database) *sqlusers.Provider[person] {
	createPeople(b, db)
	mustExec(b, db.DB, fmt.Sprintf(`WITH RECURSIVE n(i) AS
			(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
		INSERT INTO users (issuer, subject, first_name)
		SELECT '%s', 'auth0|' || i, 'Ada' FROM n`, issuer))
	mustExec(b, db.DB, "ANALYZE")
	return mustNew(b, db, people(db.dialect))
}

func byHand(b *testing.B, db database, id string) {
	query := "SELECT id, active, staff, superuser, first_name, last_name, email FROM users WHERE " +
		"id = $1"
	if db.dialect == sqlusers.SQLite {
		query = "SELECT id, active, staff, superuser, first_name, last_name, email FROM users " +
			"WHERE id = ?1"
	}
	key, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	var found int64
	var active, staff, superuser bool
	var p person
	var email sql.NullString
	row := db.QueryRowContext(b.Context(), query, key)
	if err := row.Scan(&found, &active, &staff, &superuser, &p.First, &p.Last, &email); err != nil {
		b.Fatal(err)
	}
}

func onEveryDialectB(b *testing.B, benchmark func(b *testing.B, db database)) {
	b.Run("SQLite", func(b *testing.B) { benchmark(b, openSQLite(b)) })
	b.Run("PostgreSQL", func(b *testing.B) { benchmark(b, openPostgreSQL(b)) })
}
