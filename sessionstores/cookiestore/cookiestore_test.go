package cookiestore_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/cookiestore"
	"github.com/chiauth0/auth/sessionstores/memstore"
)

var _ scs.Store = (*cookiestore.Store)(nil)

var (
	secret = strings.Repeat("s", 32)
	other  = strings.Repeat("o", 32)
)

const name = sessionstores.DefaultCookieName

// serve sends one request with the cookies of a browser, and keeps those of the response.
func serve(
	t *testing.T,
	store *cookiestore.Store,
	cookies map[string]string,
	h func(*scs.SessionManager, *http.Request),
) *http.Response {
	t.Helper()
	m := sessionstores.New(store)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for name, value := range cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { h(m, r) })
	sessionstores.Middleware(m)(handler).ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		cookies[c.Name] = c.Value
	}

	return w.Result()
}

// signIn returns the cookies of a session with one value.
func signIn(t *testing.T, store *cookiestore.Store, value string) map[string]string {
	t.Helper()
	cookies := make(map[string]string)
	serve(t, store, cookies, func(m *scs.SessionManager, r *http.Request) {
		m.Put(r.Context(), "value", value)
	})

	return cookies
}

// read returns the value of a session. Nothing else than an anonymous page may come of cookies that
// do not open.
func read(t *testing.T, store *cookiestore.Store, cookies map[string]string) (value string) {
	t.Helper()
	res := serve(t, store, cookies, func(m *scs.SessionManager, r *http.Request) {
		value = m.GetString(r.Context(), "value")
		if err := sessionstores.LoadError(r.Context(), m); err != nil {
			t.Errorf("LoadError: got %v, want none", err)
		}
	})
	if res.StatusCode != http.StatusOK || len(res.Cookies()) > 0 {
		t.Errorf(
			"a read: got status %d, cookies %v, want 200 and none",
			res.StatusCode,
			res.Cookies(),
		)
	}

	return value
}

func TestEveryNodeWithTheSecretReadsASession(t *testing.T) {
	cookies := signIn(t, cookiestore.New(secret), "hello")
	if got := read(t, cookiestore.New(secret), cookies); got != "hello" {
		t.Errorf("another node: got %q, want hello", got)
	}
	if strings.Contains(cookies[name], "hello") {
		t.Errorf("got the cookie %q, want it encrypted", cookies[name])
	}
}

func TestSecretsAreReplaced(t *testing.T) {
	cookies := signIn(t, cookiestore.New(secret), "hello")
	for what, tt := range map[string]struct {
		secrets []string
		want    string
	}{
		"the new secret second":  {[]string{secret, other}, "hello"},
		"the new secret first":   {[]string{other, secret}, "hello"},
		"the old secret removed": {[]string{other}, ""},
	} {
		if got := read(t, cookiestore.New(tt.secrets...), cookies); got != tt.want {
			t.Errorf("%s: got %q, want %q", what, got, tt.want)
		}
	}
}

func TestCookieThatDoesNotOpenIsAnonymous(t *testing.T) {
	store := cookiestore.New(secret)
	good := signIn(t, store, "hello")[name]
	flipped := []byte(good)
	flipped[len(flipped)/2] ^= 1
	for what, value := range map[string]string{
		"a changed byte":    string(flipped),
		"a truncated value": good[:len(good)-5],
		"another count":     "2" + good[1:],
		"no count":          good[2:],
		"an empty value":    "",
		"garbage":           "1.AAAA",
		"another cookie":    "1." + store.SealCookie("another", []byte("hello")),
		"another plaintext": "1." + store.SealCookie(name, []byte("hello")),
		"another secret":    signIn(t, cookiestore.New(other), "hello")[name],
		"zeros":             "1." + strings.Repeat("A", 400),
	} {
		if got := read(t, store, map[string]string{name: value}); got != "" {
			t.Errorf("%s: got %q, want an anonymous session", what, got)
		}
	}
}

func TestPartsOfSessionsDoNotMix(t *testing.T) {
	store := cookiestore.New(secret)
	store.HeaderBytes = 16_000
	first := signIn(t, store, strings.Repeat("1", 5000))
	second := signIn(t, store, strings.Repeat("2", 5000))
	if len(first) != 2 {
		t.Fatalf("cookies: got %d, want two parts", len(first))
	}

	a, b := first[name], first[name+".1"]
	for what, cookies := range map[string]map[string]string{
		"the second part missing":    {name: a},
		"the first part missing":     {name + ".1": b},
		"parts of two sessions":      {name: a, name + ".1": second[name+".1"]},
		"parts swapped":              {name: b, name + ".1": a},
		"a count that is too small":  {name: "1" + a[1:], name + ".1": b},
		"a count that is too large":  {name: "3" + a[1:], name + ".1": b},
		"the second part as a third": {name: a, name + ".2": b},
	} {
		if got := read(t, store, cookies); got != "" {
			t.Errorf("%s: got %.10q, want an anonymous session", what, got)
		}
	}

	small := signIn(t, store, "small")
	small[name+".1"] = b
	small[name+".12"] = "left behind"
	if got := read(t, store, small); got != "small" {
		t.Errorf("parts left behind: got %q, want small", got)
	}
}

