package redisstore

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestRecent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recent{}
		for _, wait := range []time.Duration{0, moment / 2, moment * 9 / 10} {
			r.add("earlier")
			time.Sleep(wait)
			r.add("key")
			time.Sleep(moment - time.Millisecond)
			if !r.has("key") || r.has("other") {
				t.Errorf("after less than a moment: %v, another key: %v", r.has("key"), r.has("other"))
			}
			time.Sleep(moment + 2*time.Millisecond)
			if r.has("key") || r.has("earlier") {
				t.Error("remembered for more than two moments")
			}
		}
		if len(r.now)+len(r.earlier) > 0 {
			t.Errorf("held: %v, %v", r.now, r.earlier)
		}
	})
}
