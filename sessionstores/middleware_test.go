package sessionstores_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
)

func TestMiddlewareMountedTwiceHasNoEffect(t *testing.T) {
	store := newSpyStore(t)
	m := sessionstores.New(store)
	s := newSite(t, m)
	inner := sessionstores.Middleware(m)
	s.mw = func(next http.Handler) http.Handler {
		return sessionstores.Middleware(m)(inner(inner(next)))
	}
	token := s.signIn("ann")
	store.count()

	res := s.do(token, s.put("cart", "tea"), s.renew)
	calls := store.calls
	assertEqual(t, "reads", calls["Get"], 1)
	assertEqual(t, "renewals", calls["Renew"], 1)
	assertEqual(t, "other writes", calls["Update"]+calls["Create"], 0)
	assertEqual(t, "cart", s.get(s.token(res), "cart"), "tea")
	if vary := res.Header.Values("Vary"); !slices.Equal(vary, []string{"Cookie"}) {
		t.Errorf("Vary: got %q, want Cookie", vary)
	}
}

func TestMisplacedMiddlewareIsAnErrorThatNamesTheFix(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, base *site) {
		base.m.ErrorFunc = errorPage
		middleware := sessionstores.Middleware(base.m)
		other := sessionstores.New(newMemstore(t))
		other.Cookie.Name = base.m.Cookie.Name
		other.ErrorFunc = errorPage
		sameName := sessionstores.Middleware(other)

		for name, tt := range map[string]struct {
			fix string
			mw  func(http.Handler) http.Handler
			act act
		}{
			"LoadAndSave outside": {
				"remove it",
				func(h http.Handler) http.Handler { return base.m.LoadAndSave(middleware(h)) },
				base.read,
			},
			"LoadAndSave inside, with a change": {
				"remove scs's LoadAndSave",
				func(h http.Handler) http.Handler { return middleware(base.m.LoadAndSave(h)) },
				base.put("cart", "tea"),
			},
			"LoadAndSave inside, with a login": {
				"remove scs's LoadAndSave",
				func(h http.Handler) http.Handler { return middleware(base.m.LoadAndSave(h)) },
				base.login("ann"),
			},
			"another manager with the cookie name": {
				"set Cookie.Name",
				func(h http.Handler) http.Handler { return middleware(sameName(h)) },
				base.read,
			},
		} {
			t.Run(name, func(t *testing.T) {
				s := &site{tb: t, m: base.m, mw: tt.mw}
				res := s.do("", tt.act)
				assertEqual(t, "status", res.StatusCode, http.StatusInternalServerError)
				if text := body(t, res); !strings.Contains(text, tt.fix) {
					t.Errorf("got %q, want %q in it", text, tt.fix)
				}
			})
		}
	})
}

func TestErrorPageOfNewDoesNotTellTheReason(t *testing.T) {
	s := newSite(t, newManager(t))
	s.mw = func(h http.Handler) http.Handler {
		return s.m.LoadAndSave(sessionstores.Middleware(s.m)(h))
	}
	res := s.do("", s.read)
	assertEqual(t, "status", res.StatusCode, http.StatusInternalServerError)
	assertEqual(t, "page", body(t, res), "Internal Server Error\n")
}

func TestTwoManagersDoNotSeeEachOther(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, base *site) {
		base.m.Cookie.Name = "users"
		users := newSite(t, base.m)
		store := newSpyStore(t)
		adminManager := sessionstores.New(store)
		adminManager.Cookie.Name = "admins"
		admins := newSite(t, adminManager)

		serve := func(userToken, adminToken string, acts ...act) *http.Response {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.AddCookie(&http.Cookie{Name: "users", Value: userToken})
			r.AddCookie(&http.Cookie{Name: "admins", Value: adminToken})
			w := httptest.NewRecorder()
			h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				all(acts...)(r.Context())
			})
			users.mw(admins.mw(h)).ServeHTTP(w, r)
			return w.Result()
		}

		res := serve("", "",
			users.login("ann"), users.setAttachment("ann's"),
			admins.login("root"), admins.setAttachment("root's"))
		user, admin := users.token(res), admins.token(res)
		users.assertUser("a token of the users", user, "ann")
		admins.assertUser("a token of the admins", admin, "root")
		users.assertUser("a token of the admins", admin, "")
		admins.assertUser("a token of the users", user, "")
		assertEqual(t, "attachment of the user", users.attachment(user), "ann's")
		assertEqual(t, "attachment of the admin", admins.attachment(admin), "root's")

		res = serve(user, admin, users.destroy)
		users.assertCookieDeleted("a logout of the user", res)
		admins.assertNoCookie("a logout of the user", res)
		users.assertUser("a logout of the user", user, "")
		admins.assertUser("a logout of the user", admin, "root")

		store.failBefore("Get")
		serve("", admin, func(ctx context.Context) {
			assertNoError(t, "LoadError of the users", sessionstores.LoadError(ctx, users.m))
			err := sessionstores.LoadError(ctx, admins.m)
			assertError(t, "LoadError of the admins", err, sessionstores.ErrUnavailable)
		})
	})
}

