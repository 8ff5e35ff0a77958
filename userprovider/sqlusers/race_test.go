package sqlusers_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/chiauth0/auth/userprovider/sqlusers"
)

// together calls a function n times at once and returns the errors.
func together(n int, call func(i int) error) (faults []error) {
	start := make(chan struct{})
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			if err := call(i); err != nil {
				mu.Lock()
				defer mu.Unlock()
				faults = append(faults, err)
			}
		})
	}
	close(start)
	all.Wait()
	return faults
}

func TestSimultaneousFirstLoginsMakeOneUser(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db)
		users := mustNew(t, db, people(db.dialect))
		ids := make([]string, 50)
		created := make([]bool, len(ids))
		faults := together(len(ids), func(i int) error {
			user, err := users.SyncUser(t.Context(), loginOf("auth0|ada", named(fmt.Sprint(i))))
			ids[i], created[i] = user.ID, user.Created
			return err
		})
		if len(faults) > 0 {
			t.Errorf("%d logins failed, the first with %v", len(faults), faults[0])
		}
		n := 0
		for i, id := range ids {
			if id != ids[0] {
				t.Errorf("login %d made the user %q, login 0 %q", i, id, ids[0])
			}
			if created[i] {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d logins returned Created true, want 1", n)
		}
		if rows := db.query(t, "SELECT count(*) FROM users"); rows != "1" {
			t.Errorf("50 simultaneous first logins left %s rows, want 1", rows)
		}
	})
}

// The row that a simultaneous first login of the same user inserted has the same e-mail. Which
// index reports it first depends on the order in which they were created.
func TestUserHasNoConflictWithThemselves(t *testing.T) {
	for _, constraints := range []string{
		"email text UNIQUE, issuer text, subject text, UNIQUE (issuer, subject)",
		"issuer text, subject text, email text, UNIQUE (issuer, subject), UNIQUE (email)",
	} {
		t.Run(constraints, func(t *testing.T) {
			onEveryDialect(t, func(t *testing.T, db database) {
				mustExec(t, db.DB, "CREATE TABLE users ("+idColumn(db.dialect)+
					"active boolean, "+constraints+")")
				users := mustNew(t, db, subjects(db.dialect))
				for round := range 20 {
					subject := fmt.Sprint("auth0|", round)
					fields := map[string]any{"email": subject + "@app.example"}
					faults := together(4, func(int) error {
						_, err := users.SyncUser(t.Context(), loginOf(subject, fields))
						return err
					})
					if len(faults) > 0 {
						t.Fatalf("round %d: %d of 4 logins failed, the first with %v",
							round, len(faults), faults[0])
					}
				}
			})
		})
	}
}

// A database can be configured to run every statement in a stricter isolation level.
func TestLoginsSucceedAtEveryIsolationLevel(t *testing.T) {
	for _, level := range []string{"read committed", "repeatable read", "serializable"} {
		t.Run(level, func(t *testing.T) {
			db := openPostgreSQL(t)
			createPeople(t, db)
			setting := "default_transaction_isolation=" + strings.ReplaceAll(level, " ", "%20")
			db = db.reopen(t, setting)
			if got := db.query(t, "SHOW default_transaction_isolation"); got != level {
				t.Fatalf("the isolation level is %q, want %q", got, level)
			}
			users := mustNew(t, db, people(sqlusers.PostgreSQL))
			for round := range 5 {
				faults := together(8, func(i int) error {
					login := loginOf(fmt.Sprint("auth0|", round), named(fmt.Sprint(i)))
					_, err := users.SyncUser(t.Context(), login)
					return err
				})
				if len(faults) > 0 {
					t.Fatalf("%d of 8 simultaneous logins failed, the first with %v",
						len(faults), faults[0])
				}
			}
		})
	}
}
