package sessionstores

import (
	"context"
	"encoding/hex"
	"errors"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	scsmemstore "github.com/alexedwards/scs/v2/memstore"
)

// plainFixture is a plainStore with one session under "old".
func plainFixture(t *testing.T) (plainStore, context.Context) {
	t.Helper()
	p := plainStore{scsmemstore.NewWithCleanupInterval(0)}
	ctx := t.Context()
	created, err := p.Create(ctx, "old", []byte("data"), time.Now().Add(time.Hour))
	expect(t, "Create", created, err, true, nil)

	return p, ctx
}

// expect compares the result of a method of a Backend.
func expect(t *testing.T, what string, found bool, err error, wantFound bool, wantErr error) {
	t.Helper()
	if found != wantFound || !errors.Is(err, wantErr) {
		t.Errorf("%s: got %t, error %v, want %t, error %v", what, found, err, wantFound, wantErr)
	}
}

// expectStored compares what Get returns.
func expectStored(t *testing.T, p plainStore, key, want string, wantFound bool) {
	t.Helper()
	data, expiry, found, err := p.Get(context.Background(), key)
	expect(t, "Get "+key, found, err, wantFound, nil)
	if string(data) != want {
		t.Errorf("Get %s: got %q, want %q", key, data, want)
	}
	if found && !time.Now().Before(expiry) {
		t.Errorf("Get %s: got the expiry %v, want one in the future", key, expiry)
	}
}

func expectTombstone(t *testing.T, p plainStore, key string) {
	t.Helper()
	_, expiry, found, err := p.Get(context.Background(), key)
	expect(t, "Get "+key, found, err, false, nil)
	if left := time.Until(expiry); left < TombstoneTTL-time.Minute {
		t.Errorf("tombstone of %s: got %v left, want about %v", key, left, TombstoneTTL)
	}
}

var inAnHour = func() time.Time { return time.Now().Add(time.Hour) }

func TestPlainStoreUpdatesWhatHasNotChanged(t *testing.T) {
	p, ctx := plainFixture(t)
	found, err := p.Update(ctx, "old", []byte("data"), []byte("new"), inAnHour())
	expect(t, "Update", found, err, true, nil)
	found, err = p.Update(ctx, "old", []byte("data"), []byte("new"), inAnHour())
	expect(t, "repeated Update", found, err, true, nil)
	found, err = p.Update(ctx, "old", []byte("data"), []byte("other"), inAnHour())
	expect(t, "Update of changed data", found, err, true, ErrConflict)
	expectStored(t, p, "old", "new", true)

	found, err = p.Update(ctx, "none", nil, []byte("new"), inAnHour())
	expect(t, "Update of nothing", found, err, false, nil)
	expectStored(t, p, "none", "", false)
	found, err = p.Touch(ctx, "none", inAnHour())
	expect(t, "Touch of nothing", found, err, false, nil)
}

func TestPlainStoreRenewsOnce(t *testing.T) {
	p, ctx := plainFixture(t)
	found, err := p.Renew(ctx, "old", "new", []byte("other"), []byte("next"), inAnHour())
	expect(t, "Renew of changed data", found, err, false, ErrConflict)
	for range 2 {
		found, err = p.Renew(ctx, "old", "new", []byte("data"), []byte("next"), inAnHour())
		expect(t, "Renew", found, err, true, nil)
	}
	found, err = p.Renew(ctx, "old", "another", []byte("data"), []byte("next"), inAnHour())
	expect(t, "Renew to another key", found, err, false, nil)
	expectTombstone(t, p, "old")
	expectStored(t, p, "new", "next", true)
	expectStored(t, p, "another", "", false)
}

func TestPlainStoreRevokesSuccessors(t *testing.T) {
	p, ctx := plainFixture(t)
	_, err := p.Renew(ctx, "old", "new", []byte("data"), []byte("next"), inAnHour())
	expect(t, "Renew", true, err, true, nil)
	_, err = p.Renew(ctx, "new", "newer", []byte("next"), []byte("next"), inAnHour())
	expect(t, "Renew", true, err, true, nil)

	found, err := p.Revoke(ctx, "old")
	expect(t, "Revoke", found, err, true, nil)
	found, err = p.Revoke(ctx, "old")
	expect(t, "repeated Revoke", found, err, false, nil)
	for _, key := range []string{"old", "new", "newer"} {
		expectTombstone(t, p, key)
	}

	found, err = p.Revoke(ctx, "none")
	expect(t, "Revoke of nothing", found, err, false, nil)
	created, err := p.Create(ctx, "none", []byte("data"), inAnHour())
	expect(t, "Create of what was revoked", created, err, false, nil)
}

