package chiauth0test

import (
	"maps"
	"time"
)

// An expiryMap keeps values under their keys until they expire. The zero value is empty and ready
// to use. It is not safe for concurrent use: [Tenant] guards its own.
type expiryMap[V any] struct {
	items   map[string]expiringValue[V]
	sweepAt int
}

type expiringValue[V any] struct {
	value   V
	expires time.Time
}

// minSweep is the number of items below which a map is not swept.
const minSweep = 1024

// put stores value. Each time the map has doubled, put removes the expired items. The memory is
// thus bounded by the live items, and the cost of a put is constant on average.
func (m *expiryMap[V]) put(key string, value V, now, expires time.Time) {
	if m.items == nil {
		m.items = map[string]expiringValue[V]{}
		m.sweepAt = minSweep
	}
	if len(m.items) >= m.sweepAt {
		maps.DeleteFunc(m.items, func(_ string, item expiringValue[V]) bool {
			return !now.Before(item.expires)
		})
		m.sweepAt = max(minSweep, 2*len(m.items))
	}
	m.items[key] = expiringValue[V]{value, expires}
}

// get returns a value that has not expired.
func (m *expiryMap[V]) get(key string, now time.Time) (value V, found bool) {
	item, found := m.items[key]
	if !found || !now.Before(item.expires) {
		return value, false
	}
	return item.value, true
}

// take returns a value that has not expired and removes it.
func (m *expiryMap[V]) take(key string, now time.Time) (value V, found bool) {
	value, found = m.get(key, now)
	delete(m.items, key)
	return value, found
}

// live returns the values that have not expired.
func (m *expiryMap[V]) live(now time.Time) []V {
	var values []V
	for _, item := range m.items {
		if now.Before(item.expires) {
			values = append(values, item.value)
		}
	}
	return values
}

func (m *expiryMap[V]) remove(key string) { delete(m.items, key) }

func (m *expiryMap[V]) removeFunc(remove func(V) bool) {
	maps.DeleteFunc(m.items, func(_ string, item expiringValue[V]) bool {
		return remove(item.value)
	})
}
