package chiauth0_test

import (
	"testing"

	"github.com/chiauth0/auth/chiauth0"
)

// TestRefusedOrigins has faults of Domain, BaseURL and PostLogoutURL.
func TestRefusedOrigins(t *testing.T) {
	t.Parallel()
	type config = chiauth0.Config
	for name, test := range map[string]struct {
		spoil func(*config)
		want  []string
	}{
		"domain missing": {
			func(c *config) { c.Domain = "" },
			[]string{"Domain", "AUTH0_DOMAIN", "missing"},
		},
		"domain with credentials": {
			func(c *config) { c.Domain = "https://joe:hunter2@t.auth0.com" },
			[]string{"AUTH0_DOMAIN", "password"},
		},
		"domain with credentials, no scheme": {
			func(c *config) { c.Domain = "joe:hunter2@t.auth0.com" },
			[]string{"AUTH0_DOMAIN", "password"},
		},
		"domain with a path, no scheme": {
			func(c *config) { c.Domain = "t.auth0.com/path" },
			[]string{"AUTH0_DOMAIN", "t.auth0.com/path", "no scheme"},
		},
		"domain with a query": {
			func(c *config) { c.Domain = "https://t.auth0.com/?a=b" },
			[]string{"AUTH0_DOMAIN", "query"},
		},
		"domain with a fragment": {
			func(c *config) { c.Domain = "https://t.auth0.com/#a" },
			[]string{"AUTH0_DOMAIN", "fragment"},
		},
		"domain that is no host": {
			func(c *config) { c.Domain = "https://" },
			[]string{"AUTH0_DOMAIN", "https://"},
		},
		"domain with a line break": {
			func(c *config) { c.Domain = "t.auth0.com\n" },
			[]string{"AUTH0_DOMAIN", `\n`},
		},
		"domain over http": {
			func(c *config) { c.Domain = "http://t.auth0.com" },
			[]string{"AUTH0_DOMAIN", "https"},
		},
		"domain over http, like loopback": {
			func(c *config) { c.Domain = "http://localhost.example" },
			[]string{"AUTH0_DOMAIN", "https"},
		},
		"domain over http, private network": {
			func(c *config) { c.Domain = "http://192.168.1.1" },
			[]string{"AUTH0_DOMAIN", "https"},
		},
		"domain over ftp": {
			func(c *config) { c.Domain = "ftp://t.auth0.com" },
			[]string{"AUTH0_DOMAIN", "https"},
		},
		"base over http": {
			func(c *config) { c.BaseURL = "http://app.example" },
			[]string{"BaseURL", "APP_BASE_URL", "https"},
		},
		"base over http, 0.0.0.0": {
			func(c *config) { c.BaseURL = "http://0.0.0.0" },
			[]string{"APP_BASE_URL", "https"},
		},
		"base without scheme": {
			func(c *config) { c.BaseURL = "app.example" },
			[]string{"APP_BASE_URL", "https://app.example"},
		},
		"base over ws": {
			func(c *config) { c.BaseURL = "ws://app.example" },
			[]string{"APP_BASE_URL", "https"},
		},
		"base with a path": {
			func(c *config) { c.BaseURL = "https://app.example/app" },
			[]string{"APP_BASE_URL", "origin"},
		},
		"base with a query": {
			func(c *config) { c.BaseURL = "https://app.example?a" },
			[]string{"APP_BASE_URL", "origin"},
		},
		"base with credentials": {
			func(c *config) { c.BaseURL = "https://joe:hunter2@app.example" },
			[]string{"APP_BASE_URL", "origin"},
		},
		"base beyond ASCII": {
			func(c *config) { c.BaseURL = "https://bücher.example" },
			[]string{"APP_BASE_URL", "xn--"},
		},
		"logout URL that is a path": {
			func(c *config) { c.PostLogoutURL = "/bye" },
			[]string{"PostLogoutURL", `"/bye"`},
		},
		"logout URL over http": {
			func(c *config) { c.PostLogoutURL = "http://app.example/" },
			[]string{"PostLogoutURL", "https"},
		},
		"logout URL with a script": {
			func(c *config) { c.PostLogoutURL = "javascript:alert(1)" },
			[]string{"PostLogoutURL"},
		},
		"base with a colon at the end": {
			func(c *config) { c.BaseURL = "https://app.example:" },
			[]string{"APP_BASE_URL", "https://app.example:", "colon"},
		},
		"base with a port that is too large": {
			func(c *config) { c.BaseURL = "https://app.example:99999" },
			[]string{"APP_BASE_URL", "99999", "65535"},
		},
		"base with port 0": {
			func(c *config) { c.BaseURL = "https://app.example:0" },
			[]string{"APP_BASE_URL", "65535"},
		},
		"base with a word for a port": {
			func(c *config) { c.BaseURL = "https://app.example:https" },
			[]string{"APP_BASE_URL", "https://app.example"},
		},
		"base that is a wildcard": {
			func(c *config) { c.BaseURL = "*" },
			[]string{"APP_BASE_URL", "wildcard"},
		},
		"base with a wildcard": {
			func(c *config) { c.BaseURL = "https://*.app.example" },
			[]string{"APP_BASE_URL", "wildcard"},
		},
		"base that is a list": {
			func(c *config) { c.BaseURL = "https://app.example,https://www.app.example" },
			[]string{"APP_BASE_URL", "a list", "https://app.example"},
		},
		"base that is a list with spaces": {
			func(c *config) { c.BaseURL = "https://app.example https://www.app.example" },
			[]string{"APP_BASE_URL", "a list"},
		},
		"base with two schemes": {
			func(c *config) { c.BaseURL = "https://https://app.example" },
			[]string{"APP_BASE_URL", "origin"},
		},
		"base with a slash too few": {
			func(c *config) { c.BaseURL = "https:/app.example" },
			[]string{"APP_BASE_URL", "https://app.example"},
		},
		"base with an empty part": {
			func(c *config) { c.BaseURL = "https://app..example" },
			[]string{"APP_BASE_URL", "not a host name"},
		},
		"base with a final dot": {
			func(c *config) { c.BaseURL = "https://app.example." },
			[]string{"APP_BASE_URL", "not a host name"},
		},
		"base with a placeholder": {
			func(c *config) { c.BaseURL = "https://${HOST}" },
			[]string{"APP_BASE_URL", "${HOST}"},
		},
		"base with a fragment": {
			func(c *config) { c.BaseURL = "https://app.example/#" },
			[]string{"APP_BASE_URL", "fragment"},
		},
		"domain with a port that is too large": {
			func(c *config) { c.Domain = "tenant.eu.auth0.com:99999" },
			[]string{"AUTH0_DOMAIN", "65535"},
		},
		"domain of Auth0 with a path": {
			func(c *config) { c.Domain = "https://tenant.eu.auth0.com/authorize" },
			[]string{"AUTH0_DOMAIN", "path"},
		},
		"domain with a wildcard": {
			func(c *config) { c.Domain = "*.auth0.com" },
			[]string{"AUTH0_DOMAIN", "wildcard"},
		},
		"domain that is a list": {
			func(c *config) { c.Domain = "one.auth0.com,two.auth0.com" },
			[]string{"AUTH0_DOMAIN", "not a host name"},
		},
		"logout URL with a colon at the end": {
			func(c *config) { c.PostLogoutURL = "https://app.example:/" },
			[]string{"PostLogoutURL", "colon"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := validConfig()
			test.spoil(c)
			wantOneFault(t, c, test.want)
		})
	}
}
