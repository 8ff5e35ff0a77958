package chiauth0_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/userprovider"
)

// ownUsers is a provider that is not the one in memory.
type ownUsers struct{ *userprovider.Memory }

func TestWarningsAtStart(t *testing.T) {
	t.Parallel()
	type config = chiauth0.Config
	urlGroups := func(c *config) { c.Mapping.GroupsField = "https://app.example/groups" }
	staff := func(c *config) { chiauth0.RequireStaff(c) }
	superuser := func(c *config) { chiauth0.RequireSuperuser(c) }
	editors := func(c *config) { chiauth0.RequireGroup(c, "editors") }
	organizations := func(names ...string) func(*config) {
		return func(c *config) { chiauth0.RequireOrganization(c, names...) }
	}
	for name, test := range map[string]struct {
		change func(*config)
		use    func(*config)
		want   string // "" for no warning
	}{
		"defaults": {nil, nil, ""},
		"short client secret": {
			func(c *config) { c.ClientSecret = "hunter2" }, nil, "ClientSecret is too short",
		},
		"short client secret beside secrets": {
			func(c *config) { c.ClientSecret, c.Secrets = "hunter2", []string{oldSecret} }, nil, "",
		},
		"no base": {func(c *config) { c.BaseURL = "" }, nil, "APP_BASE_URL"},
		"roles from a claim that Auth0 drops": {
			func(c *config) { c.Mapping.StaffGroup = "staff" }, nil, "https://app.example/groups",
		},
		"roles from a claim that another provider sends": {
			func(c *config) {
				c.Domain, c.Mapping.StaffGroup = "https://sso.example/realms/one", "staff"
			},
			nil, "",
		},
		"roles from a claim with a URL": {
			func(c *config) { urlGroups(c); c.Mapping.StaffGroup = "staff" }, nil, "",
		},
		"RequireStaff without a group": {
			nil, staff, "RequireStaff refuses all users: Mapping.StaffGroup",
		},
		"RequireSuperuser without a group": {nil, superuser, "Mapping.SuperuserGroup"},
		"RequireStaff with a group": {
			func(c *config) { urlGroups(c); c.Mapping.StaffGroup = "staff" }, staff, "",
		},
		"RequireStaff with a provider of roles": {
			func(c *config) { c.Users = ownUsers{userprovider.NewMemory()} }, staff, "",
		},
		"RequireGroup with a claim that Auth0 drops": {nil, editors, `RequireGroup(\"editors\")`},
		"RequireGroup with a claim with a URL":       {urlGroups, editors, ""},
		"RequireGroup with another provider": {
			func(c *config) { c.Domain = "https://sso.example/realms/one" }, editors, "",
		},
		"RequireGroup with an Extract": {
			func(c *config) {
				c.Mapping.Extract = func(claims map[string]any) map[string]any { return claims }
			}, editors, "",
		},
		"RequireOrganization beside another Organization": {
			func(c *config) { c.Organization = "org_a" },
			organizations("org_b"), "RequireOrganization",
		},
		"RequireOrganization outside of Organizations": {
			func(c *config) { c.Organizations = []string{"a", "b"} }, organizations("c", "d"),
			"RequireOrganization",
		},
		"RequireOrganization of the Organization": {
			func(c *config) { c.Organization = "org_a" }, organizations("org_a", "org_b"), "",
		},
		"RequireOrganization by name": {
			func(c *config) { c.Organization = "org_a" }, organizations("acme"), "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := &logBuffer{}
			c := validConfig()
			c.Logger = slog.New(slog.NewTextHandler(log, nil))
			if test.change != nil {
				test.change(c)
			}
			chiauth0.Router(c)
			if test.use != nil {
				test.use(c)
				test.use(c) // one line for two routes
			}

			got := log.String()
			warnings := strings.Count(got, "level=WARN")
			if test.want == "" && warnings > 0 {
				t.Errorf("want no warning, got: %s", got)
			}
			if test.want != "" && (warnings == 0 || strings.Count(got, test.want) != 1) {
				t.Errorf("want one warning with %q, got: %s", test.want, got)
			}
			if strings.Contains(got, "hunter2") {
				t.Errorf("the secret is logged: %s", got)
			}
		})
	}
}

// A custom domain is known to be one of Auth0's after discovery.
func TestWarningsAfterDiscovery(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		edit func(doc map[string]any)
		warn bool
	}{
		"Auth0": {func(doc map[string]any) {
			doc["mfa_challenge_endpoint"] = "https://tenant.example/mfa/challenge"
		}, true},
		"another provider": {
			func(doc map[string]any) { delete(doc, "mfa_challenge_endpoint") }, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAppAt(t, chiauth0test.New("https://tenant.example/"))
			a.tenant.Misbehave(chiauth0test.Faults{Discovery: test.edit})
			const warning = `RequireGroup(\"editors\") refuses all users`
			if got := a.log.String(); strings.Contains(got, warning) {
				t.Errorf("before discovery: %s", got)
			}
			a.browser().begin("/auth0/login")
			if got := strings.Count(a.log.String(), warning); got != 1 && test.warn {
				t.Errorf("%d warnings after discovery, want 1: %s", got, a.log)
			} else if got != 0 && !test.warn {
				t.Errorf("%d warnings after discovery, want none: %s", got, a.log)
			}
		})
	}
}

// In development the port is not known before the first request.
func TestFirstLoginInDevelopmentLogsTheRedirectURI(t *testing.T) {
	t.Parallel()
	a := newApp(t, func(c *chiauth0.Config) { c.BaseURL = "" })
	for range 3 {
		a.browser().begin("/auth0/login")
	}
	const want = "redirect_uri=http://localhost:8000/auth0/callback"
	if n := strings.Count(a.log.String(), want); n != 1 {
		t.Errorf("%q is logged %d times, want 1: %s", want, n, a.log)
	}
}
