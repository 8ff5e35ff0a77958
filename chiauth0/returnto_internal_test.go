package chiauth0

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
)

// HostileRedirects are the values of testdata/hostile_redirects.txt. It is exported for the tests
// from outside.
func HostileRedirects(t testing.TB) []string {
	t.Helper()
	file, err := os.ReadFile("testdata/hostile_redirects.txt")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for line := range strings.Lines(string(file)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		value, err := strconv.Unquote(line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		list = append(list, value)
	}
	return list
}

func newTestAuth(t testing.TB, change func(*Config)) *auth {
	t.Helper()
	cfg := &Config{
		Domain: "tenant.example", ClientID: "client",
		ClientSecret: "a secret of more than thirty-two bytes",
		BaseURL:      "https://app.example", Logger: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(cfg)
	}
	return cfg.init()
}

// sentTo is the Location of a callback whose login was asked for with this next_url.
func sentTo(t testing.TB, a *auth, next string) string {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/auth0/callback", nil)
	r.Host = "localhost:8000" // for the development mode; BaseURL is what counts elsewhere
	path := a.returnTo(a.origin(r), next)
	w := httptest.NewRecorder()
	a.goHome(w, r, path)
	return w.Header().Get("Location")
}

// Whatever next_url says, the browser stays on this origin, at a path that no server behind
// it can mistake for another site's.
func FuzzReturnTo(f *testing.F) {
	for _, next := range HostileRedirects(f) {
		f.Add(next)
	}
	for _, next := range []string{
		"/account", "/account?q=a%0Ab&r=//x", "https://app.example/account#x",
		"HTTPS://APP.EXAMPLE:443?q", "/a%2fb", "/ü?ü#ü",
	} {
		f.Add(next)
	}
	production := newTestAuth(f, nil)
	development := newTestAuth(f, func(c *Config) { c.BaseURL = "" })
	f.Fuzz(func(t *testing.T, next string) {
		for base, a := range map[string]*auth{
			"https://app.example": production, "http://localhost:8000": development,
		} {
			location := sentTo(t, a, next)
			origin, path := landing(base, location)
			if origin != base {
				t.Fatalf("next_url %q sends %q, which leads to %s", next, location, origin)
			}
			if !strings.HasPrefix(path, "/") || startsWithSlashes(path, 2) {
				t.Fatalf("next_url %q sends %q, whose path is %q", next, location, path)
			}
			i := strings.IndexFunc(location, func(c rune) bool { return c <= ' ' || c >= 0x7f })
			if i >= 0 {
				t.Fatalf("next_url %q sends %q, which is no URL", next, location)
			}
			if len(location) > len(base)+maxReturnTo {
				t.Fatalf("next_url %q sends %d bytes", next, len(location))
			}
			// Sent once more, it is the same: the page that was asked for is stable.
			if again := sentTo(t, a, location); again != location {
				t.Fatalf("next_url %q sends %q, and that sends %q", next, location, again)
			}
		}
	})
}
