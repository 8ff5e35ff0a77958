package redisstore_test

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores/redisstore"
)

// Every prefix begins another one or is a pattern of SCAN. No store reads, lists or revokes the
// sessions of another one.
func TestPrefixesSeparateStores(t *testing.T) {
	_, client := newMini(t, &redis.Options{})
	prefixes := []string{
		"", "scs:session:", "scs:session:admin:", "scs:session:index:", "scs:session:12:",
		"[a-z]*:", `\?:`, "app:", "x:", "{slot}", "{slot}:a",
	}
	stores := make(map[string]*redisstore.Store)
	for _, prefix := range prefixes {
		store := redisstore.New(client)
		store.Prefix = prefix
		stores[prefix] = store
		login(t, store, "key", "alice")
	}

	for _, prefix := range prefixes {
		all, err := stores[prefix].All()
		if err != nil || len(all) != 1 || string(all["key"]) != "key" {
			t.Errorf("prefix %q: All: got %q, error %v, want one session", prefix, all, err)
		}
		for _, other := range prefixes {
			if len(other) <= len(prefix) || other[:len(prefix)] != prefix {
				continue
			}
			rest := other[len(prefix):]
			expectData(t, stores[prefix], rest+"key", nothing)
			revokeAll(t, stores[prefix], rest+"alice", 0)
			revoke(t, stores[prefix], rest+"key", false)
		}
	}

	for _, prefix := range prefixes {
		expectData(t, stores[prefix], "key", "key")
		revokeAll(t, stores[prefix], "alice", 1)
	}
}

// A session key and a name may be any bytes.
func TestKeysAndNamesDoNotMeet(t *testing.T) {
	_, store := newMiniStore(t)
	keys := []string{
		"", "index:alice", "index:alice:i12", "alice:s12", ":s12", "a\x00b", "a\nb", "{a}", "*",
	}
	for _, key := range keys {
		login(t, store, key, "alice", key)
	}
	for _, key := range keys {
		expectData(t, store, key, key)
	}
	if got := listed(t, store); got != len(keys) {
		t.Errorf("AllCtx: got %d sessions, want %d", got, len(keys))
	}
	revokeAll(t, store, "index:alice", 1)
	revokeAll(t, store, "alice", len(keys)-1)
}
