package sessionstores_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	scsmemstore "github.com/alexedwards/scs/v2/memstore"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/memstore"
)

// assertEqual reports a value that differs from the wanted one.
func assertEqual[T comparable](tb testing.TB, what string, got, want T) {
	tb.Helper()
	if got != want {
		tb.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// assertNoError reports an error.
func assertNoError(tb testing.TB, what string, err error) {
	tb.Helper()
	if err != nil {
		tb.Errorf("%s: got error %v, want none", what, err)
	}
}

// assertError reports an error that does not wrap the wanted one.
func assertError(tb testing.TB, what string, got, want error) {
	tb.Helper()
	if !errors.Is(got, want) {
		tb.Errorf("%s: got error %v, want one that wraps %v", what, got, want)
	}
}

// A fixture is a kind of manager on a kind of store with server sessions.
type fixture struct {
	name    string
	manager func(testing.TB) *scs.SessionManager
	backend bool // the store is a Backend
}

var fixtures = []fixture{
	{name: "memstore", backend: true, manager: newManager},
	{name: "a plain store", manager: func(testing.TB) *scs.SessionManager {
		return sessionstores.New(scsmemstore.NewWithCleanupInterval(0))
	}},
	{name: "a plain store with contexts", manager: func(tb testing.TB) *scs.SessionManager {
		return sessionstores.New(contextStore{newSpyStore(tb)})
	}},
	{name: "a manager of scs.New", manager: func(testing.TB) *scs.SessionManager {
		return stockManager(scsmemstore.NewWithCleanupInterval(0))
	}},
	{
		name: "a manager of scs.New that hashes tokens, on memstore", backend: true,
		manager: func(tb testing.TB) *scs.SessionManager {
			m := stockManager(newMemstore(tb))
			m.HashTokenInStore = true
			return m
		},
	},
}

// eachFixture runs a test with every fixture.
func eachFixture(t *testing.T, test func(*testing.T, fixture, *site)) {
	for _, f := range fixtures {
		t.Run(f.name, func(t *testing.T) { test(t, f, newSite(t, f.manager(t))) })
	}
}

// eachIndex runs a test with every fixture whose store has an index.
func eachIndex(t *testing.T, test func(*testing.T, *site)) {
	eachFixture(t, func(t *testing.T, f fixture, s *site) {
		if f.backend {
			test(t, s)
		}
	})
}

func newManager(tb testing.TB) *scs.SessionManager {
	return sessionstores.New(newMemstore(tb))
}

func newManagerOn(store scs.Store) *scs.SessionManager {
	return sessionstores.New(store)
}

func stockManager(store scs.Store) *scs.SessionManager {
	m := scs.New()
	m.Store = store
	m.IdleTimeout = 24 * time.Hour
	m.ErrorFunc = errorPage

	return m
}

// errorPage writes the error, with the status that the ErrorFunc of New uses.
func errorPage(w http.ResponseWriter, _ *http.Request, err error) {
	status := http.StatusInternalServerError
	if errors.Is(err, sessionstores.ErrUnavailable) {
		status = http.StatusServiceUnavailable
	}
	http.Error(w, err.Error(), status)
}

// newMemstore returns a memory store without a timer, so that a test can advance the time.
func newMemstore(tb testing.TB) *memstore.Store {
	store := memstore.New()
	if err := store.Close(); err != nil {
		tb.Fatal(err)
	}

	return store
}

// A site serves requests through the middleware of one manager.
type site struct {
	tb testing.TB
	m  *scs.SessionManager
	mw func(http.Handler) http.Handler
}

func newSite(tb testing.TB, m *scs.SessionManager) *site {
	return &site{tb: tb, m: m, mw: sessionstores.Middleware(m)}
}

// in returns the same site for a subtest.
func (s *site) in(tb testing.TB) *site {
	return &site{tb: tb, m: s.m, mw: s.mw}
}

// request returns a request with a token in the session cookie, unless it is empty.
func (s *site) request(token string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if token != "" {
		r.AddCookie(&http.Cookie{Name: s.m.Cookie.Name, Value: token})
	}

	return r
}

// serve responds to one request.
func (s *site) serve(token string, h http.HandlerFunc) *http.Response {
	w := httptest.NewRecorder()
	s.mw(h).ServeHTTP(w, s.request(token))

	return w.Result()
}

// do is serve with a handler that runs the acts and writes nothing.
func (s *site) do(token string, acts ...act) *http.Response {
	return s.serve(token, func(_ http.ResponseWriter, r *http.Request) {
		for _, act := range acts {
			act(r.Context())
		}
	})
}

// panics serves a request whose handler panics after the acts.
func (s *site) panics(token string, value any, acts ...act) *http.Response {
	s.tb.Helper()
	w := httptest.NewRecorder()
	func() {
		defer func() {
			assertEqual(s.tb, "value of the panic", recover(), value)
		}()
		s.mw(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			for _, act := range acts {
				act(r.Context())
			}
			panic(value)
		})).ServeHTTP(w, s.request(token))
	}()

	return w.Result()
}

