package storetest_test

import (
	"testing"

	"github.com/alexedwards/scs/v2"
	scsmemstore "github.com/alexedwards/scs/v2/memstore"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/memstore"
	"github.com/chiauth0/auth/sessionstores/storetest"
)

var _ sessionstores.Namer = (*memstore.Store)(nil)

// The test of a store is this, in its own package.
func ExampleRun() {
	_ = func(t *testing.T) { // func TestStore(t *testing.T)
		storetest.Run(t, func(t *testing.T) scs.Store {
			store := memstore.New()
			t.Cleanup(func() { _ = store.Close() })
			return store
		})
	}
}

func TestMemstorePasses(t *testing.T) {
	storetest.Run(t, func(t *testing.T) scs.Store {
		store := memstore.New()
		t.Cleanup(func() { _ = store.Close() })
		return store
	})
}

// A store of which other tests hold sessions passes as well: the suite does not want it for itself.
func TestSharedStorePasses(t *testing.T) {
	store := memstore.New()
	defer store.Close()
	storetest.Run(t, func(t *testing.T) scs.Store { return store })
}

// The suite asks no more of a plain store than scs does: scs's own passes.
func TestPlainStorePasses(t *testing.T) {
	storetest.Run(t, func(t *testing.T) scs.Store { return scsmemstore.NewWithCleanupInterval(0) })
}
