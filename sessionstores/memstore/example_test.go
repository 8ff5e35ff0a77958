package memstore_test

import (
	"context"
	"fmt"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores/memstore"
)

// Given to a session manager, as any store of scs.
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

// A logout ends the session that another request is just renewing.
func ExampleStore_End() {
	store := memstore.New()
	defer store.Close()
	ctx := context.Background()
	expiry := time.Now().Add(time.Hour)
	_ = store.Commit("old", []byte("signed in"), expiry)

	_, _ = store.Remove(ctx, "old") // a request begins to renew the session
	_ = store.End(ctx, "old")       // the user logs out in another tab
	found, err := store.Renew(ctx, "old", "new", []byte("signed in"), expiry)
	fmt.Println(found, err)
	// Output: false <nil>
}
