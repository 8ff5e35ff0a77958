package sessionstores_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
)

// A silentStore is a plain store without contexts that does not return until it is released.
type silentStore struct {
	*mapStore
	release chan bool
	silent  bool
}

func (s *silentStore) Find(key string) ([]byte, bool, error) {
	s.wait()
	return s.mapStore.Find(key)
}

func (s *silentStore) Commit(key string, data []byte, expiry time.Time) error {
	s.wait()
	return s.mapStore.Commit(key, data, expiry)
}

func (s *silentStore) wait() {
	if s.silent {
		<-s.release
	}
}

func TestSilentPlainStoreIsGivenUpOn(t *testing.T) {
	store := &silentStore{mapStore: newMapStore()}
	m := sessionstores.New(store)
	s := newSite(t, m)
	synctest.Test(t, func(t *testing.T) {
		store.release = make(chan bool)
		token := s.signIn("ann")
		store.silent = true

		begin := time.Now()
		res := s.do(token, func(ctx context.Context) {
			err := sessionstores.LoadError(ctx, m)
			assertError(t, "LoadError", err, sessionstores.ErrUnavailable)
			assertEqual(t, "time of a read", time.Since(begin), time.Second)
		})
		assertEqual(t, "status of a read", res.StatusCode, http.StatusOK)

		begin = time.Now()
		res = s.do("", s.login("bob"))
		assertEqual(t, "status of a login", res.StatusCode, http.StatusServiceUnavailable)
		if took := time.Since(begin); took > 11*time.Second {
			t.Errorf("time of a login: got %v, want at most 11s", took)
		}

		close(store.release)
	})
}

func TestSlowStoreIsGivenUpOn(t *testing.T) {
	stores := map[string]struct {
		store func(*spyStore) scs.Store
		want  time.Duration
	}{
		"a Backend": {func(s *spyStore) scs.Store {
			return struct{ sessionstores.Backend }{s}
		}, time.Second},
		"a Backend with a ReadTimeout": {func(s *spyStore) scs.Store {
			return networkStore{s, 50 * time.Millisecond}
		}, 50 * time.Millisecond},
		"a plain store with contexts": {
			func(s *spyStore) scs.Store { return contextStore{s} },
			time.Second,
		},
	}
	for name, tt := range stores {
		spy := newSpyStore(t)
		s := newSite(t, sessionstores.New(tt.store(spy)))
		synctest.Test(t, func(t *testing.T) {
			token := s.signIn("ann", s.setAttachment("tokens"))
			hang := hangingAt("Get")
			spy.setHooks(hang, nil)
			begin := time.Now()
			s.do(token, func(ctx context.Context) {
				err := sessionstores.LoadError(ctx, s.m)
				assertError(t, name+": LoadError", err, context.DeadlineExceeded)
			})
			assertEqual(t, name+": time of a read", time.Since(begin), tt.want)

			spy.setHooks(nil, nil)
			s.do(token, s.read, func(ctx context.Context) {
				spy.setHooks(hang, nil)
				begin := time.Now()
				_, err := sessionstores.Attachment(ctx, s.m)
				assertError(t, name+": Attachment", err, sessionstores.ErrUnavailable)
				assertEqual(t, name+": time of an attachment", time.Since(begin), tt.want)
			})
		})
	}
}

// hangingAt waits in a method until the context ends.
func hangingAt(method string) storeHook {
	return func(ctx context.Context, called, _ string) error {
		if called != method {
			return nil
		}
		<-ctx.Done()
		return ctx.Err()
	}
}

func TestSlowWriteIsGivenUpOn(t *testing.T) {
	spy := newSpyStore(t)
	s := newSite(t, sessionstores.New(networkStore{spy, time.Second}))
	synctest.Test(t, func(t *testing.T) {
		for method, act := range map[string]act{
			"Update": s.put("cart", "tea"), "Revoke": s.destroy, "Renew": s.renew,
		} {
			token := s.signIn("ann")
			spy.setHooks(hangingAt(method), nil)
			begin := time.Now()
			res := s.do(token, act)
			spy.setHooks(nil, nil)
			assertEqual(t, method+": time", time.Since(begin), 5*time.Second)
			assertEqual(t, method+": status", res.StatusCode, http.StatusServiceUnavailable)
			s.assertUser(method, token, "ann")
		}
	})
}

func TestStoreThatIsDown(t *testing.T) {
	store := newSpyStore(t)
	s := newSite(t, sessionstores.New(store))
	token := s.signIn("ann", s.setAttachment("tokens"))
	store.failBefore("Get")
	store.count()

	res := s.do(token, func(ctx context.Context) {
		assertEqual(t, "user", s.m.GetString(ctx, "user"), "")
		_, err := sessionstores.GetString(ctx, s.m, "user")
		assertError(t, "GetString", err, sessionstores.ErrUnavailable)
		err = sessionstores.LoadError(ctx, s.m)
		assertError(t, "LoadError", err, sessionstores.ErrUnavailable)
		assertError(t, "LoadError", err, errDown)
		assertError(t, "Renew", sessionstores.Renew(ctx, s.m), sessionstores.ErrUnavailable)
	})
	assertEqual(t, "status of a read", res.StatusCode, http.StatusOK)
	assertEqual(t, "cookies of a read", len(res.Cookies()), 0)

	for name, change := range map[string]act{
		"a change":      s.put("cart", "tea"),
		"a commit":      s.commit,
		"an attachment": s.setAttachment("other"),
		"a renewal":     func(ctx context.Context) { _ = s.m.RenewToken(ctx) },
		"a logout": func(ctx context.Context) {
			_ = s.m.Destroy(ctx)
			s.m.Put(ctx, "flash", "Bye")
		},
	} {
		res := s.do(token, change)
		assertEqual(t, name+": status", res.StatusCode, http.StatusServiceUnavailable)
		assertEqual(t, name+": cookies", len(res.Cookies()), 0)
	}
	assertEqual(t, "writes", store.count(writes...), 0)

	store.failBefore()
	s.assertUser("when the store is up again", token, "ann")
	assertEqual(t, "attachment", s.attachment(token), "tokens")
}

// The bubble does not end before its goroutines have ended.
func TestNoGoroutineIsLeft(t *testing.T) {
	store := newSpyStore(t)
	s := newSite(t, sessionstores.New(networkStore{store, time.Second}))
	synctest.Test(t, func(t *testing.T) {
		token := s.signIn("ann", s.setAttachment("tokens"))
		s.do(token, s.renew)
		s.do(s.signIn("bob"), s.setAttachment("tokens"), s.destroy)
		s.panics("", "oops", s.put("cart", "tea"))
		store.failBefore("Get", "Create")
		s.do(token, s.put("cart", "tea"))
		s.do("", s.put("cart", "tea"), s.setAttachment("tokens"))
	})
	s.mw(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), s.request(""))
}
