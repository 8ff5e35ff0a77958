package memstore

import (
	"maps"
	"strings"
)

// A table is a map that returns memory. The maps of Go never shrink, so that the peak of a day
// would keep its memory.
type table[V any] struct {
	m    map[string]*V // nil if empty
	peak int           // the largest number of values since m was made
}

// put stores v. It copies the key, which may be a part of a large string such as a header.
func (t *table[V]) put(key string, v *V) {
	if t.m == nil {
		t.m = make(map[string]*V)
	}
	t.m[strings.Clone(key)] = v
	t.peak = max(t.peak, len(t.m))
}

func (t *table[V]) remove(key string) {
	delete(t.m, key)
}

// sweep removes the values that match. If few are left, it moves them to a smaller map.
func (t *table[V]) sweep(match func(*V) bool) {
	maps.DeleteFunc(t.m, func(_ string, v *V) bool { return match(v) })

	if len(t.m) == 0 {
		t.m, t.peak = nil, 0
		return
	}
	if t.peak > 64 && len(t.m) < t.peak/4 {
		smaller := make(map[string]*V, len(t.m))
		maps.Copy(smaller, t.m)
		t.m, t.peak = smaller, len(smaller)
	}
}
