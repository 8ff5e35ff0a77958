package chiauth0_test

import (
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
)

func TestRefusedOriginLists(t *testing.T) {
	t.Parallel()
	type config = chiauth0.Config
	list := func(origins ...string) func(*config) {
		return func(c *config) { c.Origins = origins }
	}
	const pattern = "https://{organization}.app.example"
	for name, test := range map[string]struct {
		spoil func(*config)
		want  []string
	}{
		"without BaseURL": {
			func(c *config) { c.BaseURL, c.Origins = "", []string{shopOrigin} },
			[]string{shopOrigin, "BaseURL (APP_BASE_URL)", "set it"},
		},
		"empty":     {list(""), []string{`""`, "is not an origin such as"}},
		"no scheme": {list("shop.example"), []string{"shop.example", "https://app.example"}},
		"http": {
			list("http://shop.example"), []string{"http://shop.example", "use https"},
		},
		"pattern with http": {
			list("http://{organization}.app.example"),
			[]string{"http://{organization}.app.example", "use https"},
		},
		"path": {list(shopOrigin + "/x"), []string{shopOrigin + "/x", "leave out the path"}},
		"pattern with a path": {
			list(pattern + "/x"), []string{pattern + "/x", "leave out the path"},
		},
		"query":       {list(shopOrigin + "?x"), []string{"leave out the query"}},
		"user":        {list("https://joe@shop.example"), []string{"is not an origin"}},
		"wildcard":    {list("https://*.app.example"), []string{"wildcard", pattern}},
		"final dot":   {list("https://shop.example."), []string{"is not a host name"}},
		"white space": {list(" " + shopOrigin), []string{"white space", "remove it"}},
		"two in one": {
			list(shopOrigin + "," + appOrigin), []string{"is a list", "name one origin"},
		},
		"listed twice": {
			list(shopOrigin, "https://SHOP.example:443/"),
			[]string{"https://SHOP.example:443/", "listed twice", "remove one"},
		},
		"pattern listed twice": {list(pattern, pattern), []string{pattern, "listed twice"}},
		"placeholder in the middle": {
			list("https://app.{organization}.example"),
			[]string{"https://app.{organization}.example", "whole first label"},
		},
		"part of a label": {
			list("https://my-{organization}.app.example"), []string{"whole first label"},
		},
		"two placeholders": {
			list("https://{organization}.{organization}.example"),
			[]string{"whole first label"},
		},
		"Auth0's placeholder": {
			list("https://{organization_name}.app.example"),
			[]string{"{organization_name}", "{organization} is the only one"},
		},
		"placeholder alone": {list("https://{organization}"), []string{"whole first label"}},
		"placeholder before nothing": {
			list("https://{organization}."), []string{"is not a host name"},
		},
		"public suffix": {
			list("https://{organization}.co.uk"), []string{"co.uk is a public suffix"},
		},
		"IP address": {
			list("https://{organization}.192.0.2.1"), []string{"192.0.2.1 has no subdomains"},
		},
		"another scheme than BaseURL": {
			list("http://acme.localhost:8000"),
			[]string{"http://acme.localhost:8000", "another scheme than BaseURL", "use https"},
		},
		"pattern and Organization": {
			func(c *config) { c.Origins, c.Organization = []string{pattern}, "acme" },
			[]string{pattern, "Organization", "acme", "leave one of them out"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := validConfig()
			test.spoil(c)
			err := c.Validate()
			if err == nil {
				t.Fatalf("Origins %q were accepted", c.Origins)
			}
			for _, want := range append(test.want, "Origins (APP_ORIGINS)") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error lacks %q: %v", want, err)
				}
			}
		})
	}
}

func TestAcceptedOriginLists(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		base    string
		origins []string
	}{
		"one":             {appOrigin, []string{shopOrigin}},
		"a final slash":   {appOrigin, []string{shopOrigin + "/"}},
		"a port":          {appOrigin, []string{"https://{organization}.app.example:8443"}},
		"BaseURL as well": {appOrigin, []string{appOrigin, shopOrigin}},
		"a pattern that covers BaseURL": {
			"https://login.app.example", []string{"https://{organization}.app.example"},
		},
		"a pattern and a host that it covers": {
			appOrigin, []string{"https://{organization}.app.example", "https://www.app.example"},
		},
		"http on localhost": {
			"http://localhost:8000",
			[]string{"http://{organization}.localhost:8000", "http://127.0.0.1:8000"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := validConfig()
			c.BaseURL, c.Origins = test.base, test.origins
			if err := c.Validate(); err != nil {
				t.Errorf("got %v, want no error", err)
			}
		})
	}
}

func TestOriginsFromTheEnvironment(t *testing.T) {
	variables := neededVariables()
	variables["APP_BASE_URL"] = appOrigin
	variables["APP_ORIGINS"] = shopOrigin + ", https://{organization}.app.example"
	setenv(t, variables)
	c, err := chiauth0.ConfigFromEnv()
	if err != nil {
		t.Fatal(err)
	}
	want := shopOrigin + " https://{organization}.app.example"
	if got := strings.Join(c.Origins, " "); got != want {
		t.Errorf("got the Origins %q, want %q", got, want)
	}
}

// The log names the callback URLs with Auth0's own placeholder.
func TestLogNamesTheCallbackURLsOfOrigins(t *testing.T) {
	t.Parallel()
	a := newHostsApp(t)
	for _, want := range []string{
		appOrigin + "/auth0/callback",
		shopOrigin + "/auth0/callback",
		"https://{organization_name}.app.example/auth0/callback",
		"allowed_logout_url=" + appOrigin + "/auth0 ",
	} {
		if log := a.log.String(); !strings.Contains(log, want) {
			t.Errorf("the log lacks %q: %s", want, log)
		}
	}
}
