// Package redisstore keeps sessions in Redis: on one node, behind Sentinel, or in a Cluster. Every process that is given the
// same Redis sees the same sessions, and a restart of the application signs nobody out.
//
// It keeps every promise of [sessionstores.Backend] and of [sessionstores.Namer], and works as a plain [scs.Store] too. A
// request of a signed-in user is one GET.
//
// # What it asks of Redis
//
// Redis 6.2 or later, or what speaks its protocol. Where the server is, TLS and the user are the client's business; see the
// examples. An ACL user needs these commands on the keys that begin with [Store.Prefix]:
//
//	+get +set +del +getrange +setrange +pexpireat +zadd +zrange +zrem +zremrangebyscore +eval +evalsha +scan
//
// and what go-redis itself sends: +hello +auth +ping +client, with a Cluster +cluster +command +readonly.
//
// Three settings decide about logouts. Reads have to go to masters (in a Cluster leave ReadOnly, RouteByLatency and
// RouteRandomly off), since a replica may not have heard of a logout yet. A failover loses what the old master had not
// replicated: a login or a logout of the last instant; Redis's min-replicas-to-write narrows that. And maxmemory-policy is
// best left at noeviction, for an evicted session is a user signed out.
//
// A ClusterClient learns of a failover at its next look at the Cluster, once a minute unless it is told otherwise, and until
// then requests of the sessions on that master are answered with 503. Two seconds are a good ClusterStateReloadInterval.
//
// # Client-side caching
//
// go-redis can keep what it has read and be told by the server when it changes. A signed-in request then costs no round
// trip at all:
//
//	rdb := redis.NewClient(&redis.Options{
//		Addr:                  "localhost:6379",
//		ClientSideCacheConfig: &redis.ClientSideCacheConfig{MaxEntries: 100_000, MaxStaleness: 2 * time.Second},
//	})
//
// The price is that a process sees a little later what another one changed: usually within ten milliseconds, and after
// MaxStaleness, which is unlimited unless set, when the news is lost without the connection being cut (by a firewall that
// forgets it, say). That holds for a logout: until then the process still serves a copy of the cookie. It never brings the
// session back, since it is the server that decides about writes. What a process wrote itself it sees at once. go-redis calls
// the feature experimental, and offers it for one node only, without Sentinel, in database 0.
package redisstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores"
)

const (
	defaultPrefix  = "scs:session:"
	defaultTimeout = time.Second
	writeTimeout   = 5 * time.Second
)

// A Store keeps sessions in Redis. Make one with [New], and set its fields before its first use. All methods are safe for
// concurrent use.
//
// An expiry is kept to the millisecond, and is a point in time: the clocks of the application and of Redis should agree.
//
// A write is finished although its context is cancelled, and given up after five seconds: a visitor who closes the browser
// does not lose the session by it. An error says that the outcome is not known. go-redis repeats a command whose answer was
// lost, and each write here may be repeated; only a [Store.Remove] can then report found=false for the session that it
// removed itself.
type Store struct {
	// Prefix begins all keys of this store in Redis. Two applications on one Redis need two. Default: "scs:session:", as in
	// the stores of the scs family. What those stored under the same prefix is not found here: its users log in again.
	Prefix string

	// Timeout is how long one read may take, from asking the client to having the data. It holds whatever the timeouts and
	// retries of the client are, and should be longer than the client takes to connect. Default, and zero: one second.
	Timeout time.Duration

	client   redis.UniversalClient
	recent   *recent
	punctual bool // the client heeds the deadline of a context by itself
}

var (
	_ sessionstores.Namer  = (*Store)(nil)
	_ scs.IterableStore    = (*Store)(nil)
	_ scs.IterableCtxStore = (*Store)(nil)
)

// New returns a store on the client: a *redis.Client, a *redis.ClusterClient, or what redis.NewUniversalClient or
// redis.NewFailoverClient made. It sends nothing yet, so an application starts while Redis is down. Closing the client
// remains with the caller; the store has nothing to close. A panic says that client is nil.
//
// Set ContextTimeoutEnabled in the client's options. Any other client's commands have to wait in goroutines of their own, to
// be left behind when their time is up, and on a busy machine that makes a request take half as long again.
func New(client redis.UniversalClient) *Store {
	if client == nil {
		panic("redisstore: New(nil): give it a client, such as redis.NewClient(&redis.Options{Addr: \"localhost:6379\"})")
	}
	return &Store{Prefix: defaultPrefix, Timeout: defaultTimeout, client: client, recent: newRecent(client), punctual: heedsDeadlines(client)}
}

