package chiauth0_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/userprovider"
)

func allowAll(userprovider.User, userprovider.Identity) bool { return true }

// constructors are the functions that use a Config for the first time.
var constructors = map[string]func(*chiauth0.Config){
	"Router":               func(c *chiauth0.Config) { chiauth0.Router(c) },
	"Callback":             func(c *chiauth0.Config) { chiauth0.Callback(c) },
	"LoadUser":             func(c *chiauth0.Config) { chiauth0.LoadUser(c) },
	"Require":              func(c *chiauth0.Config) { chiauth0.Require(c, allowAll) },
	"RequireLogin":         func(c *chiauth0.Config) { chiauth0.RequireLogin(c) },
	"RequireStaff":         func(c *chiauth0.Config) { chiauth0.RequireStaff(c) },
	"RequireSuperuser":     func(c *chiauth0.Config) { chiauth0.RequireSuperuser(c) },
	"RequireGroup":         func(c *chiauth0.Config) { chiauth0.RequireGroup(c, "x") },
	"RequirePermission":    func(c *chiauth0.Config) { chiauth0.RequirePermission(c, "x") },
	"RequireOrganization":  func(c *chiauth0.Config) { chiauth0.RequireOrganization(c, "x") },
	"RequireBearer":        func(c *chiauth0.Config) { chiauth0.RequireBearer(c) },
	"RequireLoginOrBearer": func(c *chiauth0.Config) { chiauth0.RequireLoginOrBearer(c) },
}

func TestConstructorsPanicWithTheErrorOfValidate(t *testing.T) {
	t.Parallel()
	faulty := map[string]func() *chiauth0.Config{
		"missing settings": func() *chiauth0.Config {
			return &chiauth0.Config{Domain: "tenant.eu.auth0.com"}
		},
		"a mapped field that the users lack": func() *chiauth0.Config {
			c := validConfig()
			c.Users = &userprovider.Memory{Defaults: map[string]any{"first_name": ""}}
			c.Mapping.Fields = map[string]string{"last_name": "family_name"}
			return c
		},
	}
	for name, use := range constructors {
		for fault, config := range faulty {
			t.Run(name+" with "+fault, func(t *testing.T) {
				t.Parallel()
				c := config()
				want := c.Validate().Error()
				for range 2 { // the second use as well
					if got := panicOf(func() { use(c) }); fmt.Sprint(got) != want {
						t.Errorf("panic %v, want %s", got, want)
					}
				}
			})
		}
	}
}

func TestGuardsPanicWithoutTheirArguments(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		use  func(*chiauth0.Config)
		want string
	}{
		"Require without a function": {
			func(c *chiauth0.Config) { chiauth0.Require(c, nil) }, "Require(cfg, nil)",
		},
		"RequireBearer without an Audience": {
			func(c *chiauth0.Config) { chiauth0.RequireBearer(c, "read:reports") },
			"RequireBearer needs Audience (AUTH0_AUDIENCE)",
		},
		"RequireLoginOrBearer without an Audience": {
			func(c *chiauth0.Config) { chiauth0.RequireLoginOrBearer(c) },
			"RequireLoginOrBearer needs Audience (AUTH0_AUDIENCE)",
		},
		"RequirePermission without an Audience": {
			func(c *chiauth0.Config) { chiauth0.RequirePermission(c, "x") },
			"RequirePermission needs Audience (AUTH0_AUDIENCE)",
		},
		"RequireOrganization without an organization": {
			func(c *chiauth0.Config) { chiauth0.RequireOrganization(c) }, "organization",
		},
		"RequireOrganization with an empty organization": {
			func(c *chiauth0.Config) { chiauth0.RequireOrganization(c, "org_a", "") },
			"organization",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := fmt.Sprint(panicOf(func() { test.use(validConfig()) }))
			if !strings.Contains(got, test.want) {
				t.Errorf("panic %q, want one that names %q", got, test.want)
			}
		})
	}
}

func panicOf(f func()) (value any) {
	defer func() { value = recover() }()
	f()
	return nil
}
