// Package redisstore keeps sessions in Redis: on one node, behind Sentinel, or in a Cluster. All
// processes that use the same Redis share the sessions. Sessions survive a restart of the
// application.
//
// The store implements [sessionstores.IndexedBackend] and the interfaces of a plain scs store. A
// request of a signed-in user costs one GET.
//
// # Redis
//
// The store needs Redis 6.2 or later, or a compatible server such as Valkey. Address, TLS and user
// are settings of the client; see the examples. An ACL user needs these commands for the keys that
// begin with [Store.Prefix]:
//
//	+get +set +del +getrange +setrange +pexpireat +type +time
//	+zadd +zrange +zrem +zremrangebyscore +eval +evalsha +scan
//
// go-redis itself sends +hello +auth +ping +client, and in a Cluster +cluster +command +readonly.
//
// Four settings of Redis and the client affect logouts:
//
//   - Reads go to masters, since a replica may return a session that was revoked on its master a
//     moment before. If ReadOnly, RouteByLatency or RouteRandomly of a ClusterClient is set, the
//     store reads with a script, which is slower.
//   - A failover loses the writes that the old master has not replicated. The option
//     min-replicas-to-write of Redis limits that time.
//   - maxmemory-policy is noeviction. Revoke and RevokeAll also work when Redis is full; new
//     sessions and changed data are refused with an error. With another policy Redis evicts
//     sessions, which signs users out, and indexes. RevokeAll does not find the sessions of an
//     evicted index. Package sessionstores adds a session to its index again when it is touched.
//   - ClusterStateReloadInterval of a ClusterClient is about two seconds. With its default of one
//     minute, the client may use a failed master for that long, and its sessions are unavailable.
//
// Errors such as LOADING, READONLY, CLUSTERDOWN and OOM are returned to the caller after the
// retries of go-redis. No session is lost by them.
//
// # Keys
//
// A session is a string under Prefix + key + ":s" + n, where n is the length of Prefix in bytes.
// An index is a sorted set under Prefix + "index:" + name + ":i" + n. The number tells the keys of
// two stores apart when one prefix begins with the other.
//
// # Client-side caching
//
// go-redis can cache what it has read, and Redis reports when a cached key changes. A signed-in
// request then needs no round trip:
//
//	rdb := redis.NewClient(&redis.Options{
//		Addr:                  "localhost:6379",
//		ContextTimeoutEnabled: true,
//		ClientSideCacheConfig: &redis.ClientSideCacheConfig{
//			MaxEntries:   100_000,
//			MaxStaleness: 2 * time.Second,
//		},
//	})
//
// A process then sees the changes of other processes with a delay, usually within ten
// milliseconds. If the report of Redis is lost while the connection stays open, the delay is
// MaxStaleness, which is unlimited unless set. The delay also applies to a logout: until then the
// process accepts a copied cookie. A write does not restore the session, because Redis decides
// about writes. The store reads what it has written itself without delay. go-redis calls the
// feature experimental. It supports one node without Sentinel, in database 0.
package redisstore
