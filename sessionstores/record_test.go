package sessionstores_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

// records returns how many records the store holds.
func (s *spy) records() (n int) {
	all, _ := s.All()
	for key := range all {
		if strings.HasPrefix(key, "record:") {
			n++
		}
	}
	return n
}

func TestRecord(t *testing.T) {
	eachWorld(t, func(t *testing.T, _ world, s *site) {
		token := s.signIn("ann", s.setRecord("tokens 1"))
		if got := s.record(token); got != "tokens 1" {
			t.Errorf("S15: read back %q", got)
		}
		s.do(token, s.setRecord("tokens 2"), func(ctx context.Context) {
			got, err := sessionstores.Record(ctx, s.m)
			if string(got) != "tokens 2" || err != nil {
				t.Errorf("S15: in the request that sets it: %q, %v", got, err)
			}
		})
		if got := s.record(token); got != "tokens 2" {
			t.Errorf("S15: set again: %q", got)
		}
		renewed := s.cookie(s.do(token, s.renew)).Value
		if got := s.record(renewed); got != "tokens 2" {
			t.Errorf("S15: after RenewToken: %q", got)
		}
		again := s.cookie(s.do(renewed, s.login("ann"), s.setRecord("tokens 3"))).Value
		if got := s.record(again); got != "tokens 3" {
			t.Errorf("S15: after another login: %q", got)
		}
		s.do(again, func(ctx context.Context) { s.noError(s.m.Clear(ctx)) })
		if got := s.record(again); got != "" {
			t.Errorf("S15: after Clear: %q", got)
		}
		if got := s.record(""); got != "" {
			t.Errorf("S15: an anonymous visitor reads %q", got)
		}
	})
}

func TestRecordInStore(t *testing.T) {
	newSite := func(t *testing.T) (*site, *spy) {
		store := newSpy(t)
		return newSite(t, sessionstores.New(store)), store
	}

	t.Run("S15: it is not read unless asked for", func(t *testing.T) {
		s, store := newSite(t)
		token := s.signIn("ann", s.setRecord("tokens"))
		store.count()
		s.do(token, s.read, s.put("cart", "tea"))
		if n := store.count("Get"); n != 1 {
			t.Errorf("%d reads", n)
		}
		s.record(token)
		if n := store.count("Get"); n != 2 {
			t.Errorf("%d reads when asked for", n)
		}
	})

	ends := map[string]func(*site) []act{
		"Destroy":             func(s *site) []act { return []act{s.destroy} },
		"Destroy, then a Put": func(s *site) []act { return []act{s.destroy, s.put("flash", "Goodbye")} },
		"Clear":               func(s *site) []act { return []act{func(ctx context.Context) { s.noError(s.m.Clear(ctx)) }} },
		"a login without one": func(s *site) []act {
			return []act{func(ctx context.Context) { s.noError(s.m.Clear(ctx)) }, s.login("bob")}
		},
		"a Set, then Destroy":  func(s *site) []act { return []act{s.setRecord("tokens 2"), s.destroy} },
		"Renew, then Destroy":  func(s *site) []act { return []act{s.login("ann"), s.setRecord("tokens 2"), s.destroy} },
		"RenewToken + Destroy": func(s *site) []act { return []act{s.renew, s.destroy} },
	}
	for name, end := range ends {
		t.Run("S15, O1: gone from the store after "+name, func(t *testing.T) {
			s, store := newSite(t)
			token := s.signIn("ann", s.setRecord("tokens"))
			s.do(token, end(s)...)
			if n := store.records(); n != 0 {
				t.Errorf("%d records are left", n)
			}
		})
	}

	t.Run("S15: replaced at login, under another key", func(t *testing.T) {
		s, store := newSite(t)
		token := s.signIn("ann", s.setRecord("tokens 1"))
		a := s.takeOff(token)
		next := s.cookie(s.do(token, s.login("ann"), s.setRecord("tokens 2"))).Value
		a.do(s.setRecord("an old refresh"))
		a.land()
		if got := s.record(next); got != "tokens 2" || store.records() != 1 {
			t.Errorf("after the login: %q, %d records", got, store.records())
		}
	})

	for _, order := range orders {
		t.Run("S15: a cart write that overlaps SetRecord keeps the new one: "+order, func(t *testing.T) {
			s, store := newSite(t)
			token := s.signIn("ann", s.setRecord("tokens 1"))
			s.overlap(order, token, s.put("cart", "tea"), s.setRecord("tokens 2"))
			if got := s.record(token); got != "tokens 2" || store.records() != 1 {
				t.Errorf("read back %q of %d records", got, store.records())
			}
		})
		t.Run("S1, S15: a SetRecord that overlaps a logout leaves nothing: "+order, func(t *testing.T) {
			s, store := newSite(t)
			token := s.signIn("ann", s.setRecord("tokens 1"))
			s.overlap(order, token, s.setRecord("tokens 2"), s.destroy)
			if order == "bBaA" || order == "baBA" || order == "abBA" {
				if n := store.size(); n != 0 {
					t.Errorf("%d entries are left", n)
				}
			}
			if s.user(token) != "" || s.record(token) != "" {
				t.Error("the session came back")
			}
		})
		t.Run("S1, S15: a first SetRecord that overlaps a logout leaves nothing: "+order, func(t *testing.T) {
			s, store := newSite(t)
			token := s.signIn("ann")
			s.overlap(order, token, s.setRecord("tokens"), s.destroy)
			if n := store.records(); n != 0 && after(order, 'B') {
				t.Errorf("%d records are left", n)
			}
		})
	}

	t.Run("S5, S15: a record that cannot be saved is no login", func(t *testing.T) {
		s, store := newSite(t)
		store.fail = func(_ context.Context, verb, key string) error {
			if verb == "Commit" && strings.HasPrefix(key, "record:") {
				return errDown
			}
			return nil
		}
		res := s.do("", s.login("ann"), s.setRecord("tokens"))
		if res.StatusCode != http.StatusServiceUnavailable || s.cookie(res) != nil || store.size() != 0 {
			t.Errorf("status %d, cookie %v, %d entries", res.StatusCode, s.cookie(res), store.size())
		}
	})

	t.Run("S5, S15: a session that cannot be saved leaves no record", func(t *testing.T) {
		s, store := newSite(t)
		store.fail = func(_ context.Context, verb, key string) error {
			if verb == "Commit" && !strings.HasPrefix(key, "record:") {
				return errDown
			}
			return nil
		}
		res := s.do("", s.login("ann"), s.setRecord("tokens"))
		if res.StatusCode != http.StatusServiceUnavailable || store.size() != 0 {
			t.Errorf("status %d, %d entries", res.StatusCode, store.size())
		}
	})

	t.Run("S5, S15: a session goes on with the record it has if a first one cannot be saved", func(t *testing.T) {
		s, store := newSite(t)
		token := s.signIn("ann")
		store.failOn("Commit")
		if res := s.do(token, s.setRecord("tokens")); res.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("status %d", res.StatusCode)
		}
		store.failOn()
		if s.user(token) != "ann" || s.record(token) != "" {
			t.Errorf("signed in is %q with %q", s.user(token), s.record(token))
		}
	})

	t.Run("S11: a store that does not answer is no missing record", func(t *testing.T) {
		s, store := newSite(t)
		token := s.signIn("ann", s.setRecord("tokens"))
		s.do(token, func(ctx context.Context) {
			store.failOn("Get")
			if _, err := sessionstores.Record(ctx, s.m); !errors.Is(err, sessionstores.ErrUnavailable) || !errors.Is(err, errDown) {
				t.Errorf("error %v", err)
			}
		})
		s.do(token, func(ctx context.Context) {
			if _, err := sessionstores.Record(ctx, s.m); !errors.Is(err, sessionstores.ErrUnavailable) {
				t.Errorf("when the session could not be read either: %v", err)
			}
		})
	})
}

