package chiauth0test

import (
	"strconv"
	"testing"
	"time"
)

func TestShelf(t *testing.T) {
	t.Parallel()
	start := time.Now()
	t.Run("an item is there until it expires", func(t *testing.T) {
		t.Parallel()
		var s shelf[int]
		if _, found := s.get("a", start); found {
			t.Error("found in an empty shelf")
		}
		s.put("a", 1, start, start.Add(time.Minute))
		if got, found := s.get("a", start.Add(time.Minute-1)); !found || got != 1 {
			t.Errorf("got %d, %v", got, found)
		}
		if got, found := s.get("a", start.Add(time.Minute)); found || got != 0 {
			t.Errorf("got %d, %v", got, found)
		}
		s.drop("a")
		if _, found := s.get("a", start); found {
			t.Error("found though dropped")
		}
	})
	t.Run("a million short-lived items do not pile up", func(t *testing.T) {
		t.Parallel()
		var s shelf[int]
		s.put("kept", 1, start, start.Add(1000*time.Hour))
		for i := range 1_000_000 {
			now := start.Add(time.Duration(i) * time.Millisecond)
			s.put(strconv.Itoa(i), i, now, now.Add(time.Second))
		}
		if len(s.items) > 2*minSweep+2 {
			t.Errorf("%d items", len(s.items))
		}
		if _, found := s.get("kept", start); !found {
			t.Error("an item that had not expired is gone")
		}
	})
}
