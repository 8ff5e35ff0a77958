package sessionstores_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
)

type loadBasket struct{ Items []string }

func init() { gob.Register(loadBasket{}) }

func TestSessionThatCannotBeDecoded(t *testing.T) {
	spoils := map[string]func([]byte) []byte{
		"garbage":   func([]byte) []byte { return []byte("garbage") },
		"nothing":   func([]byte) []byte { return []byte{} },
		"truncated": func(data []byte) []byte { return data[:len(data)/2] },
		"a type that was renamed": func(data []byte) []byte {
			return bytes.ReplaceAll(data, []byte("loadBasket"), []byte("loadBucket"))
		},
	}
	managers := map[string]func(scs.Store) *scs.SessionManager{"New": sessionstores.New, "scs.New": foreignManager}
	for manager, newManager := range managers {
		for name, spoil := range spoils {
			t.Run("S7: "+name+", "+manager, func(t *testing.T) {
				store := newMemstore(t)
				s := newSite(t, newManager(store))
				token := s.signIn("ann", func(ctx context.Context) { s.m.Put(ctx, "basket", loadBasket{Items: []string{"tea"}}) })
				all, err := store.All()
				if err != nil || len(all) != 1 {
					t.Fatalf("%d sessions, %v", len(all), err)
				}
				for key, data := range all {
					spoiled := spoil(data)
					if bytes.Equal(spoiled, data) {
						t.Fatal("the session is as it was")
					}
					s.noError(store.Commit(key, spoiled, time.Now().Add(time.Hour)))
				}

				res := s.do(token, func(ctx context.Context) {
					if user := s.m.GetString(ctx, "user"); user != "" {
						t.Errorf("%s is signed in", user)
					}
					s.noError(sessionstores.Err(ctx, s.m))
					s.m.Put(ctx, "cart", "coffee")
				})
				c := s.cookie(res)
				if res.StatusCode != http.StatusOK || c == nil || c.Value == token || s.get(c.Value, "cart") != "coffee" {
					t.Errorf("status %d, cookie %v", res.StatusCode, c)
				}
				if res := s.do(token, s.login("ann")); s.cookie(res) == nil || s.user(s.cookie(res).Value) != "ann" {
					t.Error("nobody can log in with such a cookie")
				}
			})
		}
	}
}

func TestUnknownTokenIsAnonymous(t *testing.T) {
	eachWorld(t, func(t *testing.T, _ world, s *site) {
		chosen := "an-attacker-chose-this-one-43-bytes-long-AB"
		if s.cookie(s.do(chosen, s.read)) != nil {
			t.Error("a read sets a cookie")
		}
		if c := s.cookie(s.do(chosen, s.put("cart", "tea"))); c == nil || c.Value == chosen {
			t.Errorf("session fixation: the cookie is %v", c)
		}
		if c := s.cookie(s.do(chosen, s.login("ann"))); c == nil || c.Value == chosen || s.user(chosen) != "" {
			t.Errorf("session fixation: the cookie is %v", c)
		}
		if c := s.cookie(s.do(chosen, s.destroy)); c != nil {
			t.Errorf("a logout of nobody sets %v", c)
		}
	})
}

// S14, L7: what nobody has written into costs the store nothing.
func TestAnonymousRequestsDoNotReachTheStore(t *testing.T) {
	store := newSpy(t)
	s := newSite(t, sessionstores.New(store))
	for name, act := range map[string]act{"a read": s.read, "a logout": s.destroy} {
		s.do("", act)
		if len(store.calls) != 0 {
			t.Errorf("%s calls %v", name, store.calls)
		}
	}
}

func TestStoreDown(t *testing.T) {
	store := newSpy(t)
	s := newSite(t, sessionstores.New(store))
	token := s.signIn("ann", s.setRecord("tokens"))
	store.failOn("Get")

	t.Run("S11: an unguarded page sees nobody, and nothing is written", func(t *testing.T) {
		store.count()
		res := s.do(token, func(ctx context.Context) {
			if user := s.m.GetString(ctx, "user"); user != "" {
				t.Errorf("%s is signed in", user)
			}
			if err := sessionstores.Err(ctx, s.m); !errors.Is(err, sessionstores.ErrUnavailable) || !errors.Is(err, errDown) {
				t.Errorf("Err: %v", err)
			}
			if err := sessionstores.Renew(ctx, s.m); !errors.Is(err, sessionstores.ErrUnavailable) {
				t.Errorf("Renew: %v", err)
			}
		})
		if res.StatusCode != http.StatusOK || len(res.Header["Set-Cookie"]) != 0 {
			t.Errorf("status %d, header %v", res.StatusCode, res.Header)
		}
		if n := store.count("Touch", "Update", "Commit", "Delete", "Remove", "Renew", "End"); n != 0 {
			t.Errorf("%d writes", n)
		}
	})

	changes := map[string]act{
		"a change": s.put("cart", "tea"), "a logout": s.destroy, "a renewal": s.renew, "a record": s.setRecord("none"),
		"a logout and a goodbye": func(ctx context.Context) { s.destroy(ctx); s.m.Put(ctx, "flash", "Goodbye") },
	}
	for name, change := range changes {
		t.Run("S11: "+name+" is 503, and the cookie stays", func(t *testing.T) {
			res := s.do(token, change)
			if res.StatusCode != http.StatusServiceUnavailable || len(res.Header["Set-Cookie"]) != 0 {
				t.Errorf("status %d, header %v", res.StatusCode, res.Header)
			}
		})
	}

	t.Run("S11: back again, the session is too", func(t *testing.T) {
		store.failOn()
		if user, record := s.user(token), s.record(token); user != "ann" || record != "tokens" {
			t.Errorf("signed in is %q, with %q", user, record)
		}
	})

	t.Run("S11: a Destroy that fails ends nothing, and says so", func(t *testing.T) {
		store.failOn("Remove")
		s.do(token, func(ctx context.Context) {
			if err := s.m.Destroy(ctx); !errors.Is(err, errDown) {
				t.Errorf("Destroy: %v", err)
			}
		})
		store.failOn()
		if s.user(token) != "ann" {
			t.Error("the session ended")
		}
	})
}

