package sessionstores_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alexedwards/scs/v2"
	scsmemstore "github.com/alexedwards/scs/v2/memstore"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/memstore"
)

func (s *site) setNames(names ...string) act {
	return func(ctx context.Context) { s.noError(sessionstores.SetNames(ctx, s.m, names...)) }
}

func (s *site) endAll(name string) {
	s.tb.Helper()
	s.noError(sessionstores.EndAll(context.Background(), s.m, name))
}

// users returns who is signed in with each of the tokens, "-" for nobody.
func (s *site) users(tokens ...string) string {
	s.tb.Helper()
	var users []string
	for _, token := range tokens {
		user := s.user(token)
		if user == "" {
			user = "-"
		}
		users = append(users, user)
	}
	return strings.Join(users, " ")
}

// eachNamer runs a test in every world whose store is a Namer.
func eachNamer(t *testing.T, test func(*testing.T, *site)) {
	eachWorld(t, func(t *testing.T, w world, s *site) {
		if w.backend {
			test(t, s)
		}
	})
}

func TestEndAll(t *testing.T) {
	eachNamer(t, func(t *testing.T, s *site) {
		s.noError(sessionstores.CanEndAll(s.m))
		phone := s.signIn("ann", s.setNames("user 1", "sid 1"))
		desk := s.signIn("ann", s.setNames("user 1", "sid 2"))
		bob := s.signIn("bob", s.setNames("user 2", "sid 3"))
		eve := s.signIn("eve")

		if s.endAll("user"); s.users(phone, desk, bob, eve) != "ann ann bob eve" {
			t.Error("B3: a name that nobody has ended somebody")
		}
		if s.endAll("sid 2"); s.users(phone, desk, bob, eve) != "ann - bob eve" {
			t.Errorf("B3: after EndAll of one login: %s", s.users(phone, desk, bob, eve))
		}
		laptop := s.signIn("ann", s.setNames("user 1", "sid 4"))
		if s.endAll("user 1"); s.users(phone, desk, laptop, bob, eve) != "- - - bob eve" {
			t.Errorf("B3: after EndAll of a user: %s", s.users(phone, desk, laptop, bob, eve))
		}
		again := s.signIn("ann", s.setNames("user 1", "sid 5"))
		if s.users(again) != "ann" {
			t.Error("the user cannot log in again")
		}
		if s.endAll("user 1"); s.users(again) != "-" {
			t.Error("B3: the session of the next login is not found")
		}
	})
}

// What a session goes through before it is ended: its names still lead to it.
func TestNamesStayWithSession(t *testing.T) {
	lives := map[string]func(s *site, token string) (next string){
		"its token is renewed": func(s *site, token string) string { return s.cookie(s.do(token, s.renew)).Value },
		"its token is renewed twice": func(s *site, token string) string {
			return s.cookie(s.do(s.cookie(s.do(token, s.renew)).Value, s.renew)).Value
		},
		"its user logs in again, under the same names": func(s *site, token string) string {
			return s.cookie(s.do(token, s.login("ann"), s.setNames("user 1", "sid 1"))).Value
		},
		"it is written to":       func(s *site, token string) string { s.do(token, s.put("cart", "tea")); return token },
		"its record is replaced": func(s *site, token string) string { s.do(token, s.setRecord("tokens 2")); return token },
		"its token is renewed while another request writes": func(s *site, token string) string {
			other := s.takeOff(token)
			next := s.cookie(s.do(token, s.renew)).Value
			other.do(s.put("cart", "tea"))
			other.land()
			return next
		},
		"it is given another name, under which it is not ended": func(s *site, token string) string {
			s.do(token, s.setNames("user 1", "sid 1", "device 1"))
			return token
		},
		"it got its names after the login": func(s *site, _ string) string {
			token := s.signIn("ann")
			s.do(token, s.setNames("user 1", "sid 1"))
			return token
		},
		"it got its names when it had been anonymous": func(s *site, _ string) string {
			token := s.cookie(s.do("", s.put("cart", "tea"))).Value
			return s.cookie(s.do(token, s.login("ann"), s.setNames("user 1", "sid 1"))).Value
		},
	}
	for name, live := range lives {
		t.Run("B3: "+name, func(t *testing.T) {
			eachNamer(t, func(t *testing.T, s *site) {
				for _, by := range []string{"user 1", "sid 1"} {
					s := &site{tb: t, m: s.m, mw: s.mw}
					token := live(s, s.signIn("ann", s.setNames("user 1", "sid 1"), s.setRecord("tokens")))
					if s.users(token) != "ann" {
						t.Fatal("signed out before EndAll")
					}
					if s.endAll(by); s.users(token) != "-" {
						t.Errorf("EndAll(%q) has not found the session", by)
					}
				}
			})
		})
	}

	t.Run("B3: a login under other names is not found by the old ones", func(t *testing.T) {
		eachNamer(t, func(t *testing.T, s *site) {
			token := s.signIn("ann", s.setNames("user 1", "sid 1"))
			next := s.cookie(s.do(token, s.login("bob"), s.setNames("user 2", "sid 2"))).Value
			if s.endAll("user 1"); s.users(next) != "bob" {
				t.Error("ended by the name of the session before")
			}
			if s.endAll("sid 2"); s.users(next) != "-" {
				t.Error("not ended by its own name")
			}
		})
	})

	t.Run("B3: as long as it lasts", func(t *testing.T) {
		m := sessionstores.New(memstore.New()) // out here, because scs.New leaves a goroutine behind
		synctest.Test(t, func(t *testing.T) {
			s := newSite(t, m)
			tokens := []string{
				s.signIn("ann", s.setNames("user 1")),
				s.signIn("bob", s.setNames("user 2"), s.setRecord("tokens")),
			}
			for range 7 { // with a request every ten hours
				time.Sleep(10 * time.Hour)
				s.do(tokens[0], s.read)
				s.do(tokens[1], s.put("cart", "tea"))
			}
			if s.users(tokens...) != "ann bob" {
				t.Fatal("not signed in before EndAll")
			}
			s.endAll("user 1")
			s.endAll("user 2")
			if s.users(tokens...) != "- -" {
				t.Errorf("after EndAll: %s", s.users(tokens...))
			}
		})
	})
}

