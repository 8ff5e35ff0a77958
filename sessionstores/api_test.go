package sessionstores_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	scsmemstore "github.com/alexedwards/scs/v2/memstore"

	"github.com/chiauth0/auth/sessionstores"
)

// apiStores are the kinds of store on which the whole API of scs is tested.
var apiStores = map[string]func(testing.TB) scs.Store{
	"memstore": func(tb testing.TB) scs.Store { return newMemstore(tb) },
	"a plain store": func(testing.TB) scs.Store {
		return scsmemstore.NewWithCleanupInterval(0)
	},
	"a plain store with contexts": func(tb testing.TB) scs.Store {
		return contextStore{newSpyStore(tb)}
	},
	"cookiestore":                  func(testing.TB) scs.Store { return newCookieStore() },
	"cookiestore with revocations": func(tb testing.TB) scs.Store { return newRevocableStore(tb) },
}

// eachAPI runs a test with each kind of store and each codec.
func eachAPI(t *testing.T, test func(*testing.T, *site, browser)) {
	for storeName, store := range apiStores {
		for codecName, codec := range codecs {
			t.Run(storeName+", "+codecName, func(t *testing.T) {
				m := sessionstores.New(store(t))
				m.Codec = codec
				test(t, newSite(t, m), browser{})
			})
		}
	}
}

func TestAPIValues(t *testing.T) {
	now := time.Now()
	values := map[string]any{
		"string": "text", "bool": true, "int": 7, "int32": int32(8), "int64": int64(9),
		"float": 1.5, "bytes": []byte("bytes"), "time": now,
	}
	eachAPI(t, func(t *testing.T, s *site, b browser) {
		m := s.m
		b.visit(s, func(ctx context.Context) {
			for key, value := range values {
				m.Put(ctx, key, value)
			}
			m.Put(ctx, "removed", "text")
		})
		b.visit(s, func(ctx context.Context) {
			assertEqual(t, "GetString", m.GetString(ctx, "string"), "text")
			assertEqual(t, "GetBool", m.GetBool(ctx, "bool"), true)
			assertEqual(t, "GetInt", m.GetInt(ctx, "int"), 7)
			assertEqual(t, "GetInt32", m.GetInt32(ctx, "int32"), 8)
			assertEqual(t, "GetInt64", m.GetInt64(ctx, "int64"), 9)
			assertEqual(t, "GetFloat", m.GetFloat(ctx, "float"), 1.5)
			assertEqual(t, "GetBytes", string(m.GetBytes(ctx, "bytes")), "bytes")
			assertEqual(t, "GetTime", m.GetTime(ctx, "time").Equal(now), true)
			assertEqual(t, "Exists", m.Exists(ctx, "string"), true)
			assertEqual(t, "Exists of nothing", m.Exists(ctx, "none"), false)
			assertEqual(t, "Keys", len(m.Keys(ctx)), len(values)+1)
			assertEqual(t, "Status", m.Status(ctx), scs.Unmodified)

			assertEqual(t, "PopString", m.PopString(ctx, "string"), "text")
			assertEqual(t, "PopBool", m.PopBool(ctx, "bool"), true)
			assertEqual(t, "PopInt", m.PopInt(ctx, "int"), 7)
			assertEqual(t, "PopFloat", m.PopFloat(ctx, "float"), 1.5)
			assertEqual(t, "PopBytes", string(m.PopBytes(ctx, "bytes")), "bytes")
			assertEqual(t, "PopTime", m.PopTime(ctx, "time").Equal(now), true)
			m.Remove(ctx, "removed")
			assertEqual(t, "Status after a change", m.Status(ctx), scs.Modified)
		})
		b.visit(s, func(ctx context.Context) {
			keys := m.Keys(ctx)
			if !slices.Equal(keys, []string{"int32", "int64"}) {
				t.Errorf("Keys after Pop and Remove: got %q, want int32 and int64", keys)
			}
		})
	})
}

func TestAPIClear(t *testing.T) {
	eachAPI(t, func(t *testing.T, s *site, b browser) {
		b.visit(s, s.login("ann", "user 1"), s.setAttachment("tokens"))
		var tokens [2]string
		var deadlines [2]time.Time
		b.visit(s, func(ctx context.Context) {
			tokens[0], deadlines[0] = s.m.Token(ctx), s.m.Deadline(ctx)
			s.clear(ctx)
		})
		b.visit(s, func(ctx context.Context) {
			tokens[1], deadlines[1] = s.m.Token(ctx), s.m.Deadline(ctx)
			assertEqual(t, "keys", len(s.m.Keys(ctx)), 0)
		})
		assertEqual(t, "token", tokens[1], tokens[0])
		assertEqual(t, "deadline", deadlines[1], deadlines[0])
	})
}

