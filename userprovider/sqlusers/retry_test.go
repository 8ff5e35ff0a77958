package sqlusers_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"testing"
	"time"

	"github.com/chiauth0/auth/userprovider"
	"github.com/chiauth0/auth/userprovider/sqlusers"
)

func TestPassingErrorsAreRetried(t *testing.T) {
	db := openPostgreSQL(t)
	createPeople(t, db)
	querier := &fake{Querier: db.DB}
	users, err := sqlusers.New(t.Context(), querier, people(db.dialect))
	if err != nil {
		t.Fatal(err)
	}
	user := mustSync(t, users, loginOf("auth0|ada", nil))
	for _, passing := range []error{
		stateError{"40001", "could not serialize access"},
		stateError{"40P01", "deadlock detected"},
		stateError{"57P01", "terminating connection due to administrator command"},
		stateError{"0A000", "cached plan must not change result type"},
		fmt.Errorf("write failed: %w", syscall.EPIPE),
		fmt.Errorf("read failed: %w", syscall.ECONNRESET),
		fmt.Errorf("read failed: %w", io.ErrUnexpectedEOF),
	} {
		for _, failures := range []int{1, 5} {
			querier.faults = repeat(passing, failures)
			if _, err := users.SyncUser(t.Context(), loginOf("auth0|ada", nil)); err != nil {
				t.Errorf("SyncUser after %d times %v: %v", failures, passing, err)
			}
			querier.faults = repeat(passing, failures)
			if _, err := users.FindUser(t.Context(), user.ID); err != nil {
				t.Errorf("FindUser after %d times %v: %v", failures, passing, err)
			}
			querier.faults = repeat(passing, failures)
			if _, err := users.FindSubject(t.Context(), issuer, "auth0|ada"); err != nil {
				t.Errorf("FindSubject after %d times %v: %v", failures, passing, err)
			}
		}

		querier.faults, querier.calls = repeat(passing, 100), 0
		began := time.Now()
		_, err := users.FindUser(t.Context(), user.ID)
		if !errors.Is(err, passing) || querier.calls != 6 {
			t.Errorf("%d statements ended with %v, want 6 and %v", querier.calls, err, passing)
		}
		wantOutage(t, err)
		if waited := time.Since(began); waited > time.Second {
			t.Errorf("the retries took %v, want less than 160 ms", waited)
		}
	}
}

func TestOtherErrorsAreNotRetried(t *testing.T) {
	db := openPostgreSQL(t)
	createPeople(t, db)
	querier := &fake{Querier: db.DB}
	users, err := sqlusers.New(t.Context(), querier, people(db.dialect))
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range []string{"08006", "23514", "42703", "53300", "57014"} {
		querier.faults, querier.calls = repeat(stateError{state, "boom"}, 100), 0
		if _, err := users.FindUser(t.Context(), "1"); err == nil || querier.calls != 1 {
			t.Errorf("SQLSTATE %s: %d statements ended with %v, want 1 and an error",
				state, querier.calls, err)
		}
	}
}

// A unique violation is tried once more, since the row may be that of a simultaneous first login.
func TestUniqueViolationIsTriedOnceMore(t *testing.T) {
	db := openPostgreSQL(t)
	createPeople(t, db)
	querier := &fake{Querier: db.DB}
	users, err := sqlusers.New(t.Context(), querier, people(db.dialect))
	if err != nil {
		t.Fatal(err)
	}
	violation := stateError{"23505", "duplicate key value"}
	querier.faults = repeat(violation, 1)
	mustSync(t, users, loginOf("auth0|ada", nil))

	querier.faults, querier.calls = repeat(violation, 100), 0
	_, err = users.SyncUser(t.Context(), loginOf("auth0|ada", nil))
	wantError(t, err, userprovider.ErrConflict)
	if querier.calls != 2 {
		t.Errorf("a conflict took %d statements, want 2", querier.calls)
	}
}

func TestRetriesEndWithTheRequest(t *testing.T) {
	db := openPostgreSQL(t)
	createPeople(t, db)
	querier := &fake{Querier: db.DB}
	users, err := sqlusers.New(t.Context(), querier, people(db.dialect))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	querier.faults, querier.calls = repeat(stateError{"40001", "boom"}, 100), 0
	if _, err := users.FindUser(ctx, "1"); err == nil || querier.calls > 3 {
		t.Errorf("a cancelled request made %d statements and ended with %v, want a few and an "+
			"error",
			querier.calls, err)
	}
}

func repeat(err error, n int) []error {
	faults := make([]error, n)
	for i := range faults {
		faults[i] = err
	}
	return faults
}

// A restart or a failover of the server leaves a pool of closed connections.
func TestLoginsSurviveClosedConnections(t *testing.T) {
	db := openPostgreSQL(t)
	createPeople(t, db)
	pool := db.reopen(t, "application_name=pool")
	pool.SetMaxIdleConns(4)
	users := mustNew(t, pool, people(db.dialect))
	for round := range 3 {
		together(4, func(int) error { // opens connections, or finds out that they are closed
			_, err := pool.ExecContext(t.Context(), "SELECT pg_sleep(0.05)")
			return err
		})
		mustExec(t, db.DB, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "+
			"WHERE application_name = 'pool'")
		time.Sleep(50 * time.Millisecond)
		user := mustSync(t, users, loginOf("auth0|ada", named(fmt.Sprint(round))))
		mustFind(t, users, user.ID)
	}
}

// A migration makes the prepared statements of all connections invalid.
func TestLoginsSurviveMigrations(t *testing.T) {
	db := openPostgreSQL(t)
	createPeople(t, db)
	pool := db.reopen(t, "application_name=pool")
	pool.SetMaxIdleConns(4)
	users := mustNew(t, pool, people(db.dialect))
	login := loginOf("auth0|ada", named("Ada"))
	user := mustSync(t, users, login)
	for _, migration := range []string{
		"ALTER TABLE users ADD COLUMN plan text",
		"ALTER TABLE users ALTER first_name TYPE varchar(50)",
		"ALTER TABLE users ALTER email TYPE varchar(300)",
		"ALTER TABLE users ALTER first_name TYPE text",
	} {
		for _, when := range []string{"before", "after"} {
			faults := together(8, func(int) error {
				_, err := users.FindUser(t.Context(), user.ID)
				_, syncErr := users.SyncUser(t.Context(), login)
				return errors.Join(err, syncErr)
			})
			if len(faults) > 0 {
				t.Errorf("%s %q %d of 8 calls failed, the first with %v",
					when, migration, len(faults), faults[0])
			}
			if when == "before" {
				mustExec(t, db.DB, migration)
			}
		}
	}
}
