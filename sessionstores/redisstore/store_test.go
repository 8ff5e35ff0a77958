package redisstore_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/redisstore"
)

func inAnHour() time.Time { return time.Now().Add(time.Hour) }

func find(t *testing.T, store *redisstore.Store, key string) string {
	t.Helper()
	data, found, err := store.FindCtx(t.Context(), key)
	if err != nil {
		t.Fatalf("FindCtx(%q): %v", key, err)
	}
	if !found {
		return "(nothing)"
	}
	return string(data)
}

func TestNewWithoutClientPanics(t *testing.T) {
	defer func() {
		if text, _ := recover().(string); !strings.Contains(text, "redis.NewClient") {
			t.Errorf("the panic says %q, and not what to do", text)
		}
	}()
	redisstore.New(nil)
}

// S8: whatever is written, and however its expiry lies, no key is left that would live for ever.
func TestEveryKeyHasALifetime(t *testing.T) {
	mini, client := newMini(t, &redis.Options{})
	store, ctx := redisstore.New(client), t.Context()
	expiries := map[string]time.Time{
		"none": {}, "epoch": time.Unix(0, 0), "past": time.Now().Add(-time.Hour), "now": time.Now(),
		"soon": time.Now().Add(time.Second), "whole second": time.Now().Add(time.Hour).Truncate(time.Second), "far": time.Now().AddDate(100, 0, 0),
	}
	for name, expiry := range expiries {
		key := func(verb string) string { return name + " " + verb }
		for _, verb := range []string{"commit", "update", "touch", "create", "new"} {
			if verb == "update" || verb == "touch" {
				_ = store.Commit(key(verb), []byte("data"), inAnHour())
			}
		}
		errs := []error{store.Commit(key("commit"), []byte("data"), expiry)}
		_, err := store.Update(ctx, key("update"), []byte("data"), expiry)
		errs = append(errs, err)
		_, err = store.Touch(ctx, key("touch"), expiry)
		errs = append(errs, err)
		_, err = store.Create(ctx, key("create"), []byte("data"), expiry)
		errs = append(errs, err)
		_, err = store.Renew(ctx, key("old"), key("new"), []byte("data"), expiry)
		errs = append(errs, err, store.End(ctx, key("ended")), store.File(ctx, []string{key("name")}, expiry, key("create")))
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	keys := mini.Keys()
	if len(keys) < 3*6 {
		t.Fatalf("only %q were written", keys)
	}
	for _, key := range keys {
		if !strings.HasPrefix(key, "scs:session:") {
			t.Errorf("%q is outside of the prefix", key)
		}
		if mini.TTL(key) <= 0 {
			t.Errorf("%q would live for ever", key)
		}
		for _, dead := range []string{"none ", "epoch ", "past ", "now "} {
			if strings.Contains(key, dead) && !strings.Contains(key, dead+"ended") && !strings.Contains(key, dead+"old") {
				t.Errorf("%q is kept although its expiry is past", key)
			}
		}
	}
}

// S3: moving the expiry sends and rewrites no data, and Redis keeps the key for as long as the value says.
func TestTouchMovesTheKeyToo(t *testing.T) {
	mini, client := newMini(t, &redis.Options{})
	store, data := redisstore.New(client), strings.Repeat("data", 1000)
	if err := store.Commit("key", []byte(data), time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	var longest int
	client.AddHook(hook{process: func(next redis.ProcessHook) redis.ProcessHook {
		return func(ctx context.Context, cmd redis.Cmder) error {
			for _, arg := range cmd.Args() {
				if b, ok := arg.([]byte); ok {
					longest = max(longest, len(b))
				}
			}
			return next(ctx, cmd)
		}
	}})
	later := time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
	if found, err := store.Touch(t.Context(), "key", later); !found || err != nil {
		t.Fatalf("found %v, error %v", found, err)
	}
	if longest != 8 {
		t.Errorf("%d bytes were sent at once, want the 8 of the expiry", longest)
	}
	if ttl := mini.TTL("scs:session:key"); ttl < 59*time.Minute || ttl > time.Hour {
		t.Errorf("the key lives for %v", ttl)
	}
	got, expiry, found, err := store.Get(t.Context(), "key")
	if string(got) != data || !expiry.Equal(later) || !found || err != nil {
		t.Errorf("%d bytes until %v, found %v, error %v", len(got), expiry, found, err)
	}
}

// What another store, or anybody, has left under the prefix is no session, and is neither updated nor listed.
func TestForeignValues(t *testing.T) {
	mini, client := newMini(t, &redis.Options{})
	store, ctx := redisstore.New(client), t.Context()
	values := map[string]string{"gob": "\x0b\x7f\x04\x01\x02\xff", "empty": "", "short": "\x00S1234567", "json": `{"user":"alice"}`}
	for key, value := range values {
		if err := mini.Set("scs:session:"+key, value); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := mini.ZAdd("scs:session:sorted", 1, "member"); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"gob", "empty", "json", "sorted"} {
		if got := find(t, store, key); got != "(nothing)" {
			t.Errorf("%s: %q was found", key, got)
		}
	}
	for key, value := range values {
		if key == "short" { // not even ours could have written it
			continue
		}
		if found, err := store.Update(ctx, key, []byte("data"), inAnHour()); found || err != nil {
			t.Errorf("Update of %s: found %v, error %v", key, found, err)
		}
		if found, err := store.Touch(ctx, key, inAnHour()); found || err != nil {
			t.Errorf("Touch of %s: found %v, error %v", key, found, err)
		}
		if now, _ := mini.Get("scs:session:" + key); now != value {
			t.Errorf("%s was changed to %q", key, now)
		}
	}
	if got := find(t, store, "short"); got != "(nothing)" {
		t.Errorf("a value that is too short: %q was found", got)
	}
	if all, err := store.All(); len(all) != 0 || err != nil {
		t.Errorf("listed: %q, error %v", all, err)
	}
	if found, err := store.Remove(ctx, "gob"); found || err != nil || mini.Exists("scs:session:gob") {
		t.Errorf("Remove: found %v, error %v, still there: %v", found, err, mini.Exists("scs:session:gob"))
	}
	if err := store.Commit("json", []byte("data"), inAnHour()); err != nil || find(t, store, "json") != "data" {
		t.Errorf("not overwritten by Commit: error %v", err)
	}
}

// S12: an error is for a log; the key may be a token.
func TestErrorsNameNoKey(t *testing.T) {
	mini, client := newMini(t, &redis.Options{MaxRetries: -1, DialerRetries: 1})
	store, ctx := redisstore.New(client), t.Context()
	calls := map[string]func() error{
		"Get":    func() error { _, _, _, err := store.Get(ctx, "SECRET"); return err },
		"Commit": func() error { return store.Commit("SECRET", []byte("SECRET"), inAnHour()) },
		"Delete": func() error { return store.Delete("SECRET") },
		"Update": func() error { _, err := store.Update(ctx, "SECRET", []byte("SECRET"), inAnHour()); return err },
		"Touch":  func() error { _, err := store.Touch(ctx, "SECRET", inAnHour()); return err },
		"Create": func() error { _, err := store.Create(ctx, "SECRET", []byte("SECRET"), inAnHour()); return err },
		"Renew": func() error {
			_, err := store.Renew(ctx, "SECRET", "SECRET2", []byte("SECRET"), inAnHour())
			return err
		},
		"End":    func() error { return store.End(ctx, "SECRET") },
		"File":   func() error { return store.File(ctx, []string{"SECRET"}, inAnHour(), "SECRET") },
		"EndAll": func() error { return store.EndAll(ctx, "SECRET") },
		"All":    func() error { _, err := store.All(); return err },
	}
	for _, state := range []string{"refusing", "down"} {
		if mini.SetError("LOADING Redis is loading the dataset in memory"); state == "down" {
			mini.Close()
		}
		for name, call := range calls {
			err := call()
			if err == nil || !strings.HasPrefix(err.Error(), "redisstore: ") || strings.Contains(err.Error(), "SECRET") {
				t.Errorf("%s, Redis %s: %v", name, state, err)
			}
		}
	}
}

// S10: what is cancelled is the request, and not the write that it began.
func TestWritesOutliveTheRequest(t *testing.T) {
	_, client := newMini(t, &redis.Options{ContextTimeoutEnabled: true})
	store := redisstore.New(client)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := store.CommitCtx(ctx, "key", []byte("data"), inAnHour()); err != nil || find(t, store, "key") != "data" {
		t.Errorf("CommitCtx: %v", err)
	}
	if found, err := store.Update(ctx, "key", []byte("updated"), inAnHour()); !found || err != nil || find(t, store, "key") != "updated" {
		t.Errorf("Update: found %v, error %v", found, err)
	}
	if found, err := store.Renew(ctx, "key", "new", []byte("data"), inAnHour()); !found || err != nil || find(t, store, "new") != "data" {
		t.Errorf("Renew: found %v, error %v", found, err)
	}
	if err := store.End(ctx, "key"); err != nil || find(t, store, "new") != "(nothing)" {
		t.Errorf("End: %v", err)
	}
}

// A server that takes connections and says nothing is the worst there is: go-redis would wait for it for twenty seconds.
func silentServer(t *testing.T) (addr string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = c.Close() })
		}
	}()
	return l.Addr().String()
}

