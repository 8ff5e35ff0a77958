package memstore

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

// A trace is what is remembered of a session that was renewed or ended.
type trace struct {
	ended      bool
	successors []string // the keys it was renewed to; usually one
	forget     int64    // when, in Unix milliseconds
}

// Renew stores data under newKey as the successor of oldKey, unless oldKey has been ended.
//
// Renew and End lock one shard at a time. What makes them exclude each other is their order: Renew first writes the
// successor down with oldKey, then stores it unless newKey has been ended; End first ends oldKey and reads its successors,
// then ends these. So either Renew finds oldKey ended, or End knows newKey, and then the later of the two at newKey sees
// what the other did there.
func (s *Store) Renew(_ context.Context, oldKey, newKey string, data []byte, expiry time.Time) (found bool, err error) {
	now := time.Now()
	e := &session{data: bytes.Clone(data), expires: expiry.UnixMilli()}

	sh := s.shards.lock(oldKey)
	t := sh.trace(oldKey, now)
	if !t.ended {
		t.successors = append(t.successors, strings.Clone(newKey))
	}
	ended := t.ended
	sh.mu.Unlock()
	s.keepSweeping()
	if ended {
		return false, nil
	}

	sh = s.shards.lock(newKey)
	defer sh.mu.Unlock()
	if sh.hasEnded(newKey, now) {
		return false, nil
	}
	return sh.put(newKey, e, now.UnixMilli()), nil
}

// End removes the session under key, those that succeeded it and those that are about to.
func (s *Store) End(_ context.Context, key string) error {
	now := time.Now()
	keys := []string{key}
	for i := 0; i < len(keys); i++ {
		for _, next := range s.end(keys[i], now) {
			if !slices.Contains(keys, next) { // a ring of renewals has an end
				keys = append(keys, next)
			}
		}
	}
	s.keepSweeping()
	return nil
}

// end ends one session and returns its successors. They stay in the trace: another End at the same time must not return
// before they are gone, either.
func (s *Store) end(key string, now time.Time) (successors []string) {
	sh := s.shards.lock(key)
	defer sh.mu.Unlock()
	sh.sessions.remove(key)
	t := sh.trace(key, now)
	t.ended = true
	return t.successors // of an ended session, these are final
}

// trace returns the trace of key, a new one if there is none, to be kept for EndWindow from now.
func (sh *shard) trace(key string, now time.Time) *trace {
	t := sh.traces.m[key]
	if t == nil || t.forget <= now.UnixMilli() {
		t = new(trace)
		sh.traces.put(key, t)
	}
	t.forget = now.Add(sessionstores.EndWindow).UnixMilli()
	return t
}

func (sh *shard) hasEnded(key string, now time.Time) bool {
	t := sh.traces.m[key]
	return t != nil && t.ended && t.forget > now.UnixMilli()
}
