package redisstore_test

import (
	"testing"

	"github.com/alexedwards/scs/redisstore"
	"github.com/alexedwards/scs/v2"
	"github.com/alicebob/miniredis/v2"
	"github.com/gomodule/redigo/redis"

	"github.com/chiauth0/auth/sessionstores/storetest"
)

// newRedigoStore returns a store of the scs family on a pool of redigo connections.
func newRedigoStore(t *testing.T, addr string) *redisstore.RedisStore {
	pool := &redis.Pool{
		MaxIdle: 10,
		Dial:    func() (redis.Conn, error) { return redis.Dial("tcp", addr) },
	}
	t.Cleanup(func() { _ = pool.Close() })
	return redisstore.New(pool)
}

func TestRedigoStoreConforms(t *testing.T) {
	t.Run("Redis", func(t *testing.T) {
		store := newRedigoStore(t, startRedis(t).addr)
		storetest.Run(t, func(*testing.T) scs.Store { return store })
	})
	t.Run("miniredis", func(t *testing.T) {
		mini := miniredis.RunT(t)
		keepTime(t, mini)
		store := newRedigoStore(t, mini.Addr())
		storetest.Run(t, func(*testing.T) scs.Store { return store })
	})
}
