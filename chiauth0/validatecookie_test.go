package chiauth0_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/memstore"
)

// TestSessionCookieSettings has the settings of RFC 6265bis with which a browser keeps no cookie,
// or does not send it to the Router.
func TestSessionCookieSettings(t *testing.T) {
	t.Parallel()
	const https, http1 = "https://www.app.example", "http://localhost:8000"
	type cookie = scs.SessionCookie
	for name, test := range map[string]struct {
		base   string
		change func(*cookie)
		want   []string // in the error; none if the settings are accepted
	}{
		"defaults":          {https, func(*cookie) {}, nil},
		"defaults, http":    {http1, func(*cookie) {}, nil},
		"defaults, no base": {"", func(*cookie) {}, nil},
		"SameSite=Lax":      {https, func(c *cookie) { c.SameSite = http.SameSiteLaxMode }, nil},
		"SameSite=None, https": {
			https, func(c *cookie) { c.SameSite = http.SameSiteNoneMode }, nil,
		},
		"SameSite=None, http": {
			http1, func(c *cookie) { c.SameSite = http.SameSiteNoneMode },
			[]string{"Sessions.Cookie.SameSite", "https", "Lax"},
		},
		"SameSite=None, no base": {
			"", func(c *cookie) { c.SameSite = http.SameSiteNoneMode },
			[]string{"Sessions.Cookie.SameSite", "APP_BASE_URL"},
		},
		"SameSite=Strict": {
			https, func(c *cookie) { c.SameSite = http.SameSiteStrictMode },
			[]string{"Sessions.Cookie.SameSite", "Lax"},
		},
		"Partitioned, https": {https, func(c *cookie) { c.Partitioned = true }, nil},
		"Partitioned, http": {
			http1, func(c *cookie) { c.Partitioned = true },
			[]string{"Sessions.Cookie.Partitioned", "https"},
		},

		"__Host-": {https, func(c *cookie) { c.Name = "__Host-app" }, nil},
		"__Host-, http": {
			http1, func(c *cookie) { c.Name = "__Host-app" },
			[]string{"Sessions.Cookie.Name", "__Host-app", "APP_BASE_URL"},
		},
		"__Secure-, no base": {
			"", func(c *cookie) { c.Name = "__Secure-app" },
			[]string{"Sessions.Cookie.Name", "https"},
		},
		"__Host- with a Domain": {
			https, func(c *cookie) { c.Name, c.Domain = "__Host-app", "www.app.example" },
			[]string{"Sessions.Cookie.Name", `Domain "www.app.example"`},
		},
		"__Host- with a Path": {
			https, func(c *cookie) { c.Name, c.Path = "__Host-app", "/app" },
			[]string{"Sessions.Cookie.Name", `Path "/app"`},
		},
		"a name with a space": {
			https, func(c *cookie) { c.Name = "my app" },
			[]string{"Sessions.Cookie.Name", "my app"},
		},
		"no name": {https, func(c *cookie) { c.Name = "" }, []string{"Sessions.Cookie.Name"}},

		"Domain: the host":     {https, func(c *cookie) { c.Domain = "www.app.example" }, nil},
		"Domain: the parent":   {https, func(c *cookie) { c.Domain = "app.example" }, nil},
		"Domain: with a dot":   {https, func(c *cookie) { c.Domain = ".app.example" }, nil},
		"Domain: in capitals":  {https, func(c *cookie) { c.Domain = "APP.Example" }, nil},
		"Domain: localhost":    {http1, func(c *cookie) { c.Domain = "localhost" }, nil},
		"Domain: in the tests": {"", func(c *cookie) { c.Domain = "localhost" }, nil},
		"Domain: another": {
			https, func(c *cookie) { c.Domain = "other.example" },
			[]string{"Sessions.Cookie.Domain", "other.example", "www.app.example"},
		},
		"Domain: a child": {
			https, func(c *cookie) { c.Domain = "a.www.app.example" },
			[]string{"Sessions.Cookie.Domain", "APP_BASE_URL"},
		},
		"Domain: the end of a word": {
			https, func(c *cookie) { c.Domain = "pp.example" }, []string{"Sessions.Cookie.Domain"},
		},
		"Domain: a public suffix": {
			https, func(c *cookie) { c.Domain = "example" },
			[]string{"Sessions.Cookie.Domain", "public suffix"},
		},
		"Domain: a public suffix of two parts": {
			"https://app.co.uk", func(c *cookie) { c.Domain = "co.uk" },
			[]string{"Sessions.Cookie.Domain", "public suffix"},
		},
		"Domain: a part of an address": {
			"http://127.0.0.1:8000", func(c *cookie) { c.Domain = "0.0.1" },
			[]string{"Sessions.Cookie.Domain"},
		},
		"Domain: the production's, no base": {
			"", func(c *cookie) { c.Domain = "app.example" },
			[]string{"Sessions.Cookie.Domain", "APP_BASE_URL"},
		},

		"Path: the mount path": {https, func(c *cookie) { c.Path = "/auth0" }, nil},
		"Path: with a slash":   {https, func(c *cookie) { c.Path = "/auth0/" }, nil},
		"Path: another": {
			https, func(c *cookie) { c.Path = "/app" }, []string{"Sessions.Cookie.Path", "/auth0/"},
		},
		"Path: the begin of a word": {
			https, func(c *cookie) { c.Path = "/auth" }, []string{"Sessions.Cookie.Path"},
		},
		"Path: empty": {https, func(c *cookie) { c.Path = "" }, []string{"Sessions.Cookie.Path"}},
		"Path: relative": {
			https, func(c *cookie) { c.Path = "app" }, []string{"Sessions.Cookie.Path"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := validConfig()
			c.BaseURL = test.base
			c.Sessions = sessionstores.New(memstore.New())
			test.change(&c.Sessions.Cookie)
			err := c.Validate()
			if len(test.want) == 0 {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if err == nil {
				t.Fatal("accepted")
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("several errors for one fault: %v", err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error lacks %q: %v", want, err)
				}
			}
		})
	}
}

func TestSessionCookiePathLeavesOutTheCallback(t *testing.T) {
	t.Parallel()
	c := validConfig()
	c.CallbackURI = "/custom/path"
	c.Sessions = sessionstores.New(memstore.New())
	c.Sessions.Cookie.Path = "/auth0"
	err := c.Validate()
	if err == nil || !strings.Contains(err.Error(), "/custom/path") {
		t.Errorf("the error is %v, want one that names /custom/path", err)
	}
}
