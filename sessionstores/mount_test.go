package sessionstores_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
)

// caught makes the manager's error pages say what went wrong.
func caught(m *scs.SessionManager) *scs.SessionManager {
	m.ErrorFunc = func(w http.ResponseWriter, _ *http.Request, err error) {
		status := http.StatusServiceUnavailable
		if errors.Is(err, sessionstores.ErrMisused) {
			status = http.StatusInternalServerError
		}
		http.Error(w, err.Error(), status)
	}
	return m
}

func TestMountedTwice(t *testing.T) {
	store := newSpy(t)
	m := sessionstores.New(store)
	s := newSite(t, m)
	inner := sessionstores.Middleware(m)
	s.mw = func(next http.Handler) http.Handler {
		return sessionstores.Middleware(m)(inner(inner(next)))
	}
	token := s.signIn("ann")
	store.count()
	res := s.do(token, s.put("cart", "tea"), s.renew)
	store.mu.Lock()
	calls := store.calls
	store.mu.Unlock()
	if calls["Get"] != 1 || calls["Remove"] != 1 || calls["Renew"] != 1 || calls["Update"]+calls["Commit"] != 0 {
		t.Errorf("S6: calls %v", calls)
	}
	if c := s.cookie(res); c == nil || s.get(c.Value, "cart") != "tea" {
		t.Errorf("S6: cookie %v", c)
	}
	if vary := res.Header.Values("Vary"); !slices.Equal(vary, []string{"Cookie"}) {
		t.Errorf("S6: Vary is %q", vary)
	}
}

func TestMountedWrongly(t *testing.T) {
	change := func(s *site) act { return s.put("cart", "tea") }
	eachWorld(t, func(t *testing.T, _ world, s *site) {
		caught(s.m)
		ours := sessionstores.Middleware(s.m)
		other := *s.m
		other.Cookie.Path = "/app"
		otherManager := caught(sessionstores.New(newMemstore(t)))
		otherManager.Cookie.Name = s.m.Cookie.Name
		sameName := sessionstores.Middleware(otherManager)
		for _, tt := range []struct {
			name, mend string
			mw         func(http.Handler) http.Handler
			act        act
		}{
			{"LoadAndSave outside", "LoadAndSave", func(h http.Handler) http.Handler { return s.m.LoadAndSave(ours(h)) }, s.read},
			{"LoadAndSave inside, a change", "LoadAndSave", func(h http.Handler) http.Handler { return ours(s.m.LoadAndSave(h)) }, change(s)},
			{"LoadAndSave inside, a login", "LoadAndSave", func(h http.Handler) http.Handler { return ours(s.m.LoadAndSave(h)) }, s.login("ann")},
			{"a copy with another cookie", "LoadUser", func(h http.Handler) http.Handler {
				return ours(sessionstores.Middleware(&other)(h))
			}, s.read},
			{"another manager with the same cookie name", "cookie name", func(h http.Handler) http.Handler {
				return ours(sameName(h))
			}, func(ctx context.Context) { otherManager.Put(ctx, "cart", "tea") }},
		} {
			t.Run("S6: "+tt.name+" is an error that names the mend", func(t *testing.T) {
				s := &site{tb: t, m: s.m, mw: tt.mw}
				res := s.do("", tt.act)
				if text := body(t, res); res.StatusCode != http.StatusInternalServerError || !strings.Contains(text, tt.mend) {
					t.Errorf("status %d, %q", res.StatusCode, text)
				}
			})
		}
	})
}

