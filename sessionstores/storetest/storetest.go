// Package storetest is a conformance suite for session stores. It checks what package scs requires
// of an [scs.Store], and what [sessionstores.Backend] and [sessionstores.IndexedBackend] require
// beyond that. It is meant for authors of stores.
package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
)

// Run runs the suite on a store, each check in a subtest. Every store is checked as an [scs.Store].
// A store that is an [scs.CtxStore], [scs.IterableStore], [scs.IterableCtxStore],
// [sessionstores.Backend] or [sessionstores.IndexedBackend] is checked as that too. If a method is
// missing, the checks of that interface are left out, so the test should contain a declaration such
// as
//
//	var _ sessionstores.Backend = (*Store)(nil)
//
// newStore is called at the start of each check. It may return the same store each time or a new
// one. The store may hold other sessions: keys are random. A store may round times to a second. The
// sessions of the suite that are left in the store expire within an hour, except for a few that
// expire within three days.
//
// The suite takes about six seconds. It should be run with the race detector as well.
//
// Two checks require that a store neither keeps the slice it is given nor returns the slice it
// keeps. Some stores of package scs fail them, such as its memstore. Package sessionstores copies
// the data of these stores and works with them, but applications that call them directly may not.
func Run(t *testing.T, newStore func(t *testing.T) scs.Store) {
	store := newStore(t)
	var waiting []boundCheck
	for _, group := range allChecks() {
		if !group.applies(store) {
			continue
		}
		t.Run(group.name, func(t *testing.T) {
			for _, c := range group.checks {
				if c.waits {
					c.name = group.name + ": " + c.name
					waiting = append(waiting, c)
					continue
				}
				t.Run(c.name, func(t *testing.T) { runCheck(t, newStore(t), c) })
			}
		})
	}

	// These checks wait for an expiry. They wait at the same time, which t.Parallel does not
	// achieve: it runs as many tests as there are processors.
	t.Run("over time", func(t *testing.T) {
		var wg sync.WaitGroup
		var mu sync.Mutex // newStore may not be safe for concurrent use
		for _, c := range waiting {
			wg.Go(func() {
				t.Run(c.name, func(t *testing.T) {
					mu.Lock()
					store := newStore(t)
					mu.Unlock()
					runCheck(t, store, c)
				})
			})
		}
		wg.Wait()
	})
}

// checkTimeout ends a check if the store hangs and honors its context.
const checkTimeout = time.Minute

func runCheck(t *testing.T, store scs.Store, c boundCheck) {
	ctx, cancel := context.WithTimeout(t.Context(), checkTimeout)
	defer cancel()
	if err := c.run(ctx, store); err != nil {
		t.Error(err)
	}
}

// A check is one requirement of an interface. C is the checker for that interface. A check keeps
// its failure in the checker and does not fail a test, so that the suite can be tested on faulty
// stores.
type check[C any] struct {
	name  string
	run   func(c C)
	waits bool // for an expiry
}

// A checkGroup has the checks of one interface.
type checkGroup struct {
	name    string
	applies func(store scs.Store) bool
	checks  []boundCheck
}

// A boundCheck is a check without its type parameter. It returns the failure.
type boundCheck struct {
	name  string
	run   func(ctx context.Context, store scs.Store) error
	waits bool
}

func allChecks() []checkGroup {
	return []checkGroup{
		newGroup("scs.Store", newStoreChecker, storeChecks),
		newGroup("scs.CtxStore", newCtxChecker, ctxChecks),
		newGroup("scs.IterableStore", newIterableChecker, iterableChecks),
		newGroup("scs.IterableCtxStore", newIterableCtxChecker, iterableChecks),
		newGroup("sessionstores.Backend", newBackendChecker, backendChecks),
		newGroup("sessionstores.IndexedBackend", newIndexChecker, indexChecks),
	}
}

// newGroup binds checks to newChecker, which returns false for a store without the interface.
func newGroup[C interface{ failure() error }](
	name string,
	newChecker func(ctx context.Context, store scs.Store) (C, bool),
	checks []check[C],
) checkGroup {
	group := checkGroup{name: name, applies: func(store scs.Store) bool {
		_, ok := newChecker(context.Background(), store)
		return ok
	}}
	for _, c := range checks {
		run := func(ctx context.Context, store scs.Store) error {
			checker, ok := newChecker(ctx, store)
			if !ok {
				return fmt.Errorf("newStore returned a %T, which is no %s as the first store",
					store, name)
			}
			c.run(checker)
			return checker.failure()
		}
		group.checks = append(group.checks, boundCheck{c.name, run, c.waits})
	}
	return group
}
