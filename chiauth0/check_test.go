package chiauth0_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/cookiestore"
	"github.com/chiauth0/auth/userprovider"
)

func TestCheckAcceptsGoodSettings(t *testing.T) {
	t.Parallel()
	type config = chiauth0.Config
	for name, change := range map[string]func(*config){
		"server sessions":            func(*config) {},
		"default users and sessions": func(c *config) { c.Users, c.Sessions = nil, nil },
		"cookie sessions": func(c *config) {
			c.Sessions = sessionstores.New(cookiestore.New(secret32))
		},
		"development": func(c *config) { c.BaseURL = "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, change)
			if err := chiauth0.Check(t.Context(), a.cfg); err != nil {
				t.Errorf("the error is %v, want none", err)
			}
			if n := a.sessions(); n != 0 {
				t.Errorf("Check leaves %d sessions, want none", n)
			}
			requests := a.tenant.Requests("")
			if len(requests) != 3 {
				t.Errorf("%d requests to the tenant, want 3", len(requests))
			}
		})
	}
}

func TestCheckNamesTheFault(t *testing.T) {
	t.Parallel()
	answer := func(status int, code, description string) chiauth0test.Faults {
		return chiauth0test.Faults{TokenResponse: func(s *int, body map[string]any) {
			*s = status
			clear(body)
			body["error"], body["error_description"] = code, description
		}}
	}
	for name, test := range map[string]struct {
		change      func(*app)
		want        []string
		unavailable bool
	}{
		"a wrong secret": {
			func(a *app) { a.client.Secret = "another"; a.tenant.AddClient(a.client) },
			[]string{"AUTH0_CLIENT_SECRET", "AuthStyle"},
			false,
		},
		"an unknown client": {
			func(a *app) { a.tenant.Misbehave(answer(401, "invalid_client", "Unknown client")) },
			[]string{"AUTH0_CLIENT_ID", "Unknown client"},
			false,
		},
		"a grant type that is switched off": {
			func(a *app) {
				a.tenant.Misbehave(answer(403, "unauthorized_client", "Grant type is not allowed"))
			},
			[]string{"Authorization Code", "Grant type is not allowed"},
			false,
		},
		"a token endpoint that accepts all codes": {
			func(a *app) {
				a.answerAt(tokenPath, func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", "application/json")
					answerText(`{"access_token":"a","token_type":"Bearer"}`)(w, r)
				})
			},
			[]string{"token endpoint", "AUTH0_DOMAIN"},
			false,
		},
		"a rate limit": {
			func(a *app) { a.tenant.Misbehave(answer(429, "too_many_requests", "")) },
			[]string{"token endpoint", "429"},
			true,
		},
		"a token endpoint that is down": {
			func(a *app) { a.answerAt(tokenPath, answerStatus(500)) },
			[]string{"token endpoint"},
			true,
		},
		"no discovery": {
			func(a *app) { a.answerAt(discoveryPath, answerStatus(404)) },
			[]string{"discovery", "AUTH0_DOMAIN", "404"},
			true,
		},
		"the discovery of another issuer": {
			func(a *app) {
				a.tenant.Misbehave(chiauth0test.Faults{Discovery: func(doc map[string]any) {
					doc["issuer"] = "https://other.example/"
				}})
			},
			[]string{"AUTH0_DOMAIN", "https://other.example/"},
			true,
		},
		"no keys": {
			func(a *app) { a.answerAt(keysPath, answerStatus(500)) },
			[]string{"signing keys"},
			true,
		},
		"no usable key": {
			func(a *app) { a.answerAt(keysPath, answerText(`{"keys":[]}`)) },
			[]string{"signing keys", "no usable key"},
			false,
		},
		"no key for the algorithm": {
			func(a *app) { a.cfg = a.cfg.Clone(); a.cfg.SigningAlg = "ES256" },
			[]string{"SigningAlg", "ES256"},
			false,
		},
		"a store that is down": {
			func(a *app) { a.store.down.Store(true) }, []string{"Sessions", "down"}, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			test.change(a)
			err := chiauth0.Check(t.Context(), a.cfg)
			if err == nil {
				t.Fatal("there is no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error lacks %q: %v", want, err)
				}
			}
			if got := errors.Is(err, chiauth0.ErrUnavailable); got != test.unavailable {
				t.Errorf("ErrUnavailable: %t, want %t: %v", got, test.unavailable, err)
			}
			if strings.Contains(err.Error(), a.cfg.ClientSecret) {
				t.Errorf("the error shows the client secret: %v", err)
			}
		})
	}
}

func TestCheckOfUsers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"no such user": {userprovider.ErrNotFound, true},
		"a user":       {nil, true},
		"an outage":    {errors.New("no connection"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, func(c *chiauth0.Config) { c.Users = findsNothing{c.Users, test.err} })
			err := chiauth0.Check(t.Context(), a.cfg)
			if (err == nil) != test.want {
				t.Errorf("the error is %v, want none: %t", err, test.want)
			}
			if err != nil && !strings.Contains(err.Error(), "Users") {
				t.Errorf("the error does not name Users: %v", err)
			}
		})
	}
	t.Run("one that hangs", func(t *testing.T) {
		t.Parallel()
		a := newApp(t, func(c *chiauth0.Config) { c.Users = silentUsers{c.Users} })
		a.inBubble(func(t *testing.T) {
			began := time.Now()
			err := chiauth0.Check(t.Context(), a.cfg)
			if took := time.Since(began); err == nil || took != time.Second {
				t.Errorf("the error after %v is %v, want one after 1s", took, err)
			}
		})
	})
}

// findsNothing answers each FindUser with one error.
type findsNothing struct {
	userprovider.UserProvider
	err error
}

func (f findsNothing) FindUser(context.Context, string) (userprovider.User, error) {
	return userprovider.User{}, f.err
}

type silentUsers struct{ userprovider.UserProvider }

func (silentUsers) FindUser(ctx context.Context, _ string) (userprovider.User, error) {
	<-ctx.Done()
	return userprovider.User{}, ctx.Err()
}

func TestCheckReturnsAllFaults(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.store.down.Store(true)
	a.client.Secret = "another"
	a.tenant.AddClient(a.client)
	err := chiauth0.Check(t.Context(), a.cfg)
	if err == nil {
		t.Fatal("there is no error")
	}
	for _, want := range []string{"AUTH0_CLIENT_SECRET", "Sessions"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q: %v", want, err)
		}
	}
}

func TestCheckOfAnInvalidConfig(t *testing.T) {
	t.Parallel()
	c := &chiauth0.Config{Domain: "tenant.eu.auth0.com"}
	err := chiauth0.Check(t.Context(), c)
	if want := c.Validate().Error(); err == nil || err.Error() != want {
		t.Errorf("the error is %v, want %s", err, want)
	}
}

// The exchange must not look like a real login in any way but the code.
func TestCheckSendsACodeThatDoesNotExist(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	var form map[string][]string
	a.tenant.Misbehave(chiauth0test.Faults{
		Intercept: func(_ http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == tokenPath {
				form = r.PostForm
			}
			return false
		},
	})
	if err := chiauth0.Check(t.Context(), a.cfg); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"grant_type":   "authorization_code",
		"client_id":    a.cfg.ClientID,
		"redirect_uri": "https://app.example/auth0/callback",
	} {
		if got := strings.Join(form[name], " "); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if len(form["code_verifier"]) != 1 {
		t.Error("code_verifier is missing")
	}
}
