package chiauth0

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		d := &deadline{Context: context.WithValue(t.Context(), key{}, "value"), timeout: time.Second}
		defer d.cancel()
		if d.Value(key{}) != "value" {
			t.Error("values of the request are not seen before Done is asked for")
		}
		at, ok := d.Deadline()
		if !ok || time.Until(at) != time.Second {
			t.Errorf("the deadline is %v, %t", at, ok)
		}
		goroutines := runtime.NumGoroutine()
		derived, cancel := context.WithCancel(d)
		defer cancel()
		if runtime.NumGoroutine() != goroutines {
			t.Error("a context derived from this one costs a goroutine")
		}
		if d.Value(key{}) != "value" {
			t.Error("values of the request are not seen after Done was asked for")
		}
		<-derived.Done()
		if time.Now() != at || !errors.Is(d.Err(), context.DeadlineExceeded) {
			t.Errorf("done at %v with %v, want %v", time.Now(), d.Err(), at)
		}
	})
}
