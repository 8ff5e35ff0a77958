package storetest

import (
	"context"
	"maps"
	"testing"
)

// checksByName are the checks of every group, to be run on a faulty store.
func checksByName() map[string]func(ctx context.Context, store *faulty) error {
	byName := map[string]func(context.Context, *faulty) error{}
	add(byName, storeChecks)
	add(byName, ctxChecks)
	add(byName, iterableChecks)
	add(byName, iterableCtxChecks)
	add(byName, backendChecks)
	add(byName, namerChecks)
	return byName
}

func add[S any](byName map[string]func(context.Context, *faulty) error, checks []check[S]) {
	for _, c := range checks {
		byName[c.name] = func(ctx context.Context, store *faulty) error { return c.run(ctx, any(store).(S)) }
	}
}

// The suite is worth what it catches: each fault is seen by the check that is there for it, each check sees a fault, and
// sees none in the same store without one.
func TestFaultsAreCaught(t *testing.T) {
	byName := checksByName()
	idle := maps.Clone(byName)
	for _, table := range []faultTable{storeFaults, backendFaults, logoutFaults, namerFaults} {
		for check, faults := range table {
			delete(idle, check)
			run := byName[check]
			if run == nil {
				t.Fatalf("there is no check %q", check)
			}
			for name, spoil := range faults {
				t.Run(name, func(t *testing.T) {
					t.Parallel() // most of the time is spent waiting
					store := newFaulty()
					spoil(store)
					err := run(t.Context(), store)
					if err == nil {
						t.Fatalf("not caught by %q", check)
					}
					t.Log(err)
				})
			}
		}
	}
	for name := range idle {
		t.Errorf("no fault shows that the check %q catches anything", name)
	}
	for name, run := range byName {
		t.Run("honest: "+name, func(t *testing.T) {
			t.Parallel()
			if err := run(t.Context(), newFaulty()); err != nil {
				t.Error(err)
			}
		})
	}
}
