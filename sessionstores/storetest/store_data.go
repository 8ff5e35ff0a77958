package storetest

import (
	"fmt"
	"runtime/debug"
	"strings"
)

const megabyte = 1 << 20

// everyByte returns n bytes with all values.
func everyByte(n int) string {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	return strings.Repeat(string(all), n/256+1)[:n]
}

// nil is left out: no codec returns it, and it is NULL for the SQL stores of scs, which refuse it.
func dataIsAnyBytes(c *storeChecker) {
	key := newKey("key")
	for _, data := range []string{"", "\x00", everyByte(256), everyByte(megabyte)} {
		c.when = fmt.Sprintf("with %d bytes", len(data))
		c.commit(key, data)
		c.present(key, data)
	}

	// A store may refuse data that is larger. It must not cut it.
	for _, data := range []string{everyByte(megabyte + 1), everyByte(3*megabyte + 1)} {
		c.when = fmt.Sprintf("with %d bytes", len(data))
		if err := c.store.Commit(key, []byte(data), c.expiry); err == nil {
			c.present(key, data)
		}
	}
	c.delete(key)
}

func givenSliceIsCopied(c *storeChecker) {
	c.givenSliceIsCopied("Commit", func(key string, given []byte) error {
		return c.store.Commit(key, given, c.expiry)
	})
}

// givenSliceIsCopied checks a method that stores a session under key.
func (c *storeChecker) givenSliceIsCopied(
	method string, store func(key string, given []byte) error,
) {
	const data = "the data that was given"
	key := newKey("key")
	given := []byte(data + " and more")[:len(data)]
	c.when = method
	c.wantNil("the call", store(key, given))
	if string(given) != data {
		c.failf("the slice that was given is changed to %q, want %q", given, data)
	}

	c.when = fmt.Sprintf("after the caller of %s has reused the slice", method)
	clear(given[:cap(given)])
	c.present(key, data)
}

func returnedSliceIsCopied(c *storeChecker) {
	c.returnedSliceIsCopied("Find", func(key string) ([]byte, error) {
		data, _, err := c.store.Find(key)
		return data, err
	})
}

// returnedSliceIsCopied checks a method that returns the data under key.
func (c *storeChecker) returnedSliceIsCopied(
	method string, find func(key string) ([]byte, error),
) {
	const data = "the data that is stored"
	key := newKey("key")
	c.commit(key, data)
	if c.failed() {
		return
	}
	returned, err := find(key)
	c.when = method
	c.wantNil("the call", err)

	c.when = fmt.Sprintf("after the caller of %s has written into the slice", method)
	c.fail(overwrite(returned))
	c.present(key, data)
}

// overwrite writes into a slice and the memory behind it. The slice of a store that maps a file
// into memory may be read-only, which would end the process without SetPanicOnFault.
func overwrite(slice []byte) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("the slice cannot be written: %v", fault)
		}
	}()
	clear(slice[:cap(slice)])
	return nil
}
