package redisstore_test

import (
	"crypto/tls"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores/redisstore"
)

// One node over TLS, as an ACL user. redis.ParseURL returns the same options for a URL such as
// rediss://app:password@redis.example:6379/0.
func ExampleNew_tls() {
	redisstore.New(redis.NewClient(&redis.Options{
		Addr:     "redis.example:6379",
		Username: "app",
		Password: "password from a secret store",
		TLSConfig: &tls.Config{
			ServerName: "redis.example",
			MinVersion: tls.VersionTLS12,
		},
		ContextTimeoutEnabled: true,
	}))
}

// The Sentinels name the current master.
func ExampleNew_sentinel() {
	redisstore.New(redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName:            "main",
		SentinelAddrs:         []string{"10.0.0.1:26379", "10.0.0.2:26379", "10.0.0.3:26379"},
		ContextTimeoutEnabled: true,
	}))
}

// Some nodes of a Cluster are enough to find the others.
func ExampleNew_cluster() {
	redisstore.New(redis.NewClusterClient(&redis.ClusterOptions{
		Addrs:                      []string{"10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6379"},
		ContextTimeoutEnabled:      true,
		ClusterStateReloadInterval: 2 * time.Second,
	}))
}

// The client caches what it has read. Redis reports changes.
func ExampleNew_clientSideCaching() {
	redisstore.New(redis.NewClient(&redis.Options{
		Addr:                  "localhost:6379",
		ContextTimeoutEnabled: true,
		ClientSideCacheConfig: &redis.ClientSideCacheConfig{
			MaxEntries:   100_000,
			MaxStaleness: 2 * time.Second,
		},
	}))
}
