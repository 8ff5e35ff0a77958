package memstore_test

import (
	"context"
	"fmt"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores/memstore"
)

// A session manager of scs uses it like any other store.
func Example() {
	store := memstore.New()
	defer store.Close()
	sessions := scs.New()
	sessions.Store = store

	ctx, _ := sessions.Load(context.Background(), "")
	sessions.Put(ctx, "theme", "dark")
	token, _, _ := sessions.Commit(ctx)

	next, err := sessions.Load(context.Background(), token)
	fmt.Println(sessions.GetString(next, "theme"), err)
	// Output: dark <nil>
}

// Revoke also removes a session that was moved to a new key.
func ExampleStore_Revoke() {
	store := memstore.New()
	defer store.Close()
	ctx := context.Background()
	expiry := time.Now().Add(time.Hour)
	data := []byte("signed in")

	_, _ = store.Create(ctx, "old", data, expiry)
	_, _ = store.Renew(ctx, "old", "new", data, data, expiry)

	found, err := store.Revoke(ctx, "old")
	fmt.Println(found, err)
	_, found, err = store.Find("new")
	fmt.Println(found, err)
	// Output:
	// true <nil>
	// false <nil>
}
