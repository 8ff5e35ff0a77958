package chiauth0

import (
	"context"
	"sync"
	"time"
)

// A keyedLock lets one request at a time work on a key, in this process.
type keyedLock struct {
	mu   sync.Mutex
	held map[string]*keyLock
}

type keyLock struct {
	turn    chan struct{} // has room for one
	waiting int
}

// lock waits for its turn, or returns the error of the context.
func (l *keyedLock) lock(ctx context.Context, key string) (unlock func(), err error) {
	l.mu.Lock()
	if l.held == nil {
		l.held = make(map[string]*keyLock)
	}
	k := l.held[key]
	if k == nil {
		k = &keyLock{turn: make(chan struct{}, 1)}
		l.held[key] = k
	}
	k.waiting++
	l.mu.Unlock()

	leave := func() {
		l.mu.Lock()
		defer l.mu.Unlock()

		k.waiting--
		if k.waiting == 0 {
			delete(l.held, key)
		}
	}

	select {
	case k.turn <- struct{}{}:
		return func() {
			<-k.turn
			leave()
		}, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}

// rotatedTokens has the tokens that this process has got for a refresh token that is spent now. A
// request that still has the old one uses them.
type rotatedTokens struct {
	mu      sync.Mutex
	bySpent map[string]rotatedEntry
}

type rotatedEntry struct {
	tokens tokenSet
	added  time.Time
}

const (
	// rotatedTTL is how long a store may be down, or go back to what it had before a failover,
	// without the loss of a refresh token that was rotated meanwhile.
	rotatedTTL = 10 * time.Minute

	maxRotated = 4096
)

func (r *rotatedTokens) add(spent string, tokens tokenSet) {
	if spent == "" || spent == tokens.refreshToken {
		return
	}

	r.mu.Lock()
	defer r.mu.Unlock()

	if r.bySpent == nil {
		r.bySpent = make(map[string]rotatedEntry)
	}
	if len(r.bySpent) >= maxRotated {
		r.removeOld()
	}
	r.bySpent[spent] = rotatedEntry{tokens, time.Now()}
}

// removeOld drops what has expired, or the oldest entry if nothing has.
func (r *rotatedTokens) removeOld() {
	var oldest string
	for spent, entry := range r.bySpent {
		if time.Since(entry.added) > rotatedTTL {
			delete(r.bySpent, spent)
			continue
		}
		if oldest == "" || entry.added.Before(r.bySpent[oldest].added) {
			oldest = spent
		}
	}
	if len(r.bySpent) >= maxRotated {
		delete(r.bySpent, oldest)
	}
}

func (r *rotatedTokens) remove(spent string) {
	r.mu.Lock()
	defer r.mu.Unlock()

	delete(r.bySpent, spent)
}

// find returns the latest tokens that have followed a spent refresh token.
func (r *rotatedTokens) find(spent string) (tokens tokenSet, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()

	for range maxRotated {
		entry, known := r.bySpent[spent]
		if !known || time.Since(entry.added) > rotatedTTL {
			return tokens, ok
		}
		tokens, ok = entry.tokens, true
		spent = tokens.refreshToken
	}

	return tokens, ok
}
