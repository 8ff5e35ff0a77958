package chiauth0

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// deadline is context.WithTimeout for a call that seldom waits: the clock is read, and the timer made, when somebody asks for
// them. A provider in memory never does, and they would cost it more than the call.
type deadline struct {
	context.Context
	timeout time.Duration

	mu    sync.Mutex
	timed context.Context
	stop  context.CancelFunc
}

var undecided = &requestUser{found: &foundUser{
	err: fmt.Errorf("%w: the user is being looked up", ErrUnavailable),
}}

// Deadline implements context.Context.
func (d *deadline) Deadline() (time.Time, bool) { return d.running().Deadline() }

// Value implements context.Context. It hides the visitor: a provider, or a log handler that adds the user to every line,
// would wait for itself if it asked who is being looked up.
func (d *deadline) Value(key any) any {
	if key == (requestUserKey{}) {
		return undecided
	}
	d.mu.Lock()
	ctx := d.timed
	d.mu.Unlock()
	if ctx == nil {
		ctx = d.Context
	}
	return ctx.Value(key) // through the timer's context, so that those derived from this one need no goroutine to end with it
}

// Done implements context.Context.
func (d *deadline) Done() <-chan struct{} { return d.running().Done() }

// Err implements context.Context.
func (d *deadline) Err() error { return d.running().Err() }

func (d *deadline) running() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timed == nil {
		d.timed, d.stop = context.WithTimeout(d.Context, d.timeout)
	}
	return d.timed
}

func (d *deadline) cancel() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stop != nil {
		d.stop()
	}
}