func TestPlainStoreKeepsTombstones(t *testing.T) {
	p, ctx := plainFixture(t)
	if _, err := p.Revoke(ctx, "old"); err != nil {
		t.Fatal(err)
	}
	found, err := p.Update(ctx, "old", []byte("data"), []byte("new"), inAnHour())
	expect(t, "Update", found, err, false, nil)
	found, err = p.Touch(ctx, "old", inAnHour())
	expect(t, "Touch", found, err, false, nil)
	found, err = p.Renew(ctx, "old", "new", []byte("data"), []byte("new"), inAnHour())
	expect(t, "Renew", found, err, false, nil)
	if err := p.DeleteCtx(ctx, "old"); err != nil {
		t.Error(err)
	}
	expectTombstone(t, p, "old")
}

// An entryStore keeps entries past their expiry, as stores do that give them no lifetime then.
type entryStore map[string][]byte

func (s entryStore) Find(key string) ([]byte, bool, error) {
	data, found := s[key]
	return data, found, nil
}

func (s entryStore) Commit(key string, data []byte, _ time.Time) error {
	s[key] = data
	return nil
}

func (s entryStore) Delete(key string) error {
	delete(s, key)
	return nil
}

func TestPlainStoreRemovesWhatExpires(t *testing.T) {
	past := time.Now().Add(-time.Second)
	for name, write := range map[string]func(plainStore, context.Context) (bool, error){
		"Create": func(p plainStore, ctx context.Context) (bool, error) {
			return p.Create(ctx, "old", []byte("data"), past)
		},
		"Update": func(p plainStore, ctx context.Context) (bool, error) {
			return p.Update(ctx, "old", []byte("data"), []byte("new"), past)
		},
		"Touch": func(p plainStore, ctx context.Context) (bool, error) {
			return p.Touch(ctx, "old", past)
		},
		"Commit": func(p plainStore, ctx context.Context) (bool, error) {
			return false, p.CommitCtx(ctx, "old", []byte("new"), past)
		},
	} {
		store := entryStore{}
		p := plainStore{store}
		_, err := p.Create(t.Context(), "old", []byte("data"), inAnHour())
		expect(t, "Create", true, err, true, nil)

		found, err := write(p, t.Context())
		expect(t, name, found, err, false, nil)
		expectStored(t, p, "old", "", false)
		if len(store) != 0 {
			t.Errorf("%s: got %d entries, want none", name, len(store))
		}
	}
}

func TestPlainEntryExpiresByItsOwnExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, ctx := plainFixture(t)
		e := plainEntry{data: []byte("data"), expiry: time.Now().Add(time.Second)}
		if err := p.Commit("late", e.encode(), inAnHour()); err != nil {
			t.Fatal(err)
		}
		expectStored(t, p, "late", "data", true)
		time.Sleep(2 * time.Second)
		found, err := p.Touch(ctx, "late", inAnHour())
		expect(t, "Touch of an expired entry", found, err, false, nil)
	})
}

// Stores such as scs's boltstore use the memory of a value again.
func TestPlainEntryDoesNotKeepTheMemoryOfTheStore(t *testing.T) {
	e := plainEntry{data: []byte("data"), expiry: inAnHour()}
	b := e.encode()
	got, ok := decodePlain(b)
	clear(b)
	if !ok || string(got.data) != "data" {
		t.Errorf("got %q, %t, want the data as it was read", got.data, ok)
	}
}

// Sessions outlive deployments: every later release decodes these bytes.
func TestPlainEntryFormatIsStable(t *testing.T) {
	expiry := time.UnixMilli(1_800_000_000_123)
	for want, e := range map[string]plainEntry{
		"c2654d313830303030303030303132336444" + "64617461": {data: []byte("data"), expiry: expiry},
		"c2654d313830303030303030303132337443" + "6e6577": {
			tombstone: true, successor: "new", expiry: expiry,
		},
	} {
		if got := hex.EncodeToString(e.encode()); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// What decodes as an entry is decoded again as it was encoded.
func FuzzPlainEntry(f *testing.F) {
	session := plainEntry{data: []byte("data"), expiry: time.UnixMilli(1_800_000_000_000)}
	tombstone := plainEntry{tombstone: true, successor: "new", expiry: session.expiry}
	f.Add(session.encode())
	f.Add(tombstone.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		e, ok := decodePlain(b)
		if !ok {
			return
		}
		again, ok := decodePlain(e.encode())
		if e.tombstone {
			e.data = nil
		}
		if !ok || !reflect.DeepEqual(again, e) {
			t.Errorf("got %+v, %t, want %+v", again, ok, e)
		}
	})
}
