package memstore

import (
	"maps"
	"strings"
)

// A table is a map that gives memory back: Go's maps never shrink, and a day of many visitors is followed by a night.
type table[V any] struct {
	m    map[string]*V // nil until needed
	peak int           // the most that m has held
}

// put stores v. The key is copied, because it may be a small part of a large string, such as a request's headers.
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

// sweep removes the values that are over, then moves what is left to a smaller map if that is a small part of what was.
func (t *table[V]) sweep(over func(*V) bool) {
	maps.DeleteFunc(t.m, func(_ string, v *V) bool { return over(v) })
	switch {
	case len(t.m) == 0:
		t.m, t.peak = nil, 0
	case t.peak > 64 && len(t.m) < t.peak/4:
		smaller := make(map[string]*V, len(t.m))
		maps.Copy(smaller, t.m)
		t.m, t.peak = smaller, len(smaller)
	}
}
