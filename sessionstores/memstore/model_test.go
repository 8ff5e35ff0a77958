package memstore_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/memstore"
)

// A model is a store as simple as can be: what Namer asks for, with neither locks, shards nor sweeping.
type model struct {
	sessions map[string]modelSession
	traces   map[string]modelTrace
	names    map[string][]string
}

type modelSession struct {
	data   string
	expiry time.Time
}

type modelTrace struct {
	ended      bool
	successors []string
	forget     time.Time
}

func (m *model) live(key string) bool {
	return m.sessions[key].expiry.After(time.Now())
}

func (m *model) put(key, data string, expiry time.Time) bool {
	m.sessions[key] = modelSession{data, expiry}
	return m.live(key)
}

func (m *model) trace(key string) modelTrace {
	if t := m.traces[key]; t.forget.After(time.Now()) {
		return t
	}
	return modelTrace{}
}

func (m *model) renew(from, to, data string, expiry time.Time) bool {
	t := m.trace(from)
	t.forget = time.Now().Add(sessionstores.EndWindow)
	if !t.ended {
		t.successors = append(t.successors, to)
	}
	m.traces[from] = t
	return !t.ended && !m.trace(to).ended && m.put(to, data, expiry)
}

func (m *model) end(key string) {
	m.endUnless(key, map[string]bool{})
}

func (m *model) endUnless(key string, done map[string]bool) {
	if done[key] {
		return
	}
	done[key] = true
	delete(m.sessions, key)
	t := m.trace(key)
	t.ended, t.forget = true, time.Now().Add(sessionstores.EndWindow)
	m.traces[key] = t
	for _, next := range t.successors {
		m.endUnless(next, done)
	}
}

func (m *model) endAll(name string) {
	for _, key := range m.names[name] {
		m.end(key)
	}
	delete(m.names, name)
}

// Through six thousand random calls and three days of fake time, the store and the model say the same.
func TestStoreAgreesWithModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		defer store.Close()
		m := &model{sessions: map[string]modelSession{}, traces: map[string]modelTrace{}, names: map[string][]string{}}
		random := rand.New(rand.NewPCG(1, 2))
		ctx := t.Context()

		for i := range 6_000 {
			key, other := fmt.Sprint("key ", random.IntN(12)), fmt.Sprint("key ", random.IntN(12))
			data := fmt.Sprint("data ", i)
			expiry := time.Now().Add(time.Duration(random.IntN(20)-3) * time.Minute).Truncate(time.Millisecond)
			was := m.live(key)

			var call string
			var got, want bool
			var err error
			switch random.IntN(11) {
			case 0:
				call, want = "Commit", m.put(key, data, expiry)
				err = store.Commit(key, []byte(data), expiry)
				got = want
			case 1:
				call, want = "Update", was && m.put(key, data, expiry)
				got, err = store.Update(ctx, key, []byte(data), expiry)
			case 2:
				call, want = "Touch", was && m.put(key, m.sessions[key].data, expiry)
				got, err = store.Touch(ctx, key, expiry)
			case 3:
				call, want = "Remove", was
				delete(m.sessions, key)
				got, err = store.Remove(ctx, key)
			case 4:
				call = "Delete"
				delete(m.sessions, key)
				err = store.Delete(key)
			case 5:
				call, want = "Renew", m.renew(key, other, data, expiry)
				got, err = store.Renew(ctx, key, other, []byte(data), expiry)
			case 6:
				if random.IntN(4) == 0 { // or nothing would ever be left to renew
					call = "End"
					m.end(key)
					err = store.End(ctx, key)
				}
			case 7:
				call = "Sleep"
				time.Sleep(time.Duration(random.IntN(1000)) * time.Second)
			case 8:
				call = "File"
				names := []string{fmt.Sprint("name ", random.IntN(4)), "everybody"}
				for _, name := range names {
					m.names[name] = append(m.names[name], key, other)
				}
				err = store.File(ctx, names, time.Now().AddDate(1, 0, 0), key, other) // when it is forgotten: sweep_test.go
			case 9:
				call, want = "Create", !m.trace(key).ended && m.put(key, data, expiry)
				got, err = store.Create(ctx, key, []byte(data), expiry)
			case 10:
				if random.IntN(4) == 0 {
					call = "EndAll"
					name := fmt.Sprint("name ", random.IntN(4))
					if random.IntN(8) == 0 {
						name = "everybody"
					}
					m.endAll(name)
					err = store.EndAll(ctx, name)
				}
			}
			if got != want || err != nil {
				t.Fatalf("call %d, %s(%s): found %v, error %v; want %v", i, call, key, got, err, want)
			}
			m.compare(t, store, fmt.Sprintf("call %d, %s(%s)", i, call, key))
		}
	})
}

func (m *model) compare(t *testing.T, store *memstore.Store, after string) {
	t.Helper()
	all, err := store.All()
	if err != nil {
		t.Fatal(err)
	}
	live := 0
	for key, want := range m.sessions {
		data, expiry, found, err := store.Get(t.Context(), key)
		if found != m.live(key) || err != nil {
			t.Fatalf("after %s: Get(%s): found %v, error %v; want %v", after, key, found, err, m.live(key))
		}
		if !found {
			continue
		}
		live++
		if string(data) != want.data || !expiry.Equal(want.expiry) || !bytes.Equal(all[key], data) {
			t.Fatalf("after %s: Get(%s) = %q until %v, All has %q; want %q until %v",
				after, key, data, expiry, all[key], want.data, want.expiry)
		}
	}
	if len(all) != live {
		t.Fatalf("after %s: All has %d sessions, want %d", after, len(all), live)
	}
}