func TestRecordLivesAsLongAsItsSession(t *testing.T) {
	uses := map[string]func(*site) act{
		"read":    func(s *site) act { return s.read },
		"written": func(s *site) act { return s.put("cart", "tea") },
	}
	for name, use := range uses {
		for _, every := range []time.Duration{5 * time.Minute, 50 * time.Minute} {
			eachWorld(t, func(t *testing.T, _ world, s *site) {
				s.m.IdleTimeout, s.m.Lifetime = time.Hour, 9*time.Hour
				s = newSite(t, s.m)
				synctest.Test(t, func(*testing.T) {
					token := s.signIn("ann", s.setRecord("tokens"))
					for at := time.Duration(0); at+every < 9*time.Hour; at += every {
						time.Sleep(every)
						s.do(token, use(s))
					}
					time.Sleep(30 * time.Second)
					if user, record := s.user(token), s.record(token); user != "ann" || record != "tokens" {
						t.Errorf("S3, S15: %s every %v, the session is %q's and the record %q", name, every, user, record)
					}
				})
			})
		}
	}

	eachWorld(t, func(t *testing.T, _ world, s *site) {
		synctest.Test(t, func(*testing.T) {
			token := s.signIn("ann", s.setRecord("tokens"))
			for range 5 {
				time.Sleep(20 * time.Hour)
				token = s.cookie(s.do(token, s.renew)).Value
			}
			if got := s.record(token); got != "tokens" {
				t.Errorf("S15: renewed for 100 hours, the record is %q", got)
			}
		})
	})

	t.Run("S15: a record that is gone is not made again", func(t *testing.T) {
		store := newTimelessStore()
		s := newSite(t, sessionstores.New(store))
		token := s.signIn("ann", s.setRecord("tokens"))
		maps.DeleteFunc(store.data, func(key string, _ []byte) bool { return strings.HasPrefix(key, "record:") })
		s.do(token, s.renew)
		if n := store.size(); n != 1 {
			t.Errorf("%d entries", n)
		}
	})

	t.Run("S15: it ends with its session's idle time", func(t *testing.T) {
		store := newSpy(t)
		s := newSite(t, sessionstores.New(store))
		synctest.Test(t, func(*testing.T) {
			s.signIn("ann", s.setRecord("tokens"))
			time.Sleep(24*time.Hour + time.Second)
			if n := store.size(); n != 0 {
				t.Errorf("%d entries are left", n)
			}
		})
	})
}
