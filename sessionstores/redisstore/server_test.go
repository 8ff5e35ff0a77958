package redisstore_test

import (
	"testing"

	"github.com/alexedwards/scs/v2"
	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores/redisstore"
	"github.com/chiauth0/auth/sessionstores/storetest"
)

func TestConformanceOnOneNode(t *testing.T) {
	node := startRedis(t)
	client := node.client(t, &redis.Options{})
	storetest.Run(t, func(t *testing.T) scs.Store { return redisstore.New(client) })
}

// A Cluster refuses a command, and a script, whose keys are on several nodes.
func TestConformanceOnCluster(t *testing.T) {
	client := startCluster(t)
	storetest.Run(t, func(t *testing.T) scs.Store { return redisstore.New(client) })
}
