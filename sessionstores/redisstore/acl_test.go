package redisstore_test

import (
	"errors"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores/redisstore"
)

// addACLUser adds a user that may use the commands in the package comment, and no others.
func addACLUser(t *testing.T, node *server) *redis.Options {
	t.Helper()
	do(t, node.admin(t), "acl setuser app on >password resetkeys ~scs:session:* resetchannels "+
		"-@all +get +set +del +getrange +setrange +pexpireat +type +time "+
		"+zadd +zrange +zrem +zremrangebyscore +eval +evalsha +scan +hello +auth +ping +client")
	return &redis.Options{Username: "app", Password: "password"}
}

func TestACLUser(t *testing.T) {
	node := startRedis(t)
	client := node.client(t, addACLUser(t, node))
	store := redisstore.New(client)
	for name, call := range methods(store) {
		if err := call(t.Context()); err != nil {
			t.Errorf("%s: error %v", name, err)
		}
	}
	testRevokeRacesWithRenewals(t, client, 50)
	testRevokeAllRacesWithLogins(t, client, 10)

	denied, err := node.admin(t).Do(t.Context(), "acl", "log").Slice()
	if err != nil || len(denied) > 0 {
		t.Errorf("ACL LOG: got %v, error %v, want no entries", denied, err)
	}
}

// Without a command of the list, a method fails with an error. It does not report an existing
// session as absent.
func TestMissingACLCommandIsAnError(t *testing.T) {
	node := startRedis(t)
	admin, ctx, data := node.admin(t), t.Context(), []byte("data")
	for _, command := range []string{"get", "getrange", "type", "time", "set", "evalsha"} {
		name := "without-" + command
		create(t, redisstore.New(admin), name, "data")
		do(t, admin, "acl setuser "+name+" on >password ~* +@all -"+command)
		store := redisstore.New(node.client(t, &redis.Options{
			Username: name, Password: "password", MaxRetries: -1,
		}))

		_, _, foundByGet, getErr := store.Get(ctx, name)
		touched, touchErr := store.Touch(ctx, name, inAnHour())
		updated, updateErr := store.Update(ctx, name, data, data, inAnHour())
		revoked, revokeErr := store.Revoke(ctx, name)
		found := []bool{foundByGet, touched, updated, revoked}
		for i, err := range []error{getErr, touchErr, updateErr, revokeErr} {
			if found[i] == (err != nil) {
				t.Errorf("%s, call %d: got found=%v, error %v, want either", name, i, found[i], err)
			}
		}
		if errors.Join(getErr, touchErr, updateErr, revokeErr) == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}
