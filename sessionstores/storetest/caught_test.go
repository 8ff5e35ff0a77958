package storetest

import (
	"context"
	"errors"
	"maps"
	"sync"
	"testing"

	"github.com/alexedwards/scs/v2"
)

// A faultTable has mistakes of stores by the name of the check that is meant to catch them.
type faultTable map[string]map[string]func(f *faulty)

var faultTables = []faultTable{
	storeFaults, ctxFaults, backendFaults, updateFaults, renewFaults, revokeFaults, raceFaults,
	expiryFaults, indexFaults,
}

// The suite passes on the wrapper without a fault, and on a store that holds other sessions: all
// checks use the same one.
func TestStoreWithoutFaultPasses(t *testing.T) {
	t.Parallel()
	store := newFaulty()
	Run(t, func(*testing.T) scs.Store { return store })
}

// Each fault is caught by the check that is meant for it, and each check catches a fault.
func TestFaultsAreCaught(t *testing.T) {
	checks := map[string][]boundCheck{}
	for _, group := range allChecks() {
		for _, c := range group.checks {
			checks[c.name] = append(checks[c.name], c)
		}
	}
	unused := maps.Clone(checks)

	var wg sync.WaitGroup
	defer wg.Wait()
	slots := make(chan struct{}, 6) // more checks at a time would be late
	for _, table := range faultTables {
		for check, faults := range table {
			delete(unused, check)
			if checks[check] == nil {
				t.Fatalf("there is no check %q", check)
			}
			for fault, apply := range faults {
				run := func() {
					t.Run(fault, func(t *testing.T) { caught(t, checks[check], apply) })
				}
				if checks[check][0].waits {
					wg.Go(func() {
						slots <- struct{}{}
						defer func() { <-slots }()
						run()
					})
					continue
				}
				run()
			}
		}
	}
	for check := range unused {
		t.Errorf("no fault shows that the check %q catches anything", check)
	}
}

// caught fails the test if the checks pass on a store with a fault.
func caught(t *testing.T, checks []boundCheck, apply func(*faulty)) {
	t.Helper()
	var err error
	for _, c := range checks {
		store := newFaulty()
		apply(store)
		err = errors.Join(err, c.run(context.WithoutCancel(t.Context()), store))
	}
	if err == nil {
		t.Fatalf("the check %q passed, want a failure", checks[0].name)
	}
	t.Log(err)
}
