package chiauth0_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
)

// transactions are the browser's transaction cookies and how many bytes they take.
func (b *browser) transactions() (names []string, size int) {
	for name, value := range b.cookies() {
		if strings.Contains(name, "chiauth0_tx_") {
			names, size = append(names, name), size+len(name)+len(value)
		}
	}
	return names, size
}

// plant gives the browser one cookie more.
func (b *browser) plant(name, value string) {
	u, err := url.Parse(b.app.base)
	if err != nil {
		b.app.t.Fatal(err)
	}
	b.Jar.SetCookies(
		u,
		[]*http.Cookie{{Name: name, Value: value, Path: "/", Secure: u.Scheme == "https"}},
	)
}

func TestTransactionCookie(t *testing.T) {
	t.Parallel()
	t.Run("its attributes", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		resp := a.browser().get("/auth0/login")
		if len(resp.Cookies()) != 1 {
			t.Fatalf("%d cookies", len(resp.Cookies()))
		}
		c := resp.Cookies()[0]
		if !strings.HasPrefix(c.Name, "__Host-chiauth0_tx_") || c.Path != "/" || c.Domain != "" ||
			!c.Secure ||
			!c.HttpOnly ||
			c.SameSite != http.SameSiteLaxMode ||
			c.MaxAge <= int(time.Hour/time.Second) {
			t.Errorf("%+v", c)
		}
		location, err := resp.Location()
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{
			location.Query().Get("state"), location.Query().Get("nonce"),
		} {
			if strings.Contains(c.Name+c.Value, secret) {
				t.Errorf("the cookie shows %q", secret)
			}
		}
	})
	t.Run("over plain http it has no prefix and no Secure", func(t *testing.T) {
		t.Parallel()
		a := newApp(t, func(c *chiauth0.Config) { c.BaseURL = "" })
		if c := a.browser().get("/auth0/login").Cookies()[0]; !strings.HasPrefix(
			c.Name,
			"chiauth0_tx_",
		) ||
			c.Secure ||
			!c.HttpOnly ||
			c.SameSite != http.SameSiteLaxMode {
			t.Errorf("%+v", c)
		}
	})
	t.Run("Lax even where the session's cookie is not", func(t *testing.T) {
		t.Parallel()
		a := newApp(
			t,
			func(c *chiauth0.Config) { c.Sessions.Cookie.SameSite = http.SameSiteNoneMode },
		)
		if c := a.browser().get("/auth0/login").Cookies()[0]; c.SameSite != http.SameSiteLaxMode {
			t.Errorf("SameSite is %d", c.SameSite)
		}
	})
	t.Run("one per state, and every answer takes its own away", func(t *testing.T) {
		t.Parallel()
		b := newApp(t).browser()
		first := b.begin("/auth0/login")
		b.begin("/auth0/login")
		if names, _ := b.transactions(); len(names) != 2 {
			t.Fatalf("%d cookies for two logins", len(names))
		}
		b.get(b.authorize(first, ada).String())
		if names, _ := b.transactions(); len(names) != 1 {
			t.Errorf("%d cookies after one of them ended", len(names))
		}
	})
}

func TestTransactionCaps(t *testing.T) {
	t.Parallel()
	t.Run("at most 5, the oldest go first", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.inBubble(func(t *testing.T) {
			b := a.browser()
			var begun []*url.URL
			for range 12 {
				begun = append(begun, b.begin("/auth0/login"))
				time.Sleep(time.Second)
			}
			if names, size := b.transactions(); len(names) != 5 || size > 3500 {
				t.Fatalf("%d cookies of %d bytes", len(names), size)
			}
			// Signed out each time: a signed-in user's stray callback leads to its page.
			for i := range begun {
				i = len(begun) - 1 - i // the newest first: a restart needs room
				resp := b.get(b.authorize(begun[i], ada).String())
				b.forget()
				ends := resp.StatusCode == http.StatusSeeOther
				if ends != (i >= 7) {
					t.Errorf("login %d of 12 ends with %s", i+1, resp.Status)
				}
			}
		})
	})
	t.Run("at most 3.5 KB", func(t *testing.T) {
		t.Parallel()
		b := newApp(t).browser()
		for range 12 {
			b.begin("/auth0/login?next_url=/" + strings.Repeat("x", 510))
			if names, size := b.transactions(); size > 3500 {
				t.Fatalf("%d cookies of %d bytes", len(names), size)
			}
		}
		if names, _ := b.transactions(); len(names) < 2 {
			t.Errorf("%d cookies: one is enough to fill them", len(names))
		}
	})
	t.Run("a next_url full of ampersands fits, and the login ends", func(t *testing.T) {
		t.Parallel()
		b := newApp(t).browser()
		next := "/?" + strings.Repeat("&", 510)
		if got := b.endOf(next); got != "https://app.example"+next {
			t.Errorf("ends at %q", got)
		}
	})
	t.Run("what makes it too large for any browser is refused", func(t *testing.T) {
		t.Parallel()
		resp := newApp(t).browser().get("/auth0/login?acr_values=" + strings.Repeat("x", 5000))
		if resp.StatusCode != http.StatusBadRequest || len(resp.Cookies()) != 0 {
			t.Errorf("answered %s with %d cookies", resp.Status, len(resp.Cookies()))
		}
	})
	t.Run("those that do not open go before those that do", func(t *testing.T) {
		t.Parallel()
		b := newApp(t).browser()
		open := b.begin("/auth0/login")
		names, _ := b.transactions()
		for _, id := range []string{"AAAAAAAA", "BBBBBBBB", ""} {
			b.plant(names[0][:len(names[0])-8]+id, "garbage")
		}
		b.begin("/auth0/login")
		if names, _ := b.transactions(); len(names) != 2 {
			t.Errorf("left are %q", names)
		}
		if resp := b.get(b.authorize(open, ada).String()); resp.StatusCode != http.StatusSeeOther {
			t.Errorf("the open one ends with %s", resp.Status)
		}
	})
	t.Run("another application's cookies are neither counted nor dropped", func(t *testing.T) {
		t.Parallel()
		b := newApp(t).browser()
		theirs := []string{"theirs"}
		for _, id := range []string{"A", "B", "C", "D", "E", "F"} {
			theirs = append(theirs, "__Host-chiauth0_tx_theirtag_"+id)
		}
		for _, name := range theirs {
			b.plant(name, strings.Repeat("x", 3600))
		}
		b.begin("/auth0/login")
		b.begin("/auth0/login")
		for _, name := range theirs {
			if b.cookies()[name] == "" {
				t.Errorf("%s is gone", name)
			}
		}
		if names, _ := b.transactions(); len(names) != len(theirs)-1+2 {
			t.Errorf("got %q, want two of this application", names)
		}
	})
	t.Run("of two logins at the same moment the later one counts as newer", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.inBubble(func(t *testing.T) { // the clock of a bubble stands still
			b := a.browser()
			var latest *url.URL
			for range 20 {
				latest = b.begin("/auth0/login")
			}
			if resp := b.get(b.authorize(latest, ada).String()); resp.StatusCode != 303 {
				t.Errorf("the latest login ends with %s, want 303", resp.Status)
			}
		})
	})
}

