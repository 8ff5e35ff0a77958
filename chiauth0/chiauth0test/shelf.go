package chiauth0test

import (
	"maps"
	"time"
)

// A shelf keeps values under their names until they expire. The zero shelf is empty and ready. It is not safe for
// concurrent use: [Tenant] guards its own.
type shelf[V any] struct {
	items   map[string]shelved[V]
	sweepAt int
}

type shelved[V any] struct {
	value   V
	expires time.Time
}

// minSweep is the number of items below which a shelf is not worth sweeping.
const minSweep = 1024

// put keeps value. Whatever has expired is swept each time the shelf has doubled, so that a tenant that runs for months
// holds only what is alive, and no request pays for more than it adds.
func (s *shelf[V]) put(name string, value V, now, expires time.Time) {
	if s.items == nil {
		s.items, s.sweepAt = map[string]shelved[V]{}, minSweep
	}
	if len(s.items) >= s.sweepAt {
		maps.DeleteFunc(s.items, func(_ string, item shelved[V]) bool { return !now.Before(item.expires) })
		s.sweepAt = max(minSweep, 2*len(s.items))
	}
	s.items[name] = shelved[V]{value, expires}
}

// get finds a value that has not expired.
func (s *shelf[V]) get(name string, now time.Time) (value V, found bool) {
	item, found := s.items[name]
	if !found || !now.Before(item.expires) {
		return value, false
	}
	return item.value, true
}

func (s *shelf[V]) drop(name string) { delete(s.items, name) }

func (s *shelf[V]) dropFunc(gone func(V) bool) {
	maps.DeleteFunc(s.items, func(_ string, item shelved[V]) bool { return gone(item.value) })
}
