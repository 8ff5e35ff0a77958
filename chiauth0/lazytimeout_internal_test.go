package chiauth0

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

func TestLazyTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		parent := context.WithValue(t.Context(), key{}, "value")
		ctx := &lazyTimeout{Context: parent, timeout: time.Second}
		defer ctx.cancel()
		if got := ctx.Value(key{}); got != "value" {
			t.Errorf("before the first use of Done: value is %v, want that of the parent", got)
		}

		at, ok := ctx.Deadline()
		if left := time.Until(at); !ok || left != time.Second {
			t.Errorf("the deadline is in %v (%t), want 1s", left, ok)
		}

		goroutines := runtime.NumGoroutine()
		derived, cancel := context.WithCancel(ctx)
		defer cancel()
		if got := runtime.NumGoroutine(); got != goroutines {
			t.Errorf("with a derived context there are %d goroutines, want %d", got, goroutines)
		}
		if got := ctx.Value(key{}); got != "value" {
			t.Errorf("after the first use of Done: value is %v, want that of the parent", got)
		}

		<-derived.Done()
		if time.Now() != at || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			t.Errorf("done at %v with %v, want %v", time.Now(), ctx.Err(), at)
		}
	})
}

func TestLazyTimeoutHidesTheUser(t *testing.T) {
	parent := &requestUser{Context: t.Context(), found: &foundUser{}, given: true}
	ctx := &lazyTimeout{Context: parent, timeout: time.Second}
	defer ctx.cancel()
	if _, err := UserFrom(ctx); !errors.Is(err, ErrUnavailable) {
		t.Errorf("UserFrom during the lookup: %v, want ErrUnavailable", err)
	}
}
