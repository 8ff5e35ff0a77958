package main

import (
	"github.com/alexedwards/scs/v2"
	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores/cookiestore"
	"github.com/chiauth0/auth/sessionstores/memstore"
	"github.com/chiauth0/auth/sessionstores/redisstore"
)

// The values of SESSION_STORE.
const (
	inMemory  = "memory"
	inRedis   = "redis"
	inCookies = "cookie"
)

// A sessionStore is the store of the sessions and the Redis client that it uses.
type sessionStore struct {
	store scs.Store
	redis redis.UniversalClient // nil without REDIS_URL
	close func() error
}

// openSessions opens the store of SESSION_STORE. The rest of the application works with all of
// them.
func openSessions(set settings) (sessionStore, error) {
	switch set.sessionStore {
	case inRedis:
		client, err := redisClient(set.redisURL)
		if err != nil {
			return sessionStore{}, err
		}
		return sessionStore{redisstore.New(client), client, client.Close}, nil
	case inCookies:
		return openCookieSessions(set)
	default: // readSettings accepts no other value than inMemory
		store := memstore.New()
		return sessionStore{store: store, close: store.Close}, nil
	}
}

// openCookieSessions keeps the sessions in cookies, and revocations in Redis if there is a
// REDIS_URL.
func openCookieSessions(set settings) (sessionStore, error) {
	store := cookiestore.New(set.secrets...)
	if set.redisURL == "" {
		return sessionStore{store: store, close: func() error { return nil }}, nil
	}
	client, err := redisClient(set.redisURL)
	if err != nil {
		return sessionStore{}, err
	}
	revocations := redisstore.New(client)
	revocations.Prefix = "revoked:"
	store.Revocations = revocations
	return sessionStore{store, client, client.Close}, nil
}
