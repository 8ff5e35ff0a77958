package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/redisstore"
)

// writeAll calls every method that takes an expiry, on sessions whose keys begin with name.
func writeAll(t *testing.T, store *redisstore.Store, name string, expiry time.Time) {
	t.Helper()
	ctx, old, data := t.Context(), []byte("old"), []byte("data")
	for _, method := range []string{"Commit", "Create", "Update", "Touch", "Renew"} {
		create(t, store, name+" "+method, "old")
	}

	commitErr := store.Commit(name+" Commit", data, expiry)
	_, createErr := store.Create(ctx, name+" Create", data, expiry)
	_, updateErr := store.Update(ctx, name+" Update", old, data, expiry)
	_, touchErr := store.Touch(ctx, name+" Touch", expiry)
	_, renewErr := store.Renew(ctx, name+" Renew", name+" new", old, data, expiry)
	indexErr := store.Index(ctx, []string{name + " Index"}, expiry, "key")
	_, revokeErr := store.Revoke(ctx, name+" Revoke")

	err := errors.Join(commitErr, createErr, updateErr, touchErr, renewErr, indexErr, revokeErr)
	if err != nil {
		t.Fatalf("%s: error %v", name, err)
	}
}

func testEveryKeyExpires(t *testing.T, client *redis.Client) {
	store := redisstore.New(client)
	past := []string{"zero", "1970", "past", "now"}
	expiries := map[string]time.Time{
		"zero":      {},
		"1970":      time.Unix(0, 0),
		"past":      time.Now().Add(-time.Hour),
		"now":       time.Now(),
		"soon":      time.Now().Add(30 * time.Second),
		"in a year": time.Now().AddDate(1, 0, 0),
		"far":       time.Now().AddDate(100_000, 0, 0),
	}
	for name, expiry := range expiries {
		writeAll(t, store, name, expiry)
	}

	keys, err := client.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	if want := 7*1 + 3*7; len(keys) != want {
		t.Errorf("got %d keys, want %d: %q", len(keys), want, keys)
	}
	for _, key := range keys {
		if !strings.HasPrefix(key, "scs:session:") {
			t.Errorf("key %q is outside of the prefix", key)
		}
		if ttl := client.PTTL(t.Context(), key).Val(); ttl <= 0 {
			t.Errorf("key %q: got a TTL of %v, want one above zero", key, ttl)
		}
		for _, name := range past {
			if strings.Contains(key, ":"+name+" ") && !strings.Contains(key, " Revoke") {
				t.Errorf("key %q is stored although its expiry is past", key)
			}
		}
	}
}

func TestEveryKeyExpires(t *testing.T) {
	t.Run("miniredis", func(t *testing.T) {
		_, client := newMini(t, &redis.Options{})
		testEveryKeyExpires(t, client)
	})
	t.Run("Redis", func(t *testing.T) {
		testEveryKeyExpires(t, startRedis(t).admin(t))
	})
}

// sentBytes returns how many bytes of arguments the client sends while do runs.
func sentBytes(client *redis.Client, do func()) int {
	var sent int
	count := func(cmd redis.Cmder) {
		for _, arg := range cmd.Args() {
			switch arg := arg.(type) {
			case []byte:
				sent += len(arg)
			case string:
				sent += len(arg)
			}
		}
	}
	client.AddHook(hook{process: func(next redis.ProcessHook) redis.ProcessHook {
		return func(ctx context.Context, cmd redis.Cmder) error {
			count(cmd)
			return next(ctx, cmd)
		}
	}})
	do()
	return sent
}

func TestTouchSendsNoDataAndUpdateSendsNoOldData(t *testing.T) {
	_, client := newMini(t, &redis.Options{})
	loadScripts(t, client)
	store, ctx, old := redisstore.New(client), t.Context(), strings.Repeat("x", 10_000)
	create(t, store, "key", old)

	later := time.Now().Add(3 * time.Hour).UTC().Truncate(time.Millisecond)
	sent := sentBytes(client, func() {
		if found, err := store.Touch(ctx, "key", later); !found || err != nil {
			t.Fatalf("Touch: got found=%v, error %v, want found=true", found, err)
		}
		found, err := store.Update(ctx, "key", []byte(old), []byte("new"), later)
		if !found || err != nil {
			t.Fatalf("Update: got found=%v, error %v, want found=true", found, err)
		}
	})
	if sent > 500 {
		t.Errorf("Touch and Update sent %d bytes, want at most 500", sent)
	}
	expectData(t, store, "key", "new")
}