// S11: reads have a timeout of their own, whatever that of the client; so has the request's context.
func TestReadsReturnInTime(t *testing.T) {
	addr := silentServer(t)
	clients := map[string]redis.UniversalClient{
		"one node":                       redis.NewClient(&redis.Options{Addr: addr}),
		"one node that heeds deadlines":  redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true}),
		"one node, without timeouts":     redis.NewClient(&redis.Options{Addr: addr, ReadTimeout: -1, WriteTimeout: -1}),
		"a Cluster":                      redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{addr}}),
		"a Cluster that heeds deadlines": redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{addr}, ContextTimeoutEnabled: true}),
		"Sentinels":                      redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "main", SentinelAddrs: []string{addr}}),
		"Sentinels that heed deadlines":  redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "main", SentinelAddrs: []string{addr}, ContextTimeoutEnabled: true}),
	}
	const patience = 3 * time.Second // the shortest of the client's own timeouts is five
	for name, client := range clients {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Cleanup(func() { _ = client.Close() })
			store := redisstore.New(client)
			store.Timeout = 50 * time.Millisecond
			start := time.Now()
			if _, found, err := store.Find("key"); err == nil || found || time.Since(start) > patience {
				t.Errorf("Find: found %v, error %v after %v", found, err, time.Since(start))
			}

			store.Timeout = time.Hour
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			start = time.Now()
			if _, _, found, err := store.Get(ctx, "key"); err == nil || found || time.Since(start) > patience {
				t.Errorf("Get: found %v, error %v after %v", found, err, time.Since(start))
			}
			if _, err := store.AllCtx(ctx); err == nil || time.Since(start) > patience {
				t.Errorf("AllCtx: error %v after %v", err, time.Since(start))
			}
		})
	}
}

