package chiauth0_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/cookiestore"
)

// duringRefresh calls act once, when the tenant has received a refresh and before it answers.
func (a *app) duringRefresh(act func()) {
	var done atomic.Bool
	a.tenant.Misbehave(
		chiauth0test.Faults{Intercept: func(_ http.ResponseWriter, r *http.Request) bool {
			refresh := r.URL.Path == "/oauth/token" && r.Form.Get("grant_type") == "refresh_token"
			if refresh && done.CompareAndSwap(false, true) {
				act()
			}
			return false
		}},
	)
}

func TestLogoutDuringARefreshWins(t *testing.T) {
	a := newTokenApp(t)
	withExpiredToken(t, a, func(t *testing.T, b *browser) {
		sameCookies := b.on(a)
		a.duringRefresh(func() { sameCookies.do(http.MethodPost, "/auth0/logout") })

		resp := b.get(reportsToken)
		if resp.StatusCode != http.StatusGone {
			t.Errorf("got %s %q, want ErrSessionEnded", resp.Status, resp.body)
		}
		if got := b.whoami(); got == "hello "+ada {
			t.Errorf("got %q afterwards, want to be signed out", got)
		}
		if counts := a.tenant.RefreshCounts(); counts.Live != 0 || counts.Reuses != 0 {
			t.Errorf("got %+v, want no live refresh token and no reuse", counts)
		}
	})
}

func TestLoginDuringARefreshWins(t *testing.T) {
	a := newTokenApp(t)
	withExpiredToken(t, a, func(t *testing.T, b *browser) {
		a.duringRefresh(func() { b.on(a).login("/auth0/login", ada) })

		b.get(reportsToken)
		if got := b.whoami(); got != "hello "+ada {
			t.Errorf("got %q afterwards, want to be signed in by the login", got)
		}
		if resp := b.get(reportsToken); resp.StatusCode != http.StatusOK {
			t.Errorf("got %s %q, want a token of the login", resp.Status, resp.body)
		}
		if counts := a.tenant.RefreshCounts(); counts.Live != 1 || counts.Reuses != 0 {
			t.Errorf("got %+v, want one live refresh token and no reuse", counts)
		}
	})
}

func TestClientThatDisconnectsDoesNotLoseTheRefresh(t *testing.T) {
	a := newTokenApp(t)
	withExpiredToken(t, a, func(t *testing.T, b *browser) {
		ctx, disconnect := context.WithCancel(t.Context())
		a.duringRefresh(disconnect)
		_, _ = b.try(ctx, http.MethodGet, reportsToken)

		if resp := b.get(reportsToken); resp.StatusCode != http.StatusOK {
			t.Errorf("got %s %q, want a token", resp.Status, resp.body)
		}
		counts := a.tenant.RefreshCounts()
		if counts.Refreshes != 1 || counts.Reuses != 0 {
			t.Errorf("got %+v, want one refresh and no reuse", counts)
		}
	})
}

func TestTwoAudiencesAreRefreshedOneAfterTheOther(t *testing.T) {
	const other = "https://other.example/"
	tenant := chiauth0test.Start(t)
	tenant.AccessTokenLifetime = 30 * time.Second
	tenant.AddAPI(reportsAPI, "read:reports", "offline_access")
	tenant.AddAPI(other, "read:other")
	a := newAppAt(t, tenant, func(c *chiauth0.Config) {
		c.Audience = reportsAPI
		c.Scopes = []string{"openid", "email", "offline_access", "read:reports"}
		c.APIs = []chiauth0.API{{Audience: other, Scopes: []string{"read:other"}}}
	})
	client := a.client
	client.RefreshPolicies = map[string][]string{other: {"read:other"}}
	tenant.AddClient(client)
	tokenRoutes(a.router, a.cfg)
	node := a.secondNode()

	withExpiredToken(t, a, func(t *testing.T, b *browser) {
		node.t = t
		var wg sync.WaitGroup
		for range 20 {
			for _, audience := range []string{reportsAPI, other} {
				for _, browser := range []*browser{b, b.on(node)} {
					wg.Go(func() {
						resp := browser.get("/token?audience=" + audience)
						if resp.StatusCode != 200 {
							t.Errorf(
								"%s: got %s %q, want a token",
								audience,
								resp.Status,
								resp.body,
							)
						}
					})
				}
			}
		}
		wg.Wait()

		counts := tenant.RefreshCounts()
		if counts.Refreshes != 2 || counts.Reuses != 0 || counts.RevokedFamilies != 0 {
			t.Errorf("got %+v, want two refreshes and no reuse\n%s", counts, a.log)
		}
	})
}