// A hanging store answers when its context is done, and not before.
type hangingStore struct {
	*spy
	readTimeout time.Duration
}

func (s hangingStore) ReadTimeout() time.Duration { return s.readTimeout }

func TestStoreHangs(t *testing.T) {
	hang := func(verb string) func(context.Context, string, string) error {
		return func(ctx context.Context, v, _ string) error {
			if v == verb {
				<-ctx.Done()
			}
			return ctx.Err()
		}
	}
	for name, tt := range map[string]struct {
		store func(*spy) scs.Store
		want  time.Duration
	}{
		"S11: a read is given up after a second": {func(s *spy) scs.Store {
			return struct{ sessionstores.Backend }{s}
		}, time.Second},
		"S11: a read is given up after the store's own time": {func(s *spy) scs.Store {
			return hangingStore{s, 50 * time.Millisecond}
		}, 50 * time.Millisecond},
		"S11: a read of a plain store with contexts is given up after a second": {func(s *spy) scs.Store {
			return struct{ scs.CtxStore }{ctxStore{s}}
		}, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			spy := newSpy(t)
			s := newSite(t, sessionstores.New(tt.store(spy)))
			synctest.Test(t, func(*testing.T) {
				token := s.signIn("ann", s.setRecord("tokens"))
				spy.fail = hang("Get")
				begin := time.Now()
				s.do(token, func(ctx context.Context) {
					if err := sessionstores.Err(ctx, s.m); !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("Err: %v", err)
					}
				})
				if took := time.Since(begin); took != tt.want {
					t.Errorf("given up after %v, want %v", took, tt.want)
				}
				spy.fail = nil
				s.do(token, func(ctx context.Context) {
					spy.fail = hang("Get")
					begin := time.Now()
					_, err := sessionstores.Record(ctx, s.m)
					if took := time.Since(begin); took != tt.want || !errors.Is(err, sessionstores.ErrUnavailable) {
						t.Errorf("a record is given up after %v, want %v: %v", took, tt.want, err)
					}
				})
			})
		})
	}

	t.Run("S11: a write is given up after five seconds", func(t *testing.T) {
		spy := newSpy(t)
		s := newSite(t, sessionstores.New(hangingStore{spy, time.Second}))
		synctest.Test(t, func(*testing.T) {
			for verb, act := range map[string]act{"Update": s.put("cart", "tea"), "End": s.destroy, "Renew": s.renew} {
				token := s.signIn("ann")
				spy.fail = hang(verb)
				begin := time.Now()
				res := s.do(token, act)
				if took := time.Since(begin); took != 5*time.Second || res.StatusCode != http.StatusServiceUnavailable {
					t.Errorf("%s is given up after %v with status %d", verb, took, res.StatusCode)
				}
				spy.fail = nil
			}
		})
	})
}

// ctxStore is what a plain scs store with contexts can do, and no more.
type ctxStore struct{ spy *spy }

func (s ctxStore) Find(string) ([]byte, bool, error)      { return nil, false, errDown }
func (s ctxStore) Commit(string, []byte, time.Time) error { return errDown }
func (s ctxStore) Delete(string) error                    { return errDown }

func (s ctxStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	data, _, found, err := s.spy.Get(ctx, token)
	return data, found, err
}

func (s ctxStore) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	return s.spy.CommitCtx(ctx, token, data, expiry)
}

func (s ctxStore) DeleteCtx(ctx context.Context, token string) error {
	return s.spy.DeleteCtx(ctx, token)
}

// S14: a bubble does not end before its goroutines have, and a test fails if they never do.
func TestNoGoroutineIsLeft(t *testing.T) {
	store := newSpy(t)
	s := newSite(t, sessionstores.New(hangingStore{store, time.Second}))
	synctest.Test(t, func(*testing.T) {
		token := s.signIn("ann", s.setRecord("tokens"))
		s.do(token, s.renew)
		s.do(s.signIn("bob"), s.setRecord("tokens"), s.destroy)
		store.failOn("Get", "Commit")
		s.do(token, s.put("cart", "tea"))
		s.do("", s.login("eve"), s.setRecord("tokens"))
		func() {
			defer func() { _ = recover() }()
			s.mw(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oops") })).
				ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
		}()
	})
}
