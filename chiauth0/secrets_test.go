package chiauth0_test

import (
	"net/http"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
)

const (
	oldSecret = "the secret that is being replaced, 1"
	newSecret = "the secret that takes its place, 222"
)

// nextNode serves the same application by another process: another Config with the same store and
// users.
func (a *app) nextNode(changes ...func(*chiauth0.Config)) {
	a.t.Helper()
	a.serveInstead(func(c *chiauth0.Config) http.Handler { return routes(c) }, changes...)
}

func withSecrets(secrets ...string) func(*chiauth0.Config) {
	return func(c *chiauth0.Config) { c.Secrets = secrets }
}

// TestNodesShareSecrets starts a login and a session on one node, and ends both on another.
func TestNodesShareSecrets(t *testing.T) {
	t.Parallel()
	noSecrets := func(*chiauth0.Config) {}
	otherClientSecret := func(c *chiauth0.Config) {
		c.ClientSecret = "another secret of more than 32 bytes"
	}
	for name, test := range map[string]struct {
		first, second func(*chiauth0.Config)
		opens         bool
	}{
		"derived from one client secret":  {noSecrets, noSecrets, true},
		"derived from two client secrets": {noSecrets, otherClientSecret, false},
		"the same secret":                 {withSecrets(oldSecret), withSecrets(oldSecret), true},
		"a new secret before the old one": {
			withSecrets(oldSecret), withSecrets(newSecret, oldSecret), true,
		},
		"a new secret after the old one": {
			withSecrets(oldSecret, newSecret), withSecrets(oldSecret), true,
		},
		"a new secret alone": {withSecrets(oldSecret), withSecrets(newSecret), false},
		"the first one seals": {
			withSecrets(newSecret, oldSecret), withSecrets(newSecret), true,
		},
		"the second one does not seal": {
			withSecrets(newSecret, oldSecret), withSecrets(oldSecret), false,
		},
		"a secret where there was none":    {noSecrets, withSecrets(newSecret), false},
		"a secret that is no longer there": {withSecrets(newSecret), withSecrets(), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, test.first)
			inFlight, signedIn := a.browser(), a.browser()
			signedIn.signIn(ada)
			login := inFlight.begin("/auth0/login?next_url=/account")
			callback := inFlight.authorize(login, grace)

			a.nextNode(test.second)
			a.client.Secret = a.cfg.ClientSecret
			a.tenant.AddClient(a.client)

			want := http.StatusBadRequest
			if test.opens {
				want = http.StatusSeeOther
			}
			if back := inFlight.get(callback.String()); back.StatusCode != want {
				t.Errorf("the login in flight ends with %s, want %d: %s",
					back.Status, want, back.body)
			}
			if got := signedIn.whoami(); got != "hello "+ada {
				t.Errorf("a server-side session needs no secret, but the page says %q", got)
			}
			location, err := signedIn.get("/auth0/logout").Location()
			if err != nil {
				t.Fatal(err)
			}
			if opened := location.Query().Has("id_token_hint"); opened != test.opens {
				t.Errorf("id_token_hint is sent: %t, want %t", opened, test.opens)
			}
			if got := signedIn.whoami(); got == "hello "+ada {
				t.Errorf("after the logout the page says %q", got)
			}
		})
	}
}

// TestRotationOfSecrets deploys the three steps that Config.Secrets names, on two nodes, one after
// the other. At each moment, a login that begins on either node can end on the other.
func TestRotationOfSecrets(t *testing.T) {
	t.Parallel()
	steps := [][]string{
		{oldSecret}, {oldSecret, newSecret}, {newSecret, oldSecret}, {newSecret},
	}
	for i := range len(steps) - 1 {
		for name, nodes := range map[string][2][]string{
			"before the step":          {steps[i], steps[i]},
			"with one node deployed":   {steps[i+1], steps[i]},
			"with both nodes deployed": {steps[i+1], steps[i+1]},
		} {
			for direction, order := range map[string][2]int{
				"from the first to the second": {0, 1}, "from the second to the first": {1, 0},
			} {
				t.Run(name+" "+direction, func(t *testing.T) {
					t.Parallel()
					a := newApp(t, withSecrets(nodes[order[0]]...))
					b := a.browser()
					callback := b.authorize(b.begin("/auth0/login"), ada)
					a.nextNode(withSecrets(nodes[order[1]]...))
					if back := b.get(callback.String()); back.StatusCode != http.StatusSeeOther {
						t.Errorf("secrets %q, then %q: the login ends with %s",
							nodes[order[0]], nodes[order[1]], back.Status)
					}
				})
			}
		}
	}
}

// The documentation warns of the rotation in two steps: with "new,old" on one node and "old" on the
// other, a login that begins on the first fails on the second.
func TestRotationInTwoStepsLosesLogins(t *testing.T) {
	t.Parallel()
	a := newApp(t, withSecrets(newSecret, oldSecret))
	b := a.browser()
	callback := b.authorize(b.begin("/auth0/login"), ada)
	a.nextNode(withSecrets(oldSecret))
	if back := b.get(callback.String()); back.StatusCode != http.StatusBadRequest {
		t.Errorf("the login ends with %s, want 400", back.Status)
	}
}

// Two Configs of one client seal for themselves alone.
func TestSealsAreBoundToTheMountPath(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	b := a.browser()
	callback := b.authorize(b.begin("/auth0/login"), ada)
	a.serveInstead(func(c *chiauth0.Config) http.Handler { return routes(c) },
		func(c *chiauth0.Config) { c.MountPath = "/second" })
	callback.Path = "/second/callback"
	if back := b.get(callback.String()); back.StatusCode != http.StatusBadRequest {
		t.Errorf("a login of /auth0 ends at /second with %s, want 400", back.Status)
	}
}