// A request in flight, whose session is ended by its name before it is saved, or after.
func TestEndAllOverlaps(t *testing.T) {
	others := map[string]func(*site) act{
		"reads":               func(s *site) act { return s.read },
		"writes":              func(s *site) act { return s.put("cart", "tea") },
		"renews its token":    func(s *site) act { return s.renew },
		"replaces its tokens": func(s *site) act { return s.setRecord("tokens 2") },
		"logs out":            func(s *site) act { return s.destroy },
	}
	for name, other := range others {
		for _, when := range []string{"before", "after"} {
			t.Run("B3, S1: EndAll "+when+" a request "+name, func(t *testing.T) {
				store := newSpy(t)
				s := newSite(t, sessionstores.New(store))
				token := s.signIn("ann", s.setNames("user 1"), s.setRecord("tokens"))
				f := s.takeOff(token)
				if when == "after" {
					f.do(other(s))
				}
				s.endAll("user 1")
				if when == "before" {
					f.do(other(s))
				}
				res := f.land()
				if c := s.cookie(res); res.StatusCode != http.StatusOK || c != nil && s.user(c.Value) != "" {
					t.Errorf("status %d, and the cookie %v signs in", res.StatusCode, c)
				}
				if s.user(token) != "" || store.size() != 0 {
					t.Errorf("the session came back, or %d entries are left", store.size())
				}
			})
		}
	}
}

// A haltingNamer stops in the middle of a login. Only one request may use it at a time.
type haltingNamer struct {
	*spy
	filed, created func()   // called after File, and after Create
	names, keys    []string // of the last File
	expiry         time.Time
}

func newHaltingNamer(tb testing.TB) *haltingNamer {
	return &haltingNamer{spy: newSpy(tb), filed: func() {}, created: func() {}}
}

func (h *haltingNamer) File(ctx context.Context, names []string, expiry time.Time, keys ...string) error {
	if err := h.called(ctx, "File", keys[0]); err != nil {
		return err
	}
	h.names, h.keys, h.expiry = names, keys, expiry
	defer h.filed()
	return h.Store.File(ctx, names, expiry, keys...)
}

func (h *haltingNamer) Create(ctx context.Context, key string, data []byte, expiry time.Time) (bool, error) {
	if err := h.called(ctx, "Create", key); err != nil {
		return false, err
	}
	defer h.created()
	return h.Store.Create(ctx, key, data, expiry)
}

func (h *haltingNamer) EndAll(ctx context.Context, name string) error {
	if err := h.called(ctx, "EndAll", name); err != nil {
		return err
	}
	return h.Store.EndAll(ctx, name)
}

