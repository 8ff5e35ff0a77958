package memstore_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/memstore"
)

// A model is a simple IndexedBackend without locks, shards and sweeps.
type model struct {
	sessions   map[string]modelSession
	tombstones map[string]modelTombstone
	index      map[string]map[string]time.Time
}

type modelSession struct {
	data   string
	expiry time.Time
}

type modelTombstone struct {
	successor string
	end       time.Time
}

func newModel() *model {
	return &model{
		sessions:   map[string]modelSession{},
		tombstones: map[string]modelTombstone{},
		index:      map[string]map[string]time.Time{},
	}
}

func (m *model) live(key string) bool {
	return m.sessions[key].expiry.After(time.Now())
}

func (m *model) tombstone(key string) bool {
	return m.tombstones[key].end.After(time.Now())
}

func (m *model) put(key, data string, expiry time.Time) bool {
	delete(m.sessions, key)
	if !expiry.After(time.Now()) {
		return false
	}
	delete(m.tombstones, key)
	m.sessions[key] = modelSession{data, expiry}
	return true
}

func (m *model) bury(key, successor string) {
	delete(m.sessions, key)
	m.tombstones[key] = modelTombstone{successor, time.Now().Add(sessionstores.TombstoneTTL)}
}

func (m *model) create(key, data string, expiry time.Time) bool {
	return !m.tombstone(key) && m.put(key, data, expiry)
}

func (m *model) update(key, old, data string, expiry time.Time) (bool, error) {
	if !m.live(key) {
		return false, nil
	}
	stored := m.sessions[key].data
	if stored != old && stored != data {
		return true, sessionstores.ErrConflict
	}
	return m.put(key, data, expiry), nil
}

func (m *model) touch(key string, expiry time.Time) bool {
	return m.live(key) && m.put(key, m.sessions[key].data, expiry)
}

func (m *model) renew(from, to, old, data string, expiry time.Time) (bool, error) {
	if m.tombstone(to) {
		return false, nil
	}
	if m.tombstone(from) {
		return m.tombstones[from].successor == to, nil
	}
	if !m.live(from) {
		return false, nil
	}
	if m.sessions[from].data != old {
		return false, sessionstores.ErrConflict
	}
	if !expiry.After(time.Now()) {
		delete(m.sessions, from)
		return false, nil
	}
	m.bury(from, to)
	return m.put(to, data, expiry), nil
}

func (m *model) revoke(key string) bool {
	found := m.live(key)
	successor := ""
	if m.tombstone(key) {
		successor = m.tombstones[key].successor
	}
	m.bury(key, successor)
	if successor != "" {
		return m.revoke(successor)
	}
	return found
}

func (m *model) addToIndex(name, key string, expiry time.Time) {
	if m.index[name] == nil {
		m.index[name] = map[string]time.Time{}
	}
	if expiry.After(m.index[name][key]) {
		m.index[name][key] = expiry
	}
}

func (m *model) revokeAll(name string) (count int) {
	for key, expiry := range m.index[name] {
		if expiry.After(time.Now()) && m.revoke(key) {
			count++
		}
	}
	delete(m.index, name)
	return count
}

func TestStoreAgreesWithModel(t *testing.T) {
	compareWithModel(t, randomCalls(6000))
}

// FuzzStoreAgreesWithModel makes the calls that the input describes.
func FuzzStoreAgreesWithModel(f *testing.F) {
	f.Add(randomCalls(20))
	f.Add(randomCalls(200))
	f.Fuzz(compareWithModel)
}

// randomCalls returns an input for compareWithModel with five bytes for each call.
func randomCalls(n int) []byte {
	input := make([]byte, 5*n)
	_, _ = rand.NewChaCha8([32]byte{}).Read(input)
	return input
}

// compareWithModel makes the calls that the input describes, over days of fake time. The store must
// return what the model returns.
func compareWithModel(t *testing.T, input []byte) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		defer store.Close()
		c := comparison{t: t, store: store, model: newModel()}
		for i := 0; len(input) >= 5; i++ {
			c.call(i, [5]byte(input))
			input = input[5:]
		}
	})
}

type comparison struct {
	t     *testing.T
	store *memstore.Store
	model *model
}

