package sessionstores_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

const (
	tokenA = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	tokenB = "bbbbbbbbbbbbbbbbbbbb-bbbbbbbbbbbbbbbbbbbb_9"
)

// askedStore is a plain store that remembers the keys it was asked for.
type askedStore struct{ keys []string }

func (s *askedStore) Find(key string) ([]byte, bool, error) {
	s.keys = append(s.keys, key)
	return nil, false, nil
}
func (s *askedStore) Commit(string, []byte, time.Time) error { return nil }
func (s *askedStore) Delete(string) error                    { return nil }

// asked returns the keys that a request with these Cookie headers looks up.
func asked(headers []string) []string {
	store := &askedStore{}
	m := sessionstores.New(store)
	m.Cookie.Name = "sid"
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header["Cookie"] = headers
	sessionstores.Middleware(m)(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), r)
	return store.keys
}

func hashed(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func TestCookieIsFound(t *testing.T) {
	for _, tt := range []struct {
		name    string
		headers []string
		want    string
	}{
		{"no header", nil, ""},
		{"alone", []string{"sid=" + tokenA}, tokenA},
		{"among others", []string{"a=1; sid=" + tokenA + "; b=2"}, tokenA},
		{"without spaces", []string{"a=1;sid=" + tokenA + ";b=2"}, tokenA},
		{"with more space", []string{" a=1 ;\t sid=" + tokenA + " \t; b=2"}, tokenA},
		{"in quotes", []string{`sid="` + tokenA + `"`}, tokenA},
		{"in half the quotes", []string{`sid="` + tokenA}, ""},
		{"in too many quotes", []string{`sid=""` + tokenA + `""`}, ""},
		{"in another line", []string{"a=1", "sid=" + tokenB}, tokenB},
		{"twice: the first", []string{"sid=" + tokenA + "; sid=" + tokenB}, tokenA},
		{"a tossed one that is no token does not hide it", []string{"sid=tossed; sid=" + tokenB}, tokenB},
		{"an empty one", []string{"sid="}, ""},
		{"no value", []string{"sid"}, ""},
		{"a longer name", []string{"sid2=" + tokenA + "; xsid=" + tokenA}, ""},
		{"a name in other letters", []string{"SID=" + tokenA}, ""},
		{"a prefix", []string{"__Host-sid=" + tokenA}, ""},
		{"inside a value", []string{"a=sid=" + tokenA}, ""},
		{"too short", []string{"sid=" + tokenA[1:]}, ""},
		{"too long", []string{"sid=" + tokenA + "A"}, ""},
		{"base64 that is no base64url", []string{"sid=" + tokenA[2:] + "+/"}, ""},
		{"a NUL", []string{"sid=" + tokenA[1:] + "\x00"}, ""},
		{"a key of AllCtx", []string{"sid=listed:" + tokenA[7:]}, ""},
		{"a key of a record", []string{"sid=record:" + tokenA[7:]}, ""},
		{"separators only", []string{";;; ;=;", "=", ""}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var want []string
			if tt.want != "" {
				want = []string{hashed(tt.want)}
			}
			if got := asked(tt.headers); !slices.Equal(got, want) {
				t.Errorf("looked up %q, want %q", got, want)
			}
		})
	}
}

// The scan finds what net/http's parser finds: the first cookie of the name that holds a token.
func FuzzCookieIsFound(f *testing.F) {
	f.Add("sid="+tokenA, "")
	f.Add(`a=1; sid="`+tokenA+`"`, "sid="+tokenB)
	f.Add("sid=x; \tsid="+tokenB+" ;sid", "a;b=;=c")
	f.Add("sid =\x00"+tokenA, `sid="`+tokenA)
	f.Fuzz(func(t *testing.T, first, second string) {
		r := http.Request{Header: http.Header{"Cookie": {first, second}}}
		var want []string
		for _, c := range r.CookiesNamed("sid") {
			b, err := base64.RawURLEncoding.DecodeString(c.Value)
			if err == nil && len(b) == 32 || looksLikeToken(c.Value) {
				want = append(want, hashed(c.Value))
			}
		}
		got := asked(r.Header["Cookie"])
		switch {
		case strings.Contains(first+second, "sid ") || strings.Contains(first+second, "sid\t"):
			// net/http forgives a space before the equals sign. No browser sends one, and we need not.
			if len(got) == 1 && !slices.Contains(want, got[0]) {
				t.Errorf("looked up %q, which is none of %q", got, want)
			}
		case !slices.Equal(got, want[:min(1, len(want))]):
			t.Errorf("looked up %q, want the first of %q", got, want)
		}
	})
}

// looksLikeToken is for what has a token's letters and length, but is not the base64url of 32 bytes.
func looksLikeToken(s string) bool {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return len(s) == len(tokenA) && strings.Trim(s, letters) == "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune(letters, r)
	})
}

