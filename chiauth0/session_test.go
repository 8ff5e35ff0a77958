package chiauth0_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/sessionstores/cookiestore"
	"github.com/chiauth0/auth/userprovider"
)

func sleepOverTransaction() { time.Sleep(time.Hour + time.Second) }

// A provider whose SyncUser is the test's.
type provider struct {
	*userprovider.Memory
	sync func(context.Context, userprovider.Login) (userprovider.User, error)
}

func (p *provider) SyncUser(
	ctx context.Context,
	login userprovider.Login,
) (userprovider.User, error) {
	return p.sync(ctx, login)
}

func TestProviderRefuses(t *testing.T) {
	t.Parallel()
	active := userprovider.User{ID: "1", Active: true}
	for _, test := range []struct {
		name   string
		user   userprovider.User
		err    error
		status int
		is     error
	}{
		{"the provider fails", active, errors.New("no connection"), 503, chiauth0.ErrUnavailable},
		{
			"the provider is too slow", active, context.DeadlineExceeded, 503,
			chiauth0.ErrUnavailable,
		},
		{
			"ErrRefused", active, fmt.Errorf("not one of us: %w", userprovider.ErrRefused), 403,
			userprovider.ErrRefused,
		},
		{"the user is not active", userprovider.User{ID: "1"}, nil, 403, userprovider.ErrRefused},
		{
			"a conflict", active, fmt.Errorf("e-mail: %w", userprovider.ErrConflict), 409,
			userprovider.ErrConflict,
		},
		{"a user without an ID", userprovider.User{Active: true}, nil, 500, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			users := &provider{
				userprovider.NewMemory(),
				func(context.Context, userprovider.Login) (userprovider.User, error) {
					return test.user, test.err
				},
			}
			a := newApp(t, func(c *chiauth0.Config) { c.Users = users })
			b := a.browser()
			resp := b.login("/auth0/login?next_url=/account", ada)
			b.refused(resp, test.status)
			if test.err != nil && strings.Contains(resp.body, "connection") {
				t.Errorf("the page says %s", resp.body)
			}
			offered := strings.Contains(resp.body, "Use another account")
			if offered != (test.status == 403 || test.status == 409) {
				t.Errorf("another account is offered: %t", offered)
			}
			if retry := resp.Header.Get("Retry-After"); (retry != "") != (test.status == 503) {
				t.Errorf("Retry-After is %q", retry)
			}
			if got := b.whoami(); !strings.HasPrefix(got, "anonymous") {
				t.Errorf("then it is %s", got)
			}

			var last lastError
			a = newApp(t, func(c *chiauth0.Config) { c.Users, c.ErrorHandler = users, last.handle })
			a.browser().login("/auth0/login", ada)
			if test.is != nil && !errors.Is(last.err, test.is) {
				t.Errorf("the error is %v, want %v", last.err, test.is)
			}
		})
	}
	t.Run("a user of the memory provider who was set inactive", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		b := a.browser()
		b.signIn(ada)
		if err := a.users.SetActive(a.users.Accounts()[0].ID, false); err != nil {
			t.Fatal(err)
		}
		if got := b.whoami(); !strings.HasPrefix(got, "anonymous") {
			t.Errorf("the next request is of %s", got)
		}
		b.refused(b.login("/auth0/login", ada), http.StatusForbidden)
	})
	t.Run("two accounts of one e-mail", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.users.Unique = []string{"email"}
		a.browser().signIn(ada)
		a.tenant.AddUser(
			chiauth0test.User{
				Email:    grace,
				Password: "password",
				Claims:   map[string]any{"email": ada},
			},
		)
		b := a.browser()
		resp := b.login("/auth0/login", grace)
		if resp.StatusCode != http.StatusConflict || b.sessionCookie() != "" || a.sessions() != 1 {
			t.Errorf("answered %s, %d sessions", resp.Status, a.sessions())
		}
	})
}

