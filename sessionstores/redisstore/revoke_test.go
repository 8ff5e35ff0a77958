package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores/redisstore"
)

func TestRevokeReachesEverySuccessor(t *testing.T) {
	_, store := newMiniStore(t)
	create(t, store, "a", "one")
	chain := []string{"a", "b\x00\xff", "", "=d", "e"}
	for i, key := range chain[1:] {
		renew(t, store, chain[i], key, "one", "one")
	}
	create(t, store, "other", "data")

	revoke(t, store, "a", true)
	if got := listed(t, store); got != 1 {
		t.Errorf("got %d sessions, want 1", got)
	}
	expectData(t, store, "other", "data")
	revoke(t, store, "a", false)
}

func TestDeleteLeavesTombstones(t *testing.T) {
	_, store := newMiniStore(t)
	create(t, store, "old", "one")
	renew(t, store, "old", "new", "one", "two")
	revoke(t, store, "revoked", false)
	create(t, store, "deleted", "data")
	for _, key := range []string{"old", "revoked", "deleted"} {
		if err := store.Delete(key); err != nil {
			t.Fatal(err)
		}
	}

	created, err := store.Create(t.Context(), "revoked", nil, inAnHour())
	if created || err != nil {
		t.Errorf("Create after Revoke and Delete: got created=%v, error %v, want created=false",
			created, err)
	}
	create(t, store, "deleted", "data again")
	revoke(t, store, "old", true)
	expectData(t, store, "new", nothing)
}

// loseGeneration makes the answers to the scripts of one generation of Revoke fail here, after
// the server has executed them.
func loseGeneration(client *redis.Client, generation int) {
	client.AddHook(hook{pipeline: func(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
		return func(ctx context.Context, cmds []redis.Cmder) error {
			err := next(ctx, cmds)
			if cmds[0].Name() != "evalsha" {
				return err
			}
			generation--
			if generation != -1 {
				return err
			}
			for _, cmd := range cmds {
				cmd.SetErr(errLost)
			}
			return errLost
		}
	}})
}

func TestRevokeCanBeRepeatedAfterAnError(t *testing.T) {
	for generation := range 3 {
		t.Run(fmt.Sprint("generation ", generation), func(t *testing.T) {
			_, client := newMini(t, &redis.Options{})
			loadScripts(t, client)
			store := redisstore.New(client)
			create(t, store, "a", "one")
			renew(t, store, "a", "b", "one", "one")
			renew(t, store, "b", "c", "one", "one")

			loseGeneration(client, generation)
			if _, err := store.Revoke(t.Context(), "a"); !errors.Is(err, errLost) {
				t.Fatalf("first call: got error %v, want %v", err, errLost)
			}
			if _, err := store.Revoke(t.Context(), "a"); err != nil {
				t.Fatalf("second call: error %v", err)
			}
			if got := listed(t, store); got != 0 {
				t.Errorf("got %d sessions, want 0", got)
			}
		})
	}
}
