package redisstore_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
)

// An app is an application with three pages, on a manager of its own, as one process of several that share a store.
type app struct {
	manager *scs.SessionManager
	handler http.Handler
	loaded  func() // called by each page, when the session is there; nil does nothing
}

func newApp(store scs.Store) *app {
	a := &app{manager: sessionstores.New(store)}
	a.manager.ErrorFunc = func(w http.ResponseWriter, _ *http.Request, err error) {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", a.read)
	mux.HandleFunc("/login", a.login)
	mux.HandleFunc("/write", a.write)
	mux.HandleFunc("/renew", a.renew)
	mux.HandleFunc("/logout", a.logout)
	a.handler = mux
	return a
}

// wrap puts the middleware around the pages, after the manager's settings were made.
func (a *app) wrap() *app {
	pages := a.handler
	a.handler = sessionstores.Middleware(a.manager)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.loaded != nil {
			a.loaded()
		}
		pages.ServeHTTP(w, r)
	}))
	return a
}

func (a *app) read(w http.ResponseWriter, r *http.Request) {
	if err := sessionstores.Err(r.Context(), a.manager); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, a.manager.GetString(r.Context(), "user"))
}

func (a *app) login(w http.ResponseWriter, r *http.Request) {
	if err := sessionstores.Renew(r.Context(), a.manager); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	a.manager.Put(r.Context(), "user", "alice")
	_ = sessionstores.SetNames(r.Context(), a.manager, "alice")
}

func (a *app) write(_ http.ResponseWriter, r *http.Request) {
	a.manager.Put(r.Context(), "cart", time.Now())
}

func (a *app) renew(w http.ResponseWriter, r *http.Request) {
	if err := a.manager.RenewToken(r.Context()); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	}
}

func (a *app) logout(w http.ResponseWriter, r *http.Request) {
	if err := a.manager.Destroy(r.Context()); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	}
}

// get asks for a page. It returns the answer and the session's cookie, which is the one sent unless the answer has another.
func (a *app) get(path string, cookie *http.Cookie) (*httptest.ResponseRecorder, *http.Cookie) {
	r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
	if cookie != nil {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.Name == a.manager.Cookie.Name {
			cookie = c
		}
	}
	return w, cookie
}

// signIn returns the cookie of a new session.
func (a *app) signIn(t testing.TB) *http.Cookie {
	t.Helper()
	w, cookie := a.get("/login", nil)
	if w.Code != http.StatusOK || cookie == nil {
		t.Fatalf("signing in: %d %s, cookie %v", w.Code, w.Body, cookie)
	}
	return cookie
}

// user is who is signed in with the cookie; empty if nobody is. The store has to answer.
func (a *app) user(t testing.TB, cookie *http.Cookie) string {
	t.Helper()
	w, _ := a.get("/", cookie)
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.String()
}