func TestEndAllOverlapsLogin(t *testing.T) {
	newSite := func(t *testing.T) (*site, *haltingNamer) {
		store := newHaltingNamer(t)
		return newSite(t, sessionstores.New(store)), store
	}
	for when, hook := range map[string]func(*haltingNamer) *func(){
		"filed":   func(h *haltingNamer) *func() { return &h.filed },
		"created": func(h *haltingNamer) *func() { return &h.created },
	} {
		for _, name := range []string{"user 1", "sid 1"} {
			t.Run("B3: a login ends that is just "+when+", by "+name, func(t *testing.T) {
				s, store := newSite(t)
				cart := s.cookie(s.do("", s.put("cart", "tea"))).Value
				*hook(store) = func() { s.endAll(name) }
				res := s.do(cart, s.login("ann"), s.setNames("user 1", "sid 1"), s.setRecord("tokens"))
				if c := s.cookie(res); c != nil && s.user(c.Value) != "" {
					t.Errorf("%s is signed in", s.user(c.Value))
				}
				if res.StatusCode != http.StatusOK || store.size() != 0 && when == "filed" {
					t.Errorf("status %d, %d entries are left", res.StatusCode, store.size())
				}
			})
		}
	}

	t.Run("B3: a login goes on while somebody else's sessions end", func(t *testing.T) {
		s, store := newSite(t)
		store.filed = func() { s.endAll("user 2") }
		token := s.signIn("ann", s.setNames("user 1"), s.setRecord("tokens"))
		if s.user(token) != "ann" || s.record(token) != "tokens" {
			t.Error("the login is gone")
		}
	})

	t.Run("B3: EndAll takes the record along", func(t *testing.T) {
		s, store := newSite(t)
		s.signIn("ann", s.setNames("user 1"), s.setRecord("tokens"))
		if n := store.size(); n != 2 {
			t.Fatalf("%d entries, want the session and its record", n)
		}
		if s.endAll("user 1"); store.size() != 0 {
			t.Errorf("%d entries are left", store.size())
		}
	})

	t.Run("B3: EndAll takes along a record that the session got later", func(t *testing.T) {
		s, store := newSite(t)
		s.do(s.signIn("ann", s.setNames("user 1")), s.setRecord("tokens"))
		if s.endAll("user 1"); store.size() != 0 {
			t.Errorf("%d entries are left", store.size())
		}
	})

	t.Run("S12: neither names nor tokens are filed in the clear, and until the absolute deadline", func(t *testing.T) {
		s, store := newSite(t)
		token := s.signIn("ann", s.setNames("user 1", "sid 1"), s.setRecord("tokens"))
		if len(store.names) != 2 || len(store.keys) != 2 {
			t.Fatalf("filed under %q: %q", store.names, store.keys)
		}
		for _, filed := range append(store.names, store.keys...) {
			if strings.Contains(filed, "user") || strings.Contains(filed, "sid") || strings.Contains(filed, token) {
				t.Errorf("filed: %q", filed)
			}
		}
		if left := time.Until(store.expiry); left > s.m.Lifetime || left < s.m.Lifetime-time.Minute {
			t.Errorf("filed for %v, want %v", left, s.m.Lifetime)
		}
	})

	t.Run("a session is filed once, and one without a name never", func(t *testing.T) {
		s, store := newSite(t)
		anonymous := s.signIn("eve", s.setRecord("tokens"))
		s.do(anonymous, s.put("cart", "tea"))
		if n := store.count("File", "Create"); n != 0 {
			t.Errorf("without a name: %d calls", n)
		}
		token := s.signIn("ann", s.setNames("user 1"), s.setRecord("tokens"))
		for range 3 {
			s.do(token, s.put("cart", "tea"), s.setNames("user 1"))
			s.do(token, s.read)
		}
		if n := store.count("File"); n != 1 {
			t.Errorf("filed %d times", n)
		}
	})

	for _, verb := range []string{"File", "Create"} {
		t.Run("S5: a login of which the "+verb+" fails is none", func(t *testing.T) {
			s, store := newSite(t)
			store.failOn(verb)
			res := s.do("", s.login("ann"), s.setNames("user 1"), s.setRecord("tokens"))
			if res.StatusCode != http.StatusServiceUnavailable || s.cookie(res) != nil || store.size() != 0 {
				t.Errorf("status %d, cookie %v, %d entries", res.StatusCode, s.cookie(res), store.size())
			}
		})
	}

	t.Run("B4: a store that fails is an error, and EndAll can be called again", func(t *testing.T) {
		s, store := newSite(t)
		token := s.signIn("ann", s.setNames("user 1"))
		store.failOn("EndAll")
		err := sessionstores.EndAll(t.Context(), s.m, "user 1")
		if !errors.Is(err, sessionstores.ErrUnavailable) || !errors.Is(err, errDown) || s.user(token) != "ann" {
			t.Errorf("error %v, user %q", err, s.user(token))
		}
		store.failOn()
		if s.endAll("user 1"); s.user(token) != "" {
			t.Error("the second call has not ended the session")
		}
	})
}

func TestNamesOnStoresWithout(t *testing.T) {
	for name, m := range map[string]*scs.SessionManager{
		"New":     sessionstores.New(scsmemstore.NewWithCleanupInterval(0)),
		"scs.New": foreignManager(scsmemstore.NewWithCleanupInterval(0)),
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, m)
			token := s.signIn("ann", s.setNames("user 1"))
			for call, err := range map[string]error{
				"CanEndAll": sessionstores.CanEndAll(m),
				"EndAll":    sessionstores.EndAll(t.Context(), m, "user 1"),
			} {
				if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "*memstore.MemStore") {
					t.Errorf("%s: %v; want errors.ErrUnsupported with the type of the store", call, err)
				}
			}
			if s.user(token) != "ann" {
				t.Error("names keep the session from being saved")
			}
		})
	}

	t.Run("SetNames outside of the middleware says so", func(t *testing.T) {
		if err := sessionstores.SetNames(t.Context(), newManager(t), "user 1"); !errors.Is(err, sessionstores.ErrMisused) {
			t.Errorf("error %v", err)
		}
	})
}
