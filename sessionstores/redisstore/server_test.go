package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores/redisstore"
	"github.com/chiauth0/auth/sessionstores/storetest"
)

func TestConformanceOnOneNode(t *testing.T) {
	client := startRedis(t).client(t, &redis.Options{})
	storetest.Run(t, func(t *testing.T) scs.Store { return redisstore.New(client) })
	testEndRacesWithRenewals(t, client, 300)
	testEndAllRacesWithLogins(t, client, 50)
}

// A Cluster refuses a command, a script and a transaction whose keys are on several nodes.
func TestConformanceOnCluster(t *testing.T) {
	client := startCluster(t)
	storetest.Run(t, func(t *testing.T) scs.Store { return redisstore.New(client) })
	testEndRacesWithRenewals(t, client, 300)
	testEndAllRacesWithLogins(t, client, 50)

	store, want := redisstore.New(client), 1000
	store.Prefix = "many:"
	for i := range want {
		login(t, store, fmt.Sprint(i), inAnHour(), "alice", fmt.Sprint("sid", i))
	}
	if all, err := store.All(); len(all) != want || err != nil {
		t.Errorf("of %d sessions on all masters %d are listed, error %v", want, len(all), err)
	}
	if err := store.EndAll(t.Context(), "alice"); err != nil {
		t.Fatal(err)
	}
	if all, err := store.All(); len(all) != 0 || err != nil {
		t.Errorf("%d sessions are left, error %v", len(all), err)
	}
}

// The commands in the package's comment are all that an ACL user needs.
func TestACLUser(t *testing.T) {
	node := startRedis(t)
	commands := strings.Fields("+get +set +del +getrange +setrange +pexpireat +zadd +zrange +zrem +zremrangebyscore +eval +evalsha +scan " +
		"+hello +auth +ping +client")
	set := []any{"acl", "setuser", "app", "on", ">password", "resetkeys", "~scs:session:*", "resetchannels", "-@all"}
	for _, command := range commands {
		set = append(set, command)
	}
	if err := node.client(t, &redis.Options{}).Do(t.Context(), set...).Err(); err != nil {
		t.Fatal(err)
	}
	client := node.client(t, &redis.Options{Username: "app", Password: "password"})
	storetest.Run(t, func(t *testing.T) scs.Store { return redisstore.New(client) })
	testEndAllRacesWithLogins(t, client, 10)
}

var commandCalls = regexp.MustCompile(`cmdstat_(get|eval|evalsha|set):calls=(\d+)`)

