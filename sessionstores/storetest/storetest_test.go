package storetest_test

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/alexedwards/scs/sqlite3store"
	"github.com/alexedwards/scs/v2"
	scsmemstore "github.com/alexedwards/scs/v2/memstore"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/memstore"
	"github.com/chiauth0/auth/sessionstores/storetest"
)

var _ sessionstores.IndexedBackend = (*memstore.Store)(nil)

// The test of a store, in the package of the store.
func ExampleRun() {
	_ = func(t *testing.T) { // func TestStore(t *testing.T)
		storetest.Run(t, func(t *testing.T) scs.Store {
			store := memstore.New()
			t.Cleanup(func() { _ = store.Close() })
			return store
		})
	}
}

// A plain store of package scs passes.
func TestPlainStorePasses(t *testing.T) {
	t.Parallel()
	db := openSQLite(t, `CREATE TABLE sessions (
		token TEXT PRIMARY KEY, data BLOB NOT NULL, expiry REAL NOT NULL
	)`)
	storetest.Run(t, func(*testing.T) scs.Store {
		return sqlite3store.NewWithCleanupInterval(db, 0)
	})
}

// The memstore of package scs keeps the slices it is given and returns the slices it keeps. Run
// reports that, and no other failure. The suite runs in another process because it must fail.
func TestSharedSlicesAreReported(t *testing.T) {
	const child = "STORETEST_CHILD"
	if os.Getenv(child) != "" {
		storetest.Run(t, func(*testing.T) scs.Store {
			return scsmemstore.NewWithCleanupInterval(0)
		})
		return
	}

	t.Parallel()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0],
		"-test.run", "^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), child+"=1")
	output, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatalf("the suite passed, want two failures:\n%s", output)
	}

	var got []string
	for line := range strings.Lines(string(output)) {
		_, failed, ok := strings.Cut(line, "--- FAIL: "+t.Name()+"/scs.Store/")
		if ok {
			name, _, _ := strings.Cut(failed, " ")
			got = append(got, strings.ReplaceAll(name, "_", " "))
		}
	}
	want := []string{
		"the slice that is given is neither changed nor kept",
		"the slice that is returned belongs to the caller",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the failures are %q, want %q:\n%s", got, want, output)
	}
}