// S14: reads that were given up leave nothing behind once the client has given them up too.
func TestNoGoroutineIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	func() {
		client := redis.NewClient(&redis.Options{Addr: silentServer(t), ReadTimeout: 100 * time.Millisecond, MaxRetries: -1})
		defer func() { _ = client.Close() }()
		store := redisstore.New(client)
		store.Timeout = 10 * time.Millisecond
		for range 100 {
			if _, _, err := store.Find("key"); err == nil {
				t.Fatal("a silent server has answered")
			}
		}
	}()
	until(t, "the goroutines are gone", func() bool { return runtime.NumGoroutine() <= before+1 }) // the silent server
}

func TestReadTimeout(t *testing.T) {
	_, client := newMini(t, &redis.Options{})
	store := redisstore.New(client)
	for set, want := range map[time.Duration]time.Duration{store.Timeout: time.Second, 0: time.Second, -1: time.Second, time.Minute: time.Minute} {
		if store.Timeout = set; store.ReadTimeout() != want {
			t.Errorf("Timeout %v: ReadTimeout %v, want %v", set, store.ReadTimeout(), want)
		}
	}
}

// A server that was restarted has forgotten the scripts. Those that are sent together have to find that out, too.
func TestForgottenScripts(t *testing.T) {
	_, client := newMini(t, &redis.Options{})
	store, ctx := redisstore.New(client), t.Context()
	for range 2 {
		if err := client.ScriptFlush(ctx).Err(); err != nil {
			t.Fatal(err)
		}
		if found, err := store.Renew(ctx, "old", "new", []byte("data"), inAnHour()); !found || err != nil {
			t.Fatalf("Renew: found %v, error %v", found, err)
		}
		if err := store.File(ctx, []string{"one", "two"}, inAnHour(), "new"); err != nil {
			t.Fatal(err)
		}
		if got := find(t, store, "new"); got != "data" {
			t.Fatalf("%q was found", got)
		}
	}
}

// Prefixes keep applications apart, also one whose name is a pattern to SCAN.
func TestPrefix(t *testing.T) {
	_, client := newMini(t, &redis.Options{})
	prefixes := []string{"scs:session:", "[a-z]*:", `\?:`, "app:", "x:"}
	stores := make([]*redisstore.Store, len(prefixes))
	for i, prefix := range prefixes {
		stores[i] = redisstore.New(client)
		stores[i].Prefix = prefix
		if err := stores[i].Commit("key", []byte(prefix), inAnHour()); err != nil {
			t.Fatal(err)
		}
	}
	for i, store := range stores {
		all, err := store.All()
		if len(all) != 1 || !bytes.Equal(all["key"], []byte(prefixes[i])) || err != nil {
			t.Errorf("%q: %q, error %v", prefixes[i], all, err)
		}
	}
}

var _ sessionstores.Namer = (*redisstore.Store)(nil)
