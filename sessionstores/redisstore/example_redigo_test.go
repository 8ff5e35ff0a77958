package redisstore_test

import (
	"context"
	"fmt"

	scsredis "github.com/alexedwards/scs/redisstore"
	"github.com/alicebob/miniredis/v2"
	"github.com/gomodule/redigo/redis"

	"github.com/chiauth0/auth/sessionstores"
)

// The redigo store of the scs family works as well. It supports one node. Package sessionstores
// documents what a plain scs store leaves open.
func Example_redigo() {
	server, err := miniredis.Run() // in place of a Redis server
	if err != nil {
		panic(err)
	}
	defer server.Close()

	pool := &redis.Pool{
		MaxIdle: 10,
		DialContext: func(ctx context.Context) (redis.Conn, error) {
			return redis.DialContext(ctx, "tcp", server.Addr())
		},
	}
	defer func() { _ = pool.Close() }()

	sessions := sessionstores.New(scsredis.New(pool))

	ctx, err := sessions.Load(context.Background(), "")
	if err != nil {
		panic(err)
	}
	sessions.Put(ctx, "theme", "dark")
	token, _, err := sessions.Commit(ctx)
	if err != nil {
		panic(err)
	}

	next, err := sessions.Load(context.Background(), token)
	if err != nil {
		panic(err)
	}
	fmt.Println(sessions.GetString(next, "theme"))
	// Output: dark
}