func TestSessionAtLogin(t *testing.T) {
	t.Parallel()
	t.Run("the session id changes at every login, and the cart stays", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		b := a.browser()
		b.get("/cart?add=book")
		seen := map[string]bool{b.sessionCookie(): true}
		for range 3 {
			b.signIn(ada)
			if seen[b.sessionCookie()] {
				t.Error("a session id of before")
			}
			seen[b.sessionCookie()] = true
			if got := b.get("/cart").body; got != "cart: book" {
				t.Errorf("%q", got)
			}
		}
		if n := a.sessions(); n != 1 {
			t.Errorf("%d sessions, want that of the last login", n)
		}
		for old := range seen {
			if old == b.sessionCookie() {
				continue
			}
			thief := a.browser()
			thief.plant(a.cfg.Sessions.Cookie.Name, old)
			if got := thief.get("/cart").body + thief.whoami(); strings.Contains(got, "book") ||
				strings.Contains(got, "hello") {
				t.Errorf("an earlier session id still opens %q", got)
			}
		}
	})
	t.Run("another user's data is gone", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		b := a.browser()
		b.signIn(ada)
		b.get("/cart?add=diary")
		b.get(b.authorize(b.begin("/auth0/login?prompt=select_account"), grace).String())
		if got := b.whoami(); got != "hello "+grace {
			t.Fatalf("now it is %s", got)
		}
		if got := b.get("/cart").body; got != "cart: " {
			t.Errorf("Grace sees %q", got)
		}
		if n := a.sessions(); n != 1 {
			t.Errorf("%d sessions", n)
		}
	})
	t.Run("a login that fails leaves the session of before", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		b := a.browser()
		b.signIn(ada)
		session := b.sessionCookie()
		a.tenant.Misbehave(
			chiauth0test.Faults{
				IDToken: func(token *chiauth0test.JWT) { token.Claims["nonce"] = "other" },
			},
		)
		resp := b.login("/auth0/login?prompt=select_account", grace)
		if resp.StatusCode != http.StatusBadRequest {
			t.Fatal(resp.Status)
		}
		if got := b.whoami(); got != "hello "+ada || b.sessionCookie() != session {
			t.Errorf("now it is %s", got)
		}
	})
	t.Run("an older request of the same browser does not undo the login", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		loaded, proceed := make(chan struct{}), make(chan struct{})
		a.router.With(chiauth0.LoadUser(a.cfg)).
			Get("/slow", func(w http.ResponseWriter, r *http.Request) {
				close(loaded)
				<-proceed
				a.cfg.Sessions.Put(r.Context(), "cart", "late")
				fmt.Fprint(w, "done")
			})
		b := a.browser()
		b.get("/cart?add=book")
		var wg sync.WaitGroup
		wg.Go(func() {
			if resp := b.get("/slow"); resp.StatusCode != http.StatusOK ||
				len(resp.Cookies()) != 0 {
				t.Errorf("the older request answered %s with %v", resp.Status, resp.Cookies())
			}
		})
		<-loaded
		b.signIn(ada)
		session := b.sessionCookie()
		close(proceed)
		wg.Wait()
		if got := b.whoami(); got != "hello "+ada || b.sessionCookie() != session ||
			a.sessions() != 1 {
			t.Errorf("then it is %s, with %d sessions", got, a.sessions())
		}
		if got := b.get("/cart").body; got != "cart: book" {
			t.Errorf("%q", got)
		}
	})
	t.Run("a store that does not answer is asked before the code is spent", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		b := a.browser()
		b.get("/cart?add=book")
		session := b.sessionCookie()
		callback := b.authorize(b.begin("/auth0/login"), ada)
		a.store.down.Store(true)
		resp := b.get(callback.String())
		if resp.StatusCode != http.StatusServiceUnavailable ||
			len(a.tenant.Requests("/oauth/token")) != 0 {
			t.Errorf(
				"answered %s after %d requests for tokens",
				resp.Status,
				len(a.tenant.Requests("/oauth/token")),
			)
		}
		if resp := b.get(callback.String()); resp.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("once more: %s", resp.Status)
		}
		a.store.down.Store(false)
		if b.sessionCookie() != session || b.get("/cart").body != "cart: book" {
			t.Error("the session of before is lost")
		}
	})
	t.Run(
		"a store that cannot be written makes an error page and no session",
		func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			b := a.browser()
			callback := b.authorize(b.begin("/auth0/login"), ada)
			a.store.down.Store(
				true,
			) // there is no session to read, so the first call is the one that writes
			resp := b.get(callback.String())
			a.store.down.Store(false)
			b.refused(resp, http.StatusServiceUnavailable)
			if resp.location() != "" {
				t.Errorf("it leads to %q", resp.location())
			}
		},
	)
}

// A user in many groups can log in with cookie sessions: the groups that no guard names are left
// out.
func TestGroupsThatNoGuardNamesAreLeftOutOfASmallCookie(t *testing.T) {
	t.Parallel()

	const claim = "https://app.example/groups"
	a := newApp(t, useCookies(cookiestore.New("a secret of more than thirty-two bytes")),
		func(c *chiauth0.Config) {
			c.Mapping.GroupsField = claim
			c.Mapping.StaffGroup = "staff"
		})
	groups := []any{"staff", "editors"}
	for n := range 100 {
		groups = append(groups, fmt.Sprintf("CN=group-%03d,OU=groups,DC=corp,DC=example", n))
	}
	a.tenant.Misbehave(chiauth0test.Faults{IDToken: func(token *chiauth0test.JWT) {
		token.Claims[claim] = groups
	}})

	b := a.browser()
	b.signIn(ada)
	for _, page := range []string{"/staff", "/editors"} {
		if resp := b.get(page); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: got %s, want 200", page, resp.Status)
		}
	}
	if log := a.log.String(); !strings.Contains(log, "groups that no guard names are not kept") {
		t.Errorf("got the log\n%s\nwant a warning about the groups", log)
	}
}
