package redisstore_test

import (
	"context"
	"errors"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores/redisstore"
)

const (
	foreignKey   = "scs:session:key:s12"
	foreignIndex = "scs:session:index:alice:i12"
)

// ctx is for the functions of tables, which have no test.
var ctx = context.Background()

// foreignValues puts values under foreignKey that are neither a session nor a tombstone.
var foreignValues = map[string]func(client *redis.Client) error{
	"a list": func(client *redis.Client) error {
		return client.RPush(ctx, foreignKey, "a", "b").Err()
	},
	"a hash": func(client *redis.Client) error {
		return client.HSet(ctx, foreignKey, "field", "value").Err()
	},
	"a sorted set": func(client *redis.Client) error {
		return client.ZAdd(ctx, foreignKey, redis.Z{Score: 1, Member: "a"}).Err()
	},
	"gob":                setForeign("\x0b\x7f\x04\x01\x02\xff"),
	"JSON":               setForeign(`{"user":"alice"}`),
	"an empty string":    setForeign(""),
	"a cut header":       setForeign("\x00\x01S0017000000"),
	"another version":    setForeign("\x00\x02S999999999999999data"),
	"a damaged expiry":   setForeign("\x00\x01S99999999999999xdata"),
	"an unknown kind":    setForeign("\x00\x01X999999999999999data"),
	"the earlier format": setForeign("\x00S\x00\x00\x01\x8b\xcf\xe5\x68\x00data"),
}

func setForeign(value string) func(client *redis.Client) error {
	return func(client *redis.Client) error { return client.Set(ctx, foreignKey, value, 0).Err() }
}

// expectAbsent checks that no method finds a session under "key".
func expectAbsent(t *testing.T, store *redisstore.Store) {
	t.Helper()
	data, expiry, found, err := store.Get(ctx, "key")
	if found || err != nil || data != nil || !expiry.IsZero() {
		t.Errorf("Get: got %q until %v, found=%v, error %v, want found=false",
			data, expiry, found, err)
	}
	if found, err := store.Touch(ctx, "key", inAnHour()); found || err != nil {
		t.Errorf("Touch: got found=%v, error %v, want found=false", found, err)
	}
	if found, err := store.Update(ctx, "key", nil, nil, inAnHour()); found || err != nil {
		t.Errorf("Update: got found=%v, error %v, want found=false", found, err)
	}
	if found, err := store.Renew(ctx, "key", "new", nil, nil, inAnHour()); found || err != nil {
		t.Errorf("Renew: got found=%v, error %v, want found=false", found, err)
	}
	if got := listed(t, store); got != 0 {
		t.Errorf("AllCtx: got %d sessions, want 0", got)
	}
}

func TestForeignValuesAreAbsent(t *testing.T) {
	client := startRedis(t).admin(t)
	store := redisstore.New(client)
	methods := map[string]func(t *testing.T){
		"Create": func(t *testing.T) { create(t, store, "key", "data") },
		"Commit": func(t *testing.T) {
			if err := store.Commit("key", []byte("data"), inAnHour()); err != nil {
				t.Errorf("Commit: error %v", err)
			}
		},
		"Delete": func(t *testing.T) {
			if err := store.Delete("key"); err != nil {
				t.Errorf("Delete: error %v", err)
			}
			create(t, store, "key", "data")
		},
		"Renew to it": func(t *testing.T) {
			create(t, store, "old", "one")
			renew(t, store, "old", "key", "one", "data")
		},
		"Revoke": func(t *testing.T) {
			revoke(t, store, "key", false)
			created, err := store.Create(ctx, "key", nil, inAnHour())
			if created || err != nil {
				t.Errorf("Create: got created=%v, error %v, want created=false", created, err)
			}
		},
	}
	for name, put := range foreignValues {
		t.Run(name, func(t *testing.T) {
			for method, call := range methods {
				if err := errors.Join(client.FlushAll(ctx).Err(), put(client)); err != nil {
					t.Fatal(err)
				}
				expectAbsent(t, store)
				call(t)
				if method != "Revoke" {
					expectData(t, store, "key", "data")
				}
			}
		})
	}
}

// A value of another type under the key of an index is an error of RevokeAll, which cannot find
// the sessions. Index replaces it.
func TestForeignIndex(t *testing.T) {
	client := startRedis(t).admin(t)
	store := redisstore.New(client)
	if err := client.Set(ctx, foreignIndex, "a string", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.RevokeAll(ctx, "alice"); !redis.HasErrorPrefix(err, "WRONGTYPE") {
		t.Errorf("RevokeAll: got error %v, want WRONGTYPE", err)
	}
	if _, err := store.Keys(ctx, "alice"); !redis.HasErrorPrefix(err, "WRONGTYPE") {
		t.Errorf("Keys: got error %v, want WRONGTYPE", err)
	}
	login(t, store, "key", "alice")
	revokeAll(t, store, "alice", 1)
}

// A tombstone without a readable successor is still a tombstone.
func TestDamagedTombstones(t *testing.T) {
	mini, store := newMiniStore(t)
	for _, rest := range []string{"", "abc", "abcdefgh", "abcdefghx", "abcdefgh=", "\xff\xff"} {
		value := "\x00\x01T999999999999999" + rest
		if err := mini.Set(foreignKey, value); err != nil {
			t.Fatal(err)
		}
		created, err := store.Create(ctx, "key", nil, inAnHour())
		if created || err != nil {
			t.Errorf("rest %q: Create: got created=%v, error %v, want created=false",
				rest, created, err)
		}
		revoke(t, store, "key", false)
	}
}
