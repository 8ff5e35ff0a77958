package memstore

import (
	"hash/maphash"
	"strings"
	"sync"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

// shardCount divides a store with a million sessions into shards of about four thousand. Such a
// shard is swept in a fraction of a millisecond, and two requests rarely lock the same one.
const shardCount = 256

type shards struct {
	seed maphash.Seed // differs between processes, so that keys cannot be chosen for one shard
	list [shardCount]shard
}

func newShards() shards {
	return shards{seed: maphash.MakeSeed()}
}

func (s *shards) indexOf(key string) int {
	return int(maphash.String(s.seed, key) % shardCount)
}

// lock locks the shard of key and returns it.
func (s *shards) lock(key string) *shard {
	return s.lockAt(s.indexOf(key))
}

// lockAt locks the shard with the given index and returns it.
func (s *shards) lockAt(i int) *shard {
	sh := &s.list[i]
	sh.mu.Lock()
	sh.now = time.Now().UnixMilli()
	return sh
}

// lockPair locks the shards of two keys, which may be the same shard. It locks the lower index
// first: calls with the same two shards in any order cannot block each other for good.
func (s *shards) lockPair(one, two string) (shardOfOne, shardOfTwo *shard) {
	i, j := s.indexOf(one), s.indexOf(two)
	s.lockAt(min(i, j))
	if i != j {
		s.lockAt(max(i, j))
	}
	return &s.list[i], &s.list[j]
}

func unlockPair(one, two *shard) {
	one.mu.Unlock()
	if one != two {
		two.mu.Unlock()
	}
}

// A shard holds the entries whose keys hash to it, and the part of the index that has these keys.
// Its methods must be called with the lock held.
type shard struct {
	mu      sync.Mutex
	now     int64 // the time in Unix milliseconds when the lock was taken
	entries table[entry]
	index   table[indexEntries]
	_       [16]byte // fills a cache line, because neighbors are locked by other processors
}

// An entry is what is stored under a key: a session, or a tombstone.
type entry struct {
	value string // of a session: its data; of a renewed one: the key of its successor
	end   int64  // the expiry in Unix milliseconds, which reach beyond the year 2262
	kind  kind
}

type kind uint8

const (
	session kind = iota
	revoked      // the tombstone of a session that was revoked
	renewed      // the tombstone of a session that was moved to another key
)

// entry returns what is under key, or nil. It removes an expired entry: if the clock of the host
// is set back, the next call does not find it again.
func (sh *shard) entry(key string) *entry {
	e := sh.entries.m[key]
	if e == nil {
		return nil
	}
	if e.end <= sh.now {
		sh.entries.remove(key)
		return nil
	}
	return e
}

// session returns the session under key, or nil.
func (sh *shard) session(key string) *entry {
	e := sh.entry(key)
	if e == nil || e.kind != session {
		return nil
	}
	return e
}

func (sh *shard) hasTombstone(key string) bool {
	e := sh.entry(key)
	return e != nil && e.kind != session
}

// storeSession stores a session and replaces whatever is under key. If the expiry is past, it
// removes the session under key instead and returns false.
func (sh *shard) storeSession(key, data string, expiry int64) bool {
	if expiry <= sh.now {
		sh.removeSession(key)
		return false
	}
	sh.store(key, entry{value: data, end: expiry, kind: session})
	return true
}

func (sh *shard) removeSession(key string) {
	if sh.session(key) != nil {
		sh.entries.remove(key)
	}
}

// storeTombstone replaces whatever is under key with a new tombstone.
func (sh *shard) storeTombstone(key string, k kind, successor string) {
	end := sh.now + sessionstores.TombstoneTTL.Milliseconds()
	sh.store(key, entry{value: strings.Clone(successor), end: end, kind: k})
}

func (sh *shard) store(key string, e entry) {
	if stored := sh.entries.m[key]; stored != nil {
		*stored = e
		return
	}
	added := e // e itself stays on the stack when an entry is replaced
	sh.entries.put(key, &added)
}

// copySessions adds copies of the sessions to all.
func (sh *shard) copySessions(all map[string][]byte) {
	for key, e := range sh.entries.m {
		if e.kind == session && e.end > sh.now {
			all[key] = []byte(e.value)
		}
	}
}

// sweep removes what has expired, and returns the number of entries that are left.
func (sh *shard) sweep() (left int) {
	sh.entries.sweep(func(e *entry) bool { return e.end <= sh.now })
	sh.index.sweep(func(ie *indexEntries) bool { return ie.removeExpired(sh.now) == 0 })
	return sh.size()
}

// size returns the number of entries, including expired ones.
func (sh *shard) size() int {
	return len(sh.entries.m) + len(sh.index.m)
}