func TestTouchMovesTheExpiryOfKeyAndValue(t *testing.T) {
	mini, store := newMiniStore(t)
	create(t, store, "key", "data")
	later := time.Now().Add(10 * time.Hour).UTC().Truncate(time.Millisecond)
	if found, err := store.Touch(t.Context(), "key", later); !found || err != nil {
		t.Fatalf("Touch: got found=%v, error %v, want found=true", found, err)
	}

	if ttl := mini.TTL("scs:session:key:s12"); ttl < 9*time.Hour || ttl > 10*time.Hour {
		t.Errorf("TTL of the key: got %v, want 10h", ttl)
	}
	data, expiry, found, err := store.Get(t.Context(), "key")
	if string(data) != "data" || !expiry.Equal(later) || !found || err != nil {
		t.Errorf("got %q until %v, found=%v, error %v, want the data until %v",
			data, expiry, found, err, later)
	}
}

func TestUpdateComparesTheStoredData(t *testing.T) {
	_, store := newMiniStore(t)
	create(t, store, "key", "one")
	update := func(old, data string, wantErr error) {
		t.Helper()
		found, err := store.Update(t.Context(), "key", []byte(old), []byte(data), inAnHour())
		if !found || !errors.Is(err, wantErr) {
			t.Errorf("Update from %q to %q: got found=%v, error %v, want found=true, error %v",
				old, data, found, err, wantErr)
		}
	}

	update("one", "two", nil)
	update("one", "two", nil) // a repeated call
	update("one", "three", sessionstores.ErrConflict)
	expectData(t, store, "key", "two")
	update("two", "", nil)
	update("", "four", nil)
	expectData(t, store, "key", "four")
}

// Of ten concurrent updates from the same data, one succeeds.
func TestConcurrentUpdatesDoNotOverwriteEachOther(t *testing.T) {
	_, store := newMiniStore(t)
	create(t, store, "key", "start")
	const writers = 10
	results := make(chan error, writers)
	for i := range writers {
		go func() {
			data := fmt.Append(nil, "writer ", i)
			_, err := store.Update(t.Context(), "key", []byte("start"), data, inAnHour())
			results <- err
		}()
	}

	succeeded := 0
	for range writers {
		err := <-results
		if err == nil {
			succeeded++
		} else if !errors.Is(err, sessionstores.ErrConflict) {
			t.Errorf("Update: error %v", err)
		}
	}
	if succeeded != 1 {
		t.Errorf("%d updates succeeded, want 1", succeeded)
	}
}

func testBigSession(t *testing.T, store *redisstore.Store, megabytes int) {
	ctx, big := t.Context(), strings.Repeat("x", megabytes<<20)
	key, next := fmt.Sprint("key ", megabytes), fmt.Sprint("next ", megabytes)
	create(t, store, key, "small")
	found, err := store.Update(ctx, key, []byte("small"), []byte(big), inAnHour())
	if !found || err != nil {
		t.Fatalf("Update: got found=%v, error %v, want found=true", found, err)
	}
	if found, err := store.Touch(ctx, key, inAnHour()); !found || err != nil {
		t.Fatalf("Touch: got found=%v, error %v, want found=true", found, err)
	}
	renew(t, store, key, next, big, big+"y")
	if read(t, store, next) != big+"y" {
		t.Error("the renewed session has other data")
	}
	revoke(t, store, key, true)
	expectData(t, store, next, nothing)
}

func TestBigSessions(t *testing.T) {
	store := redisstore.New(startRedis(t).admin(t))
	for _, megabytes := range []int{1, 20} {
		t.Run(fmt.Sprint(megabytes, " MB"), func(t *testing.T) {
			testBigSession(t, store, megabytes)
		})
	}
}
