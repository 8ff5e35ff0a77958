package redisstore_test

import (
	"context"
	"fmt"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/redisstore"
)

// The manager is for chiauth0, or for an application that uses sessions only.
func Example() {
	server, err := miniredis.Run() // in place of a Redis server
	if err != nil {
		panic(err)
	}
	defer server.Close()
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr(), ContextTimeoutEnabled: true})
	defer func() { _ = rdb.Close() }()

	sessions := sessionstores.New(redisstore.New(rdb))

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
