package sessionstores_test

import (
	"context"
	"maps"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
)

func TestIdleTime(t *testing.T) {
	t.Run("S3: 100 reads are at most one write, of no data, and no cookie", func(t *testing.T) {
		store := newSpy(t)
		s := newSite(t, sessionstores.New(store))
		s.m.IdleTimeout = time.Hour
		s = newSite(t, s.m)
		synctest.Test(t, func(*testing.T) {
			token := s.signIn("ann")
			store.count()
			for range 100 {
				time.Sleep(6 * time.Second) // ten minutes in all: a tenth of the idle time passes once
				if c := s.cookie(s.do(token, s.read)); c != nil {
					t.Errorf("sets %v", c)
				}
			}
			if want := map[string]int{"Get": 100, "Touch": 1}; !maps.Equal(store.calls, want) {
				t.Errorf("the store is called %v, want %v", store.calls, want)
			}
		})
	})

	t.Run("S3: on a plain store 100 reads are at most one write, and no cookie", func(t *testing.T) {
		store := newTimelessStore()
		m := sessionstores.New(store)
		m.IdleTimeout = time.Hour
		s := newSite(t, m)
		synctest.Test(t, func(*testing.T) {
			token := s.signIn("ann")
			store.commits = 0
			for range 100 {
				time.Sleep(6 * time.Second)
				if c := s.cookie(s.do(token, s.read)); c != nil {
					t.Errorf("sets %v", c)
				}
			}
			if store.commits != 1 {
				t.Errorf("%d writes", store.commits)
			}
		})
	})

	t.Run("S3: no idle time, no write", func(t *testing.T) {
		store := newSpy(t)
		m := sessionstores.New(store)
		m.IdleTimeout = 0
		s := newSite(t, m)
		synctest.Test(t, func(*testing.T) {
			token := s.signIn("ann")
			store.count()
			time.Sleep(71 * time.Hour)
			s.do(token, s.read)
			if n := store.count("Touch", "Update", "Commit"); n != 0 || s.user(token) != "ann" {
				t.Errorf("%d writes, signed in is %q", n, s.user(token))
			}
		})
	})

	eachWorld(t, func(t *testing.T, _ world, s *site) {
		s.m.IdleTimeout, s.m.Lifetime = time.Hour, 8*time.Hour
		s = newSite(t, s.m)
		synctest.Test(t, func(*testing.T) {
			token := s.signIn("ann")
			for at := range 15 {
				time.Sleep(30 * time.Minute)
				if s.do(token, s.read); s.user(token) != "ann" {
					t.Fatalf("S3: read every half hour, the session ended at half hour %d", at)
				}
			}
			time.Sleep(31 * time.Minute)
			if s.user(token) != "" {
				t.Error("S8: the session outlives its absolute deadline")
			}

			token = s.signIn("ann")
			time.Sleep(61 * time.Minute)
			if s.do(token, s.read); s.user(token) != "" {
				t.Error("S3: the session outlives its idle time")
			}
		})
	})

	t.Run("S3: a failure to move it on is no reason to refuse a page", func(t *testing.T) {
		store := newSpy(t)
		s := newSite(t, sessionstores.New(store))
		synctest.Test(t, func(*testing.T) {
			token := s.signIn("ann")
			time.Sleep(3 * time.Hour)
			store.failOn("Touch")
			if res := s.do(token, s.read); res.StatusCode != http.StatusOK || store.count("Touch") != 1 {
				t.Errorf("status %d", res.StatusCode)
			}
		})
	})

	t.Run("S1, S3: a read that moves it on does not undo a logout", func(t *testing.T) {
		for _, w := range worlds {
			s := newSite(t, w.manager(t))
			synctest.Test(t, func(*testing.T) {
				token := s.signIn("ann")
				time.Sleep(3 * time.Hour)
				a := s.takeOff(token)
				s.do(token, s.destroy)
				if res := a.land(); s.user(token) != "" || s.cookie(res) != nil || res.StatusCode != http.StatusOK {
					t.Errorf("%s: the session came back, or status %d", w.name, res.StatusCode)
				}
			})
		}
	})
}

