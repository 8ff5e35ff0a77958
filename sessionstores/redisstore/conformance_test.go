package redisstore_test

import (
	"testing"

	"github.com/alexedwards/scs/v2"
	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores/redisstore"
	"github.com/chiauth0/auth/sessionstores/storetest"
)

func conforms(t *testing.T, client redis.UniversalClient) {
	t.Helper()
	storetest.Run(t, func(*testing.T) scs.Store { return redisstore.New(client) })
}

func TestConformanceOnMiniredis(t *testing.T) {
	options := map[string]*redis.Options{
		"default client": {},
		"client with minimal resources": {
			Protocol: 2, PoolSize: 1, PipelinePoolSize: -1, MaxRetries: -1,
		},
	}
	for name, options := range options {
		t.Run(name, func(t *testing.T) {
			mini, client := newMini(t, options)
			keepTime(t, mini)
			conforms(t, client)
		})
	}
}

func TestConformanceOnOneNode(t *testing.T) {
	client := startRedis(t).client(t, &redis.Options{ContextTimeoutEnabled: true})
	conforms(t, client)
	testRevokeRacesWithRenewals(t, client, 300)
	testRevokeAllRacesWithLogins(t, client, 50)
}

func TestConformanceOnCluster(t *testing.T) {
	client, _ := startCluster(t, clusterOptions())
	conforms(t, client)
}

func TestConformanceWithCaching(t *testing.T) {
	options := caching(0)
	options.PoolFIFO, options.MinIdleConns = true, 5 // each command uses another connection
	conforms(t, startRedis(t).client(t, options))
}

func TestConformanceAsACLUser(t *testing.T) {
	node := startRedis(t)
	conforms(t, node.client(t, addACLUser(t, node)))
}
