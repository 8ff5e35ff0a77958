package chiauth0_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

func TestPushedAuthorizationRequestShowsNoParameters(t *testing.T) {
	t.Parallel()

	for name, prepare := range map[string]func(*chiauth0test.Tenant, *chiauth0.Config){
		"switched on by the Config": func(t *chiauth0test.Tenant, c *chiauth0.Config) {
			t.PushedRequests = true
			c.PushedAuthorization = true
		},
		"required by the tenant": func(t *chiauth0test.Tenant, _ *chiauth0.Config) {
			t.RequirePushedRequests = true
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			tenant := chiauth0test.Start(t)
			a := newAppAt(t, tenant, func(c *chiauth0.Config) { prepare(tenant, c) })
			b := a.browser()

			location := b.begin("/auth0/login?next_url=/account")
			for parameter := range location.Query() {
				if parameter != "client_id" && parameter != "request_uri" {
					t.Errorf("got the parameter %s, want client_id and request_uri only", parameter)
				}
			}

			resp := b.get(b.authorize(location, ada).String())
			if resp.StatusCode != http.StatusSeeOther || resp.location() != a.base+"/account" {
				t.Errorf("login: got %s to %q, want 303 to /account", resp.Status, resp.location())
			}
		})
	}
}

func TestPushedAuthorizationRequestThatIsNotOfferedIsTheOperatorsError(t *testing.T) {
	t.Parallel()

	a := newApp(t, func(c *chiauth0.Config) { c.PushedAuthorization = true })
	resp := a.browser().get("/auth0/login")
	if resp.StatusCode < 500 || resp.Header.Get("Retry-After") != "" {
		t.Errorf("got %s, Retry-After %q, want a 5xx without it",
			resp.Status, resp.Header.Get("Retry-After"))
	}
	if log := a.log.String(); !strings.Contains(log, "Pushed Authorization Requests") {
		t.Errorf("got the log\n%s\nwant the name of the tenant's setting", log)
	}
}

func TestFailedPushedAuthorizationRequestLeavesNoTransaction(t *testing.T) {
	t.Parallel()

	for name, status := range map[string]int{
		"refused":     http.StatusBadRequest,
		"overloaded":  http.StatusTooManyRequests,
		"unavailable": http.StatusBadGateway,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			tenant := chiauth0test.Start(t)
			tenant.PushedRequests = true
			a := newAppAt(t, tenant, func(c *chiauth0.Config) { c.PushedAuthorization = true })
			tenant.Misbehave(chiauth0test.Faults{
				Intercept: func(w http.ResponseWriter, r *http.Request) bool {
					if r.URL.Path != "/oauth/par" {
						return false
					}
					w.WriteHeader(status)
					return true
				},
			})

			b := a.browser()
			resp := b.get("/auth0/login")
			if resp.StatusCode < 500 {
				t.Errorf("got %s, want a 5xx", resp.Status)
			}
			if cookies := b.cookies(); len(cookies) != 0 {
				t.Errorf("got the cookies %v, want none", cookies)
			}
		})
	}
}

func TestPrefetchPushesNoAuthorizationRequest(t *testing.T) {
	t.Parallel()

	tenant := chiauth0test.Start(t)
	tenant.RequirePushedRequests = true
	a := newAppAt(t, tenant)
	a.browser().get("/auth0/login", "Sec-Purpose", "prefetch")
	if got := tenant.RequestCount("/oauth/par"); got != 0 {
		t.Errorf("got %d pushed requests, want none", got)
	}
}