func TestSeveralCookiesOfOneName(t *testing.T) {
	store := cookiestore.New(secret)
	mine, theirs := signIn(t, store, "mine")[name], signIn(t, store, "theirs")[name]
	for what, tt := range map[string]struct{ header, want string }{
		"two sessions":           {name + "=" + mine + "; " + name + "=" + theirs, ""},
		"one session twice":      {name + "=" + mine + "; " + name + "=" + mine, "mine"},
		"garbage in front":       {name + "=1.tossed; " + name + "=" + mine, "mine"},
		"garbage behind":         {name + "=" + mine + "; " + name + "=1.tossed", "mine"},
		"much garbage in front":  {strings.Repeat(name+"=1.tossed; ", 100) + name + "=" + mine, ""},
		"a longer name in front": {name + "x=" + theirs + "; " + name + "=" + mine, "mine"},
		"another name in front":  {"x" + name + "=" + theirs + "; " + name + "=" + mine, "mine"},
	} {
		m := sessionstores.New(store)
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", tt.header)
		got := ""
		h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			got = m.GetString(r.Context(), "value")
		})
		sessionstores.Middleware(m)(h).ServeHTTP(httptest.NewRecorder(), r)
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", what, got, tt.want)
		}
	}
}

func TestMethodsOfScsNameTheMiddleware(t *testing.T) {
	store := cookiestore.New(secret)
	_, _, findErr := store.Find("t")
	for method, err := range map[string]error{
		"Commit": store.Commit("t", nil, time.Now().Add(time.Hour)),
		"Delete": store.Delete("t"),
		"Find":   findErr,
	} {
		if !errors.Is(err, sessionstores.ErrMisused) {
			t.Errorf("%s: got %v, want ErrMisused", method, err)
		}
		if err != nil && !strings.Contains(err.Error(), "sessionstores.Middleware") {
			t.Errorf("%s: got %q, want sessionstores.Middleware named", method, err)
		}
	}
}

func TestNewPanicsWithoutAGoodSecret(t *testing.T) {
	for what, secrets := range map[string][]string{
		"no secret":       nil,
		"a short secret":  {secret, "short-and-private"},
		"an empty secret": {""},
	} {
		func() {
			defer func() {
				text, _ := recover().(string)
				if !strings.Contains(text, "AUTH0_SECRET") {
					t.Errorf("%s: got the panic %q, want AUTH0_SECRET named", what, text)
				}
				if strings.Contains(text, "short-and-private") {
					t.Errorf("%s: got the secret in the panic %q", what, text)
				}
			}()
			cookiestore.New(secrets...)
		}()
	}
}

func TestSettings(t *testing.T) {
	store := cookiestore.New(secret)
	if got := store.HeaderLimit(); got != cookiestore.DefaultHeaderBytes {
		t.Errorf("HeaderLimit: got %d, want %d", got, cookiestore.DefaultHeaderBytes)
	}
	if got := store.RevocationStore(); got != nil {
		t.Errorf("RevocationStore: got %v, want nil", got)
	}

	revocations := memstore.New()
	store.HeaderBytes, store.Revocations = 8000, revocations
	if got := store.HeaderLimit(); got != 8000 {
		t.Errorf("HeaderLimit: got %d, want 8000", got)
	}
	if got := store.RevocationStore(); got != revocations {
		t.Errorf("RevocationStore: got %v, want the store that was set", got)
	}
}

// A cookie opens only to what was sealed for its name.
func FuzzOpenCookie(f *testing.F) {
	store := cookiestore.New(secret)
	f.Add("a", store.SealCookie("a", []byte("plaintext")))
	f.Add("b", store.SealCookie("a", []byte("plaintext")))
	f.Add("a", "AAAA")
	f.Fuzz(func(t *testing.T, name, value string) {
		plaintext, ok := store.OpenCookie(name, value)
		if ok && (name != "a" || string(plaintext) != "plaintext") {
			t.Errorf("cookie %q: %q opened to %q", name, value, plaintext)
		}
	})
}

// Any plaintext is opened as it was sealed, and for no other name.
func FuzzSealCookie(f *testing.F) {
	store := cookiestore.New(secret)
	f.Add("a", []byte("plaintext"), "b")
	f.Fuzz(func(t *testing.T, name string, plaintext []byte, another string) {
		value := store.SealCookie(name, plaintext)
		got, ok := store.OpenCookie(name, value)
		if !ok || string(got) != string(plaintext) {
			t.Errorf("got %q, %t, want %q", got, ok, plaintext)
		}
		if _, ok := store.OpenCookie(another, value); ok && another != name {
			t.Errorf("the cookie %q opened as %q", name, another)
		}
	})
}
