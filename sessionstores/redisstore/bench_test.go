package redisstore_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/alexedwards/scs/goredisstore"
	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores/redisstore"
)

// sessionData is as long as the data of a signed-in user.
var sessionData = bytes.Repeat([]byte("d"), 400)

// BenchmarkRead reads a session, beside a raw GET of a value of the same length. The goal is at
// most 1.1 times the raw GET, and 0.25 with client-side caching.
func BenchmarkRead(b *testing.B) {
	node := startRedis(b)
	client := node.client(b, &redis.Options{})
	punctual := node.client(b, &redis.Options{ContextTimeoutEnabled: true})
	cached := node.client(b, caching(0))
	store := redisstore.New(client)
	create(b, store, "key", string(sessionData))

	b.Run("raw GET", func(b *testing.B) {
		value := bytes.Repeat([]byte("r"), len(sessionData)+18)
		if err := client.Set(b.Context(), "raw", value, 0).Err(); err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if err := client.Get(b.Context(), "raw").Err(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Get", func(b *testing.B) { benchGet(b, store) })
	b.Run("Get, ContextTimeoutEnabled", func(b *testing.B) {
		benchGet(b, redisstore.New(punctual))
	})
	b.Run("Get, client-side caching", func(b *testing.B) {
		benchGet(b, redisstore.New(cached))
	})
	b.Run("Find of goredisstore", func(b *testing.B) {
		other := goredisstore.New(client)
		if err := other.CommitCtx(b.Context(), "other", sessionData, inAnHour()); err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, found, err := other.FindCtx(b.Context(), "other"); !found || err != nil {
				b.Fatalf("got found=%v, error %v", found, err)
			}
		}
	})
}

func benchGet(b *testing.B, store *redisstore.Store) {
	b.ReportAllocs()
	for b.Loop() {
		if _, _, found, err := store.Get(b.Context(), "key"); !found || err != nil {
			b.Fatalf("got found=%v, error %v", found, err)
		}
	}
}

// BenchmarkWrite writes a session, beside a raw SET of the same length.
func BenchmarkWrite(b *testing.B) {
	client := startRedis(b).client(b, &redis.Options{})
	store, expiry := redisstore.New(client), inAnHour()
	create(b, store, "key", string(sessionData))

	benchCall(b, "raw SET", func(int) (bool, error) {
		return true, client.Set(b.Context(), "raw", sessionData, 0).Err()
	})
	benchCall(b, "Update", func(int) (bool, error) {
		return store.Update(b.Context(), "key", sessionData, sessionData, expiry)
	})
	benchCall(b, "Touch", func(int) (bool, error) {
		return store.Touch(b.Context(), "key", expiry)
	})
	benchCall(b, "Create and Revoke", func(i int) (bool, error) {
		key := fmt.Sprint("created ", b.Name(), i)
		created, err := store.Create(b.Context(), key, sessionData, expiry)
		if !created || err != nil {
			return created, err
		}
		return store.Revoke(b.Context(), key)
	})
	last := "key"
	benchCall(b, "Renew", func(i int) (bool, error) {
		next := fmt.Sprint("renewed ", b.Name(), i)
		found, err := store.Renew(b.Context(), last, next, sessionData, sessionData, expiry)
		last = next
		return found, err
	})
}

// benchCall calls do with a number that is different each time.
func benchCall(b *testing.B, name string, do func(i int) (bool, error)) {
	i := 0
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			i++
			if found, err := do(i); !found || err != nil {
				b.Fatalf("got found=%v, error %v", found, err)
			}
		}
	})
}
