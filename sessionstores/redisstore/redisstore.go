package redisstore

import (
	"fmt"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores"
)

const (
	defaultPrefix  = "scs:session:"
	defaultTimeout = time.Second
)

// A Store keeps sessions in Redis. [New] makes one. Its fields are set before its first use. All
// methods are safe for concurrent use.
//
// The clock of Redis decides whether a session has expired. An expiry is kept to the millisecond.
//
// A context is passed to go-redis as it is. A context without a deadline leaves the time-outs to
// the client. An error means that the outcome is unknown. go-redis repeats a command whose answer
// was lost, with the result that the first one would have had.
type Store struct {
	// Prefix begins all keys of this store in Redis. Two applications on one Redis need two
	// different prefixes. Default: "scs:session:", as in the stores of the scs family. The store
	// does not find sessions that those stores have written; their users log in again.
	Prefix string

	// Timeout is how long one read may take when the store is used through package sessionstores.
	// It should be longer than the client takes to connect. Zero means the default, one second.
	Timeout time.Duration

	client   redis.UniversalClient
	written  *recentKeys // nil without a client-side cache
	replicas bool        // the client reads from replicas
}

var (
	_ sessionstores.IndexedBackend = (*Store)(nil)
	_ scs.IterableStore            = (*Store)(nil)
	_ scs.IterableCtxStore         = (*Store)(nil)
)

// New returns a store on the client: a *redis.Client, a *redis.ClusterClient, or the result of
// redis.NewUniversalClient or redis.NewFailoverClient. It sends nothing, so an application starts
// while Redis is down. The caller closes the client; the store has nothing to close. New panics if
// client is nil.
//
// ContextTimeoutEnabled should be set in the options of the client, see [Store.HonorsDeadline].
func New(client redis.UniversalClient) *Store {
	if client == nil {
		panic("redisstore: New(nil): the client is missing, " +
			`such as redis.NewClient(&redis.Options{Addr: "localhost:6379"})`)
	}

	store := &Store{Prefix: defaultPrefix, Timeout: defaultTimeout, client: client}
	if hasCache(client) {
		store.written = &recentKeys{}
	}
	if cluster, ok := client.(*redis.ClusterClient); ok {
		store.replicas = cluster.Options().ReadOnly // RouteByLatency and RouteRandomly set it
	}
	return store
}

// ReadTimeout returns Timeout, or its default. It is part of [sessionstores.Backend].
func (s *Store) ReadTimeout() time.Duration {
	if s.Timeout <= 0 {
		return defaultTimeout
	}
	return s.Timeout
}

// HonorsDeadline returns true if ContextTimeoutEnabled is set in the options of the client. It is
// part of [sessionstores.Backend]. Without the option go-redis may wait longer than the deadline
// of a context, and package sessionstores runs each call in a goroutine of its own.
func (s *Store) HonorsDeadline() bool {
	switch client := s.client.(type) {
	case *redis.Client:
		return client.Options().ContextTimeoutEnabled
	case *redis.ClusterClient:
		return client.Options().ContextTimeoutEnabled
	case *redis.Ring:
		return client.Options().ContextTimeoutEnabled
	default:
		return false
	}
}

// wrap returns an error that says what the store was doing. It contains no key, since a key is the
// token of a session if the manager does not hash tokens.
func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("redisstore: %s: %w", doing, err)
}