func TestCookieSettingsThatNoBrowserKeepsPanic(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*scs.SessionCookie)
		want   string
	}{
		"SameSite=Strict": {
			func(c *scs.SessionCookie) { c.SameSite = http.SameSiteStrictMode }, "use Lax",
		},
		"SameSite=None without Secure": {
			func(c *scs.SessionCookie) { c.SameSite = http.SameSiteNoneMode }, "set Cookie.Secure",
		},
		"Partitioned without Secure": {
			func(c *scs.SessionCookie) { c.Partitioned = true }, "set Cookie.Secure",
		},
		"a name with a space": {func(c *scs.SessionCookie) {
			c.Name = "my session"
		}, `"my session"`},
		"no name": {func(c *scs.SessionCookie) { c.Name = "" }, "Cookie.Name"},
		"__Host- without Secure": {
			func(c *scs.SessionCookie) { c.Name = "__Host-sid" }, "needs Secure",
		},
		"__Host- with a Domain": {
			func(c *scs.SessionCookie) {
				c.Name, c.Secure, c.Domain = "__Host-sid", true, "app.example"
			}, "no Domain",
		},
		"__Host- with a Path": {
			func(c *scs.SessionCookie) {
				c.Name, c.Secure, c.Path = "__Host-sid", true, "/app"
			}, "Path",
		},
		"__Secure- without Secure": {
			func(c *scs.SessionCookie) { c.Name = "__Secure-sid" }, "needs Secure",
		},
		"a URL as Domain": {
			func(c *scs.SessionCookie) { c.Domain = "https://app.example" }, "host name",
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				text, _ := recover().(string)
				if !strings.HasPrefix(text, "sessionstores: ") || !strings.Contains(text, tt.want) {
					t.Errorf("panic: got %q, want %q in it", text, tt.want)
				}
			}()
			m := newManager(t)
			tt.change(&m.Cookie)
			sessionstores.Middleware(m)
		})
	}
}

func TestHashTokenInStoreHasNoEffect(t *testing.T) {
	for name, before := range map[string]bool{"before Middleware": true, "after it": false} {
		m := newManager(t)
		m.HashTokenInStore = before
		s := newSite(t, m)
		m.HashTokenInStore = true
		token := s.signIn("ann")
		s.assertNoCookie(name+": a write", s.do(token, s.put("cart", "tea")))
		assertEqual(t, name+": cart", s.get(token, "cart"), "tea")
	}
}

func TestChangesOfTheManagerAfterTheFirstRequestHaveNoEffect(t *testing.T) {
	s := newSite(t, newManager(t))
	s.do("", s.read)
	s.m.Cookie.HttpOnly = false
	if c := s.cookie(s.do("", s.put("cart", "tea"))); c == nil || !c.HttpOnly {
		t.Errorf("got the cookie %v, want HttpOnly", c)
	}
}

func TestLogLinesGoToTheLoggerOfTheManager(t *testing.T) {
	var standard, own bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&standard, nil)))
	defer slog.SetDefault(before)

	store := newSpyStore(t)
	m := sessionstores.New(store)
	sessionstores.SetLogger(m, slog.New(slog.NewTextHandler(&own, nil)))
	s := newSite(t, m)
	defer fuse.Store(false)
	token := s.signIn("ann", func(ctx context.Context) { m.Put(ctx, "cart", fusedValue{"tea"}) })

	expect := func(what, want string) {
		t.Helper()
		if !strings.Contains(own.String(), want) {
			t.Errorf("%s: got %q in the log, want %q in it", what, own.String(), want)
		}
		own.Reset()
	}
	fuse.Store(true)
	s.do(token, s.read)
	expect("a value that cannot be decoded", "key=cart")
	fuse.Store(false)

	store.failBefore("Get")
	s.do(token, s.read)
	expect("a session that cannot be read", "session not read")
	store.failBefore("Update")
	s.do(token, s.put("cart", "tea"))
	expect("a session that cannot be saved", "session not saved")
	store.failAfter("Renew")
	s.do(token, s.renew)
	expect("an old token that may not be revoked", "old session token not revoked")

	assertEqual(t, "lines of the default logger", standard.String(), "")
}
