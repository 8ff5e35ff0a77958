package chiauth0_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/userprovider"
)

func TestRequireLoginOrBearer(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	token := a.accessToken()
	grace1 := a.browser()
	grace1.signIn(grace)
	graceID := a.userID(grace)
	adaID := a.userID(ada)

	t.Run("a session", func(t *testing.T) {
		resp := grace1.get("/both/any")
		if want := "bearer false"; !strings.HasPrefix(resp.body, want) {
			t.Errorf("got %s %q, want it to begin with %q", resp.Status, resp.body, want)
		}
		if want := "user " + graceID; !strings.HasSuffix(resp.body, want) {
			t.Errorf("the handler sees %q, want %q", resp.body, want)
		}
		if got := resp.Header["Vary"]; !strings.Contains(strings.Join(got, ","), "Authorization") {
			t.Errorf("Vary is %q, want it to name Authorization", got)
		}
	})
	t.Run("a session without the permission", func(t *testing.T) {
		if resp := grace1.get("/both/reports"); resp.StatusCode != http.StatusForbidden {
			t.Errorf("got %s, want 403", resp.Status)
		}
	})
	t.Run("neither, of a person", func(t *testing.T) {
		resp := a.browser().get("/both/any")
		if resp.StatusCode != 302 || !strings.Contains(resp.location(), "/auth0/login") {
			t.Errorf("got %s, Location %q, want 302 to the login", resp.Status, resp.location())
		}
	})
	t.Run("neither, of a program", func(t *testing.T) {
		resp := a.call(http.MethodGet, "/both/any")
		if resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("got %s, want 401", resp.Status)
		}
	})
	for _, path := range []string{"/both/any", "/loaded/any"} {
		t.Run("a token beside the session of another user, "+path, func(t *testing.T) {
			resp := grace1.get(path, "Authorization", "Bearer "+token)
			if want := "user " + adaID; !strings.HasSuffix(resp.body, want) {
				t.Errorf("the handler sees %q, want %q", resp.body, want)
			}
		})
		t.Run("a token of a client beside a session, "+path, func(t *testing.T) {
			machine := a.accessToken(set("sub", "another@clients"))
			resp := grace1.get(path, "Authorization", "Bearer "+machine)
			if want := "user none"; !strings.HasSuffix(resp.body, want) {
				t.Errorf("the handler sees %q, want %q", resp.body, want)
			}
		})
		t.Run("a bad token beside a session, "+path, func(t *testing.T) {
			resp := grace1.get(path, "Authorization", "Bearer x", "Accept", "application/json")
			if resp.StatusCode != http.StatusUnauthorized {
				t.Errorf("got %s, want 401", resp.Status)
			}
		})
	}
	t.Run("another scheme beside a session", func(t *testing.T) {
		resp := grace1.get("/both/any", "Authorization", "Basic YTpi")
		if resp.StatusCode != http.StatusOK {
			t.Errorf("got %s, want 200: a proxy may ask for Basic authentication", resp.Status)
		}
	})
}

// userID is the ID of the local user with an e-mail address.
func (a *app) userID(email string) string {
	a.t.Helper()
	for _, account := range a.users.Accounts() {
		if account.Email == email {
			return account.ID
		}
	}
	a.t.Fatalf("there is no user %s", email)
	return ""
}

func TestLocalUserOfABearer(t *testing.T) {
	t.Parallel()
	t.Run("a user who never logged in", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t)
		token := a.accessToken()
		if err := a.users.Delete(a.userID(ada)); err != nil {
			t.Fatal(err)
		}
		resp := a.callWith(token, http.MethodGet, "/api/any")
		if !strings.HasSuffix(resp.body, "user none") {
			t.Errorf("got %s %q, want no local user", resp.Status, resp.body)
		}
	})
	t.Run("a user who is not active", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t)
		token := a.accessToken()
		if err := a.users.SetActive(a.userID(ada), false); err != nil {
			t.Fatal(err)
		}
		wantRefusal(t, a.callWith(token, http.MethodGet, "/api/any"),
			http.StatusUnauthorized, `error="invalid_token"`)
	})
	t.Run("a provider that cannot find subjects", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t, func(c *chiauth0.Config) { c.Users = &loginRecorder{UserProvider: c.Users} })
		resp := a.callWith(a.accessToken(), http.MethodGet, "/api/any")
		if !strings.HasSuffix(resp.body, "user none") {
			t.Errorf("got %s %q, want no local user", resp.Status, resp.body)
		}
	})
	t.Run("a provider that is down", func(t *testing.T) {
		t.Parallel()
		users := &brokenFinder{UserProvider: userprovider.NewMemory()}
		a := newAPI(t, func(c *chiauth0.Config) { c.Users = users })
		resp := a.callWith(a.accessToken(), http.MethodGet, "/api/any")
		if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
			t.Errorf("got %s, want 503 with Retry-After", resp.Status)
		}
		if got := resp.Header.Get("WWW-Authenticate"); got != "" {
			t.Errorf("WWW-Authenticate is %q, want none: another token would not help", got)
		}
	})
	t.Run("a provider that hangs", func(t *testing.T) {
		t.Parallel()
		users := &brokenFinder{UserProvider: userprovider.NewMemory(), hangs: true}
		a := newAPI(t, func(c *chiauth0.Config) { c.Users = users })
		a.inBubble(func(t *testing.T) {
			token, began := a.accessToken(), time.Now()
			resp := a.callWith(token, http.MethodGet, "/api/any")
			if took := time.Since(began); resp.StatusCode != 503 || took != time.Second {
				t.Errorf("got %s after %v, want 503 after 1s", resp.Status, took)
			}
		})
	})
}

// brokenFinder cannot find users by their subject.
type brokenFinder struct {
	userprovider.UserProvider
	hangs bool
}

func (f *brokenFinder) FindSubject(ctx context.Context, _, _ string) (userprovider.User, error) {
	if f.hangs {
		<-ctx.Done()
	}
	return userprovider.User{}, errors.New("the database is down")
}
