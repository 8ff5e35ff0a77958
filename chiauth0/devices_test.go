package chiauth0_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2/memstore"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/cookiestore"
)

// newDevices starts an application with a page that ends the other sessions.
func newDevices(t *testing.T) *app {
	t.Helper()
	a := newApp(t)
	devices := func(w http.ResponseWriter, r *http.Request) {
		user, _ := chiauth0.UserFrom(r.Context())
		sessions, err := chiauth0.Sessions(r.Context(), a.cfg, user.ID)
		for _, s := range sessions {
			fmt.Fprintf(w, "%s %t\n", s.UserAgent, s.Current)
		}
		if err != nil {
			fmt.Fprint(w, err)
		}
	}
	endOthers := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, chiauth0.EndOtherSessions(r.Context()))
	}
	a.router.With(chiauth0.RequireLogin(a.cfg)).Get("/devices", devices)
	a.router.With(chiauth0.LoadUser(a.cfg)).Get("/end-others", endOthers)
	a.router.With(chiauth0.LoadUser(a.cfg)).Get("/renew", renewToken(a.cfg))
	return a
}

// device is a browser that is signed in, with a User-Agent.
func (a *app) device(userAgent, email string) *browser {
	a.t.Helper()
	b := a.browser()
	callback := b.authorize(b.begin("/auth0/login"), email)
	if resp := b.get(callback.String(), "User-Agent", userAgent); resp.StatusCode != 303 {
		a.t.Fatalf("login: got %s: %s", resp.Status, a.log)
	}
	return b
}

func (a *app) sessionsOf(userID string) []chiauth0.SessionInfo {
	a.t.Helper()
	sessions, err := chiauth0.Sessions(context.Background(), a.cfg, userID)
	if err != nil {
		a.t.Fatalf("Sessions: error %v", err)
	}
	return sessions
}

func TestSessionsOfAUser(t *testing.T) {
	t.Parallel()
	a := newDevices(t)
	a.inBubble(func(t *testing.T) {
		phone := a.device("phone", ada)
		began := time.Now()
		time.Sleep(time.Minute)
		laptop := a.device("laptop", ada)
		a.device("other", grace)
		id := a.userID(ada)

		if got, want := phone.get("/devices").body, "laptop false\nphone true\n"; got != want {
			t.Errorf("on the phone: got %q, want %q", got, want)
		}
		if got, want := laptop.get("/devices").body, "laptop true\nphone false\n"; got != want {
			t.Errorf("on the laptop: got %q, want %q", got, want)
		}

		time.Sleep(5 * time.Hour)
		phone.whoami()
		sessions := a.sessionsOf(id)
		if len(sessions) != 2 {
			t.Fatalf("got %d sessions, want 2", len(sessions))
		}
		got := sessions[0]
		if got.UserAgent != "phone" || got.Current || !got.Created.Equal(began) ||
			!got.Expires.Equal(began.Add(72*time.Hour)) || !got.LastSeen.Equal(time.Now()) {
			t.Errorf("got %+v, want the phone, created at %v and seen at %v",
				got, began, time.Now())
		}
		if got.ID == phone.sessionCookie() || got.ID == "" {
			t.Errorf("got the ID %q, want one that is not the token", got.ID)
		}

		phone.get("/renew")
		phone.get("/cart?add=tea")
		renewed := a.sessionsOf(id)
		if len(renewed) != 2 || renewed[0].UserAgent != "phone" ||
			!renewed[0].Created.Equal(began) {
			t.Errorf("after a new token: got %+v, want the same login", renewed)
		}

		laptop.get("/auth0/logout")
		if got := a.sessionsOf(id); len(got) != 1 {
			t.Errorf("after a logout: got %d sessions, want 1", len(got))
		}
		time.Sleep(73 * time.Hour)
		if got := a.sessionsOf(id); len(got) != 0 {
			t.Errorf("after the end: got %d sessions, want none", len(got))
		}
	})
}

