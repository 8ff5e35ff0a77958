package redisstore_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"log"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/redisstore"
)

// Given to sessionstores.New, whose manager is for chiauth0 or for an application that uses sessions only.
func Example() {
	server, err := miniredis.Run() // for this example; an application has a Redis
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr(), ContextTimeoutEnabled: true})
	defer func() { _ = rdb.Close() }()

	sessions := sessionstores.New(redisstore.New(rdb))

	ctx, _ := sessions.Load(context.Background(), "")
	sessions.Put(ctx, "theme", "dark")
	token, _, _ := sessions.Commit(ctx)

	next, err := sessions.Load(context.Background(), token)
	fmt.Println(sessions.GetString(next, "theme"), err)
	// Output: dark <nil>
}

// One node, over TLS, as an ACL user. redis.ParseURL("rediss://app:…@redis.example:6379/0") makes the same options.
func ExampleNew_tls() {
	redisstore.New(redis.NewClient(&redis.Options{
		Addr:                  "redis.example:6379",
		Username:              "app",
		Password:              "from your secrets",
		TLSConfig:             &tls.Config{ServerName: "redis.example", MinVersion: tls.VersionTLS12},
		ContextTimeoutEnabled: true,
	}))
}

// Sentinels name the master, and the client follows them to the next one.
func ExampleNew_sentinel() {
	redisstore.New(redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName:            "main",
		SentinelAddrs:         []string{"10.0.0.1:26379", "10.0.0.2:26379", "10.0.0.3:26379"},
		ContextTimeoutEnabled: true,
	}))
}

// A Cluster, of which some nodes are enough to find the others.
func ExampleNew_cluster() {
	redisstore.New(redis.NewClusterClient(&redis.ClusterOptions{
		Addrs:                 []string{"10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6379"},
		ContextTimeoutEnabled: true,
	}))
}

// A process that keeps what it has read, and is told by Redis when that changes.
func ExampleNew_clientSideCaching() {
	redisstore.New(redis.NewClient(&redis.Options{
		Addr:                  "localhost:6379",
		ContextTimeoutEnabled: true,
		ClientSideCacheConfig: &redis.ClientSideCacheConfig{MaxEntries: 100_000, MaxStaleness: 2 * time.Second},
	}))
}
