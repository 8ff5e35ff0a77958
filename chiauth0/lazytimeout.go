package chiauth0

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// lazyTimeout is context.WithTimeout with a timer that is made at the first use of Deadline, Done
// or Err. A user provider in memory uses none of them, and the timer would cost it more than the
// call itself.
type lazyTimeout struct {
	context.Context
	timeout time.Duration

	mu    sync.Mutex
	timed context.Context
	stop  context.CancelFunc
}

// lookupInProgress is the user that is visible while the user provider is asked for the user.
var lookupInProgress = &requestUser{found: &foundUser{
	err: fmt.Errorf("%w: the user is being looked up", ErrUnavailable),
}}

// Deadline implements context.Context.
func (l *lazyTimeout) Deadline() (time.Time, bool) { return l.start().Deadline() }

// Value implements context.Context. It hides the user of the request: a provider or a log handler
// that asks for the user during the lookup would wait for itself.
func (l *lazyTimeout) Value(key any) any {
	if key == (requestUserKey{}) {
		return lookupInProgress
	}

	l.mu.Lock()
	ctx := l.timed
	l.mu.Unlock()
	if ctx == nil {
		ctx = l.Context
	}

	// The context with the timer answers, so that a derived context needs no goroutine of its own.
	return ctx.Value(key)
}

// Done implements context.Context.
func (l *lazyTimeout) Done() <-chan struct{} { return l.start().Done() }

// Err implements context.Context.
func (l *lazyTimeout) Err() error { return l.start().Err() }

// start returns the context with the timer, and makes it at the first call.
func (l *lazyTimeout) start() context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timed == nil {
		l.timed, l.stop = context.WithTimeout(l.Context, l.timeout)
	}
	return l.timed
}

// cancel releases the timer.
func (l *lazyTimeout) cancel() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stop != nil {
		l.stop()
	}
}