// call makes one call of the store and of the model, and compares the results and all sessions.
func (c *comparison) call(i int, input [5]byte) {
	c.t.Helper()
	s, m, ctx := c.store, c.model, c.t.Context()
	key, other := fmt.Sprint("key ", input[1]%12), fmt.Sprint("key ", input[2]%12)
	expiry := time.Now().Add(time.Duration(int(input[3]%20)-3) * time.Minute).
		Truncate(time.Millisecond)
	data := fmt.Sprint("data ", i)
	old := m.sessions[key].data
	if input[4]%8 == 0 {
		old = "old data"
	}
	rare := input[4]%4 == 0

	var got, want any
	var gotErr, wantErr error
	name := ""
	switch input[0] % 12 {
	case 0:
		name = "Commit"
		m.put(key, data, expiry)
		gotErr = s.Commit(key, []byte(data), expiry)
	case 1:
		name = "Create"
		want = m.create(key, data, expiry)
		got, gotErr = s.Create(ctx, key, []byte(data), expiry)
	case 2:
		name = "Update"
		want, wantErr = m.update(key, old, data, expiry)
		got, gotErr = s.Update(ctx, key, []byte(old), []byte(data), expiry)
	case 3:
		name = "Update with the stored data"
		want, wantErr = m.update(key, data, old, expiry)
		got, gotErr = s.Update(ctx, key, []byte(data), []byte(old), expiry)
	case 4:
		name = "Touch"
		want = m.touch(key, expiry)
		got, gotErr = s.Touch(ctx, key, expiry)
	case 5:
		if !rare {
			return
		}
		name = "Delete"
		delete(m.sessions, key)
		gotErr = s.Delete(key)
	case 6, 7:
		if key == other {
			return
		}
		name = "Renew to " + other
		want, wantErr = m.renew(key, other, old, data, expiry)
		got, gotErr = s.Renew(ctx, key, other, []byte(old), []byte(data), expiry)
	case 8:
		if !rare {
			return
		}
		name = "Revoke"
		want = m.revoke(key)
		got, gotErr = s.Revoke(ctx, key)
	case 9:
		if !rare {
			return
		}
		name = "Sleep"
		time.Sleep(time.Duration(input[3]) * 4 * time.Second)
	case 10:
		name = "Index"
		names := []string{fmt.Sprint("name ", input[3]%4), "all"}
		for _, name := range names {
			m.addToIndex(name, key, expiry)
			m.addToIndex(name, other, expiry)
		}
		gotErr = s.Index(ctx, names, expiry, key, other)
	case 11:
		if !rare {
			return
		}
		name = "RevokeAll"
		index := fmt.Sprint("name ", input[3]%4)
		if input[2]%8 == 0 {
			index = "all"
		}
		want = m.revokeAll(index)
		got, gotErr = s.RevokeAll(ctx, index)
	}

	call := fmt.Sprintf("call %d, %s of %s", i, name, key)
	if got != want || !errors.Is(gotErr, wantErr) {
		c.t.Fatalf("%s = %v, %v; want %v, %v", call, got, gotErr, want, wantErr)
	}
	c.compareAll(call)
}

func (c *comparison) compareAll(after string) {
	c.t.Helper()
	all, err := c.store.All()
	if err != nil {
		c.t.Fatal(err)
	}
	live := 0
	for i := range 12 {
		key := fmt.Sprint("key ", i)
		data, expiry, found, err := c.store.Get(c.t.Context(), key)
		if found != c.model.live(key) || err != nil {
			c.t.Fatalf("after %s: Get(%s) = found=%v, %v; want found=%v",
				after, key, found, err, c.model.live(key))
		}
		if found {
			live++
		}
		want, wantExpiry := c.model.sessions[key].data, time.Time{}
		switch {
		case found:
			wantExpiry = c.model.sessions[key].expiry
		case c.model.tombstone(key):
			want, wantExpiry = "", c.model.tombstones[key].end.Truncate(time.Millisecond)
		default:
			want = ""
		}
		if string(data) != want || !expiry.Equal(wantExpiry) || !bytes.Equal(all[key], data) {
			c.t.Fatalf("after %s: Get(%s) = %q until %v, All has %q; want %q until %v",
				after, key, data, expiry, all[key], want, wantExpiry)
		}
	}
	if len(all) != live {
		c.t.Fatalf("after %s: All has %d sessions, want %d", after, len(all), live)
	}
}
