package redisstore_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/redisstore"
)

// An app is an application with five pages. It stands for one of several processes that share a
// Redis.
type app struct {
	manager *scs.SessionManager
	handler http.Handler
	loaded  func() // is called by each page when its session is loaded; nil does nothing
}

func newApp(store scs.Store, change ...func(*scs.SessionManager)) *app {
	a := &app{manager: sessionstores.New(store)}
	a.manager.ErrorFunc = unavailable
	for _, set := range change {
		set(a.manager)
	}

	mux := http.NewServeMux()
	mux.HandleFunc("/", a.read)
	mux.HandleFunc("/login", a.login)
	mux.HandleFunc("/write", a.write)
	mux.HandleFunc("/renew", a.renew)
	mux.HandleFunc("/logout", a.logout)
	pages := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.manager.Exists(r.Context(), "user") // loads the session
		if a.loaded != nil {
			a.loaded()
		}
		mux.ServeHTTP(w, r)
	})
	a.handler = sessionstores.Middleware(a.manager)(pages)
	return a
}

func unavailable(w http.ResponseWriter, _ *http.Request, err error) {
	http.Error(w, err.Error(), http.StatusServiceUnavailable)
}

func (a *app) read(w http.ResponseWriter, r *http.Request) {
	if err := sessionstores.LoadError(r.Context(), a.manager); err != nil {
		unavailable(w, r, err)
		return
	}
	_, _ = io.WriteString(w, a.manager.GetString(r.Context(), "user"))
}

func (a *app) login(w http.ResponseWriter, r *http.Request) {
	if err := sessionstores.Renew(r.Context(), a.manager, "alice"); err != nil {
		unavailable(w, r, err)
		return
	}
	a.manager.Put(r.Context(), "user", "alice")
}

func (a *app) write(_ http.ResponseWriter, r *http.Request) {
	a.manager.Put(r.Context(), "cart", time.Now())
}

func (a *app) renew(w http.ResponseWriter, r *http.Request) {
	if err := a.manager.RenewToken(r.Context()); err != nil {
		unavailable(w, r, err)
	}
}

func (a *app) logout(w http.ResponseWriter, r *http.Request) {
	if err := a.manager.Destroy(r.Context()); err != nil {
		unavailable(w, r, err)
	}
}

// get requests a page. It returns the answer and the session cookie after it.
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
		t.Fatalf("login: got %d %s, cookie %v, want 200 and a cookie", w.Code, w.Body, cookie)
	}
	return cookie
}

// expectUser checks who is signed in with the cookie.
func (a *app) expectUser(t testing.TB, cookie *http.Cookie, want string) {
	t.Helper()
	w, _ := a.get("/", cookie)
	if w.Code != http.StatusOK || w.Body.String() != want {
		t.Errorf("signed-in user: got %d %q, want 200 %q", w.Code, w.Body, want)
	}
}

func TestRoundTripsOfRequests(t *testing.T) {
	client := startRedis(t).client(t, &redis.Options{ContextTimeoutEnabled: true})
	loadScripts(t, client)
	trips := countTrips(client)
	a := newApp(redisstore.New(client))
	var cookie *http.Cookie
	steps := []struct {
		path string
		want int
	}{
		{"/login", 2},  // index, session
		{"/", 1},       // read
		{"/write", 2},  // read, update
		{"/renew", 5},  // read, index and mark at the same time, two steps of Renew
		{"/logout", 2}, // read, revoke
	}
	for _, step := range steps {
		trips.Store(0)
		var w *httptest.ResponseRecorder
		w, cookie = a.get(step.path, cookie)
		got := int(trips.Load())
		if w.Code != http.StatusOK || got > step.want {
			t.Errorf("%s: got %d and %d round trips, want 200 and at most %d",
				step.path, w.Code, got, step.want)
		}
	}
}

