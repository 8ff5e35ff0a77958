package sessionstores

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alexedwards/scs/v2"
	scsmemstore "github.com/alexedwards/scs/v2/memstore"
)

// A slowStore takes a second for each read and each write.
type slowStore struct{ scs.Store }

func newSlowStore() slowStore {
	return slowStore{scsmemstore.NewWithCleanupInterval(0)}
}

func (s slowStore) Find(key string) ([]byte, bool, error) {
	data, found, err := s.Store.Find(key)
	time.Sleep(time.Second)
	return data, found, err
}

func (s slowStore) Commit(key string, data []byte, expiry time.Time) error {
	time.Sleep(time.Second)
	return s.Store.Commit(key, data, expiry)
}

// plainWrites are the methods of a plainStore that read before they write.
var plainWrites = map[string]func(plainStore, context.Context) error{
	"Create": func(p plainStore, ctx context.Context) error {
		_, err := p.Create(ctx, "old", []byte("data"), inAnHour())
		return err
	},
	"Update": func(p plainStore, ctx context.Context) error {
		_, err := p.Update(ctx, "old", []byte("data"), []byte("new"), inAnHour())
		return err
	},
	"Touch": func(p plainStore, ctx context.Context) error {
		_, err := p.Touch(ctx, "old", inAnHour())
		return err
	},
	"Renew": func(p plainStore, ctx context.Context) error {
		_, err := p.Renew(ctx, "old", "new", []byte("data"), []byte("next"), inAnHour())
		return err
	},
	"Delete": func(p plainStore, ctx context.Context) error {
		return p.DeleteCtx(ctx, "old")
	},
}

func TestPlainStoreKeepsTheTombstoneOfAnOverlappingRevoke(t *testing.T) {
	for name, write := range plainWrites {
		for _, start := range []time.Duration{0, 500 * time.Millisecond, 1500 * time.Millisecond} {
			t.Run(name+", Revoke after "+start.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					store := newSlowStore()
					ctx := context.Background()
					p, other := plainStore{store}, plainStore{store} // of two managers
					if _, err := p.Create(ctx, "old", []byte("data"), inAnHour()); err != nil {
						t.Fatal(err)
					}

					go func() {
						if err := write(p, ctx); err != nil {
							t.Error(err)
						}
					}()
					time.Sleep(start)
					if _, err := other.Revoke(ctx, "old"); err != nil {
						t.Error(err)
					}
					time.Sleep(10 * time.Second)

					expectTombstone(t, p, "old")
					expectStored(t, p, "new", "", false)
				})
			})
		}
	}
}

func TestPlainStoreReportsTheConflictOfOverlappingUpdates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		p := plainStore{newSlowStore()}
		if _, err := p.Create(ctx, "old", []byte("data"), inAnHour()); err != nil {
			t.Fatal(err)
		}

		results := make(chan error, 2)
		for _, data := range []string{"new 1", "new 2"} {
			go func() {
				_, err := p.Update(ctx, "old", []byte("data"), []byte(data), inAnHour())
				results <- err
			}()
		}
		conflicts := 0
		for range cap(results) {
			if errors.Is(<-results, ErrConflict) {
				conflicts++
			}
		}
		if conflicts != 1 {
			t.Errorf("two Updates of the same data: got %d conflicts, want 1", conflicts)
		}
	})
}

func TestLockOfAKeyWaitsUntilTheContextIsDone(t *testing.T) {
	locks := keyLocks{locks: make(map[string]*keyLock)}
	unlock, err := locks.lock(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}

	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := locks.lock(done, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("lock of a key that is locked: got error %v, want %v", err, context.Canceled)
	}
	unlockOther, err := locks.lock(t.Context(), "b")
	if err != nil {
		t.Errorf("lock of another key: got error %v, want none", err)
	}

	unlock()
	unlockOther()
	if n := len(locks.locks); n != 0 {
		t.Errorf("after all are unlocked: got %d locks, want none", n)
	}
}
