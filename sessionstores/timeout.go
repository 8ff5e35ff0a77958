package sessionstores

import (
	"context"
	"time"
)

const (
	defaultReadTimeout = time.Second
	writeTimeout       = 5 * time.Second
)

// timeouts is the one place that bounds the calls of stores.
type timeouts struct {
	read time.Duration // zero if the store never waits
	// detached runs each call in a goroutine of its own, which is left behind when the time is up.
	// It is for stores that do not heed the deadline of a context.
	detached bool
}

// timeoutsOf asks a store for the two optional methods that [Backend] documents.
func timeoutsOf(store any) timeouts {
	t := timeouts{read: defaultReadTimeout, detached: true}
	if s, ok := store.(interface{ ReadTimeout() time.Duration }); ok {
		t.read = s.ReadTimeout()
	}
	if s, ok := store.(interface{ HonorsDeadline() bool }); ok {
		t.detached = !s.HonorsDeadline()
	}

	return t
}

// reading runs a read of the store, for which a request waits.
func (t timeouts) reading(ctx context.Context, call func(context.Context) error) error {
	if t.read <= 0 {
		return call(ctx)
	}

	return t.run(ctx, t.read, call)
}

// writing runs a write. It is finished although the request is cancelled: a visitor who closes the
// browser between two writes does not lose the session.
func (t timeouts) writing(ctx context.Context, call func(context.Context) error) error {
	ctx = context.WithoutCancel(ctx)
	if t.read <= 0 {
		return call(ctx)
	}

	return t.run(ctx, writeTimeout, call)
}

// run returns the error of call, or that of the context if the time is up first. A caller must not
// use what call has set after an error: it may still be running.
func (t timeouts) run(
	ctx context.Context, limit time.Duration, call func(context.Context) error,
) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if !t.detached {
		return call(ctx)
	}

	done := make(chan error, 1)
	go func() { done <- call(ctx) }()

	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
