package sessionstores

import (
	"context"
	"sync"
)

// keyLocks locks the entries of plain stores, by key. A plain store reads before it writes; the
// lock keeps the other requests of this process from writing in between. Managers on the same store
// share the locks. Keys of sessions are random, so that two stores never compete for one.
type keyLocks struct {
	mu    sync.Mutex
	locks map[string]*keyLock
}

type keyLock struct {
	holder chan struct{} // has room for one
	users  int           // who holds the lock or waits for it; guarded by keyLocks.mu
}

var plainLocks = keyLocks{locks: make(map[string]*keyLock)}

// lock waits until no one else holds the lock of a key, at most until the context is done: a store
// that hangs may hold it for long.
func (l *keyLocks) lock(ctx context.Context, key string) (unlock func(), err error) {
	k := l.join(key)
	select {
	case k.holder <- struct{}{}:
	default:
		select {
		case k.holder <- struct{}{}:
		case <-ctx.Done():
			l.leave(key, k)
			return nil, ctx.Err()
		}
	}

	unlock = func() {
		<-k.holder
		l.leave(key, k)
	}

	return unlock, nil
}

func (l *keyLocks) join(key string) *keyLock {
	l.mu.Lock()
	defer l.mu.Unlock()

	k := l.locks[key]
	if k == nil {
		k = &keyLock{holder: make(chan struct{}, 1)}
		l.locks[key] = k
	}
	k.users++

	return k
}

func (l *keyLocks) leave(key string, k *keyLock) {
	l.mu.Lock()
	defer l.mu.Unlock()

	k.users--
	if k.users == 0 {
		delete(l.locks, key)
	}
}