// A page of devices costs nothing to the requests of other pages: a read is one read of the store.
func TestSessionsCostOtherRequestsNothing(t *testing.T) {
	t.Parallel()
	a := newDevices(t)
	b := a.device("phone", ada)
	reads, writes := a.store.reads.Load(), a.store.writes.Load()
	b.get("/account")
	if got := a.store.reads.Load() - reads; got != 1 {
		t.Errorf("got %d reads, want 1", got)
	}
	if got := a.store.writes.Load() - writes; got != 0 {
		t.Errorf("got %d writes, want 0", got)
	}
}

func TestEndSession(t *testing.T) {
	t.Parallel()
	a := newDevices(t)
	phone, laptop, other := a.device("phone", ada), a.device("laptop", ada), a.device("x", grace)
	adas, graces := a.userID(ada), a.userID(grace)
	end := func(userID, sessionID string) {
		t.Helper()
		if err := chiauth0.EndSession(t.Context(), a.cfg, userID, sessionID); err != nil {
			t.Errorf("EndSession: error %v", err)
		}
	}

	end(adas, a.sessionsOf(graces)[0].ID)
	end(adas, "unknown")
	end(adas, "")
	if got := other.whoami(); got != "hello "+grace {
		t.Errorf("the ID of another user's session: got %q, want Grace still signed in", got)
	}

	for _, s := range a.sessionsOf(adas) {
		if s.UserAgent == "laptop" {
			end(adas, s.ID)
			end(adas, s.ID)
		}
	}
	if !strings.Contains(a.log.lastLine(), "code=session_revoked") {
		t.Errorf("got the log line %s, want session_revoked", a.log.lastLine())
	}
	if got := laptop.whoami(); !strings.HasPrefix(got, "anonymous") {
		t.Errorf("the ended session: got %q, want an anonymous visitor", got)
	}
	if got := phone.whoami(); got != "hello "+ada {
		t.Errorf("the other session: got %q, want Ada still signed in", got)
	}
}

func TestEndOtherSessions(t *testing.T) {
	t.Parallel()
	a := newDevices(t)
	phone, laptop, other := a.device("phone", ada), a.device("laptop", ada), a.device("x", grace)
	phone.get("/renew") // the old token leads to the session of the request
	if got := phone.get("/end-others").body; got != "<nil>" {
		t.Errorf("EndOtherSessions: got %s, want no error", got)
	}
	if got := laptop.whoami(); !strings.HasPrefix(got, "anonymous") {
		t.Errorf("the other session: got %q, want an anonymous visitor", got)
	}
	for b, want := range map[*browser]string{phone: ada, other: grace} {
		if got := b.whoami(); got != "hello "+want {
			t.Errorf("got %q, want %s still signed in", got, want)
		}
	}
	if got := a.browser().get("/end-others").body; !strings.Contains(got, "not signed in") {
		t.Errorf("anonymous: got %q, want an error", got)
	}
	if err := chiauth0.EndOtherSessions(t.Context()); err == nil {
		t.Error("without a request: got no error")
	}
}

func TestSessionsThatCannotBeListed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		sessions func(c *chiauth0.Config)
		want     error
	}{
		"cookies": {func(c *chiauth0.Config) {
			secret := strings.Repeat("s", 32)
			c.Secrets = []string{secret}
			c.Sessions = sessionstores.New(cookiestore.New(secret))
		}, errors.ErrUnsupported},
		"a plain store": {func(c *chiauth0.Config) {
			c.Sessions = sessionstores.New(memstore.New())
		}, errors.ErrUnsupported},
		"a store that is down": {nil, chiauth0.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := validConfig()
			store := &countingStore{Store: nil}
			cfg.Sessions = sessionstores.New(store)
			if test.sessions == nil {
				store.down.Store(true)
			} else {
				test.sessions(cfg)
			}
			if _, err := chiauth0.Sessions(t.Context(), cfg, "1"); !errors.Is(err, test.want) {
				t.Errorf("Sessions: got error %v, want %v", err, test.want)
			}
			if err := chiauth0.EndSession(t.Context(), cfg, "1", "x"); !errors.Is(err, test.want) {
				t.Errorf("EndSession: got error %v, want %v", err, test.want)
			}
		})
	}
}
