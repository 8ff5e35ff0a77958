package chiauth0_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/cookiestore"
	"github.com/chiauth0/auth/sessionstores/memstore"
)

type status struct {
	SignedIn      bool   `json:"signed_in"`
	ExpiresIn     int64  `json:"expires_in"`
	IdleExpiresIn int64  `json:"idle_expires_in"`
	LogoutURL     string `json:"logout_url"`
}

func (b *browser) sessionStatus() (s status) {
	b.app.t.Helper()

	resp := b.get("/auth0/session", "Accept", "application/json")
	if resp.StatusCode != http.StatusOK {
		b.app.t.Fatalf("got %s %q, want 200", resp.Status, resp.body)
	}
	if err := json.Unmarshal([]byte(resp.body), &s); err != nil {
		b.app.t.Fatalf("got %q, want JSON: %v", resp.body, err)
	}

	return s
}

func TestPollingTheSessionExtendsNothing(t *testing.T) {
	for name, newManager := range map[string]func(c *chiauth0.Config){
		"in memory":  func(*chiauth0.Config) {},
		"in cookies": useCookies(cookiestore.New("a secret of more than thirty-two bytes")),
	} {
		t.Run(name, func(t *testing.T) {
			a := newApp(t, newManager, func(c *chiauth0.Config) {
				c.Sessions.IdleTimeout = time.Hour
				c.Sessions.Lifetime = 2 * time.Hour
			})
			a.inBubble(func(t *testing.T) {
				b := a.browser()
				if s := b.sessionStatus(); s != (status{}) {
					t.Errorf("anonymous: got %+v, want not signed in", s)
				}
				b.signIn(ada)

				for n := range 59 {
					time.Sleep(time.Minute)
					resp := b.get("/auth0/session")
					if len(resp.Header["Set-Cookie"]) != 0 {
						t.Errorf(
							"poll %d: got the cookies %q, want none",
							n,
							resp.Header["Set-Cookie"],
						)
					}
				}
				s := b.sessionStatus()
				if !s.SignedIn || s.LogoutURL != "/auth0/logout" {
					t.Errorf("got %+v, want signed in with a logout URL", s)
				}
				if s.IdleExpiresIn < 50 || s.IdleExpiresIn > 70 || s.ExpiresIn < 3600 {
					t.Errorf("got %+v, want a minute of idle time and an hour in all", s)
				}

				time.Sleep(2 * time.Minute)
				if s := b.sessionStatus(); s.SignedIn {
					t.Errorf("after the idle timeout: got %+v, want not signed in", s)
				}
			})
		})
	}
}

func useCookies(store *cookiestore.Store) func(*chiauth0.Config) {
	return func(c *chiauth0.Config) { c.Sessions = sessionstores.New(store) }
}

func TestAliveFollowsTheSession(t *testing.T) {
	revocable := cookiestore.New("a secret of more than thirty-two bytes")
	revocable.Revocations = memstore.New()

	for name, use := range map[string]func(*chiauth0.Config){
		"in memory":                      func(*chiauth0.Config) {},
		"in cookies, with a revocations": useCookies(revocable),
	} {
		t.Run(name, func(t *testing.T) {
			a := newApp(t, use)
			var events chan bool // made in the bubble
			a.router.With(chiauth0.RequireLogin(a.cfg)).Get("/events",
				func(_ http.ResponseWriter, r *http.Request) {
					defer close(events)
					for {
						alive, err := chiauth0.Alive(r.Context())
						if err != nil {
							t.Error(err)
						}
						events <- alive
						if !alive {
							return
						}
						time.Sleep(500 * time.Millisecond)
					}
				})

			a.inBubble(func(t *testing.T) {
				events = make(chan bool)
				b := a.browser()
				b.signIn(ada)
				go b.get("/events")
				for range 10 {
					if !<-events {
						t.Fatal("got not alive before the logout")
					}
				}

				reads := a.store.reads.Load()
				for range 10 { // five seconds
					<-events
				}
				if asked := a.store.reads.Load() - reads; asked > 6 {
					t.Errorf("got %d reads of the store in five seconds, want one a second", asked)
				}

				b.do(http.MethodPost, "/auth0/logout")
				began := time.Now()
				for alive := range events {
					if !alive {
						break
					}
				}
				if took := time.Since(began); took > 2*time.Second {
					t.Errorf("got not alive %v after the logout, want it within two seconds", took)
				}
			})
		})
	}
}

func TestAliveNeedsASession(t *testing.T) {
	t.Parallel()

	if _, err := chiauth0.Alive(t.Context()); err == nil ||
		!strings.Contains(err.Error(), "LoadUser") {
		t.Errorf("got %v, want an error that names LoadUser", err)
	}
}