// ReadTimeout tells package sessionstores how long a read may take.
func (s *Store) ReadTimeout() time.Duration {
	if s.Timeout <= 0 {
		return defaultTimeout
	}
	return s.Timeout
}

// Get returns the data under key, and when it expires.
func (s *Store) Get(ctx context.Context, key string) (data []byte, expiry time.Time, found bool, err error) {
	ctx, cancel := s.readContext(ctx)
	defer cancel()
	value, err := wait(ctx, s, func() ([]byte, error) { return s.get(ctx, s.Prefix+key) })
	switch {
	case errors.Is(err, redis.Nil), redis.HasErrorPrefix(err, "WRONGTYPE"): // the latter is an index of names
		return nil, time.Time{}, false, nil
	case err != nil:
		return nil, time.Time{}, false, fmt.Errorf("redisstore: reading a session: %w", err)
	}
	data, expiry, found = session(value, time.Now())
	return data, expiry, found, nil
}

// FindCtx returns the data under key.
func (s *Store) FindCtx(ctx context.Context, key string) (data []byte, found bool, err error) {
	data, _, found, err = s.Get(ctx, key)
	return data, found, err
}

// Find is FindCtx without a context.
func (s *Store) Find(key string) (data []byte, found bool, err error) {
	return s.FindCtx(context.Background(), key)
}

// CommitCtx stores data under key until expiry, whether or not there was something before.
func (s *Store) CommitCtx(ctx context.Context, key string, data []byte, expiry time.Time) error {
	if past(expiry) {
		return s.DeleteCtx(ctx, key)
	}
	ctx, cancel := writeContext(ctx)
	defer cancel()
	value := appendSession(data, expiry)
	defer s.recent.add(s.Prefix + key)
	_, err := wait(ctx, s, func() (any, error) {
		return nil, s.client.Do(ctx, "set", s.Prefix+key, value, "pxat", expiry.UnixMilli()).Err()
	})
	return failed("storing a session", err)
}

// Commit is CommitCtx without a context.
func (s *Store) Commit(key string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), key, data, expiry)
}

// DeleteCtx removes the session under key, if there is one.
func (s *Store) DeleteCtx(ctx context.Context, key string) error {
	_, err := s.decide(ctx, removeScript, key, 0)
	return failed("removing a session", err)
}

// Delete is DeleteCtx without a context.
func (s *Store) Delete(key string) error {
	return s.DeleteCtx(context.Background(), key)
}

// Remove is DeleteCtx that also says whether the session was still there.
func (s *Store) Remove(ctx context.Context, key string) (found bool, err error) {
	found, err = s.decide(ctx, removeScript, key, rememberFor)
	return found, failed("removing a session", err)
}

// Update replaces the data and the expiry of a session that is still there.
func (s *Store) Update(ctx context.Context, key string, data []byte, expiry time.Time) (found bool, err error) {
	if past(expiry) {
		return false, s.DeleteCtx(ctx, key)
	}
	found, err = s.decide(ctx, updateScript, key, appendSession(data, expiry), expiry.UnixMilli())
	return found, failed("updating a session", err)
}

// Touch replaces the expiry of a session that is still there. Its data is not sent.
func (s *Store) Touch(ctx context.Context, key string, expiry time.Time) (found bool, err error) {
	if past(expiry) {
		return false, s.DeleteCtx(ctx, key)
	}
	found, err = s.decide(ctx, touchScript, key, appendExpiry(nil, expiry), expiry.UnixMilli())
	return found, failed("moving the expiry of a session", err)
}

// decide runs a script that answers 1 or 0.
func (s *Store) decide(ctx context.Context, script *redis.Script, key string, args ...any) (bool, error) {
	ctx, cancel := writeContext(ctx)
	defer cancel()
	defer s.recent.add(s.Prefix + key)
	return wait(ctx, s, func() (bool, error) { return script.Run(ctx, s.client, []string{s.Prefix + key}, args...).Bool() })
}

// past reports whether nothing is to be stored any more: a key whose lifetime is not positive would live for ever.
func past(expiry time.Time) bool { return !expiry.After(time.Now()) }

// failed says what was being done. It names no key: with a manager that does not hash, that is the token.
func failed(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("redisstore: %s: %w", doing, err)
}