func TestTwoManagers(t *testing.T) {
	eachWorld(t, func(t *testing.T, _ world, s *site) {
		users := newSite(t, s.m)
		users.m.Cookie.Name = "users"
		users = newSite(t, users.m)
		store := newSpy(t)
		admins := newSite(t, sessionstores.New(store))
		admins.m.Cookie.Name = "admins"
		admins = newSite(t, admins.m)
		both := func(h http.Handler) http.Handler { return users.mw(admins.mw(h)) }

		serve := func(userToken, adminToken string, acts ...act) *http.Response {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.AddCookie(&http.Cookie{Name: "users", Value: userToken})
			r.AddCookie(&http.Cookie{Name: "admins", Value: adminToken})
			w := httptest.NewRecorder()
			both(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				for _, act := range acts {
					act(r.Context())
				}
			})).ServeHTTP(w, r)
			return w.Result()
		}
		res := serve("", "", users.login("ann"), users.setRecord("ann's"), admins.login("root"), admins.setRecord("root's"))
		user, admin := users.cookie(res), admins.cookie(res)
		if user == nil || admin == nil || users.user(user.Value) != "ann" || admins.user(admin.Value) != "root" {
			t.Fatalf("S6: cookies %v and %v", user, admin)
		}
		if users.user(admin.Value) != "" || admins.user(user.Value) != "" {
			t.Error("S6: one manager's token opens the other's session")
		}
		if users.record(user.Value) != "ann's" || admins.record(admin.Value) != "root's" {
			t.Error("S6: the records are mixed up")
		}

		res = serve(user.Value, admin.Value, users.destroy)
		if users.user(user.Value) != "" || admins.user(admin.Value) != "root" || admins.cookie(res) != nil {
			t.Errorf("S6: after the user's logout root is %q, cookie %v", admins.user(admin.Value), admins.cookie(res))
		}
		if c := users.cookie(res); c == nil || c.Value != "" {
			t.Errorf("S6: after the user's logout the user's cookie is %v", c)
		}
		store.failOn("Get")
		serve("", admin.Value, func(ctx context.Context) {
			if err := sessionstores.Err(ctx, users.m); err != nil {
				t.Errorf("S6: the users' store has answered: %v", err)
			}
			if err := sessionstores.Err(ctx, admins.m); !errors.Is(err, sessionstores.ErrUnavailable) {
				t.Errorf("S6: the admins' store has not answered: %v", err)
			}
		})
	})
}

func TestMisuse(t *testing.T) {
	s := newSite(t, newManager(t))
	other := newManager(t)
	for name, ctx := range map[string]context.Context{
		"outside of a request":                  t.Context(),
		"another manager's":                     s.context(t),
		"a manager that was loaded by hand":     mustLoad(t, other),
		"another, loaded by hand in a request":  mustLoadIn(s.context(t), t, other),
		"a context that is cancelled, and bare": cancelled(t),
	} {
		_, recordErr := sessionstores.Record(ctx, other)
		for call, err := range map[string]error{
			"Err":       sessionstores.Err(ctx, other),
			"Renew":     sessionstores.Renew(ctx, other),
			"SetRecord": sessionstores.SetRecord(ctx, other, nil),
			"Record":    recordErr,
		} {
			if !errors.Is(err, sessionstores.ErrMisused) || !strings.Contains(err.Error(), "sessionstores.Middleware") {
				t.Errorf("S6: %s in %s: %v", call, name, err)
			}
		}
	}

	t.Run("S6: a copy of a manager finds its session", func(t *testing.T) {
		twin := *s.m
		s.do("", func(ctx context.Context) {
			s.noError(sessionstores.Err(ctx, &twin))
			s.noError(sessionstores.SetRecord(ctx, &twin, []byte("tokens")))
			if got, err := sessionstores.Record(ctx, s.m); string(got) != "tokens" || err != nil {
				t.Errorf("record %q, %v", got, err)
			}
		})
	})

	t.Run("S6: New's error page says that the server is at fault", func(t *testing.T) {
		res := (&site{tb: t, m: s.m, mw: func(h http.Handler) http.Handler { return s.m.LoadAndSave(s.mw(h)) }}).do("", s.read)
		if text := body(t, res); res.StatusCode != http.StatusInternalServerError || text != "Internal Server Error\n" {
			t.Errorf("status %d, %q", res.StatusCode, text)
		}
	})

	t.Run("S6: a Commit by hand is refused, and says why", func(t *testing.T) {
		token := s.signIn("ann")
		s.do(token, func(ctx context.Context) {
			if _, _, err := s.m.Commit(ctx); !errors.Is(err, sessionstores.ErrMisused) {
				t.Errorf("error %v", err)
			}
		})
	})
}

// context returns the context of a request.
func (s *site) context(t *testing.T) (ctx context.Context) {
	t.Helper()
	s.do("", func(c context.Context) { ctx = c })
	return ctx
}

func mustLoad(t *testing.T, m *scs.SessionManager) context.Context {
	t.Helper()
	return mustLoadIn(t.Context(), t, m)
}

func mustLoadIn(ctx context.Context, t *testing.T, m *scs.SessionManager) context.Context {
	t.Helper()
	ctx, err := m.Load(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	return ctx
}

func cancelled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
