package chiauth0_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/userprovider"
)

// checkUnavailable checks an answer to a visitor whose session cannot be read: 503, nothing said
// about the session.
func checkUnavailable(t *testing.T, what string, resp *response) {
	t.Helper()
	if resp.StatusCode != http.StatusServiceUnavailable || resp.location() != "" {
		t.Errorf("%s answered %s, %q: %s", what, resp.Status, resp.location(), resp.body)
	}
	if cookies := resp.Header["Set-Cookie"]; len(cookies) > 0 {
		t.Errorf("%s touches cookies: %q", what, cookies)
	}
	if resp.Header.Get("Retry-After") == "" ||
		resp.Header.Get("Cache-Control") != "private, no-store" {
		t.Errorf("%s: headers %v", what, resp.Header)
	}
}

var needsUser = []string{
	"/account",
	"/staff",
	"/superuser",
	"/editors",
	"/auth0",
	"/auth0/me",
	"/auth0/logout",
}

// TestStoreDown shows that a store that does not answer signs no user out.
func TestStoreDown(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	b := a.browser()
	b.signIn(ada)
	cookie := b.sessionCookie()

	a.store.down.Store(true)
	for _, path := range needsUser {
		if path == "/auth0/logout" {
			checkUnavailable(t, "POST "+path, b.do(http.MethodPost, path))
		}
		checkUnavailable(t, path, b.get(path))
		api := b.get(path, "Accept", "application/json")
		checkUnavailable(t, path+" for a program", api)
		checkProblem(t, api, http.StatusServiceUnavailable, "temporarily_unavailable")
	}
	if resp := b.get("/"); resp.StatusCode != http.StatusOK ||
		!strings.HasPrefix(resp.body, "anonymous: chiauth0: unavailable: sessionstores:") {
		t.Errorf("an unguarded page answered %s: %s", resp.Status, resp.body)
	}
	if resp := b.get("/cart"); resp.StatusCode != http.StatusOK || resp.body != "cart: " {
		t.Errorf("an unguarded page that reads the session answered %s: %s", resp.Status, resp.body)
	}
	checkUnavailable(t, "a change of the session", b.get("/cart?add=book"))

	a.store.down.Store(false)
	if got := b.whoami(); got != "hello "+ada || b.sessionCookie() != cookie {
		t.Errorf("back again, but %s, same cookie: %t", got, b.sessionCookie() == cookie)
	}
	// A stranger without a session needs no store to be told so.
	a.store.down.Store(true)
	if resp := a.browser().get("/account"); resp.StatusCode != http.StatusFound {
		t.Errorf("a stranger without a cookie gets %s", resp.Status)
	}
}

// hangingUsers answer when the request is given up.
type hangingUsers struct{ userprovider.UserProvider }

func (hangingUsers) FindUser(ctx context.Context, _ string) (userprovider.User, error) {
	<-ctx.Done()
	return userprovider.User{}, context.Cause(ctx)
}

// TestProviderDown is TestStoreDown for the user provider.
func TestProviderDown(t *testing.T) {
	t.Parallel()
	users := &countingUsers{UserProvider: userprovider.NewMemory()}
	a := newApp(t, func(c *chiauth0.Config) { c.Users = users })
	b := a.browser()
	b.signIn(ada)
	cookie := b.sessionCookie()

	down := errors.New("database is locked")
	users.down.Store(&down)
	for _, path := range needsUser[:len(needsUser)-1] { // the logout needs no user
		checkUnavailable(t, path, b.get(path))
		checkUnavailable(t, path+" for a program", b.get(path, "Accept", "application/json"))
	}
	resp := b.get("/")
	if resp.body != "anonymous: chiauth0: unavailable: user provider: database is locked" {
		t.Errorf("an unguarded page answered %s: %s", resp.Status, resp.body)
	}
	users.down.Store(nil)
	if got := b.whoami(); got != "hello "+ada || b.sessionCookie() != cookie || a.sessions() != 1 {
		t.Errorf("back again, but %s", got)
	}

	t.Run("one that hangs is given up after UserTimeout", func(t *testing.T) {
		build := func(c *chiauth0.Config) http.Handler { return routes(c) }
		a.in(t).serveInstead(build, func(c *chiauth0.Config) {
			c.Users, c.UserTimeout = hangingUsers{users}, 20*time.Millisecond
		})
		checkUnavailable(t, "/account", b.get("/account"))
	})

	t.Run("what a guard says reaches errors.Is", func(t *testing.T) {
		users.down.Store(&down)
		defer users.down.Store(nil)
		var got *chiauth0.Error
		cfg := a.cfg.Clone()
		cfg.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, err *chiauth0.Error) {
			got = err
			w.WriteHeader(err.Status)
		}
		r := chi.NewRouter()
		r.With(chiauth0.RequireLogin(cfg)).Get("/", whoami)
		a.net.serve(a.base, r)
		b.get("/")
		if got == nil || !errors.Is(got, chiauth0.ErrUnavailable) || !errors.Is(got, down) ||
			errors.Is(got, chiauth0.ErrNotSignedIn) {
			t.Errorf("got %v", got)
		}
	})
}

// TestUserGone shows that an inactive or deleted user is signed out by the next request.
func TestUserGone(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*userprovider.Memory, string) error{
		"inactive": func(users *userprovider.Memory, id string) error {
			return users.SetActive(id, false)
		},
		"deleted": func(users *userprovider.Memory, id string) error { return users.Delete(id) },
	} {
		for _, path := range []string{"/account", "/staff", "/auth0/me", "/auth0", "/"} {
			for _, accept := range []string{"text/html", "application/json"} {
				t.Run(name+" "+path+" "+accept, func(t *testing.T) {
					t.Parallel()
					a := newApp(t)
					b := a.browser()
					b.signIn(ada)
					stolen := b.sessionCookie()
					if err := end(a.users, a.users.Accounts()[0].ID); err != nil {
						t.Fatal(err)
					}
					resp := b.get(path, "Accept", accept)
					want := http.StatusUnauthorized
					switch {
					case path == "/auth0" || path == "/":
						want = http.StatusOK
					case path != "/auth0/me" && accept == "text/html":
						want = http.StatusFound
					}
					if resp.StatusCode != want {
						t.Errorf("answered %s, want %d: %s", resp.Status, want, resp.body)
					}
					if b.sessionCookie() != "" || a.sessions() != 0 {
						t.Errorf("cookie %q, %d sessions", b.sessionCookie(), a.sessions())
					}
					// Active again, the old session stays ended.
					if name == "inactive" {
						if err := a.users.SetActive(a.users.Accounts()[0].ID, true); err != nil {
							t.Fatal(err)
						}
					}
					resp = b.get("/account", "Cookie", a.cfg.Sessions.Cookie.Name+"="+stolen)
					if resp.StatusCode != 302 {
						t.Errorf("the old cookie is still good: %s", resp.Status)
					}
				})
			}
		}
	}
}
