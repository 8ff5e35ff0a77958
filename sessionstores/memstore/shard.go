package memstore

import (
	"bytes"
	"hash/maphash"
	"sync"
)

// shardCount makes a shard of a store with a million sessions one of four thousand: swept in a fraction of a millisecond,
// and rarely wanted by two requests at once.
const shardCount = 256

type shards struct {
	seed maphash.Seed // of this process, so that nobody can choose keys that meet in one shard
	list [shardCount]shard
}

func newShards() shards {
	return shards{seed: maphash.MakeSeed()}
}

// lock returns the shard of key, locked.
func (s *shards) lock(key string) *shard {
	sh := &s.list[maphash.String(s.seed, key)%shardCount]
	sh.mu.Lock()
	return sh
}

// A shard holds the sessions whose keys fall to it, the names that lead to these keys, and the traces of sessions that were
// renewed or ended.
type shard struct {
	mu       sync.Mutex
	sessions table[session]
	traces   table[trace]
	names    table[name]
	_        [8]byte // a cache line to itself: neighbours are locked by other processors
}

type session struct {
	data    []byte // never written into: readers copy it without the lock
	expires int64  // in Unix milliseconds, as all times here: they reach beyond the year 2262
}

// live returns the session under key if it has not expired, else nil. The methods of a shard want it locked, except those
// that say otherwise.
func (sh *shard) live(key string, now int64) *session {
	if e := sh.sessions.m[key]; e != nil && e.expires > now {
		return e
	}
	return nil
}

// put stores e, or removes what is there when e has expired already, and reports whether e is there now.
func (sh *shard) put(key string, e *session, now int64) bool {
	if e.expires <= now {
		sh.sessions.remove(key)
		return false
	}
	sh.sessions.put(key, e)
	return true
}

// move gives a live session another expiry and returns it; it returns nil when there is none, or none any more.
func (sh *shard) move(key string, expires, now int64) *session {
	e := sh.live(key, now)
	if e == nil || expires <= now {
		sh.sessions.remove(key)
		return nil
	}
	e.expires = expires
	return e
}

// copyTo adds copies of the live sessions to all. It locks the shard itself.
func (sh *shard) copyTo(all map[string][]byte, now int64) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for key, e := range sh.sessions.m {
		if e.expires > now {
			all[key] = bytes.Clone(e.data)
		}
	}
}

// sweep removes what has expired, and reports how much is left. It locks the shard itself.
func (sh *shard) sweep(now int64) (left int) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.sessions.sweep(func(e *session) bool { return e.expires <= now })
	sh.traces.sweep(func(t *trace) bool { return t.forget <= now })
	sh.names.sweep(func(n *name) bool { return n.keepOnly(func(f filed) bool { return f.expires > now }) == 0 })
	return sh.held()
}

// empty reports whether there is nothing at all. It locks the shard itself.
func (sh *shard) empty() bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.held() == 0
}

func (sh *shard) held() int {
	return len(sh.sessions.m) + len(sh.traces.m) + len(sh.names.m)
}