// A node that stops after it has taken the lock, and before it has asked Auth0, must not keep the
// others from refreshing.
func TestLockOfANodeThatStoppedExpires(t *testing.T) {
	a := newTokenApp(t)
	node := a.secondNode()
	withExpiredToken(t, a, func(t *testing.T, b *browser) {
		node.t = t
		stopped := make(chan struct{})
		release := make(chan struct{})
		a.cfg.HTTPClient.Transport.(*network).before = func(r *http.Request) {
			if r.URL.Path == "/oauth/token" {
				close(stopped)
				<-release
			}
		}
		var wg sync.WaitGroup
		wg.Go(func() { b.get(reportsToken) })
		<-stopped

		began := time.Now()
		resp := b.on(node).get(reportsToken)
		if resp.StatusCode != http.StatusOK {
			t.Errorf("got %s %q, want a token", resp.Status, resp.body)
		}
		if waited := time.Since(began); waited < 20*time.Second || waited > 30*time.Second {
			t.Errorf("got the token after %v, want it when the lock has expired", waited)
		}
		close(release)
		wg.Wait()
	})
}

func TestCookieSessionIsRefreshedOnceInOneProcess(t *testing.T) {
	store := cookiestore.New("a secret of more than thirty-two bytes")
	store.HeaderBytes = 16 << 10
	a := newTokenApp(t, func(c *chiauth0.Config) { c.Sessions = sessionstores.New(store) })
	withExpiredToken(t, a, func(t *testing.T, b *browser) {
		a.duringRefresh(func() { time.Sleep(time.Second) }) // the others arrive meanwhile
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				resp := b.get("/token?audience=" + reportsAPI)
				if resp.StatusCode != http.StatusOK {
					t.Errorf("got %s %q, want a token", resp.Status, resp.body)
				}
			})
		}
		wg.Wait()

		if got := a.tenant.RefreshCounts(); got.Refreshes != 1 || got.Reuses != 0 {
			t.Errorf("got %+v, want one refresh and no reuse", got)
		}
		time.Sleep(31 * time.Second)
		if resp := b.get("/token?audience=" + reportsAPI); resp.StatusCode != http.StatusOK {
			t.Errorf(
				"later: got %s %q, want a token by the rotated refresh token",
				resp.Status,
				resp.body,
			)
		}
	})
}

func TestRefreshAfterTheFirstByteOfACookieSessionIsTooLate(t *testing.T) {
	store := cookiestore.New("a secret of more than thirty-two bytes")
	a := newTokenApp(t, func(c *chiauth0.Config) { c.Sessions = sessionstores.New(store) })
	var got error
	a.router.With(chiauth0.RequireLogin(a.cfg)).Get("/late",
		func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte("hello"))
			_, got = chiauth0.AccessToken(r.Context(), reportsAPI)
		})
	withExpiredToken(t, a, func(t *testing.T, b *browser) {
		b.get("/late")
		if !errors.Is(got, sessionstores.ErrTooLate) {
			t.Errorf("got %v, want ErrTooLate", got)
		}
		if counts := a.tenant.RefreshCounts(); counts.Refreshes != 0 {
			t.Errorf("got %d refreshes whose tokens cannot be saved, want none", counts.Refreshes)
		}
	})
}
