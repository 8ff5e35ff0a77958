package chiauth0

import (
	"crypto/rand"
	"testing"
)

func TestUsedStates(t *testing.T) {
	t.Parallel()
	var used usedStates
	ids := make([]string, 2*maxUsed+1)
	for i := range ids {
		ids[i] = rand.Text()
		if used.has(ids[i]) || !used.use(ids[i]) {
			t.Fatalf("ID %d counts as used, want unused", i)
		}
		if !used.has(ids[i]) || used.use(ids[i]) {
			t.Fatalf("ID %d can be used twice", i)
		}
		if len(used.known) > maxUsed || len(used.order) > maxUsed {
			t.Fatalf("got %d IDs in memory, want at most %d", len(used.known), maxUsed)
		}
	}
	for _, id := range ids[len(ids)-maxUsed:] {
		if used.use(id) {
			t.Fatal("one of the latest IDs counts as unused")
		}
	}
}
