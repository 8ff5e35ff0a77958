package chiauth0_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/memstore"
	"github.com/chiauth0/auth/userprovider"
)

// addConfig mounts a second Config, of another client, on the same application and the same session
// manager.
func (a *app) addConfig(change func(*chiauth0.Config)) {
	cfg := a.cfg.Clone()
	cfg.MountPath, cfg.ClientID = "/second", "second client"
	change(cfg)
	a.tenant.AddClient(chiauth0test.Client{
		ID: cfg.ClientID, Secret: cfg.ClientSecret,
		CallbackURLs: []string{a.base + "/second/callback"},
	})
	a.router.Mount("/second", chiauth0.Router(cfg))
	a.router.Group(func(r chi.Router) {
		r.Use(chiauth0.LoadUser(cfg))
		r.Get("/whoami2", whoami)
	})
}

// With several Configs in one application, another's session or transaction is anonymous.
func TestConfigsOnOneManager(t *testing.T) {
	t.Parallel()
	t.Run(
		"another client's session is anonymous, and the cart is the browser's",
		func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.addConfig(func(*chiauth0.Config) {})
			b := a.browser()
			b.get("/cart?add=book")
			b.signIn(ada)
			if got := b.get("/whoami2").body; !strings.HasPrefix(got, "anonymous") {
				t.Errorf("the second one sees %q", got)
			}
			if resp := b.login("/second/login", ada); resp.StatusCode != http.StatusSeeOther {
				t.Fatalf("%s %s", resp.Status, resp.body)
			}
			if first, second := b.whoami(), b.get("/whoami2").body; second != "hello "+ada ||
				!strings.HasPrefix(first, "anonymous") {
				t.Errorf("the first one sees %q, the second %q", first, second)
			}
			if got := b.get("/cart").body; got != "cart: book" {
				t.Errorf("%q", got)
			}
		},
	)
	t.Run("another tenant's session is anonymous", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		other := newAppAt(
			t,
			chiauth0test.Start(t),
			func(c *chiauth0.Config) { c.Sessions, c.Users = a.cfg.Sessions, a.cfg.Users },
		)
		b := a.browser()
		b.signIn(ada)
		b.get("/cart?add=diary")
		a.net.serve("https://app.example", other.router)
		if got := b.whoami(); !strings.HasPrefix(got, "anonymous") {
			t.Errorf("the other one sees %q", got)
		}

		// The same subject of another issuer is another user.
		a.net.serve(other.tenant.Issuer(), other.tenant)
		ours := other.browser()
		ours.Jar, ours.Transport, other.net.handlers = b.Jar, other.net, a.net.handlers
		ours.signIn(ada)
		if got := ours.get("/cart").body; got != "cart: " {
			t.Errorf("the other one sees %q", got)
		}
	})
	t.Run("another client's transaction does not open", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.addConfig(func(*chiauth0.Config) {})
		b := a.browser()
		callback := b.authorize(b.begin("/auth0/login"), ada)
		stray := *callback
		stray.Path = "/second/callback"
		resp := b.get(stray.String())
		if resp.StatusCode != http.StatusBadRequest || b.sessionCookie() != "" {
			t.Errorf("answered %s", resp.Status)
		}
		if resp := b.get(callback.String()); resp.StatusCode != http.StatusSeeOther {
			t.Errorf("its own ends with %s", resp.Status)
		}
	})
	t.Run("users are keyed by issuer and subject", func(t *testing.T) {
		t.Parallel()
		users := userprovider.NewMemory()
		for range 2 { // two tenants with the same accounts
			newApp(t, func(c *chiauth0.Config) { c.Users = users }).browser().signIn(ada)
		}
		if n := len(users.Accounts()); n != 2 {
			t.Errorf("%d users of two tenants, want 2", n)
		}
		if x, y := users.Accounts()[0], users.Accounts()[1]; x.Subject != y.Subject ||
			x.Issuer == y.Issuer {
			t.Errorf("%s %s and %s %s", x.Issuer, x.Subject, y.Issuer, y.Subject)
		}
	})
	t.Run("an e-mail is no key", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.browser().signIn(ada)
		a.tenant.AddUser(
			chiauth0test.User{
				Email:    grace,
				Password: "password",
				Claims:   map[string]any{"email": ada, "email_verified": true},
			},
		)
		if resp := a.browser().login("/auth0/login", grace); resp.StatusCode != 303 {
			t.Fatal(resp.Status)
		}
		if got := a.users.Accounts(); len(got) != 2 || got[0].ID == got[1].ID {
			t.Errorf("%d users", len(got))
		}
	})
	t.Run("a string in the session is no identity", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.router.With(chiauth0.LoadUser(a.cfg)).
			Get("/forge", func(w http.ResponseWriter, r *http.Request) {
				a.cfg.Sessions.Put(r.Context(), "chiauth0.identity", r.FormValue("value"))
				fmt.Fprint(w, "done")
			})
		for _, value := range []string{
			"x", "1", "2", "1" + strings.Repeat("@", 30), "1" + strings.Repeat("\xff", 30),
		} {
			b := a.browser()
			b.get("/forge?value=" + url.QueryEscape(value))
			if got := b.whoami(); !strings.HasPrefix(got, "anonymous") {
				t.Errorf("%q makes it %s", value, got)
			}
		}
	})
}