// A hundred requests read, write and renew a session while a logout or a login of its browser
// runs. Afterwards none of the cookies that they were given is signed in. CHIAUTH0_ROUNDS is the
// number of rounds.
func TestLogoutAndLoginWinOverRequestsInFlight(t *testing.T) {
	const inFlight = 100
	rounds := 20
	if value := os.Getenv("CHIAUTH0_ROUNDS"); value != "" {
		var err error
		if rounds, err = strconv.Atoi(value); err != nil {
			t.Fatalf("CHIAUTH0_ROUNDS is %q, want a number", value)
		}
	}
	client := startRedis(t).client(t, &redis.Options{ContextTimeoutEnabled: true, PoolSize: 50})
	for _, path := range []string{"/logout", "/login"} {
		t.Run(path, func(t *testing.T) {
			for range rounds {
				testRequestsInFlight(t, client, path, inFlight)
			}
		})
	}
}

func testRequestsInFlight(t *testing.T, client *redis.Client, path string, inFlight int) {
	nodes := []*app{newApp(redisstore.New(client)), newApp(redisstore.New(client))}
	first := nodes[0].signIn(t)
	var loaded, done sync.WaitGroup
	loaded.Add(inFlight + 1)
	for _, node := range nodes {
		node.loaded = func() {
			loaded.Done()
			loaded.Wait()
		}
	}

	pages := []string{"/", "/write", "/write", "/renew"}
	cookies := make([]*http.Cookie, inFlight)
	for i := range cookies {
		done.Go(func() {
			var w *httptest.ResponseRecorder
			w, cookies[i] = nodes[i%2].get(pages[i%len(pages)], first)
			if w.Code != http.StatusOK {
				t.Errorf("request %d: got %d %s, want 200", i, w.Code, w.Body)
			}
		})
	}
	var last *http.Cookie
	done.Go(func() { _, last = nodes[1].get(path, first) })
	done.Wait()

	for _, node := range nodes {
		node.loaded = nil
	}
	for _, cookie := range append(cookies, first) {
		if cookie.Value != "" {
			nodes[0].expectUser(t, cookie, "")
		}
	}
	if path == "/login" {
		nodes[0].expectUser(t, last, "alice")
	}
}

// While Redis is down, requests that need it get 503 and keep their cookie.
func TestRequestsDuringAnOutage(t *testing.T) {
	node := startRedis(t, "--appendonly", "yes", "--appendfsync", "always")
	client := node.client(t, &redis.Options{ContextTimeoutEnabled: true})
	a := newApp(redisstore.New(client))
	cookie := a.signIn(t)
	node.kill()
	for _, path := range []string{"/", "/write", "/logout", "/login"} {
		w, after := a.get(path, cookie)
		if w.Code != http.StatusServiceUnavailable || after != cookie {
			t.Errorf("%s: got %d, cookie %v, want 503 and the same cookie", path, w.Code, after)
		}
	}

	node.start()
	until(t, "requests are answered again", func() bool {
		w, _ := a.get("/", cookie)
		return w.Code == http.StatusOK
	})
	a.expectUser(t, cookie, "alice")
	if w, _ := a.get("/logout", cookie); w.Code != http.StatusOK {
		t.Errorf("logout: got %d %s, want 200", w.Code, w.Body)
	}
	a.expectUser(t, cookie, "")
}

func TestLogoutWorksWhenRedisIsFull(t *testing.T) {
	node := startRedis(t, "--maxmemory", "10mb", "--maxmemory-policy", "noeviction")
	client := node.client(t, &redis.Options{ContextTimeoutEnabled: true})
	a := newApp(redisstore.New(client))
	one, two := a.signIn(t), a.signIn(t)
	fillMemory(t, client)
	if w, _ := a.get("/logout", one); w.Code != http.StatusOK {
		t.Errorf("logout: got %d %s, want 200", w.Code, w.Body)
	}
	a.expectUser(t, one, "")

	if err := sessionstores.RevokeAll(t.Context(), a.manager, "alice"); err != nil {
		t.Errorf("RevokeAll: error %v", err)
	}
	a.expectUser(t, two, "")
}
