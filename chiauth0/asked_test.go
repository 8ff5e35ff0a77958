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

func TestAuthTime(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, query string
		maxAge      time.Duration
		edit        func(*chiauth0test.JWT)
		ok          bool
	}{
		{"prompt=login and a fresh auth_time", "prompt=login", 0, nil, true},
		{"prompt=login and none", "prompt=login", 0, drop("auth_time"), false},
		{"prompt=login and null", "prompt=login", 0, set("auth_time", nil), false},
		{"prompt=login and words", "prompt=login", 0, set("auth_time", "now"), false},
		{"prompt=login and zero", "prompt=login", 0, set("auth_time", 0), false},
		{"prompt=login and a huge number", "prompt=login", 0, set("auth_time", 1e300), false},
		{"prompt=login and two minutes ago", "prompt=login", 0, set("auth_time", -2*time.Minute), false},
		{"prompt=login and two minutes ahead", "prompt=login", 0, set("auth_time", 2*time.Minute), false},
		{"prompt=login and 50 s ago, within the leeway", "prompt=login", 0, set("auth_time", -50*time.Second), true},
		{"max_age=600 and five minutes ago", "max_age=600", 0, set("auth_time", -5*time.Minute), true},
		{"max_age=600 and a quarter of an hour ago", "max_age=600", 0, set("auth_time", -15*time.Minute), false},
		{"a configured MaxAge and too long ago", "", 10 * time.Minute, set("auth_time", -15*time.Minute), false},
		{"a configured MaxAge and none", "", 10 * time.Minute, drop("auth_time"), false},
		{"a configured MaxAge that the query cannot raise", "max_age=9999", 10 * time.Minute, set("auth_time", -15*time.Minute), false},
		{"a configured MaxAge and fresh", "", 10 * time.Minute, nil, true},
		{"nothing asked for and long ago", "", 0, set("auth_time", -1000*time.Hour), true},
	} {
		t.Run("C8: "+test.name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, func(c *chiauth0.Config) { c.MaxAge = test.maxAge })
			a.tenant.Misbehave(chiauth0test.Faults{IDToken: test.edit})
			b := a.browser()
			resp := b.login("/auth0/login?"+test.query, ada)
			if !test.ok {
				b.refused(resp, http.StatusBadRequest)
			} else if resp.StatusCode != http.StatusSeeOther {
				t.Errorf("answered %s: %s", resp.Status, a.log)
			}
		})
	}
	t.Run("C8: prompt=login taken out on the way to the tenant", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.inBubble(func(t *testing.T) {
			b := a.browser()
			b.signIn(ada)
			b.get("/auth0/logout") // here; the tenant's session goes on
			time.Sleep(5 * time.Minute)
			authorize := b.begin("/auth0/login?prompt=login")
			query := authorize.Query()
			query.Del("prompt")
			query.Set("max_age", "99999")
			authorize.RawQuery = query.Encode()
			b.refused(b.get(b.authorize(authorize, ada).String()), http.StatusBadRequest)
		})
	})
	t.Run("C8: a login that took its time is fresh", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.inBubble(func(t *testing.T) {
			b := a.browser()
			callback := b.authorize(b.begin("/auth0/login?prompt=login"), ada)
			time.Sleep(30 * time.Minute)
			if resp := b.get(callback.String()); resp.StatusCode != http.StatusBadRequest || !strings.Contains(a.log.String(), "invalid_grant") {
				t.Errorf("answered %s, but codes live ten minutes", resp.Status)
			}
			callback = b.authorize(b.begin("/auth0/login?prompt=login"), ada)
			time.Sleep(9 * time.Minute) // a second factor, a consent
			if resp := b.get(callback.String()); resp.StatusCode != http.StatusSeeOther {
				t.Errorf("answered %s: %s", resp.Status, a.log)
			}
		})
	})
}

