package sessionstores_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	scsmemstore "github.com/alexedwards/scs/v2/memstore"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/memstore"
)

// A world is a kind of manager on a kind of store.
type world struct {
	name    string
	manager func(testing.TB) *scs.SessionManager
	backend bool // the store is a Backend
	foreign bool // the manager was not made by New
}

var worlds = []world{
	{name: "memstore", backend: true, manager: newManager},
	{name: "a plain scs store", manager: func(testing.TB) *scs.SessionManager {
		return sessionstores.New(scsmemstore.NewWithCleanupInterval(0))
	}},
	{name: "a plain scs store with contexts", manager: func(tb testing.TB) *scs.SessionManager {
		return sessionstores.New(struct{ scs.CtxStore }{ctxStore{newSpy(tb)}})
	}},
	{name: "a manager of scs.New", foreign: true, manager: func(testing.TB) *scs.SessionManager {
		return foreignManager(scsmemstore.NewWithCleanupInterval(0))
	}},
	{name: "a manager of scs.New that hashes tokens, on memstore", backend: true, foreign: true, manager: hashingManager},
}

// eachWorld runs a test in every world.
func eachWorld(t *testing.T, test func(*testing.T, world, *site)) {
	for _, w := range worlds {
		t.Run(w.name, func(t *testing.T) { test(t, w, newSite(t, w.manager(t))) })
	}
}

func newManager(tb testing.TB) *scs.SessionManager { return sessionstores.New(newMemstore(tb)) }

func foreignManager(store scs.Store) *scs.SessionManager {
	m := scs.New()
	m.Store, m.IdleTimeout, m.ErrorFunc = store, 24*time.Hour, answerUnavailable
	return m
}

func hashingManager(tb testing.TB) *scs.SessionManager {
	m := foreignManager(newMemstore(tb))
	m.HashTokenInStore = true
	return m
}

func answerUnavailable(w http.ResponseWriter, _ *http.Request, err error) {
	http.Error(w, err.Error(), http.StatusServiceUnavailable)
}

// newMemstore returns a memory store that takes nothing out by itself, so that time may pass quickly.
func newMemstore(tb testing.TB) *memstore.Store {
	store := memstore.New()
	if err := store.Close(); err != nil {
		tb.Fatal(err)
	}
	return store
}

// A site is what a manager's visitors talk to.
type site struct {
	tb testing.TB
	m  *scs.SessionManager
	mw func(http.Handler) http.Handler
}

func newSite(tb testing.TB, m *scs.SessionManager) *site {
	return &site{tb: tb, m: m, mw: sessionstores.Middleware(m)}
}

// serve answers one request that brings the token in the session cookie, if it is not empty.
func (s *site) serve(token string, h http.HandlerFunc) *http.Response {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if token != "" {
		r.AddCookie(&http.Cookie{Name: s.m.Cookie.Name, Value: token})
	}
	w := httptest.NewRecorder()
	s.mw(h).ServeHTTP(w, r)
	return w.Result()
}

// do is serve with a handler that answers nothing and runs the acts.
func (s *site) do(token string, acts ...act) *http.Response {
	return s.serve(token, func(_ http.ResponseWriter, r *http.Request) {
		for _, act := range acts {
			act(r.Context())
		}
	})
}

// signIn logs somebody in and returns the session's token.
func (s *site) signIn(user string, acts ...act) (token string) {
	s.tb.Helper()
	cookie := s.cookie(s.do("", append([]act{s.login(user)}, acts...)...))
	if cookie == nil || cookie.Value == "" {
		s.tb.Fatalf("login set cookie %v", cookie)
	}
	return cookie.Value
}

// user returns who is signed in with a token, "" for nobody.
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

// cookie returns the session cookie that an answer sets, nil if it sets none.
func (s *site) cookie(res *http.Response) (found *http.Cookie) {
	s.tb.Helper()
	for _, c := range res.Cookies() {
		if c.Name != s.m.Cookie.Name {
			continue
		}
		if found != nil {
			s.tb.Errorf("the answer sets two session cookies: %v", res.Header["Set-Cookie"])
		}
		found = c
	}
	return found
}

// An act is what a handler does to its session. It runs on a request's goroutine and reports with Error, never Fatal.
type act func(context.Context)

func (s *site) put(key, value string) act {
	return func(ctx context.Context) { s.m.Put(ctx, key, value) }
}

func (s *site) read(ctx context.Context)    { s.m.GetString(ctx, "user") }
func (s *site) renew(ctx context.Context)   { s.noError(s.m.RenewToken(ctx)) }
func (s *site) destroy(ctx context.Context) { s.noError(s.m.Destroy(ctx)) }

func (s *site) login(user string) act {
	return func(ctx context.Context) {
		s.noError(sessionstores.Renew(ctx, s.m))
		s.m.Put(ctx, "user", user)
	}
}