// signIn logs a user in and returns the token of the session.
func (s *site) signIn(user string, acts ...act) (token string) {
	s.tb.Helper()
	return s.signInNamed(user, nil, acts...)
}

// signInNamed is signIn with names for the index.
func (s *site) signInNamed(user string, names []string, acts ...act) (token string) {
	s.tb.Helper()
	acts = append([]act{s.login(user, names...)}, acts...)
	cookie := s.cookie(s.do("", acts...))
	if cookie == nil || cookie.Value == "" {
		s.tb.Fatalf("cookie of the login: got %v, want a token", cookie)
	}

	return cookie.Value
}

// begin starts an anonymous session with one value.
func (s *site) begin(key, value string) (token string) {
	s.tb.Helper()
	cookie := s.cookie(s.do("", s.put(key, value)))
	if cookie == nil {
		s.tb.Fatal("got no cookie for an anonymous session")
	}

	return cookie.Value
}

// user returns which user is signed in with a token, or "".
func (s *site) user(token string) string {
	s.tb.Helper()
	return s.get(token, "user")
}

func (s *site) get(token, key string) string {
	s.tb.Helper()
	ctx, err := s.m.Load(context.Background(), token)
	if err != nil {
		s.tb.Fatal(err)
	}

	return s.m.GetString(ctx, key)
}

// cookie returns the session cookie that a response sets, or nil.
func (s *site) cookie(res *http.Response) (found *http.Cookie) {
	s.tb.Helper()
	for _, c := range res.Cookies() {
		if c.Name != s.m.Cookie.Name {
			continue
		}
		if found != nil {
			s.tb.Errorf("got two session cookies, want one: %v", res.Header["Set-Cookie"])
		}
		found = c
	}

	return found
}

// token returns the token that a response sets. It ends the test if there is none.
func (s *site) token(res *http.Response) string {
	s.tb.Helper()
	c := s.cookie(res)
	if c == nil || c.Value == "" {
		s.tb.Fatalf("session cookie: got %v with status %d, want a token", c, res.StatusCode)
	}

	return c.Value
}

// assertNoCookie reports a session cookie in a response.
func (s *site) assertNoCookie(what string, res *http.Response) {
	s.tb.Helper()
	if c := s.cookie(res); c != nil {
		s.tb.Errorf("%s: got the session cookie %v, want none", what, c)
	}
}

// assertCookieDeleted reports a response that does not delete the session cookie.
func (s *site) assertCookieDeleted(what string, res *http.Response) {
	s.tb.Helper()
	c := s.cookie(res)
	if c == nil || c.Value != "" || c.MaxAge >= 0 {
		s.tb.Errorf("%s: got the session cookie %v, want it deleted", what, c)
	}
}

// assertUser reports a token that signs in another user than the wanted one.
func (s *site) assertUser(what, token, want string) {
	s.tb.Helper()
	assertEqual(s.tb, what+": signed-in user", s.user(token), want)
}

func body(tb testing.TB, res *http.Response) string {
	tb.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		tb.Fatal(err)
	}

	return string(b)
}
