package chiauth0_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
)

const (
	oldSecret = "the secret that is being replaced, 1"
	newSecret = "the secret that takes its place, 222"
)

// nextNode serves the same application by another process: another Config on the same store and users.
func (a *app) nextNode(changes ...func(*chiauth0.Config)) {
	a.t.Helper()
	a.serveInstead(func(c *chiauth0.Config) http.Handler { return routes(c) }, changes...)
}

// TestSecrets proves F5: what one node has sealed another opens, as long as they share a secret.
func TestSecrets(t *testing.T) {
	t.Parallel()
	keep := func(*chiauth0.Config) {}
	secrets := func(secrets ...string) func(*chiauth0.Config) {
		return func(c *chiauth0.Config) { c.Secrets = secrets }
	}
	for name, test := range map[string]struct {
		first, second func(*chiauth0.Config)
		opens         bool
	}{
		"F5: secret unset: two nodes derive equal keys":                {keep, keep, true},
		"F5: secret unset: another client secret derives others":       {keep, func(c *chiauth0.Config) { c.ClientSecret = "another secret of more than 32 bytes" }, false},
		"F5: the same secret":                                          {secrets(oldSecret), secrets(oldSecret), true},
		"F5: a new secret before the old one":                          {secrets(oldSecret), secrets(newSecret, oldSecret), true},
		"F5: a new secret alone":                                       {secrets(oldSecret), secrets(newSecret), false},
		"F5: the first one seals":                                      {secrets(newSecret, oldSecret), secrets(newSecret), true},
		"F5: the second one does not":                                  {secrets(newSecret, oldSecret), secrets(oldSecret), false},
		"F5: a secret set where there was none: the old keys are gone": {keep, secrets(newSecret), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, test.first)
			inFlight, signedIn := a.browser(), a.browser()
			signedIn.signIn(ada)
			callback := inFlight.authorize(inFlight.begin("/auth0/login?next_url=/account"), grace)

			a.nextNode(test.second)
			a.client.Secret = a.cfg.ClientSecret
			a.tenant.AddClient(a.client)

			want := http.StatusBadRequest
			if test.opens {
				want = http.StatusSeeOther
			}
			if back := inFlight.get(callback.String()); back.StatusCode != want {
				t.Errorf("the login in flight ends with %s: %s", back.Status, back.body)
			}
			if got := signedIn.whoami(); got != "hello "+ada {
				t.Errorf("a server-side session needs no secret, but: %s", got)
			}
			location, err := signedIn.get("/auth0/logout").Location()
			if err != nil {
				t.Fatal(err)
			}
			if opened := location.Query().Has("id_token_hint"); opened != test.opens {
				t.Errorf("id_token_hint sent: %t, want %t", opened, test.opens)
			}
			if signedIn.whoami() == "hello "+ada {
				t.Error("still signed in after the logout")
			}
		})
	}
}

// TestWarnings proves what an operator is told at the start.
func TestWarnings(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*chiauth0.Config)
		want   string // "" for no warning at all
	}{
		"nothing to warn of":               {func(*chiauth0.Config) {}, ""},
		"F5: short client secret":          {func(c *chiauth0.Config) { c.ClientSecret = "hunter2" }, "AUTH0_SECRET"},
		"F5: short client secret, secrets": {func(c *chiauth0.Config) { c.ClientSecret, c.Secrets = "hunter2", []string{oldSecret} }, ""},
		"F4: no base":                      {func(c *chiauth0.Config) { c.BaseURL = "" }, "APP_BASE_URL"},
		"U2: groups that Auth0 drops":      {func(c *chiauth0.Config) { c.Mapping.StaffGroup = "staff" }, "https://app.example/groups"},
		"U2: no such groups": {func(c *chiauth0.Config) {
			c.Mapping.StaffGroup, c.Mapping.GroupsField = "staff", "https://app.example/groups"
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := &logBuffer{}
			c := validConfig()
			c.Logger = slog.New(slog.NewTextHandler(log, nil))
			test.change(c)
			chiauth0.Router(c)
			warned := strings.Contains(log.String(), "level=WARN")
			if warned != (test.want != "") || !strings.Contains(log.String(), test.want) {
				t.Errorf("want a warning of %q, got: %s", test.want, log)
			}
			if strings.Contains(log.String(), "hunter2") {
				t.Errorf("F1: the secret is logged: %s", log)
			}
		})
	}
}