// neighbours serves several applications of one host, each with a Config, a client, a mount path
// and a session cookie of its own.
func neighbours(t *testing.T, n int) (a *app, mounts []string) {
	t.Helper()
	a = newApp(t)
	r := chi.NewRouter()
	for i := range n {
		cfg := a.cfg.Clone()
		cfg.ClientID = fmt.Sprint("client ", i)
		cfg.MountPath = fmt.Sprintf("/%d/auth0", i)
		cfg.HomePath = fmt.Sprintf("/%d/home", i)
		cfg.Sessions = sessionstores.New(memstore.New())
		cfg.Sessions.Cookie.Name = fmt.Sprint("session", i)
		a.tenant.AddClient(chiauth0test.Client{
			ID: cfg.ClientID, Secret: cfg.ClientSecret,
			CallbackURLs: []string{a.base + cfg.MountPath + "/callback"},
			LogoutURLs:   []string{a.base + cfg.MountPath},
		})
		r.Mount(cfg.MountPath, chiauth0.Router(cfg))
		r.With(chiauth0.RequireLogin(cfg)).Get(cfg.HomePath, whoami)
		mounts = append(mounts, cfg.MountPath)
	}
	a.net.serve(a.base, r)
	return a, mounts
}

func TestNeighboursOnOneHost(t *testing.T) {
	t.Parallel()
	for name, meanwhile := range map[string]func(b *browser, mount string){
		"a login":  func(b *browser, mount string) { b.begin(mount + "/login") },
		"a logout": func(b *browser, mount string) { b.get(mount + "/logout") },
		"ten tries": func(b *browser, mount string) {
			repeat(10, func() {
				b.begin(mount + "/login")
			})
		},
	} {
		t.Run(
			name+" of the other application leaves a login in progress alone",
			func(t *testing.T) {
				t.Parallel()
				a, mounts := neighbours(t, 2)
				b := a.browser()
				begun := b.begin(mounts[0] + "/login")
				meanwhile(b, mounts[1])
				resp := b.get(b.authorize(begun, ada).String())
				if resp.StatusCode != 303 || resp.location() != "https://app.example/0/home" {
					t.Errorf("the login ends with %s at %q", resp.Status, resp.location())
				}
			},
		)
	}
	t.Run("logins at four applications in a row are no loop", func(t *testing.T) {
		t.Parallel()
		a, mounts := neighbours(t, 4)
		b := a.browser()
		for _, mount := range mounts {
			if resp := b.login(mount+"/login", ada); resp.StatusCode != 303 {
				t.Errorf("%s: the login ends with %s", mount, resp.Status)
			}
		}
	})
}

func repeat(n int, f func()) {
	for range n {
		f()
	}
}

// Two Configs of one client differ in their mount paths. One ends no login of the other.
func TestConfigsOfOneClient(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	strict := a.cfg.Clone()
	strict.MountPath, strict.ACRValues, strict.MaxAge = "/strict", "mfa", time.Minute
	a.client.CallbackURLs = append(a.client.CallbackURLs, a.base+"/strict/callback")
	a.tenant.AddClient(a.client)
	a.router.Mount("/strict", chiauth0.Router(strict))
	b := a.browser()
	callback := b.authorize(b.begin("/auth0/login"), ada)
	callback.Path = "/strict/callback"
	resp := b.get(callback.String())
	if resp.StatusCode != http.StatusBadRequest || a.sessions() != 0 {
		t.Errorf("got %s and %d sessions, want 400 and none", resp.Status, a.sessions())
	}
}