func TestAPIToken(t *testing.T) {
	eachAPI(t, func(t *testing.T, s *site, b browser) {
		b.visit(s, func(ctx context.Context) {
			assertEqual(t, "Token of no session", s.m.Token(ctx), "")
			s.m.Put(ctx, "a", "b")
		})
		token := ""
		b.visit(s, func(ctx context.Context) { token = s.m.Token(ctx) })
		assertEqual(t, "length of the token", len(token), 43)
	})
}

func TestAPIRenewToken(t *testing.T) {
	eachAPI(t, func(t *testing.T, s *site, b browser) {
		b.visit(s, s.put("user", "ann"), s.setAttachment("tokens"))
		var before, during, after string
		b.visit(s, func(ctx context.Context) {
			before = s.m.Token(ctx)
			s.renew(ctx)
			during = s.m.Token(ctx)
		})
		b.visit(s, func(ctx context.Context) { after = s.m.Token(ctx) })
		assertEqual(t, "user", b.value(s, "user"), "ann")
		assertEqual(t, "attachment", b.attachment(s), "tokens")
		assertEqual(t, "token of the next request", after, during)
		if before == after {
			t.Errorf("token: got %q again, want another one", after)
		}
	})
}

func TestAPIDestroy(t *testing.T) {
	eachAPI(t, func(t *testing.T, s *site, b browser) {
		b.visit(s, s.put("user", "ann"), s.setAttachment("tokens"))
		b.visit(s, s.destroy)
		assertEqual(t, "cookies", b.names(), "")

		b.visit(s, s.put("user", "ann"), s.setAttachment("tokens"))
		b.visit(s, s.destroy, s.put("flash", "Bye"))
		assertEqual(t, "cookies", b.names(), cookieName)
		assertEqual(t, "values", b.value(s, "user")+b.value(s, "flash"), "Bye")
		assertEqual(t, "attachment", b.attachment(s), "")
	})
}

func TestAPIDeadline(t *testing.T) {
	eachAPI(t, func(t *testing.T, s *site, b browser) {
		b.visit(s, s.put("user", "ann"))
		want := time.Now().Add(30 * 24 * time.Hour).UTC().Truncate(time.Second)
		res := b.visit(s, func(ctx context.Context) { s.m.SetDeadline(ctx, want) })
		c := s.cookie(res)
		if c == nil || c.Expires.Sub(want).Abs() > 2*time.Second {
			t.Errorf("cookie: got %v, want one that expires at %v", c, want)
		}
		b.visit(
			s,
			func(ctx context.Context) { assertEqual(t, "Deadline", s.m.Deadline(ctx), want) },
		)

		b.visit(s, func(ctx context.Context) { s.m.SetDeadline(ctx, time.Now().Add(-time.Second)) })
		assertEqual(t, "cookies after a deadline in the past", b.names(), "")
	})
}

func TestAPIRememberMe(t *testing.T) {
	for name, store := range apiStores {
		m := sessionstores.New(store(t))
		m.Cookie.Persist = false
		s := newSite(t, m)
		b := browser{}
		res := b.visit(s, s.put("user", "ann"))
		assertEqual(t, name+": Max-Age", s.cookie(res).MaxAge, 0)
		res = b.visit(s, func(ctx context.Context) { m.RememberMe(ctx, true) })
		if c := s.cookie(res); c == nil || c.MaxAge <= 0 {
			t.Errorf("%s: RememberMe(true): got %v, want a Max-Age", name, c)
		}
		res = b.visit(s, func(ctx context.Context) { m.RememberMe(ctx, false) })
		if c := s.cookie(res); c == nil || c.MaxAge != 0 {
			t.Errorf("%s: RememberMe(false): got %v, want no Max-Age", name, c)
		}
	}
}

func TestAPIErrorFunc(t *testing.T) {
	eachAPI(t, func(t *testing.T, s *site, b browser) {
		s.m.ErrorFunc = errorPage
		s = newSite(t, s.m)
		res := b.visit(s, func(ctx context.Context) { s.m.Put(ctx, "a", make(chan int)) })
		assertEqual(t, "status", res.StatusCode, http.StatusInternalServerError)
		assertEqual(t, "cookies", b.names(), "")
		if text := body(t, res); !strings.Contains(text, "gob") {
			t.Errorf("error: got %q, want the encoder named", text)
		}
	})
}
