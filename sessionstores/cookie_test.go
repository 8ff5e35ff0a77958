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
	tokenB = "bbbbbbbbbbbbbbbbbbb-bbbbbbbbbbbbbbbbbbbbbb_"
)

// keyStore is a plain store that records the keys it is asked for.
type keyStore struct{ keys []string }

func (s *keyStore) Find(key string) ([]byte, bool, error) {
	s.keys = append(s.keys, key)
	return nil, false, nil
}
func (s *keyStore) Commit(string, []byte, time.Time) error { return nil }
func (s *keyStore) Delete(string) error                    { return nil }
func (s *keyStore) ReadTimeout() time.Duration             { return 0 }

// lookedUp returns the keys that a request with these Cookie headers looks up.
func lookedUp(headers ...string) []string {
	store := &keyStore{}
	m := sessionstores.New(store)
	m.Cookie.Name = "sid"
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header["Cookie"] = headers
	read := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		m.GetString(r.Context(), "user")
	})
	sessionstores.Middleware(m)(read).ServeHTTP(httptest.NewRecorder(), r)

	return store.keys
}

func hashed(tokens ...string) []string {
	var keys []string
	for _, token := range tokens {
		sum := sha256.Sum256([]byte(token))
		keys = append(keys, base64.RawURLEncoding.EncodeToString(sum[:]))
	}

	return keys
}

func TestTokensOfARequestAreLookedUp(t *testing.T) {
	for name, tt := range map[string]struct {
		headers []string
		want    []string
	}{
		"no header":              {nil, nil},
		"one cookie":             {[]string{"sid=" + tokenA}, []string{tokenA}},
		"one among others":       {[]string{"a=1; sid=" + tokenA + "; b=2"}, []string{tokenA}},
		"without spaces":         {[]string{"a=1;sid=" + tokenA + ";b=2"}, []string{tokenA}},
		"with more space":        {[]string{" a;\t sid=" + tokenA + " \t; b"}, []string{tokenA}},
		"in quotes":              {[]string{`sid="` + tokenA + `"`}, []string{tokenA}},
		"with one quote":         {[]string{`sid="` + tokenA}, nil},
		"in two pairs of quotes": {[]string{`sid=""` + tokenA + `""`}, nil},
		"in another header line": {[]string{"a=1", "sid=" + tokenB}, []string{tokenB}},
		"two of one name": {
			[]string{"sid=" + tokenA + "; sid=" + tokenB}, []string{tokenA, tokenB},
		},
		"behind one that is none":  {[]string{"sid=tossed; sid=" + tokenB}, []string{tokenB}},
		"an empty one":             {[]string{"sid="}, nil},
		"no value":                 {[]string{"sid"}, nil},
		"a longer name":            {[]string{"sid2=" + tokenA + "; xsid=" + tokenA}, nil},
		"a name in capitals":       {[]string{"SID=" + tokenA}, nil},
		"a prefix":                 {[]string{"__Host-sid=" + tokenA}, nil},
		"inside a value":           {[]string{"a=sid=" + tokenA}, nil},
		"too short":                {[]string{"sid=" + tokenA[1:]}, nil},
		"too long":                 {[]string{"sid=" + tokenA + "A"}, nil},
		"standard base64":          {[]string{"sid=" + tokenA[2:] + "+/"}, nil},
		"a NUL":                    {[]string{"sid=" + tokenA[1:] + "\x00"}, nil},
		"a key that Iterate lists": {[]string{"sid=listed:" + tokenA[7:]}, nil},
		"the key of an attachment": {[]string{"sid=attachment:" + tokenA[11:]}, nil},
		"separators only":          {[]string{";;; ;=;", "=", ""}, nil},
	} {
		if got := lookedUp(tt.headers...); !slices.Equal(got, hashed(tt.want...)) {
			t.Errorf("%s: looked up %q, want the keys of %q", name, got, tt.want)
		}
	}
}

func TestManyTokensCostABoundedNumberOfReads(t *testing.T) {
	got := lookedUp(strings.Repeat("sid="+tokenA+"; ", 100))
	assertEqual(t, "reads", len(got), 8)
}

// Any Cookie header looks up a bounded number of keys, each of a token in it.
func FuzzTokensOfARequest(f *testing.F) {
	f.Add("sid="+tokenA, "")
	f.Add(`a=1; sid="`+tokenA+`"`, "sid="+tokenB)
	f.Add("sid=x; \tsid="+tokenB+" ;sid", "a;b=;=c")
	f.Fuzz(func(t *testing.T, first, second string) {
		keys := lookedUp(first, second)
		if len(keys) > 8 {
			t.Fatalf("%d reads, want at most 8", len(keys))
		}
		var possible []string
		for _, header := range []string{first, second} {
			for i := range max(0, len(header)-len(tokenA)+1) {
				possible = append(possible, header[i:i+len(tokenA)])
			}
		}
		for _, key := range keys {
			if !slices.Contains(hashed(possible...), key) {
				t.Fatalf(
					"looked up %q, which is the key of no token in %q and %q",
					key,
					first,
					second,
				)
			}
		}
	})
}

func TestFirstLiveTokenOfARequestIsUsed(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, s *site) {
		dead, live := s.signIn("eve"), s.signIn("ann")
		s.destroy(mustLoad(t, s.m, dead))
		name := s.m.Cookie.Name
		for _, cookies := range []string{
			name + "=" + dead + "; " + name + "=" + live,
			name + "=" + tokenA + "; " + name + "=" + live,
			name + "=1.tossed; " + name + "=" + live,
			name + "=" + live + "; " + name + "=" + dead,
		} {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Cookie", cookies)
			s.mw(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				assertEqual(t, "user", s.m.GetString(r.Context(), "user"), "ann")
			})).ServeHTTP(httptest.NewRecorder(), r)
		}
	})
}