func (s *site) setRecord(data string) act {
	return func(ctx context.Context) { s.noError(sessionstores.SetRecord(ctx, s.m, []byte(data))) }
}

// record returns the session's record, as a request with the token sees it.
func (s *site) record(token string) (data string) {
	s.do(token, func(ctx context.Context) {
		b, err := sessionstores.Record(ctx, s.m)
		s.noError(err)
		data = string(b)
	})
	return data
}

func (s *site) noError(err error) {
	s.tb.Helper()
	if err != nil {
		s.tb.Error(err)
	}
}

// A flight is a request in flight: its session is loaded, and its handler does what it is told.
type flight struct {
	acts   chan act
	acted  chan struct{}
	answer chan *http.Response
}

// takeOff begins a request and returns when its session is loaded.
func (s *site) takeOff(token string) *flight {
	f := &flight{acts: make(chan act), acted: make(chan struct{}), answer: make(chan *http.Response, 1)}
	go func() {
		f.answer <- s.serve(token, func(_ http.ResponseWriter, r *http.Request) {
			f.acted <- struct{}{}
			for act := range f.acts {
				act(r.Context())
				f.acted <- struct{}{}
			}
		})
	}()
	<-f.acted
	return f
}

// do has the handler act, and returns when it has.
func (f *flight) do(a act) {
	f.acts <- a
	<-f.acted
}

// land ends the handler and returns the answer.
func (f *flight) land() *http.Response {
	close(f.acts)
	return <-f.answer
}

// A spy is a Backend that counts the calls it passes on, and that can be made to fail.
type spy struct {
	*memstore.Store

	mu    sync.Mutex
	calls map[string]int // by verb
	fail  func(ctx context.Context, verb, key string) error
}

var errDown = errors.New("the store is down")

func newSpy(tb testing.TB) *spy { return &spy{Store: newMemstore(tb), calls: make(map[string]int)} }

// count returns how often the verbs were called since the last count of anything.
func (s *spy) count(verbs ...string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, verb := range verbs {
		n += s.calls[verb]
	}
	clear(s.calls)
	return n
}

// failOn makes these verbs fail for all keys; with none, nothing fails any more.
func (s *spy) failOn(verbs ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = func(_ context.Context, verb, _ string) error {
		if slices.Contains(verbs, verb) {
			return errDown
		}
		return nil
	}
}

func (s *spy) called(ctx context.Context, verb, key string) error {
	s.mu.Lock()
	s.calls[verb]++
	fail := s.fail
	s.mu.Unlock()
	if fail == nil {
		return nil
	}
	return fail(ctx, verb, key)
}

// size returns how much the store holds.
func (s *spy) size() int {
	all, _ := s.All()
	return len(all)
}

func (s *spy) Get(ctx context.Context, key string) ([]byte, time.Time, bool, error) {
	if err := s.called(ctx, "Get", key); err != nil {
		return nil, time.Time{}, false, err
	}
	return s.Store.Get(ctx, key)
}

func (s *spy) CommitCtx(ctx context.Context, key string, data []byte, expiry time.Time) error {
	if err := s.called(ctx, "Commit", key); err != nil {
		return err
	}
	return s.Store.CommitCtx(ctx, key, data, expiry)
}

func (s *spy) Update(ctx context.Context, key string, data []byte, expiry time.Time) (bool, error) {
	if err := s.called(ctx, "Update", key); err != nil {
		return false, err
	}
	return s.Store.Update(ctx, key, data, expiry)
}

func (s *spy) Touch(ctx context.Context, key string, expiry time.Time) (bool, error) {
	if err := s.called(ctx, "Touch", key); err != nil {
		return false, err
	}
	return s.Store.Touch(ctx, key, expiry)
}

func (s *spy) DeleteCtx(ctx context.Context, key string) error {
	if err := s.called(ctx, "Delete", key); err != nil {
		return err
	}
	return s.Store.DeleteCtx(ctx, key)
}

func (s *spy) Remove(ctx context.Context, key string) (bool, error) {
	if err := s.called(ctx, "Remove", key); err != nil {
		return false, err
	}
	return s.Store.Remove(ctx, key)
}

func (s *spy) Renew(ctx context.Context, oldKey, newKey string, data []byte, expiry time.Time) (bool, error) {
	if err := s.called(ctx, "Renew", newKey); err != nil {
		return false, err
	}
	return s.Store.Renew(ctx, oldKey, newKey, data, expiry)
}

func (s *spy) End(ctx context.Context, key string) error {
	if err := s.called(ctx, "End", key); err != nil {
		return err
	}
	return s.Store.End(ctx, key)
}

func body(tb testing.TB, res *http.Response) string {
	tb.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}
