package chiauth0_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// wantStatus checks the answer of a page behind RequireLogin, for a program.
func (b *browser) wantStatus(when string, want int) {
	b.app.t.Helper()
	if resp := b.get("/account", "Accept", "application/json"); resp.StatusCode != want {
		b.app.t.Errorf("%s: got %s, want %d", when, resp.Status, want)
	}
}

// A session ends 30 seconds before the one of the tenant, whatever it is used for.
func TestSessionEndsBeforeTheTenantsSession(t *testing.T) {
	t.Parallel()
	for name, during := range map[string]func(b *browser){
		"without a request":        func(*browser) {},
		"with a write":             func(b *browser) { b.get("/cart?add=tea") },
		"with a new session token": func(b *browser) { b.get("/renew") },
		"with a refresh and a new session token": func(b *browser) {
			b.get("/token?audience=" + reportsAPI)
			b.get("/renew")
		},
		"with a refresh": func(b *browser) {
			if resp := b.get("/token?audience=" + reportsAPI); resp.StatusCode != http.StatusOK {
				b.app.t.Errorf("refresh: got %s: %s", resp.Status, resp.body)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newTokenApp(t, func(c *chiauth0.Config) { c.SyncOnRefresh = true })
			a.tenant.SessionCeiling = time.Hour
			a.router.With(chiauth0.LoadUser(a.cfg)).Get("/renew", renewToken(a.cfg))
			a.inBubble(func(*testing.T) {
				b := a.browser()
				b.signIn(ada)
				if got := b.sessionStatus().ExpiresIn; got != 3570 {
					t.Errorf("GET /session: got expires_in %d, want 3570", got)
				}
				time.Sleep(30 * time.Minute)
				during(b)
				time.Sleep(29 * time.Minute)
				b.wantStatus("61 seconds before", http.StatusOK)
				time.Sleep(31 * time.Second)
				before := a.tenant.RequestCount("/oauth/token")
				b.wantStatus("30 seconds before", http.StatusUnauthorized)
				b.get("/token?audience=" + reportsAPI)
				if got := a.tenant.RequestCount("/oauth/token"); got != before {
					t.Errorf("got %d requests for tokens after the end, want none", got-before)
				}
			})
		})
	}
}

func renewToken(cfg *chiauth0.Config) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) {
		if err := cfg.Sessions.RenewToken(r.Context()); err != nil {
			panic(err)
		}
	}
}

func TestSessionCeiling(t *testing.T) {
	t.Parallel()
	const unlimited = 72 * time.Hour
	for name, test := range map[string]struct {
		claim    any // a Duration counts from the login
		accepted bool
		lasts    time.Duration
	}{
		"in an hour":                {time.Hour, true, time.Hour - 30*time.Second},
		"in 31 seconds":             {31 * time.Second, true, time.Second},
		"in 30 seconds":             {30 * time.Second, false, 0},
		"now":                       {time.Duration(0), false, 0},
		"long ago":                  {1, false, 0},
		"longer than the lifetime":  {1000 * time.Hour, true, unlimited},
		"missing":                   {nil, true, unlimited},
		"null":                      {verbatim("null"), true, unlimited},
		"zero":                      {0, true, unlimited},
		"negative":                  {-5, true, unlimited},
		"ten digits":                {verbatim("9999999999"), true, unlimited},
		"eleven digits":             {verbatim("10000000000"), true, unlimited},
		"milliseconds":              {verbatim("946684810000"), true, unlimited},
		"a huge number":             {verbatim("1e300"), true, unlimited},
		"a string":                  {"946684810", true, unlimited},
		"a list":                    {[]int{946684810}, true, unlimited},
		"a fraction below a second": {0.5, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			if test.claim != nil {
				a.tenant.Misbehave(chiauth0test.Faults{IDToken: set("session_expiry", test.claim)})
			}
			a.inBubble(func(*testing.T) {
				b := a.browser()
				resp := b.login("/auth0/login", ada)
				b.wantLogin(resp, test.accepted)
				if !test.accepted {
					if line := a.log.lastLine(); !strings.Contains(line, "session_expiry") {
						t.Errorf("got the log line %s, want session_expiry in it", line)
					}
					return
				}
				if got := b.sessionStatus().ExpiresIn; got != int64(test.lasts/time.Second) {
					t.Errorf("got expires_in %d, want %v", got, test.lasts)
				}
			})
		})
	}
}

// The tenant's clock can be ahead: its time of the token counts as well as the time here.
func TestSessionCeilingIsComparedWithTheToken(t *testing.T) {
	t.Parallel()
	for d, accepted := range map[time.Duration]bool{
		50 * time.Second: false, 51 * time.Second: true,
	} {
		a := newApp(t)
		a.tenant.Misbehave(chiauth0test.Faults{IDToken: set("session_expiry", d)})
		a.inBubble(func(*testing.T) {
			a.tenant.Now = func() time.Time { return time.Now().Add(20 * time.Second) }
			b := a.browser()
			b.wantLogin(b.login("/auth0/login", ada), accepted)
		})
	}
}

// A clock that is ahead would begin a session that has ended, and so a login loop.
func TestSessionCeilingThatIsPastHere(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.tenant.SessionCeiling = 60 * time.Second
	a.inBubble(func(*testing.T) {
		a.tenant.Now = func() time.Time { return time.Now().Add(-40 * time.Second) }
		b := a.browser()
		b.wantLogin(b.login("/auth0/login", ada), false)
	})
}