func TestResponseWithASessionCookieIsPrivate(t *testing.T) {
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
		{[]string{`private="X-Name", max-age=60`}, "private, no-store"},
		{[]string{"private", "public"}, "private"},
		{[]string{"max-age=60", "public"}, "private, max-age=60"},
	} {
		handler := func(act act) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				for _, v := range tt.handlers {
					w.Header().Add("Cache-Control", v)
				}
				act(r.Context())
			}
		}
		for name, res := range map[string]*http.Response{
			"a new cookie":     s.serve("", handler(s.put("cart", "tea"))),
			"a renewed cookie": s.serve(s.signIn("ann"), handler(s.renew)),
			"a deleted cookie": s.serve(s.signIn("bob"), handler(s.destroy)),
		} {
			got := res.Header.Values("Cache-Control")
			if !slices.Equal(got, []string{tt.want}) {
				t.Errorf(
					"%s with %q of the handler: got %q, want %q",
					name,
					tt.handlers,
					got,
					tt.want,
				)
			}
		}

		token := s.signIn("ann")
		for name, res := range map[string]*http.Response{
			"a read":            s.serve(token, handler(s.read)),
			"a change":          s.serve(token, handler(s.put("cart", "tea"))),
			"an anonymous read": s.serve("", handler(s.read)),
		} {
			got := res.Header.Values("Cache-Control")
			if !slices.Equal(got, tt.handlers) {
				t.Errorf(
					"%s with %q of the handler: got %q, want no change",
					name,
					tt.handlers,
					got,
				)
			}
			assertEqual(t, "Vary after "+name, res.Header.Get("Vary"), "Cookie")
		}
	}
}

func TestVaryKeepsWhatTheHandlerSets(t *testing.T) {
	s := newSite(t, newManager(t))
	for range 2 { // the header of one request is not that of the next
		res := s.serve("", func(w http.ResponseWriter, r *http.Request) {
			s.read(r.Context())
			w.Header().Add("Vary", "Accept")
			w.WriteHeader(http.StatusOK)
			w.Header().Add("Vary", "Origin")
		})
		if got := res.Header.Values("Vary"); !slices.Equal(got, []string{"Accept", "Cookie"}) {
			t.Errorf("Vary: got %q, want Accept and Cookie", got)
		}
		assertEqual(t, "Vary of a read", s.do("", s.read).Header.Get("Vary"), "Cookie")
	}
}

func TestCookieHasTheSettingsOfTheManager(t *testing.T) {
	s, m := newSite(t, newManager(t)), newManager(t)
	synctest.Test(t, func(t *testing.T) {
		_, attributes, _ := strings.Cut(
			s.do("", s.put("cart", "tea")).Header.Get("Set-Cookie"),
			"; ",
		)
		expires := time.Now().Add(72*time.Hour + time.Second).UTC().Format(http.TimeFormat)
		want := "Path=/; Expires=" + expires + "; Max-Age=259201; HttpOnly; SameSite=Lax"
		assertEqual(t, "attributes", attributes, want)

		m.Cookie.Name, m.Cookie.Domain, m.Cookie.Path = "sid", "example.com", "/app"
		m.Cookie.Secure, m.Cookie.Partitioned, m.Cookie.Persist = true, true, false
		m.Cookie.HttpOnly, m.Cookie.SameSite = false, http.SameSiteNoneMode
		s := newSite(t, m)
		w := httptest.NewRecorder()
		s.mw(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			s.login("ann")(r.Context())
		})).ServeHTTP(w, s.request(""))
		lines := w.Header()["Set-Cookie"]
		deleted := "; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; Secure; " +
			"SameSite=None; Partitioned"
		assertEqual(t, "lines", len(lines), 2)
		assertEqual(
			t,
			"line that deletes a cookie without Domain",
			lines[0],
			"sid=; Path=/app"+deleted,
		)

		token, attributes, _ := strings.Cut(strings.TrimPrefix(lines[1], "sid="), "; ")
		want = "Path=/app; Domain=example.com; Secure; SameSite=None; Partitioned"
		assertEqual(t, "attributes", attributes, want)
		lines = s.do(token, s.destroy).Header["Set-Cookie"]
		want = "sid=; Path=/app; Domain=example.com" + deleted
		assertEqual(t, "line of a logout", lines[0], want)
	})
}

func TestRememberMeDecidesHowLongTheCookieLives(t *testing.T) {
	m := newManager(t)
	m.Cookie.Persist = false
	s := newSite(t, m)
	remember := func(yes bool) act {
		return func(ctx context.Context) { s.m.RememberMe(ctx, yes) }
	}
	token := s.signIn("ann")

	c := s.cookie(s.do(token, remember(true)))
	if c == nil || c.Value != token || c.MaxAge < 250_000 {
		t.Errorf("RememberMe(true): got the cookie %v, want the same token with a Max-Age", c)
	}
	s.assertNoCookie("a change", s.do(token, s.put("cart", "tea")))
	c = s.cookie(s.do(token, remember(false)))
	if c == nil || c.Value != token || c.MaxAge != 0 || !c.Expires.IsZero() {
		t.Errorf("RememberMe(false): got the cookie %v, want the same token without a Max-Age", c)
	}
}
