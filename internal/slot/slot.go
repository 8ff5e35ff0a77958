// Package slot lets package chiauth0 keep a value in the context that package sessionstores makes
// for a request. The request is copied once instead of twice.
package slot

import (
	"context"
	"sync/atomic"
)

// Key is the key of the Slot in the context of a request.
type Key struct{}

// A Slot holds one value. It may be used by several goroutines. All values have the same type.
type Slot struct{ value atomic.Value }

// From returns the Slot of a request, or nil outside of a request.
func From(ctx context.Context) *Slot {
	s, _ := ctx.Value(Key{}).(*Slot)
	return s
}

// Load returns the value, or nil if there is none.
func (s *Slot) Load() any {
	return s.value.Load()
}

// Store replaces the value.
func (s *Slot) Store(value any) {
	s.value.Store(value)
}