// commands returns how many reads and scripts do makes the server execute. A SET outside of a script counts as one.
func commands(t *testing.T, node *server, do func()) (reads, writes int) {
	t.Helper()
	admin := node.client(t, &redis.Options{})
	if err := admin.ConfigResetStat(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	do()
	stats := admin.Info(t.Context(), "commandstats").Val()
	for _, m := range commandCalls.FindAllStringSubmatch(stats, -1) {
		n, _ := strconv.Atoi(m[2])
		switch m[1] {
		case "get":
			reads += n
		case "eval", "evalsha":
			writes += n
		case "set":
			if !strings.Contains(stats, "cmdstat_eval") {
				writes += n
			}
		}
	}
	return reads, writes
}

// S3: what requests cost, counted at the server.
func TestCommandsPerRequest(t *testing.T) {
	node := startRedis(t)
	client := node.client(t, &redis.Options{})
	loadScripts(t, client)
	const requests = 100
	check := func(t *testing.T, wantReads, wantWrites int, do func()) {
		t.Helper()
		if reads, writes := commands(t, node, do); reads != wantReads || writes != wantWrites {
			t.Errorf("%d reads and %d writes, want %d and %d", reads, writes, wantReads, wantWrites)
		}
	}
	visit := func(a *app, cookie *http.Cookie) func() {
		return func() {
			for range requests {
				if (a.user(t, cookie) == "alice") != (cookie != nil) {
					t.Fatal("nobody, or somebody, is signed in")
				}
			}
		}
	}

	t.Run("anonymous", func(t *testing.T) {
		check(t, 0, 0, visit(newApp(redisstore.New(client)).wrap(), nil))
	})
	t.Run("signed in, without an idle timeout", func(t *testing.T) {
		a := newApp(redisstore.New(client))
		a.manager.IdleTimeout = 0
		a.wrap()
		check(t, requests, 0, visit(a, a.signIn(t)))
	})
	t.Run("signed in, with an idle timeout", func(t *testing.T) {
		a := newApp(redisstore.New(client)).wrap()
		cookie := a.signIn(t)
		check(t, requests, 0, visit(a, cookie))
		// A process with a longer idle timeout sees the session as if a fifth of that had passed.
		later := newApp(redisstore.New(client))
		later.manager.IdleTimeout = a.manager.IdleTimeout * 5 / 4
		check(t, requests, 1, visit(later.wrap(), cookie))
	})
	t.Run("login, write, renewal and logout", func(t *testing.T) {
		a := newApp(redisstore.New(client)).wrap()
		var cookie *http.Cookie
		check(t, 0, 2, func() { cookie = a.signIn(t) }) // the name, the session
		check(t, 1, 1, func() { a.get("/write", cookie) })
		check(t, 1, 4, func() { _, cookie = a.get("/renew", cookie) }) // the name, the old session, both sessions
		check(t, 1, 2, func() { a.get("/logout", cookie) })
		if a.user(t, cookie) != "" {
			t.Error("still signed in")
		}
	})
}

// loadScripts has the server learn each script, as it does in the first minute of its life.
func loadScripts(t testing.TB, client redis.UniversalClient) {
	t.Helper()
	store, ctx := redisstore.New(client), context.Background()
	_, createErr := store.Create(ctx, "a", nil, inAnHour())
	_, updateErr := store.Update(ctx, "a", nil, inAnHour())
	_, touchErr := store.Touch(ctx, "a", inAnHour())
	_, renewErr := store.Renew(ctx, "a", "b", nil, inAnHour())
	err := errors.Join(createErr, updateErr, touchErr, renewErr, store.File(ctx, []string{"name"}, inAnHour(), "b"), store.Delete("b"), store.End(ctx, "a"))
	if err != nil {
		t.Fatal(err)
	}
}

// S1: a hundred requests in flight, that read, write and renew, race a logout: nobody is signed in afterwards, with whatever
// cookie the requests were given. So it is with a login in place of the logout, but for the one who logged in.
func TestRacesWithRequestsInFlight(t *testing.T) {
	const rounds, inFlight = 20, 100
	client := startRedis(t).client(t, &redis.Options{PoolSize: 50})
	for _, path := range []string{"/logout", "/login"} {
		t.Run(path, func(t *testing.T) {
			var renewed int
			for range rounds {
				nodes := []*app{newApp(redisstore.New(client)).wrap(), newApp(redisstore.New(client)).wrap()}
				first := nodes[0].signIn(t)
				var loaded, done sync.WaitGroup
				loaded.Add(inFlight + 1)
				for _, node := range nodes {
					node.loaded = func() { loaded.Done(); loaded.Wait() }
				}
				cookies := make([]*http.Cookie, inFlight)
				for i := range cookies {
					done.Go(func() {
						w, cookie := nodes[i%2].get([]string{"/", "/write", "/write", "/renew"}[i%4], first)
						if w.Code != http.StatusOK {
							t.Errorf("%d %s", w.Code, w.Body)
						}
						cookies[i] = cookie
					})
				}
				var last *http.Cookie
				done.Go(func() { _, last = nodes[1].get(path, first) })
				done.Wait()
				for _, node := range nodes {
					node.loaded = nil
				}
				for i, cookie := range append(cookies, first) {
					if cookie.Value != "" && nodes[i%2].user(t, cookie) != "" {
						t.Fatalf("signed in after %s with the cookie of request %d", path, i)
					}
					if cookie.Value != first.Value {
						renewed++
					}
				}
				if path == "/login" && nodes[0].user(t, last) != "alice" {
					t.Fatal("the login was undone")
				}
			}
			t.Logf("%d of the requests were given another cookie", renewed)
		})
	}
}

// S11: while Redis is down, requests that need it are answered 503; when it is back, so are the sessions.
func TestRestart(t *testing.T) {
	node := startRedis(t, "--appendonly", "yes", "--appendfsync", "always")
	a := newApp(redisstore.New(node.client(t, &redis.Options{}))).wrap()
	cookie := a.signIn(t)
	node.kill()
	for _, path := range []string{"/", "/write", "/logout", "/login"} {
		w, after := a.get(path, cookie)
		if w.Code != http.StatusServiceUnavailable || after != cookie {
			t.Errorf("%s: %d %s, cookie %v; want 503 and the cookie untouched", path, w.Code, w.Body, after)
		}
	}
	if w, _ := a.get("/", nil); w.Code != http.StatusOK {
		t.Errorf("anonymous: %d %s", w.Code, w.Body)
	}
	node.start()
	until(t, "the client has found the server again", func() bool {
		w, _ := a.get("/", cookie)
		return w.Code == http.StatusOK
	})
	if a.user(t, cookie) != "alice" {
		t.Error("signed out by the restart")
	}
	if w, _ := a.get("/logout", cookie); w.Code != http.StatusOK || a.user(t, cookie) != "" {
		t.Errorf("logout: %d %s", w.Code, w.Body)
	}
}

// A failover signs nobody out, and what cannot be read meanwhile is an error and no anonymous visitor.
func TestSentinelFailover(t *testing.T) {
	master, _, sentinels := startSentinels(t)
	client := redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "main", SentinelAddrs: sentinels})
	t.Cleanup(func() { _ = client.Close() })
	a := newApp(redisstore.New(client)).wrap()
	const users = 20
	cookies := make([]*http.Cookie, users)
	for i := range cookies {
		cookies[i] = a.signIn(t)
	}
	if err := client.Wait(t.Context(), 1, 5*time.Second).Err(); err != nil { // replicated
		t.Fatal(err)
	}

	var served, refused atomic.Int64
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	var wg sync.WaitGroup
	for i, cookie := range cookies[:4] {
		path := []string{"/", "/write"}[i%2]
		wg.Go(func() {
			for ctx.Err() == nil {
				switch w, _ := a.get(path, cookie); {
				case w.Code == http.StatusServiceUnavailable:
					refused.Add(1)
				case w.Code != http.StatusOK || path == "/" && w.Body.String() != "alice":
					t.Errorf("%s: %d %s", path, w.Code, w.Body)
					return
				default:
					served.Add(1)
				}
			}
		})
	}
	until(t, "requests are served", func() bool { return served.Load() > 100 })
	start := time.Now()
	master.kill()
	until(t, "the failover is noticed", func() bool { return refused.Load() > 0 })
	before := served.Load()
	until(t, "requests are served again", func() bool { return served.Load() > before+100 })
	t.Logf("served again %v after the master was killed; %d requests served, %d refused", time.Since(start), served.Load(), refused.Load())
	stop()
	wg.Wait()
	for i, cookie := range cookies {
		if a.user(t, cookie) != "alice" {
			t.Errorf("user %d was signed out by the failover", i)
		}
	}
}
