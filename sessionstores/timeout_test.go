package sessionstores

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestCallThatReturnsInTimeIsNotReportedAsCancelled(t *testing.T) {
	limits := timeouts{read: time.Minute, detached: true}
	call := func(context.Context) error { return nil }
	var callers sync.WaitGroup
	for range 32 { // more than there are processors, so that callers are interrupted
		callers.Go(func() {
			for range 5000 {
				if err := limits.reading(t.Context(), call); err != nil {
					t.Errorf("got %v, want no error", err)
					return
				}
			}
		})
	}
	callers.Wait()
}

func TestCallThatIgnoresItsContextIsGivenUpOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := timeouts{read: 2 * time.Second, detached: true}
		release := make(chan bool)
		silent := func(context.Context) error {
			<-release
			return nil
		}

		begin := time.Now()
		err := limits.reading(t.Context(), silent)
		if took := time.Since(begin); took != 2*time.Second {
			t.Errorf("a read was given up on after %v, want 2s", took)
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want context.DeadlineExceeded", err)
		}

		begin = time.Now()
		err = limits.writing(t.Context(), silent)
		if took := time.Since(begin); took != writeTimeout {
			t.Errorf("a write was given up on after %v, want %v", took, writeTimeout)
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want context.DeadlineExceeded", err)
		}
		close(release)
	})
}

func TestReadEndsWithTheRequestAndAWriteDoesNot(t *testing.T) {
	for _, detached := range []bool{true, false} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		limits := timeouts{read: time.Minute, detached: detached}
		contextError := func(ctx context.Context) error { return ctx.Err() }

		if err := limits.reading(ctx, contextError); !errors.Is(err, context.Canceled) {
			t.Errorf("a read, detached %t: got %v, want context.Canceled", detached, err)
		}
		if err := limits.writing(ctx, contextError); err != nil {
			t.Errorf("a write, detached %t: got %v, want no error", detached, err)
		}
	}
}

type deadlineStore struct{ honors bool }

func (deadlineStore) ReadTimeout() time.Duration { return time.Minute }
func (s deadlineStore) HonorsDeadline() bool     { return s.honors }

func TestStoresDescribeTheirTimeouts(t *testing.T) {
	for name, tt := range map[string]struct {
		store any
		want  timeouts
	}{
		"a store without methods":        {struct{}{}, timeouts{defaultReadTimeout, true}},
		"a store that honors deadlines":  {deadlineStore{true}, timeouts{time.Minute, false}},
		"a store that ignores deadlines": {deadlineStore{false}, timeouts{time.Minute, true}},
	} {
		if got := timeoutsOf(tt.store); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", name, got, tt.want)
		}
	}
}
