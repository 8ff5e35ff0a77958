package chiauth0_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// wantLogin expects the callback to end a login, or to refuse it.
func (b *browser) wantLogin(resp *response, accepted bool) {
	b.app.t.Helper()
	if !accepted {
		b.refused(resp, http.StatusBadRequest)
		return
	}
	if resp.StatusCode != http.StatusSeeOther {
		b.app.t.Errorf("got %s, want 303: %s", resp.Status, b.app.log)
	}
}

// without removes a parameter from a URL, as a person at the browser can.
func without(u *url.URL, name string) *url.URL {
	query := u.Query()
	query.Del(name)
	changed := *u
	changed.RawQuery = query.Encode()
	return &changed
}

// A login with max_age or prompt=login needs a recent auth_time in the ID token.
func TestAuthTime(t *testing.T) {
	t.Parallel()
	type test struct {
		edit     edit
		accepted bool
	}
	ago := func(d time.Duration) edit { return set("auth_time", -d) }
	for query, tests := range map[string]map[string]test{
		"prompt=login": {
			"fresh":             {nil, true},
			"50 s ago":          {ago(50 * time.Second), true},
			"two minutes ago":   {ago(2 * time.Minute), false},
			"two minutes ahead": {ago(-2 * time.Minute), false},
			"missing":           {drop("auth_time"), false},
			"null":              {set("auth_time", nil), false},
			"words":             {set("auth_time", "now"), false},
			"zero":              {set("auth_time", 0), false},
			"a huge number":     {set("auth_time", 1e300), false},
		},
		"max_age=600": {
			"five minutes ago":    {ago(5 * time.Minute), true},
			"fifteen minutes ago": {ago(15 * time.Minute), false},
		},
		"": {
			"long ago": {ago(1000 * time.Hour), true},
			"missing":  {drop("auth_time"), true},
		},
	} {
		for name, test := range tests {
			t.Run("query "+query+", auth_time "+name, func(t *testing.T) {
				t.Parallel()
				a := newApp(t)
				a.tenant.Misbehave(chiauth0test.Faults{IDToken: test.edit})
				b := a.browser()
				b.wantLogin(b.login("/auth0/login?"+query, ada), test.accepted)
			})
		}
	}
}

// The query of the login URL cannot raise a configured MaxAge.
func TestConfiguredMaxAge(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		query    string
		edit     edit
		accepted bool
	}{
		"fresh":                   {"", nil, true},
		"too long ago":            {"", set("auth_time", -15*time.Minute), false},
		"missing":                 {"", drop("auth_time"), false},
		"a higher one in a query": {"max_age=9999", set("auth_time", -15*time.Minute), false},
		"a lower one in a query":  {"max_age=60", set("auth_time", -5*time.Minute), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, func(c *chiauth0.Config) { c.MaxAge = 10 * time.Minute })
			a.tenant.Misbehave(chiauth0test.Faults{IDToken: test.edit})
			b := a.browser()
			b.wantLogin(b.login("/auth0/login?"+test.query, ada), test.accepted)
		})
	}
}

// The request for a fresh login passes through the browser, where it can be changed.
func TestPromptIsRemovedOnTheWay(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.inBubble(func(t *testing.T) {
		b := a.browser()
		b.signIn(ada)
		b.get("/auth0/logout") // the session at the tenant goes on
		time.Sleep(5 * time.Minute)
		authorize := without(b.begin("/auth0/login?prompt=login"), "prompt")
		query := authorize.Query()
		query.Set("max_age", "99999")
		authorize.RawQuery = query.Encode()
		b.wantLogin(b.get(b.authorize(authorize, ada).String()), false)
	})
}

// auth_time is compared with the begin of the login: a second factor and a consent take time.
func TestSlowLoginIsFresh(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.inBubble(func(t *testing.T) {
		b := a.browser()
		callback := b.authorize(b.begin("/auth0/login?prompt=login"), ada)
		time.Sleep(9 * time.Minute) // a code of the tenant is valid for 10 minutes
		b.wantLogin(b.get(callback.String()), true)
	})
}

const multiFactor = "http://schemas.openid.net/pape/policies/2007/06/multi-factor"

// A login with acr_values needs the class in the ID token.
func TestACRValues(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		edit     edit
		accepted bool
	}{
		"acr as requested":  {set("acr", multiFactor), true},
		"another acr":       {set("acr", "password"), false},
		"a part of the acr": {set("acr", "http"), false},
		"acr a list":        {set("acr", []string{multiFactor}), false},
		"neither":           {nil, false},
		"amr with mfa":      {set("amr", []string{"pwd", "mfa"}), true},
		"amr without mfa":   {set("amr", []string{"pwd", "otp"}), false},
		"amr a string":      {set("amr", "mfa"), false},
		"amr empty":         {set("amr", []string{}), false},
	} {
		for _, configured := range []string{"", multiFactor} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				a := newApp(t, func(c *chiauth0.Config) { c.ACRValues = configured })
				a.tenant.Misbehave(chiauth0test.Faults{IDToken: test.edit})
				b := a.browser()
				login := "/auth0/login?acr_values=" + url.QueryEscape(multiFactor)
				b.wantLogin(b.login(login, ada), test.accepted)
			})
		}
	}
}

func TestACRValuesAreRemovedOnTheWay(t *testing.T) {
	t.Parallel()
	a := newApp(t, func(c *chiauth0.Config) { c.ACRValues = multiFactor })
	a.tenant.AddUser(chiauth0test.User{Email: ada, Password: "password", MFA: true})
	b := a.browser()
	authorize := without(b.begin("/auth0/login"), "acr_values")
	b.wantLogin(b.get(b.authorize(authorize, ada).String()), false)

	b.wantLogin(b.login("/auth0/login", ada), true)
}

// An iss in the callback is checked, and needed if the discovery document says so (RFC 9207).
func TestCallbackIssuer(t *testing.T) {
	t.Parallel()
	const own, evil = "https://tenant.example/", "https://evil.example/"
	for name, test := range map[string]struct {
		announced bool
		iss       string // "" leaves it out
		accepted  bool
	}{
		"the tenant's, announced":     {true, own, true},
		"the tenant's, not announced": {false, own, true},
		"none, not announced":         {false, "", true},
		"none, announced":             {true, "", false},
		"another's, announced":        {true, evil, false},
		"another's, not announced":    {false, evil, false},
		"without its slash":           {true, strings.TrimSuffix(own, "/"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAppAt(t, chiauth0test.New(own))
			a.tenant.CallbackIssuer = test.announced
			a.tenant.Misbehave(chiauth0test.Faults{Callback: func(query url.Values) {
				query.Del("iss")
				if test.iss != "" {
					query.Set("iss", test.iss)
				}
			}})
			b := a.browser()
			b.wantLogin(b.login("/auth0/login", ada), test.accepted)
			if n := len(a.tenant.Requests(tokenPath)); !test.accepted && n != 0 {
				t.Errorf("the code was sent to the token endpoint %d times, want 0", n)
			}
		})
	}
}

func TestErrorOfAnotherIssuerIsRefused(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.tenant.Misbehave(chiauth0test.Faults{Callback: func(query url.Values) {
		query.Set("iss", "https://evil.example/")
		query.Set("error", "access_denied")
	}})
	b := a.browser()
	b.wantLogin(b.login("/auth0/login", ada), false)
}
