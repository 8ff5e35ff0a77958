package chiauth0_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
)

// endOf is where a whole login with this next_url ends.
func (b *browser) endOf(next string) string {
	b.app.t.Helper()
	resp := b.login("/auth0/login?next_url="+url.QueryEscape(next), ada)
	if resp.StatusCode != http.StatusSeeOther {
		b.app.t.Fatalf("next_url %q: %s, %s", next, resp.Status, resp.body)
	}
	return resp.location()
}

func TestHostileRedirects(t *testing.T) {
	t.Parallel()
	list := chiauth0.HostileRedirects(t)
	distinct := map[string]bool{}
	for _, next := range list {
		distinct[next] = true
	}
	if len(distinct) < 150 {
		t.Fatalf("only %d distinct redirects in the file", len(distinct))
	}
	b := newApp(t).browser()
	for _, next := range list {
		if got := b.endOf(next); got != "https://app.example/" {
			t.Errorf("L1: next_url %q ends at %q, want the default page", next, got)
		}
	}
}

func TestGoodRedirects(t *testing.T) {
	t.Parallel()
	b := newApp(t).browser()
	long := "/account/" + strings.Repeat("x", 503)
	for _, test := range []struct{ name, next, want string }{
		{"L1: a path", "/account", "/account"},
		{"L1: the root", "/", "/"},
		{"L1: a final slash", "/account/", "/account/"},
		{"L1: a query", "/account?tab=2&q=ü%20x", "/account?tab=2&q=%C3%BC%20x"},
		{"L1: a line break in a query is data", "/account?q=a%0Ab", "/account?q=a%0Ab"},
		{"L1: an URL in a query is data", "/account?u=https://evil.example//", "/account?u=https://evil.example//"},
		{"L1: dots and slashes in a query are data", "/account?../..//", "/account?../..//"},
		{"L1: an empty query", "/account?", "/account?"},
		{"L1: a fragment", "/account#top", "/account#top"},
		{"L1: encoded slashes", "/account/a%2fb", "/account/a%2fb"},
		{"L1: encoded twice is data for the page", "/account/%252F%252Fevil.example", "/account/%252F%252Fevil.example"},
		{"L1: Unicode", "/konto/größe", "/konto/gr%C3%B6%C3%9Fe"},
		{"L1: encoded Unicode", "/konto/gr%C3%B6%C3%9Fe", "/konto/gr%C3%B6%C3%9Fe"},
		{"L1: path parameters", "/account;v=1/x", "/account;v=1/x"},
		{"L1: two dots within a name", "/account/a..b/...", "/account/a..b/..."},
		{"L1: a colon and an at sign within the path", "/account/https:@evil.example", "/account/https:@evil.example"},
		{"L1: letters that look like slashes are letters", "/⁄evil.example", "/%E2%81%84evil.example"},
		{"L1: a space and quotes in a query, as browsers write them", `/account?q=a "b"<c>`, "/account?q=a%20%22b%22%3Cc%3E"},
		{"L1: a byte that is no UTF-8", "/account?q=\xff", "/account?q=%FF"},
		{"L1: our origin", "https://app.example/account?x#y", "/account?x#y"},
		{"L1: our origin with its port", "https://app.example:443/account", "/account"},
		{"L1: our origin in upper case", "HTTPS://APP.Example/account", "/account"},
		{"L1: our origin alone", "https://app.example", "/"},
		{"L1: our origin and a query", "https://app.example?q", "/?q"},
		{"L1: our pages but the three", "/auth0", "/auth0"},
		{"L1: beside the three", "/auth0/login/help", "/auth0/login/help"},
		{"L5: 512 bytes are kept", long, long},
		{"L5: a longer one keeps its path", "/account?q=" + strings.Repeat("x", 502), "/account"},
		{"L5: a longer one with a fragment keeps its path", "/account#" + strings.Repeat("x", 504), "/account"},
		{"L5: a longer path is the default page", long + "x", "/"},
		{"L5: a longer path is, with a query too", long + "x?q", "/"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got, want := b.endOf(test.next), "https://app.example"+test.want; got != want {
				t.Errorf("next_url %q ends at\n%q, want\n%q", test.next, got, want)
			}
		})
	}
}

func TestRedirectsOfOtherConfigs(t *testing.T) {
	t.Parallel()
	t.Run("L1: without next_url, to HomeURL", func(t *testing.T) {
		t.Parallel()
		b := newApp(t, func(c *chiauth0.Config) { c.HomeURL = "/start?x=1" }).browser()
		for _, next := range []string{"", "//evil.example"} {
			if got := b.endOf(next); got != "https://app.example/start?x=1" {
				t.Errorf("next_url %q ends at %q", next, got)
			}
		}
	})
	t.Run("L1: in development the origin is the loopback host that was asked for", func(t *testing.T) {
		t.Parallel()
		b := newApp(t, func(c *chiauth0.Config) { c.BaseURL = "" }).browser()
		for next, want := range map[string]string{
			"/account":                        "/account",
			"http://LOCALHOST:8000/account":   "/account",
			"http://localhost/account":        "/",
			"http://127.0.0.1:8000/account":   "/",
			"https://localhost:8000/account":  "/",
			"http://localhost:8000@evil.test": "/",
		} {
			if got := b.endOf(next); got != "http://localhost:8000"+want {
				t.Errorf("next_url %q ends at %q", next, got)
			}
		}
	})
	t.Run("L1: a callback path of one's own leads nowhere", func(t *testing.T) {
		t.Parallel()
		b := newApp(t, func(c *chiauth0.Config) { c.CallbackURI = "/custom/path" }).browser()
		for _, next := range []string{"/custom/path", "/custom/path/?code=1", "/custom%2fpath", "/auth0/callback"} {
			if got := b.endOf(next); got != "https://app.example/" {
				t.Errorf("next_url %q ends at %q", next, got)
			}
		}
	})
	t.Run("L1: the home page may be the callback and next_url too", func(t *testing.T) {
		t.Parallel()
		b := newApp(t, func(c *chiauth0.Config) { c.CallbackURI = "auth0" }).browser()
		if got := b.endOf("/auth0"); got != "https://app.example/auth0" {
			t.Errorf("ends at %q", got)
		}
	})
}
