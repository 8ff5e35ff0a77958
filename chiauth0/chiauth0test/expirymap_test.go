package chiauth0test

import (
	"strconv"
	"testing"
	"time"
)

func TestExpiryMap(t *testing.T) {
	t.Parallel()
	start := time.Now()
	t.Run("an item is found until it expires", func(t *testing.T) {
		t.Parallel()
		var m expiryMap[int]
		if _, found := m.get("a", start); found {
			t.Error("found in an empty map")
		}
		m.put("a", 1, start, start.Add(time.Minute))
		if got, found := m.get("a", start.Add(time.Minute-1)); !found || got != 1 {
			t.Errorf("got %d, %v", got, found)
		}
		if got, found := m.get("a", start.Add(time.Minute)); found || got != 0 {
			t.Errorf("got %d, %v", got, found)
		}
		m.remove("a")
		if _, found := m.get("a", start); found {
			t.Error("found after its removal")
		}
	})
	t.Run("a million short-lived items do not accumulate", func(t *testing.T) {
		t.Parallel()
		var m expiryMap[int]
		m.put("kept", 1, start, start.Add(1000*time.Hour))
		for i := range 1_000_000 {
			now := start.Add(time.Duration(i) * time.Millisecond)
			m.put(strconv.Itoa(i), i, now, now.Add(time.Second))
		}
		if len(m.items) > 2*minSweep+2 {
			t.Errorf("%d items", len(m.items))
		}
		if _, found := m.get("kept", start); !found {
			t.Error("an item was removed before it expired")
		}
	})
}
