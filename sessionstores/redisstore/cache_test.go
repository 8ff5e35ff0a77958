package redisstore

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestRecentKeysAreHeldForOneToTwoInvalidationTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recentKeys{}
		for _, wait := range []time.Duration{0, invalidationTime / 2, invalidationTime * 9 / 10} {
			r.add("earlier")
			time.Sleep(wait)
			r.add("key")

			time.Sleep(invalidationTime - time.Millisecond)
			if !r.has("key") || r.has("other") {
				t.Errorf("wait %v: got has(key)=%v, has(other)=%v, want true and false",
					wait, r.has("key"), r.has("other"))
			}

			time.Sleep(invalidationTime + 2*time.Millisecond)
			if r.has("key") || r.has("earlier") {
				t.Errorf("wait %v: a key is held longer than two invalidation times", wait)
			}
		}
		if n := len(r.current) + len(r.previous); n > 0 {
			t.Errorf("got %d keys at the end, want 0", n)
		}
	})
}