func TestAssurance(t *testing.T) {
	t.Parallel()
	const mfa = "http://schemas.openid.net/pape/policies/2007/06/multi-factor"
	for _, test := range []struct {
		name string
		edit func(*chiauth0test.JWT)
		ok   bool
	}{
		{"acr as asked", set("acr", mfa), true},
		{"acr is another", set("acr", "password"), false},
		{"acr is a part of it", set("acr", "http"), false},
		{"acr is a list", set("acr", []string{mfa}), false},
		{"neither", func(*chiauth0test.JWT) {}, false},
		{"amr with mfa", set("amr", []string{"pwd", "mfa"}), true},
		{"amr without mfa", set("amr", []string{"pwd", "otp"}), false},
		{"amr is a string", set("amr", "mfa"), false},
		{"amr is empty", set("amr", []string{}), false},
	} {
		for _, configured := range []bool{false, true} {
			t.Run("C18: "+test.name, func(t *testing.T) {
				t.Parallel()
				a := newApp(t, func(c *chiauth0.Config) {
					if configured {
						c.ACRValues = mfa
					}
				})
				a.tenant.Misbehave(chiauth0test.Faults{IDToken: test.edit})
				b := a.browser()
				resp := b.login("/auth0/login?acr_values="+url.QueryEscape(mfa), ada)
				if !test.ok {
					b.refused(resp, http.StatusBadRequest)
				} else if resp.StatusCode != http.StatusSeeOther {
					t.Errorf("answered %s: %s", resp.Status, a.log)
				}
			})
		}
	}
	t.Run("C18: acr_values taken out on the way to the tenant", func(t *testing.T) {
		t.Parallel()
		a := newApp(t, func(c *chiauth0.Config) { c.ACRValues = mfa })
		a.tenant.AddUser(chiauth0test.User{Email: ada, Password: "password", MFA: true})
		b := a.browser()
		authorize := b.begin("/auth0/login")
		query := authorize.Query()
		query.Del("acr_values")
		authorize.RawQuery = query.Encode()
		b.refused(b.get(b.authorize(authorize, ada).String()), http.StatusBadRequest)
		b.get(b.authorize(b.begin("/auth0/login"), ada).String())
		if got := b.whoami(); got != "hello "+ada {
			t.Errorf("with it, it is %s", got)
		}
	})
}

func TestCallbackIssuer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		announced bool
		iss       string // "" leaves it out, "=" sends the tenant's
		ok        bool
	}{
		{"C10: the tenant's, announced", true, "=", true},
		{"C10: the tenant's, not announced", false, "=", true},
		{"C10: none, not announced", false, "", true},
		{"C10: none, though announced", true, "", false},
		{"C10: another's, announced", true, "https://evil.example/", false},
		{"C10: another's, not announced", false, "https://evil.example/", false},
		{"C10: without its slash", true, "-", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.tenant.CallbackIssuer = test.announced
			a.tenant.Misbehave(chiauth0test.Faults{Callback: func(query url.Values) {
				switch query.Del("iss"); test.iss {
				case "":
				case "=":
					query.Set("iss", a.tenant.Issuer())
				case "-":
					query.Set("iss", strings.TrimSuffix(a.tenant.Issuer(), "/"))
				default:
					query.Set("iss", test.iss)
				}
			}})
			b := a.browser()
			resp := b.login("/auth0/login", ada)
			if test.ok {
				if resp.StatusCode != http.StatusSeeOther {
					t.Errorf("answered %s: %s", resp.Status, a.log)
				}
				return
			}
			b.refused(resp, http.StatusBadRequest)
			if n := len(a.tenant.Requests("/oauth/token")); n != 0 {
				t.Error("the code was sent to the token endpoint")
			}
		})
	}
	t.Run("C10: another's error is not believed", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.Misbehave(chiauth0test.Faults{Callback: func(query url.Values) {
			query.Set("iss", "https://evil.example/")
			query.Set("error", "access_denied")
		}})
		b := a.browser()
		b.refused(b.login("/auth0/login", ada), http.StatusBadRequest)
	})
}