func TestTransactionAge(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		age  time.Duration
		want int
	}{
		{"a login of 59 minutes ends", 59 * time.Minute, http.StatusSeeOther},
		{"one of 61 minutes does not", 61 * time.Minute, http.StatusBadRequest},
		{"nor does one of 25 hours", 25 * time.Hour, http.StatusBadRequest},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.inBubble(func(t *testing.T) {
				b := a.browser()
				u := b.begin("/auth0/login?next_url=/account")
				time.Sleep(test.age)
				resp := b.get(b.authorize(u, ada).String())
				if resp.StatusCode != test.want {
					t.Fatalf("ends with %s: %s", resp.Status, resp.body)
				}
				if test.want == http.StatusSeeOther {
					return
				}
				if n := a.sessions(); n != 0 {
					t.Errorf("%d sessions", n)
				}
				want := "/auth0/login?next_url=%2Faccount"
				if got := resp.retryLink(t); got != want {
					t.Errorf("Try again leads to %q, want %q", got, want)
				}
				if names, _ := b.transactions(); len(names) != 0 {
					t.Errorf("left are %q", names)
				}
			})
		})
	}
	t.Run("it holds the redirect_uri that was sent", func(t *testing.T) {
		t.Parallel()
		// In development both names answer. The code is only good for the redirect_uri it was asked
		// for with.
		a := newApp(t, func(c *chiauth0.Config) { c.BaseURL = "" })
		b := a.browser()
		callback := b.authorize(b.begin("/auth0/login"), ada)
		names, _ := b.transactions()
		header := names[0] + "=" + b.cookies()[names[0]]
		resp := b.get(callback.String(), "Host", "127.0.0.1:8000", "Cookie", header)
		if resp.StatusCode != 303 {
			t.Errorf("ends with %s: %s", resp.Status, resp.body)
		}
	})
}

func TestTransactionBinding(t *testing.T) {
	t.Parallel()
	t.Run("a transaction under another one's name does not open", func(t *testing.T) {
		t.Parallel()
		b := newApp(t).browser()
		first := b.begin("/auth0/login")
		names, _ := b.transactions()
		value := b.cookies()[names[0]]
		b.plant(names[0], "garbage")
		b.begin("/auth0/login") // drops the garbage
		second, _ := b.transactions()
		if len(second) != 1 || second[0] == names[0] {
			t.Fatalf("left are %q", second)
		}
		callback := b.authorize(first, ada)
		query := callback.Query()
		query.Set("state", strings.TrimPrefix(second[0], "__Host-chiauth0_tx_"))
		callback.RawQuery = query.Encode()
		b.plant(second[0], value)
		if resp := b.get(callback.String()); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("answered %s", resp.Status)
		}
	})
	t.Run("the cookie's name alone is no state", func(t *testing.T) {
		t.Parallel()
		b := newApp(t).browser()
		callback := b.authorize(b.begin("/auth0/login"), ada)
		query := callback.Query()
		for _, state := range []string{
			query.Get("state")[:8], query.Get("state")[:25], query.Get("state") + "A",
		} {
			query.Set("state", state)
			callback.RawQuery = query.Encode()
			if resp := b.get(callback.String()); resp.StatusCode != http.StatusBadRequest {
				t.Errorf("state %q: answered %s", state, resp.Status)
			}
		}
	})
	t.Run("a cookie of the same name from elsewhere does not stop the login", func(t *testing.T) {
		t.Parallel()
		b := newApp(t).browser()
		callback := b.authorize(b.begin("/auth0/login"), ada)
		names, _ := b.transactions()
		header := names[0] + "=tossed; " + names[0] + "=" + b.cookies()[names[0]]
		b.Jar = nil
		if resp := b.get(callback.String(), "Cookie", header); resp.StatusCode != 303 {
			t.Errorf("answered %s: %s", resp.Status, resp.body)
		}
	})
}
