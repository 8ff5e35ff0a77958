package storetest

import (
	"context"
	"fmt"

	"github.com/alexedwards/scs/v2"
)

// A ctxChecker calls an scs.CtxStore. The embedded storeChecker uses the methods without a context.
type ctxChecker struct {
	storeChecker
	ctxStore scs.CtxStore
}

func newCtxChecker(ctx context.Context, store scs.Store) (*ctxChecker, bool) {
	s, ok := store.(scs.CtxStore)
	return &ctxChecker{storeChecker{newChecker(ctx), store}, s}, ok
}

var ctxChecks = []check[*ctxChecker]{
	{name: "the methods with and without a context use the same sessions", run: ctxMethodsAgree},
	{name: "the methods with a context copy slices", run: ctxMethodsCopySlices},
	{name: "FindCtx with a cancelled context reports no session as absent", run: cancelledFind},
	{name: "CommitCtx with a cancelled context stores all or nothing", run: cancelledCommit},
	{name: "DeleteCtx with a cancelled context removes the session or fails", run: cancelledDelete},
}

func ctxMethodsAgree(c *ctxChecker) {
	key := newKey("key")
	stores := map[string]scs.Store{
		"without a context": c.store,
		"with a context":    viaCtx{c.ctx, c.ctxStore},
	}
	for written, writer := range stores {
		for read, reader := range stores {
			c.when = fmt.Sprintf("written %s, read %s", written, read)
			c.use(writer).commit(key, written)
			c.use(reader).present(key, written)
			c.use(writer).delete(key)
			c.use(reader).absent(key)
		}
	}
}

// use makes the embedded storeChecker call another store.
func (c *ctxChecker) use(store scs.Store) *storeChecker {
	c.storeChecker.store = store
	return &c.storeChecker
}

func ctxMethodsCopySlices(c *ctxChecker) {
	c.givenSliceIsCopied("CommitCtx", func(key string, given []byte) error {
		return c.ctxStore.CommitCtx(c.ctx, key, given, c.expiry)
	})
	c.returnedSliceIsCopied("FindCtx", func(key string) ([]byte, error) {
		data, _, err := c.ctxStore.FindCtx(c.ctx, key)
		return data, err
	})
}

// A browser that closes its connection cancels the context of the request. A store may return an
// error then, or ignore it.
func cancelledContext(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx
}

func cancelledFind(c *ctxChecker) {
	key := newKey("key")
	c.commit(key, "data")
	data, found, err := c.ctxStore.FindCtx(cancelledContext(c.ctx), key)
	if err == nil && (!found || string(data) != "data") {
		c.failf("FindCtx = %.60q, found=%v and no error; want the data or an error", data, found)
	}

	c.when = "after FindCtx with a cancelled context"
	c.present(key, "data")
	c.use(viaCtx{c.ctx, c.ctxStore}).present(key, "data")
}

func cancelledCommit(c *ctxChecker) {
	key := newKey("key")
	c.commit(key, "old data")
	const data = "new data, and more of it"
	err := c.ctxStore.CommitCtx(cancelledContext(c.ctx), key, []byte(data), c.expiry)

	c.when = fmt.Sprintf("after CommitCtx with a cancelled context, which returned %v", err)
	valid := map[string]bool{data: true, "old data": err != nil}
	c.presentOneOf(key, valid)

	c.when = "after another CommitCtx"
	c.use(viaCtx{c.ctx, c.ctxStore}).commit(key, "later data")
	c.use(viaCtx{c.ctx, c.ctxStore}).present(key, "later data")
}

func cancelledDelete(c *ctxChecker) {
	key := newKey("key")
	c.commit(key, "data")
	err := c.ctxStore.DeleteCtx(cancelledContext(c.ctx), key)

	c.when = fmt.Sprintf("after DeleteCtx with a cancelled context, which returned %v", err)
	if _, found, _ := c.store.Find(key); !found || err == nil {
		c.absent(key)
		return
	}
	c.present(key, "data")
}
