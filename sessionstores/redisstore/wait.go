package redisstore

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// readContext gives a read its time, unless it has less already.
func (s *Store) readContext(ctx context.Context) (context.Context, context.CancelFunc) {
	timeout := s.ReadTimeout()
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= timeout {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, timeout)
}

// writeContext outlives the request that a write is for.
func writeContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
}

// wait returns what do returns, or the error of the context when that is done first.
//
// go-redis heeds a context while it waits for a connection, but while it waits for an answer only with
// ContextTimeoutEnabled; the answer may take four times five seconds with its defaults. A call that is left behind ends when
// the client's own timeouts say so, and there are no more of these than the client has connections.
func wait[T any](ctx context.Context, s *Store, do func() (T, error)) (T, error) {
	if s.punctual {
		return do()
	}
	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		value, err := do()
		answers <- answer{value, err}
	}()
	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

func heedsDeadlines(client redis.UniversalClient) bool {
	switch c := client.(type) {
	case *redis.Client:
		return c.Options().ContextTimeoutEnabled
	case *redis.ClusterClient:
		return c.Options().ContextTimeoutEnabled
	}
	return false
}