func TestDeadline(t *testing.T) {
	// These stores forget nothing by themselves.
	managers := map[string]func(scs.Store) *scs.SessionManager{
		"New":     sessionstores.New,
		"scs.New": foreignManager,
		"scs.New with hashed tokens": func(store scs.Store) *scs.SessionManager {
			m := foreignManager(store)
			m.HashTokenInStore = true
			return m
		},
	}
	for name, manager := range managers {
		t.Run("S8: the absolute deadline is checked on load: "+name, func(t *testing.T) {
			store := newTimelessStore()
			m := manager(store)
			m.IdleTimeout, m.Lifetime = 0, 8*time.Hour
			s := newSite(t, m)
			synctest.Test(t, func(*testing.T) {
				token := s.signIn("ann")
				time.Sleep(8*time.Hour + time.Second)
				s.do(token, func(ctx context.Context) {
					if user := s.m.GetString(ctx, "user"); user != "" {
						t.Errorf("%s is signed in", user)
					}
				})
				if n := store.size(); n != 0 {
					t.Errorf("%d entries are left in the store", n)
				}
			})
		})
	}

	eachWorld(t, func(t *testing.T, _ world, s *site) {
		past := func(ctx context.Context) { s.m.SetDeadline(ctx, time.Now().Add(-time.Second)) }
		token := s.signIn("ann")
		if res := s.do(token, past); res.StatusCode != http.StatusOK || s.user(token) != "" {
			t.Errorf("S8: status %d, signed in is %q", res.StatusCode, s.user(token))
		}
		if c := s.cookie(s.do("", s.login("ann"), past)); c != nil && (c.Expires.After(time.Now()) || s.user(c.Value) != "") {
			t.Errorf("S8: a session that is over already gets %v", c)
		}
	})

	t.Run("S8: a plain store never gets an expiry that is past", func(t *testing.T) {
		store := newTimelessStore()
		s := newSite(t, sessionstores.New(store))
		past := func(ctx context.Context) { s.m.SetDeadline(ctx, time.Now().Add(-time.Second)) }
		s.do("", s.put("cart", "tea"), past)
		s.do(s.signIn("ann"), past)
		s.do(s.signIn("ann"), s.renew, past)
		if n := store.size(); n != 0 {
			t.Errorf("%d entries are left in the store", n)
		}
	})

	t.Run("S8: a deadline that was moved gets a cookie of that length", func(t *testing.T) {
		s := newSite(t, newManager(t))
		synctest.Test(t, func(*testing.T) {
			token := s.signIn("ann")
			c := s.cookie(s.do(token, func(ctx context.Context) { s.m.SetDeadline(ctx, time.Now().Add(time.Hour)) }))
			if c == nil || c.Value != token || c.MaxAge != 3601 {
				t.Errorf("the cookie is %v", c)
			}
			// And another token gets one, though the deadline is what it was.
			c = s.cookie(s.do(token, func(ctx context.Context) {
				deadline := s.m.Deadline(ctx)
				s.renew(ctx)
				s.m.SetDeadline(ctx, deadline)
			}))
			if c == nil || s.user(c.Value) != "ann" {
				t.Errorf("the cookie of another token is %v", c)
			}
		})
	})
}

// A timelessStore is a plain scs store that keeps what has expired, as several do that leave it to a database's clean-up.
type timelessStore struct {
	mu      sync.Mutex
	data    map[string][]byte
	commits int
}

func newTimelessStore() *timelessStore { return &timelessStore{data: make(map[string][]byte)} }

func (s *timelessStore) Find(token string) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, found := s.data[token]
	return data, found, nil
}

func (s *timelessStore) Commit(token string, data []byte, _ time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data[token] = data
	s.commits++
	return nil
}

func (s *timelessStore) Delete(token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.data, token)
	return nil
}

func (s *timelessStore) size() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.data)
}
