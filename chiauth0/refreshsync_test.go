package chiauth0_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/userprovider"
)

// failingSync is a user provider whose SyncUser fails on demand.
type failingSync struct {
	*userprovider.Memory
	err   error
	fails atomic.Bool
}

func (p *failingSync) SyncUser(
	ctx context.Context, login userprovider.Login,
) (userprovider.User, error) {
	if p.fails.Load() {
		return userprovider.User{}, p.err
	}

	return p.Memory.SyncUser(ctx, login)
}

func TestUserProviderAtARefresh(t *testing.T) {
	for name, test := range map[string]struct {
		err      error
		status   int
		signedIn bool
		log      string
	}{
		"refuses the user": {
			err: userprovider.ErrRefused, status: http.StatusGone,
			log: "user refused at a refresh",
		},
		"does not answer": {
			err: errors.New("down"), status: http.StatusOK, signedIn: true,
			log: "user not updated at a refresh",
		},
	} {
		t.Run(name, func(t *testing.T) {
			users := &failingSync{Memory: userprovider.NewMemory(), err: test.err}
			a := newTokenApp(t, func(c *chiauth0.Config) {
				c.Users = users
				c.SyncOnRefresh = true
			})
			withExpiredToken(t, a, func(t *testing.T, b *browser) {
				users.fails.Store(true)
				resp := b.get(reportsToken)
				if resp.StatusCode != test.status {
					t.Errorf("got %s %.80q, want %d", resp.Status, resp.body, test.status)
				}
				users.fails.Store(false)
				if who := b.whoami(); (who == "hello "+ada) != test.signedIn {
					t.Errorf("got %q afterwards, want signed in: %t", who, test.signedIn)
				}
				if !strings.Contains(a.log.String(), test.log) {
					t.Errorf("got the log\n%s\nwant %q in it", a.log, test.log)
				}
			})
		})
	}
}

// The lock is lost while Auth0 answers, and the second node refreshes. Auth0 refuses the request of
// the first node, which uses the tokens of the second.
func TestRefusedRefreshUsesTheTokensOfAnotherNode(t *testing.T) {
	a := newTokenApp(t)
	node := a.secondNode()
	withExpiredToken(t, a, func(t *testing.T, b *browser) {
		node.t = t
		unlocked, err := a.store.All()
		if err != nil {
			t.Fatal(err)
		}
		var other *response
		var asked atomic.Bool
		refuse := refuseRefresh(http.StatusForbidden, "invalid_grant").Intercept
		a.tenant.Misbehave(chiauth0test.Faults{
			Intercept: func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != "/oauth/token" || !asked.CompareAndSwap(false, true) {
					return false
				}
				for key, data := range unlocked {
					if err := a.store.Commit(key, data, time.Now().Add(time.Hour)); err != nil {
						t.Error(err)
					}
				}
				other = b.on(node).get(reportsToken)
				return refuse(w, r)
			},
		})

		resp := b.get(reportsToken)
		if resp.StatusCode != http.StatusOK || resp.body != other.body {
			t.Errorf("got %s %.80q, want the token of the other node", resp.Status, resp.body)
		}
		if got := b.whoami(); got != "hello "+ada {
			t.Errorf("got %q afterwards, want to be signed in", got)
		}
	})
}

// Auth0 may have processed a request that has timed out.
func TestRefreshThatTimesOutIsNotRepeated(t *testing.T) {
	a := newTokenApp(t)
	withExpiredToken(t, a, func(t *testing.T, b *browser) {
		var asked atomic.Int32
		a.tenant.Misbehave(chiauth0test.Faults{
			Intercept: func(_ http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != "/oauth/token" {
					return false
				}
				asked.Add(1)
				<-r.Context().Done() // the client gives up
				return true
			},
		})
		resp := b.get(reportsToken)
		if resp.StatusCode != http.StatusServiceUnavailable || asked.Load() != 1 {
			t.Errorf("got %s after %d requests to Auth0, want 503 after one",
				resp.Status, asked.Load())
		}
		if got := b.whoami(); got != "hello "+ada {
			t.Errorf("got %q afterwards, want to be signed in", got)
		}
	})
}

func TestExpiredSessionIsNotRefreshed(t *testing.T) {
	a := newTokenApp(t, func(c *chiauth0.Config) { c.Sessions.Lifetime = time.Hour })
	a.inBubble(func(t *testing.T) {
		b := a.browser()
		b.signIn(ada)
		for range 3 {
			time.Sleep(19 * time.Minute)
			a.tenant.Misbehave(refuseRefresh(http.StatusBadGateway, ""))
			b.get(reportsToken)
		}
		a.tenant.Misbehave(chiauth0test.Faults{})
		before := len(a.tenant.Requests("/oauth/token"))
		time.Sleep(4 * time.Minute)
		b.get(reportsToken, "Accept", "application/json")
		if got := len(a.tenant.Requests("/oauth/token")) - before; got != 0 {
			t.Errorf("got %d requests to Auth0 after the lifetime of the session, want none", got)
		}
		if got := b.whoami(); got == "hello "+ada {
			t.Errorf("got %q, want the failed refreshes not to extend the session", got)
		}
	})
}
