package redisstore_test

import (
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

// follow lets the time of mini pass like everybody's.
func follow(t *testing.T, mini *miniredis.Miniredis) {
	ticks := time.NewTicker(10 * time.Millisecond)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for last := time.Now(); ; {
			select {
			case now := <-ticks.C:
				mini.FastForward(now.Sub(last))
				last = now
			case <-stop:
				return
			}
		}
	}()
	t.Cleanup(func() {
		ticks.Stop()
		close(stop)
		<-stopped
	})
}

func TestConformance(t *testing.T) {
	for name, options := range map[string]*redis.Options{
		"a client as it comes":               {},
		"a client that heeds deadlines":      {ContextTimeoutEnabled: true},
		"the protocol of Redis before 6":     {Protocol: 2},
		"a client that never repeats itself": {MaxRetries: -1},
		"a client with one connection":       {PoolSize: 1, PipelinePoolSize: -1},
	} {
		t.Run(name, func(t *testing.T) {
			mini, client := newMini(t, options)
			follow(t, mini)
			storetest.Run(t, func(t *testing.T) scs.Store { return redisstore.New(client) })
		})
	}
}
