package providertest

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/chiauth0/auth/userprovider"
)

func readMemoryUser(user userprovider.User) map[string]any {
	if fields, ok := user.Value.(map[string]any); ok {
		return fields
	}
	return user.Value.(userprovider.MemoryUser).Fields()
}

func TestMemoryPasses(t *testing.T) {
	config := Config{Read: readMemoryUser}
	config.Run(t, func(*testing.T) userprovider.UserProvider { return userprovider.NewMemory() })
}

func TestMemoryThatReactivatesPasses(t *testing.T) {
	config := Config{Read: readMemoryUser, Reactivates: true}
	config.Run(t, func(*testing.T) userprovider.UserProvider {
		return &userprovider.Memory{Reactivate: true}
	})
}

func TestMemoryPassesWithoutReadAndWithStrictFields(t *testing.T) {
	Run(t, func(*testing.T) userprovider.UserProvider {
		return &userprovider.Memory{
			Defaults: map[string]any{"first_name": "", "last_name": ""},
			Unique:   []string{"email"},
		}
	})
}

func TestOneProviderPassesAllChecks(t *testing.T) {
	shared := &userprovider.Memory{Unique: []string{"email"}}
	config := Config{Fields: [2]string{"a", "b"}, Read: readMemoryUser}
	for range 2 {
		config.Run(t, func(*testing.T) userprovider.UserProvider { return shared })
	}
}

// onlyProvider hides all methods but those of the interface.
type onlyProvider struct{ userprovider.UserProvider }

func TestProviderWithoutOptionalMethodsPasses(t *testing.T) {
	Run(t, func(*testing.T) userprovider.UserProvider {
		return onlyProvider{userprovider.NewMemory()}
	})
}

func TestFaultyProvidersAreCaught(t *testing.T) {
	catches := map[string]int{}
	for _, fault := range faults {
		t.Run(fault.name, func(t *testing.T) {
			for _, check := range checks {
				if !slices.Contains(fault.caughtBy, check.name) {
					continue
				}
				catches[check.name]++
				synctest.Test(t, func(t *testing.T) {
					provider := fault.make(userprovider.NewMemory())
					config := Config{Read: readMemoryUser}
					err := check.run(config.newProbe(t.Context(), provider))
					if err == nil {
						t.Errorf("the check %q passes, want an error", check.name)
					}
					t.Logf("%s: %.200v", check.name, err)
				})
			}
		})
	}
	for _, check := range checks {
		if catches[check.name] == 0 {
			t.Errorf("no faulty provider shows that the check %q can fail", check.name)
		}
	}
}

// A user who is changed in place must also be seen where the tests cannot read fields.
func TestChangeInPlaceIsCaughtWithoutRead(t *testing.T) {
	provider := newInPlace(userprovider.NewMemory())
	if err := valuesStay(Config{}.newProbe(t.Context(), provider)); err == nil {
		t.Error("the check passes, want an error")
	}
}

// A renamed check must not drop out of TestFaultyProvidersAreCaught.
func TestFaultsNameExistingChecks(t *testing.T) {
	for _, fault := range faults {
		for _, name := range fault.caughtBy {
			isName := func(c check) bool { return c.name == name }
			if !slices.ContainsFunc(checks, isName) {
				t.Errorf("the fault %q names the check %q, which does not exist", fault.name, name)
			}
		}
	}
}