func TestCacheControl(t *testing.T) {
	s := newSite(t, newManager(t))
	for _, tt := range []struct {
		handlers []string
		want     string
	}{
		{nil, "private, no-store"},
		{[]string{""}, "private, no-store"},
		{[]string{"no-store"}, "no-store"},
		{[]string{"private, max-age=60"}, "private, max-age=60"},
		{[]string{"max-age=60"}, "private, max-age=60"},
		{[]string{"no-cache"}, "private, no-cache"},
		{[]string{"public, max-age=60"}, "private, no-store"},
		{[]string{"Public"}, "private, no-store"},
		{[]string{"s-maxage=60"}, "private, no-store"},
		{[]string{"private, s-maxage=60"}, "private, no-store"},
		{[]string{"private, public"}, "private, no-store"},
		{[]string{`private="X-Name", max-age=60`}, "private, no-store"},
		{[]string{"private", "public"}, "private"},
		{[]string{"max-age=60", "public"}, "private, max-age=60"},
	} {
		handler := func(do act) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				for _, v := range tt.handlers {
					w.Header().Add("Cache-Control", v)
				}
				do(r.Context())
			}
		}
		token := s.signIn("ann")
		for name, res := range map[string]*http.Response{
			"a cookie is set":     s.serve("", handler(s.put("cart", "tea"))),
			"a cookie is renewed": s.serve(token, handler(s.renew)),
			"a cookie is cleared": s.serve(s.signIn("bob"), handler(s.destroy)),
		} {
			if got := res.Header.Values("Cache-Control"); !slices.Equal(got, []string{tt.want}) || s.cookie(res) == nil {
				t.Errorf("S9: %s, and the handler says %q: sent %q, want %q", name, tt.handlers, got, tt.want)
			}
		}
		token = s.signIn("ann")
		for name, res := range map[string]*http.Response{
			"a read":          s.serve(token, handler(s.read)),
			"a change":        s.serve(token, handler(s.put("cart", "tea"))),
			"an anonym. read": s.serve("", handler(s.read)),
		} {
			if got := res.Header.Values("Cache-Control"); !slices.Equal(got, tt.handlers) || s.cookie(res) != nil {
				t.Errorf("S9: after %s, the handler's %q became %q", name, tt.handlers, got)
			}
			if res.Header.Get("Vary") != "Cookie" {
				t.Errorf("S9: after %s, Vary is %q", name, res.Header.Get("Vary"))
			}
		}
	}
}

func TestVaryKeepsTheHandlers(t *testing.T) {
	s := newSite(t, newManager(t))
	for range 2 { // one request's header must not reach the next
		w := httptest.NewRecorder()
		w.Header().Set("Vary", "Origin")
		s.mw(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Add("Vary", "Accept") })).
			ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		if got := w.Header().Values("Vary"); !slices.Equal(got, []string{"Origin", "Cookie", "Accept"}) {
			t.Errorf("S9: Vary is %q", got)
		}
		res := s.serve("", func(w http.ResponseWriter, _ *http.Request) { w.Header().Add("Vary", "Accept") })
		if got := res.Header.Values("Vary"); !slices.Equal(got, []string{"Cookie", "Accept"}) {
			t.Errorf("S9: Vary is %q", got)
		}
	}
}

func TestCookieAttributes(t *testing.T) {
	s, m := newSite(t, newManager(t)), newManager(t)
	synctest.Test(t, func(*testing.T) {
		got := s.do("", s.put("cart", "tea")).Header.Get("Set-Cookie")
		_, attributes, _ := strings.Cut(got, "; ")
		expires := time.Now().Add(72*time.Hour + time.Second).UTC().Format(http.TimeFormat)
		if want := "Path=/; Expires=" + expires + "; Max-Age=259201; HttpOnly; SameSite=Lax"; attributes != want {
			t.Errorf("the cookie has %q, want %q", attributes, want)
		}

		m.Cookie.Name, m.Cookie.Domain, m.Cookie.Path = "sid", "example.com", "/app"
		m.Cookie.Secure, m.Cookie.Partitioned, m.Cookie.Persist = true, true, false
		m.Cookie.HttpOnly, m.Cookie.SameSite = false, http.SameSiteNoneMode
		s = newSite(t, m)
		res := s.do("", s.login("ann"))
		want := "sid=" + s.cookie(res).Value + "; Path=/app; Domain=example.com; Secure; SameSite=None; Partitioned"
		if got := res.Header.Get("Set-Cookie"); got != want {
			t.Errorf("the cookie is %q, want %q", got, want)
		}
		// It is taken away with the attributes it was set with: browsers would else keep it.
		res = s.do(s.cookie(res).Value, s.destroy)
		want = "sid=; Path=/app; Domain=example.com; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; Secure; SameSite=None; Partitioned"
		if got := res.Header.Get("Set-Cookie"); got != want {
			t.Errorf("the cookie is taken away by %q, want %q", got, want)
		}

		// RememberMe, as scs has it.
		token := s.signIn("ann")
		remember := func(yes bool) act { return func(ctx context.Context) { s.m.RememberMe(ctx, yes) } }
		if c := s.cookie(s.do(token, remember(true))); c == nil || c.Value != token || c.MaxAge != 259201 {
			t.Errorf("remembered, the cookie is %v", c)
		}
		if c := s.cookie(s.do(token, s.put("cart", "tea"))); c != nil {
			t.Errorf("a change sends it again: %v", c)
		}
		if c := s.cookie(s.do(token, remember(false))); c == nil || c.Value != token || c.MaxAge != 0 || !c.Expires.IsZero() {
			t.Errorf("forgotten, the cookie is %v", c)
		}
	})
}

func TestLogoutTakesTheCookieAway(t *testing.T) {
	eachWorld(t, func(t *testing.T, _ world, s *site) {
		if c := s.cookie(s.do(s.signIn("ann"), s.destroy)); c == nil || c.Value != "" || c.MaxAge >= 0 {
			t.Errorf("Destroy sends %v", c)
		}
		c := s.cookie(s.do(s.signIn("ann"), s.destroy, s.put("flash", "Goodbye")))
		if c == nil || s.user(c.Value) != "" || s.get(c.Value, "flash") != "Goodbye" {
			t.Errorf("Destroy and a Put send %v", c)
		}
		c = s.cookie(s.do(s.signIn("ann"), s.destroy, s.login("bob")))
		if c == nil || s.user(c.Value) != "bob" {
			t.Errorf("Destroy and a login send %v", c)
		}
		if c = s.cookie(s.do("", s.login("ann"), s.destroy)); c != nil && c.Value != "" {
			t.Errorf("a login and Destroy send %v", c)
		}
	})
}
