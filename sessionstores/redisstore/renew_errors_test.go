package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores/redisstore"
)

var errLost = errors.New("the connection broke before the answer came")

// failCommands makes the client's commands fail as fails says, which gets the number of the
// command from 0. With executed, the server executes them before.
func failCommands(client *redis.Client, executed bool, fails func(n int) bool) {
	var mu sync.Mutex
	n := -1
	client.AddHook(hook{process: func(next redis.ProcessHook) redis.ProcessHook {
		return func(ctx context.Context, cmd redis.Cmder) error {
			if cmd.Name() != "evalsha" {
				return next(ctx, cmd)
			}
			mu.Lock()
			n++
			fail := fails(n)
			mu.Unlock()
			if !fail {
				return next(ctx, cmd)
			}
			if executed {
				_ = next(ctx, cmd)
			}
			cmd.SetErr(errLost)
			return errLost
		}
	}})
}

// Each step of Renew fails, before or after the server has executed it. At least one session
// stays, found says which one, and a repeated call succeeds.
func TestFailedRenewKeepsASession(t *testing.T) {
	for step, wantFound := range []bool{false, true} {
		for _, executed := range []bool{false, true} {
			name := fmt.Sprintf("step %d, executed %v", step+1, executed)
			t.Run(name, func(t *testing.T) {
				_, client := newMini(t, &redis.Options{})
				loadScripts(t, client)
				store := redisstore.New(client)
				create(t, store, "old", "one")

				failCommands(client, executed, func(n int) bool { return n == step })
				expectRenew(t, store, wantFound, errLost)
				if wantFound {
					expectData(t, store, "new", "two")
				} else {
					expectData(t, store, "old", "one")
				}

				expectRenew(t, store, true, nil)
				expectData(t, store, "old", nothing)
				expectData(t, store, "new", "two")
			})
		}
	}
}

// The first step of a repeated call fails. The successor of the first call stays.
func TestFailedRepetitionOfRenewKeepsTheSuccessor(t *testing.T) {
	_, client := newMini(t, &redis.Options{})
	loadScripts(t, client)
	store := redisstore.New(client)
	create(t, store, "old", "one")
	expectRenew(t, store, true, nil)
	failCommands(client, true, func(n int) bool { return n == 0 })
	expectRenew(t, store, false, errLost)
	expectData(t, store, "new", "two")
}

// The connection breaks before an answer arrives. go-redis repeats the command.
func TestLostAnswersDoNotChangeTheResult(t *testing.T) {
	node := startRedis(t)
	loadScripts(t, node.admin(t))
	proxy := startProxy(t, node.addr)
	store := redisstore.New(proxy.client(t, &redis.Options{ContextTimeoutEnabled: true}))
	ctx := t.Context()

	proxy.lose("replace")
	create(t, store, "old", "one")
	proxy.expectLost(t)

	proxy.lose("keep")
	expectRenew(t, store, true, nil)
	proxy.expectLost(t)
	expectData(t, store, "new", "two")

	create(t, store, "old2", "one")
	proxy.lose("retire")
	renew(t, store, "old2", "new2", "one", "two")
	proxy.expectLost(t)
	expectData(t, store, "new2", "two")

	proxy.lose("new2")
	found, err := store.Update(ctx, "new2", []byte("two"), []byte("three"), inAnHour())
	if !found || err != nil {
		t.Errorf("Update: got found=%v, error %v, want found=true", found, err)
	}
	proxy.expectLost(t)

	proxy.lose("new2")
	revoke(t, store, "new2", true)
	proxy.expectLost(t)
	revoke(t, store, "new2", false)

	index(t, store, "alice", "new")
	proxy.lose("session:new:")
	revokeAll(t, store, "alice", 1)
	proxy.expectLost(t)
}
