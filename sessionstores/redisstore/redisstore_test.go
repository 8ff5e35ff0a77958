package redisstore_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores/redisstore"
)

func TestNewWithoutClientPanics(t *testing.T) {
	defer func() {
		text, _ := recover().(string)
		if want := "redis.NewClient"; !strings.Contains(text, want) {
			t.Errorf("got the panic %q, want it to contain %q", text, want)
		}
	}()
	redisstore.New(nil)
}

func TestReadTimeoutHasADefault(t *testing.T) {
	_, store := newMiniStore(t)
	tests := map[time.Duration]time.Duration{
		store.Timeout: time.Second,
		0:             time.Second,
		-1:            time.Second,
		time.Minute:   time.Minute,
	}
	for timeout, want := range tests {
		store.Timeout = timeout
		if got := store.ReadTimeout(); got != want {
			t.Errorf("Timeout %v: got ReadTimeout %v, want %v", timeout, got, want)
		}
	}
}

// clients returns clients of every kind.
func clients(addr string, honor bool) map[string]redis.UniversalClient {
	addrs := []string{addr}
	return map[string]redis.UniversalClient{
		"one node": redis.NewClient(&redis.Options{
			Addr: addr, ContextTimeoutEnabled: honor,
		}),
		"one node without time-outs": redis.NewClient(&redis.Options{
			Addr: addr, ContextTimeoutEnabled: honor, ReadTimeout: -1, WriteTimeout: -1,
		}),
		"Cluster": redis.NewClusterClient(&redis.ClusterOptions{
			Addrs: addrs, ContextTimeoutEnabled: honor,
		}),
		"Sentinel": redis.NewFailoverClient(&redis.FailoverOptions{
			MasterName: "main", SentinelAddrs: addrs, ContextTimeoutEnabled: honor,
		}),
		"Ring": redis.NewRing(&redis.RingOptions{
			Addrs: map[string]string{"shard": addr}, ContextTimeoutEnabled: honor,
		}),
	}
}

func TestHonorsDeadlineReportsTheOptionOfTheClient(t *testing.T) {
	for _, want := range []bool{false, true} {
		for name, client := range clients("127.0.0.1:1", want) {
			if got := redisstore.New(client).HonorsDeadline(); got != want {
				t.Errorf("%s: got HonorsDeadline %v, want %v", name, got, want)
			}
			_ = client.Close()
		}
	}
}

// silentServer accepts connections and sends nothing.
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

// methods calls each method of a store with the key "SECRET" and with data.
func methods(store *redisstore.Store) map[string]func(ctx context.Context) error {
	const key, next = "SECRET", "SECRET2"
	data := []byte("SECRET")
	return map[string]func(ctx context.Context) error{
		"Get": func(ctx context.Context) error {
			_, _, _, err := store.Get(ctx, key)
			return err
		},
		"CommitCtx": func(ctx context.Context) error {
			return store.CommitCtx(ctx, key, data, inAnHour())
		},
		"DeleteCtx": func(ctx context.Context) error { return store.DeleteCtx(ctx, key) },
		"Create": func(ctx context.Context) error {
			_, err := store.Create(ctx, key, data, inAnHour())
			return err
		},
		"Update": func(ctx context.Context) error {
			_, err := store.Update(ctx, key, data, data, inAnHour())
			return err
		},
		"Touch": func(ctx context.Context) error {
			_, err := store.Touch(ctx, key, inAnHour())
			return err
		},
		"Renew": func(ctx context.Context) error {
			_, err := store.Renew(ctx, key, next, data, data, inAnHour())
			return err
		},
		"Revoke": func(ctx context.Context) error {
			_, err := store.Revoke(ctx, key)
			return err
		},
		"Index": func(ctx context.Context) error {
			return store.Index(ctx, []string{key}, inAnHour(), key)
		},
		"Keys": func(ctx context.Context) error {
			_, err := store.Keys(ctx, key)
			return err
		},
		"RevokeAll": func(ctx context.Context) error {
			_, err := store.RevokeAll(ctx, key)
			return err
		},
		"AllCtx": func(ctx context.Context) error {
			_, err := store.AllCtx(ctx)
			return err
		},
	}
}

func expectReturnsInTime(t *testing.T, store *redisstore.Store) {
	t.Helper()
	const limit = 2 * time.Second // the time-outs of go-redis are longer
	for name, call := range methods(store) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			start := time.Now()
			err := call(ctx)
			if took := time.Since(start); err == nil || took > limit {
				t.Errorf("got error %v after %v, want an error within %v", err, took, limit)
			}
		})
	}
}

// Every method returns at its deadline while the server is silent.
func TestCallsReturnAtTheirDeadline(t *testing.T) {
	for name, client := range clients(silentServer(t), true) {
		t.Run(name, func(t *testing.T) {
			t.Cleanup(func() { _ = client.Close() })
			expectReturnsInTime(t, redisstore.New(client))
		})
	}
}

// The same holds while no connection can be established.
func TestCallsReturnAtTheirDeadlineWhileDialing(t *testing.T) {
	client := redis.NewClient(&redis.Options{
		ContextTimeoutEnabled: true,
		Dialer: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		},
	})
	t.Cleanup(func() { _ = client.Close() })
	expectReturnsInTime(t, redisstore.New(client))
}

// A key is a token if the manager does not hash tokens.
func TestErrorsContainNoKeyAndNoData(t *testing.T) {
	mini, client := newMini(t, &redis.Options{MaxRetries: -1, DialerRetries: 1})
	store := redisstore.New(client)
	expect := func(state string) {
		t.Helper()
		for name, call := range methods(store) {
			err := call(t.Context())
			if err == nil {
				t.Errorf("%s, Redis is %s: got no error", name, state)
				continue
			}
			text := err.Error()
			if !strings.HasPrefix(text, "redisstore: ") || strings.Contains(text, "SECRET") {
				t.Errorf("%s, Redis is %s: got error %q, want one of redisstore without the key",
					name, state, text)
			}
		}
	}

	mini.SetError("LOADING Redis is loading the dataset in memory")
	expect("loading")
	mini.Close()
	expect("down")
}
