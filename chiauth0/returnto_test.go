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
			t.Errorf("next_url %q ends at %q, want the default page", next, got)
		}
	}
}

func TestGoodRedirects(t *testing.T) {
	t.Parallel()
	b := newApp(t).browser()
	long := "/account/" + strings.Repeat("x", 503)
	for _, test := range []struct{ name, next, want string }{
		{"a path", "/account", "/account"},
		{"the root", "/", "/"},
		{"a final slash", "/account/", "/account/"},
		{"a query", "/account?tab=2&q=ü%20x", "/account?tab=2&q=%C3%BC%20x"},
		{"a line break in a query is data", "/account?q=a%0Ab", "/account?q=a%0Ab"},
		{
			"an URL in a query is data", "/account?u=https://evil.example//",
			"/account?u=https://evil.example//",
		},
		{"dots and slashes in a query are data", "/account?../..//", "/account?../..//"},
		{"an empty query", "/account?", "/account?"},
		{"a fragment", "/account#top", "/account#top"},
		{"encoded slashes", "/account/a%2fb", "/account/a%2fb"},
		{
			"encoded twice is data for the page", "/account/%252F%252Fevil.example",
			"/account/%252F%252Fevil.example",
		},
		{"Unicode", "/konto/größe", "/konto/gr%C3%B6%C3%9Fe"},
		{"encoded Unicode", "/konto/gr%C3%B6%C3%9Fe", "/konto/gr%C3%B6%C3%9Fe"},
		{"path parameters", "/account;v=1/x", "/account;v=1/x"},
		{"two dots within a name", "/account/a..b/...", "/account/a..b/..."},
		{
			"a colon and an at sign within the path", "/account/https:@evil.example",
			"/account/https:@evil.example",
		},
		{"letters that look like slashes are letters", "/⁄evil.example", "/%E2%81%84evil.example"},
		{
			"a space and quotes in a query, as browsers write them", `/account?q=a "b"<c>`,
			"/account?q=a%20%22b%22%3Cc%3E",
		},
		{"a byte that is no UTF-8", "/account?q=\xff", "/account?q=%FF"},
		{"our origin", "https://app.example/account?x#y", "/account?x#y"},
		{"our origin with its port", "https://app.example:443/account", "/account"},
		{"our origin in upper case", "HTTPS://APP.Example/account", "/account"},
		{"our origin alone", "https://app.example", "/"},
		{"our origin and a query", "https://app.example?q", "/?q"},
		{"our pages but the three", "/auth0", "/auth0"},
		{"beside the three", "/auth0/login/help", "/auth0/login/help"},
		{"512 bytes are kept", long, long},
		{"a longer one keeps its path", "/account?q=" + strings.Repeat("x", 502), "/account"},
		{
			"a longer one with a fragment keeps its path", "/account#" + strings.Repeat("x", 504),
			"/account",
		},
		{"a longer path is the default page", long + "x", "/"},
		{"a longer path is, with a query too", long + "x?q", "/"},
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
	t.Run("without next_url, to HomeURL", func(t *testing.T) {
		t.Parallel()
		b := newApp(t, func(c *chiauth0.Config) { c.HomePath = "/start?x=1" }).browser()
		for _, next := range []string{"", "//evil.example"} {
			if got := b.endOf(next); got != "https://app.example/start?x=1" {
				t.Errorf("next_url %q ends at %q", next, got)
			}
		}
	})
	t.Run("in development the origin is the loopback host that was asked for", func(t *testing.T) {
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
	t.Run("a callback path of one's own leads nowhere", func(t *testing.T) {
		t.Parallel()
		b := newApp(t, func(c *chiauth0.Config) { c.CallbackURI = "/custom/path" }).browser()
		for _, next := range []string{
			"/custom/path", "/custom/path/?code=1", "/custom%2fpath", "/auth0/callback",
		} {
			if got := b.endOf(next); got != "https://app.example/" {
				t.Errorf("next_url %q ends at %q", next, got)
			}
		}
	})
	t.Run("the home page may be the callback and next_url too", func(t *testing.T) {
		t.Parallel()
		b := newApp(t, func(c *chiauth0.Config) { c.CallbackURI = "auth0" }).browser()
		if got := b.endOf("/auth0"); got != "https://app.example/auth0" {
			t.Errorf("ends at %q", got)
		}
	})
}
