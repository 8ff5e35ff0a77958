// Package storetest is a conformance suite for session stores: what package scs asks of its [scs.Store], and what
// [sessionstores.Backend] and [sessionstores.Namer] ask beyond that. It is for the authors of stores; the stores of this
// module pass it.
package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
)

// Run puts a store through the suite, each check in a subtest of its own. Every store is tested as an [scs.Store]; one
// that is an [scs.CtxStore], [scs.IterableStore], [scs.IterableCtxStore], [sessionstores.Backend] or [sessionstores.Namer]
// is tested as that too. Assert the interfaces that the store is meant to have with a declaration such as
//
//	var _ sessionstores.Backend = (*Store)(nil)
//
// or a method that is missing will only leave out its checks.
//
// newStore is called at the start of each check, and may return the same store or a new one: keys are random, and other
// sessions may be in the store. Times may be rounded to a second. The suite waits for expiries, about four seconds
// altogether, and up to two more for a store that rounds. It leaves sessions behind, most of which expire within an hour.
//
// Run the suite with the race detector.
func Run(t *testing.T, newStore func(t *testing.T) scs.Store) {
	store := newStore(t)
	group(t, "scs.Store", newStore, store, storeChecks)
	group(t, "scs.CtxStore", newStore, store, ctxChecks)
	group(t, "scs.IterableStore", newStore, store, iterableChecks)
	group(t, "scs.IterableCtxStore", newStore, store, iterableCtxChecks)
	group[sessionstores.Backend](t, "sessionstores.Backend", newStore, store, backendChecks)
	group[sessionstores.Namer](t, "sessionstores.Namer", newStore, store, namerChecks)
}

// A check is one promise of the interface S. It answers with an error rather than failing a test, so that the suite can be
// tested itself: on stores that break their promises.
type check[S any] struct {
	name string
	run  func(ctx context.Context, store S) error
}

// checkTimeout ends a check whose store hangs and heeds its context.
const checkTimeout = time.Minute

// group runs the checks for S if the store is one.
func group[S any](t *testing.T, name string, newStore func(t *testing.T) scs.Store, store scs.Store, checks []check[S]) {
	if _, ok := store.(S); !ok {
		return
	}
	t.Run(name, func(t *testing.T) {
		for _, c := range checks {
			t.Run(c.name, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), checkTimeout)
				defer cancel()
				store, ok := newStore(t).(S)
				if !ok {
					t.Fatalf("newStore returned a %T, which is no %s, after one that was", store, name)
				}
				if err := c.run(ctx, store); err != nil {
					t.Error(err)
				}
			})
		}
	})
}
