package redisstore_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores/redisstore"
	"github.com/chiauth0/auth/sessionstores/storetest"
)

// newMini returns a Redis within the process, and a client to it. Its keys expire only when it is told that time has passed.
func newMini(t *testing.T, options *redis.Options) (*miniredis.Miniredis, *redis.Client) {
	t.Helper()
	mini := miniredis.RunT(t)
	options.Addr = mini.Addr()
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return mini, client
}

// follow lets the time of mini pass like everybody's, whenever the client asks it for something.
func follow(mini *miniredis.Miniredis, client *redis.Client) {
	var mu sync.Mutex
	last := time.Now()
	pass := func() {
		mu.Lock()
		defer mu.Unlock()
		now := time.Now()
		mini.FastForward(now.Sub(last))
		last = now
	}
	client.AddHook(hook{
		process: func(next redis.ProcessHook) redis.ProcessHook {
			return func(ctx context.Context, cmd redis.Cmder) error { pass(); return next(ctx, cmd) }
		},
		pipeline: func(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
			return func(ctx context.Context, cmds []redis.Cmder) error { pass(); return next(ctx, cmds) }
		},
	})
}

func TestConformance(t *testing.T) {
	for name, options := range map[string]*redis.Options{
		"a client as it comes":          {},
		"a client that heeds deadlines": {ContextTimeoutEnabled: true},
		"a client with little of everything": {
			Protocol: 2, PoolSize: 1, PipelinePoolSize: -1, MaxRetries: -1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mini, client := newMini(t, options)
			follow(mini, client)
			storetest.Run(t, func(t *testing.T) scs.Store { return redisstore.New(client) })
		})
	}
}
