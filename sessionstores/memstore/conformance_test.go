package memstore_test

import (
	"testing"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores/memstore"
	"github.com/chiauth0/auth/sessionstores/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) scs.Store {
		store := memstore.New()
		t.Cleanup(func() { _ = store.Close() })
		return store
	})
}
