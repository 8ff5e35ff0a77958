package main

import (
	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores/cookiestore"
	"github.com/chiauth0/auth/sessionstores/memstore"
	"github.com/chiauth0/auth/sessionstores/redisstore"
)

// The session stores by their names in SESSION_STORE.
const (
	inMemory  = "memory"
	inRedis   = "redis"
	inCookies = "cookie"
)

// openSessions is the one place where the session stores differ: nothing else of the application knows which it has.
func openSessions(set settings) (store scs.Store, closeStore func() error, err error) {
	switch set.sessionStore {
	case inRedis:
		client, err := redisClient(set.redisURL)
		if err != nil {
			return nil, nil, err
		}
		return redisstore.New(client), client.Close, nil
	case inCookies:
		store := cookiestore.New(set.secrets...)
		if set.redisURL == "" {
			return store, func() error { return nil }, nil
		}
		client, err := redisClient(set.redisURL)
		if err != nil {
			return nil, nil, err
		}
		revocations := redisstore.New(client)
		revocations.Prefix = "revoked:"
		store.Revocations = revocations
		return store, client.Close, nil
	default: // inMemory: readSettings lets no other pass
		store := memstore.New()
		return store, store.Close, nil
	}
}
