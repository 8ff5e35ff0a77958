package chiauth0_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// signOutHere removes the application's cookies. Single sign-on at the tenant goes on.
func (b *browser) signOutHere() {
	u, err := url.Parse(b.app.base)
	if err != nil {
		b.app.t.Fatal(err)
	}
	for _, c := range b.Jar.Cookies(u) {
		b.Jar.SetCookies(u, []*http.Cookie{{Name: c.Name, Path: "/", MaxAge: -1, Secure: true}})
	}
}

// open opens a page as a browser does: it follows redirects, and the tenant signs Ada in.
func (b *browser) open(page string) *response {
	b.app.t.Helper()
	resp := b.get(page)
	for range 20 {
		target := resp.location()
		if target == "" {
			return resp
		}
		if strings.HasPrefix(target, b.app.tenant.Issuer()) {
			u, err := url.Parse(target)
			if err != nil {
				b.app.t.Fatal(err)
			}
			target = b.authorize(u, ada).String()
		}
		resp = b.get(target)
	}
	b.app.t.Errorf("%s: more than 20 redirects", page)
	return resp
}

// A browser restores a dozen tabs after the session has ended: more logins at once than there is
// room for in its cookies.
func TestRestoredTabs(t *testing.T) {
	t.Parallel()
	const tabs = 12
	page := func(i int) string { return fmt.Sprintf("/account/%d?tab=%[1]d", i) }

	t.Run("in turn", func(t *testing.T) {
		t.Parallel()
		b := newApp(t).browser()
		var callbacks []*url.URL
		for i := range tabs {
			begun := b.begin("/auth0/login?next_url=" + url.QueryEscape(page(i)))
			callbacks = append(callbacks, b.authorize(begun, ada))
		}
		for i, callback := range callbacks {
			resp := b.open(callback.String())
			if got := resp.Request.URL.RequestURI(); resp.StatusCode != 200 || got != page(i) {
				t.Errorf("tab %d ends with %s at %s, want %s", i, resp.Status, got, page(i))
			}
		}
	})
	t.Run("at once", func(t *testing.T) {
		t.Parallel()
		for range 5 {
			a := newApp(t)
			b := a.browser()
			b.signIn(ada)
			b.signOutHere()
			var wg sync.WaitGroup
			for i := range tabs {
				wg.Go(func() {
					resp := b.open(page(i))
					got := resp.Request.URL.RequestURI()
					if resp.StatusCode != 200 || got != page(i) {
						t.Errorf("tab %d ends with %s at %s, want %s", i, resp.Status, got, page(i))
					}
				})
			}
			wg.Wait()
		}
	})
}

func TestCallbackWithoutItsCookie(t *testing.T) {
	t.Parallel()
	t.Run("another browser begins the login again, for the same page", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		first := a.browser()
		callback := first.authorize(
			first.begin("/auth0/login?next_url=/account&ui_locales=de"),
			ada,
		)
		second := a.browser()
		again := second.get(callback.String())
		second.refusedByRestart(again)
		u, err := again.Location()
		if err != nil {
			t.Fatal(err)
		}
		if got := u.Query().Get("ui_locales"); got != "de" {
			t.Errorf("got ui_locales %q in the new login, want de", got)
		}
		resp := second.get(second.authorize(u, grace).String())
		if resp.location() != "https://app.example/account" {
			t.Errorf(
				"the new login ends with %s at %q, want /account",
				resp.Status,
				resp.location(),
			)
		}
		if got := second.whoami(); got != "hello "+grace {
			t.Errorf("got %q, want Grace", got)
		}
	})
	t.Run("what the login asked for is asked for again", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		first, second := a.browser(), a.browser()
		query := "organization=org_a&acr_values=mfa&max_age=60&prompt=login&invitation=ticket"
		callback := with(
			a.callback(),
			"state",
			first.begin("/auth0/login?"+query).Query().Get("state"),
		)
		resp := second.get(callback)
		second.refusedByRestart(resp)
		u, err := resp.Location()
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{
			"organization": "org_a", "acr_values": "mfa", "max_age": "0", "prompt": "login",
			"invitation": "",
		} {
			if got := u.Query().Get(name); got != want {
				t.Errorf("got %s %q in the new login, want %q", name, got, want)
			}
		}
	})
	t.Run("a browser that keeps no cookies gets a page after one restart", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		b := a.browser()
		callback := b.authorize(b.begin("/auth0/login?next_url=/account"), ada)
		b.signOutHere()
		again, err := b.get(callback.String()).Location()
		if err != nil {
			t.Fatal(err)
		}
		callback = b.authorize(again, ada)
		b.signOutHere()
		resp := b.get(callback.String())
		b.refused(resp, http.StatusBadRequest)
		if !strings.Contains(resp.body, "cookies") {
			t.Errorf("the page does not mention cookies: %s", resp.body)
		}
		if got, want := resp.retryLink(t), "/auth0/login?next_url=%2Faccount"; got != want {
			t.Errorf("Try again leads to %q, want %q", got, want)
		}
	})
	t.Run("a browser that keeps cookies is not sent round without end", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.inBubble(func(t *testing.T) {
			b := a.browser()
			u := b.begin("/auth0/login?next_url=/account")
			for range 20 {
				callback := b.authorize(u, ada)
				b.signOutHere()
				b.begin("/auth0/login") // another tab
				resp := b.get(callback.String())
				if resp.StatusCode == http.StatusBadRequest {
					return
				}
				var err error
				if u, err = resp.Location(); err != nil {
					t.Fatal(err)
				}
			}
			t.Error("got 20 restarts, want a page")
		})
	})
	t.Run("an expired state begins no login", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.inBubble(func(t *testing.T) {
			first, second := a.browser(), a.browser()
			callback := first.authorize(first.begin("/auth0/login?next_url=/account"), ada)
			time.Sleep(61 * time.Minute)
			resp := second.get(callback.String())
			second.refused(resp, http.StatusBadRequest)
			if got, want := resp.retryLink(t), "/auth0/login?next_url=%2Faccount"; got != want {
				t.Errorf("Try again leads to %q, want %q", got, want)
			}
		})
	})
	t.Run("a signed-in user is led to the page", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		first, second := a.browser(), a.browser()
		callback := first.authorize(first.begin("/auth0/login?next_url=/account"), grace)
		second.signIn(ada)
		resp := second.get(callback.String())
		if resp.StatusCode != 303 || resp.location() != "https://app.example/account" {
			t.Errorf("got %s to %q, want 303 to /account", resp.Status, resp.location())
		}
		if got := second.whoami(); got != "hello "+ada {
			t.Errorf("got %q, want Ada still", got)
		}
	})
}

// callback is the URL of the callback, without a query.
func (a *app) callback() *url.URL {
	u, err := url.Parse(a.base + "/auth0/callback")
	if err != nil {
		a.t.Fatal(err)
	}
	return u
}
