package chiauth0_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/cookiestore"
)

func TestSaveOfRefreshedTokensIsTriedAgain(t *testing.T) {
	a := newTokenApp(t)
	withExpiredToken(t, a, func(t *testing.T, b *browser) {
		a.duringRefresh(func() {
			a.store.down.Store(true)
			time.AfterFunc(15*time.Second, func() { a.store.down.Store(false) })
		})
		if resp := b.get(reportsToken); resp.StatusCode != http.StatusOK {
			t.Errorf("got %s %q, want a token when the store answers again", resp.Status, resp.body)
		}
		if got := a.tenant.RefreshCounts(); got.Refreshes != 1 || got.Reuses != 0 {
			t.Errorf("got %+v, want one refresh and no reuse", got)
		}
	})
}

func TestTokensThatWereNotSavedAreFoundByTheNextRequest(t *testing.T) {
	a := newTokenApp(t)
	client := a.client
	client.AccessTokenLifetime = time.Hour
	withExpiredToken(t, a, func(t *testing.T, b *browser) {
		a.tenant.AddClient(client)
		a.duringRefresh(func() {
			a.store.down.Store(true)
			time.AfterFunc(5*time.Minute, func() { a.store.down.Store(false) })
		})
		resp := b.get(reportsToken)
		if resp.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("while the store is down: got %s %q, want 503", resp.Status, resp.body)
		}

		time.Sleep(5 * time.Minute)
		for range 2 {
			if resp := b.get(reportsToken); resp.StatusCode != http.StatusOK {
				t.Errorf("afterwards: got %s %q, want a token", resp.Status, resp.body)
			}
		}
		if got := a.tenant.RefreshCounts(); got.Refreshes != 1 || got.Reuses != 0 {
			t.Errorf("got %+v, want one refresh and no reuse", got)
		}
	})
}

// A replica that takes over may lack the latest writes.
func TestStoreThatGoesBackToASpentRefreshTokenIsCorrected(t *testing.T) {
	a := newTokenApp(t)
	withExpiredToken(t, a, func(t *testing.T, b *browser) {
		before, err := a.store.All()
		if err != nil {
			t.Fatal(err)
		}
		first := b.get(reportsToken)
		for key, data := range before {
			if err := a.store.Commit(key, data, time.Now().Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}

		second := b.get(reportsToken)
		if second.StatusCode != http.StatusOK || second.body != first.body {
			t.Errorf("got %s %.80q, want the token of before", second.Status, second.body)
		}
		if got := a.tenant.RefreshCounts(); got.Refreshes != 1 || got.Reuses != 0 {
			t.Errorf("got %+v, want one refresh and no reuse", got)
		}
	})
}

// A process does not wait for a lock of its own that it could not release.
func TestLockThatWasNotReleasedDoesNotDelayItsProcess(t *testing.T) {
	a := newTokenApp(t)
	withExpiredToken(t, a, func(t *testing.T, b *browser) {
		down := refuseRefresh(http.StatusBadGateway, "")
		refuse := down.Intercept
		down.Intercept = func(w http.ResponseWriter, r *http.Request) bool {
			refused := refuse(w, r)
			a.store.down.Store(refused)
			return refused
		}
		a.tenant.Misbehave(down)
		b.get(reportsToken)

		a.store.down.Store(false)
		a.tenant.Misbehave(chiauth0test.Faults{})
		began := time.Now()
		resp := b.get(reportsToken)
		if waited := time.Since(began); resp.StatusCode != http.StatusOK || waited > time.Second {
			t.Errorf("got %s after %v, want a token at once", resp.Status, waited)
		}
	})
}

func TestCookieSessionWithoutRoomForTokensIsNotTakenForEnded(t *testing.T) {
	store := cookiestore.New("a secret of more than thirty-two bytes")
	store.HeaderBytes = 1500
	a := newTokenApp(t, func(c *chiauth0.Config) { c.Sessions = sessionstores.New(store) })
	var got error
	a.router.With(chiauth0.RequireLogin(a.cfg)).Get("/error",
		func(_ http.ResponseWriter, r *http.Request) {
			_, got = chiauth0.AccessToken(r.Context(), reportsAPI)
		})
	b := a.browser()
	b.signIn(ada)
	b.get("/error")
	if !errors.Is(got, chiauth0.ErrNoRefreshToken) || errors.Is(got, chiauth0.ErrSessionEnded) {
		t.Errorf("got %v, want ErrNoRefreshToken", got)
	}
}
