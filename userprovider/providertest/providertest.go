// Package providertest tests that a [userprovider.UserProvider] keeps the contract of its
// interface: it finds users by issuer and subject alone, it refuses what it cannot store, it makes
// one user of simultaneous logins, and it signs out users who are inactive or deleted. Call [Run]
// from a test of the provider.
package providertest

import (
	"context"
	"testing"

	"github.com/chiauth0/auth/userprovider"
)

// A Config describes the provider to test. The zero Config fits a provider that can write
// first_name and last_name, and that accepts verified addresses at app.example.
type Config struct {
	// Fields are two fields that logins may write and that hold text. Default: first_name and
	// last_name. The tests write no other field except "email", and one field that no provider
	// has, to see whether it is refused.
	Fields [2]string

	// Read returns the fields of a user from its User.Value, by name. Without it the tests cannot
	// see what was stored: they check identity, roles and errors only. Default: none.
	Read func(user userprovider.User) map[string]any

	// SetActive makes a user active or inactive, as an administrator does. Without it, the tests
	// about inactive users are skipped, unless the provider has a method
	// SetActive(id string, active bool) error. Default: none.
	SetActive func(ctx context.Context, user userprovider.User, active bool) error

	// Delete removes a user. Without it, the tests about deleted users are skipped, unless the
	// provider has a method Delete(id string) error. Default: none.
	Delete func(ctx context.Context, user userprovider.User) error

	// Reactivates tells that a login makes an inactive user active. Default: false.
	Reactivates bool
}

// Run tests the providers that newProvider returns, with the zero [Config].
func Run(t *testing.T, newProvider func(t *testing.T) userprovider.UserProvider) {
	t.Helper()
	Config{}.Run(t, newProvider)
}

// Run tests the providers that newProvider returns, one for each subtest. They need not be empty
// and may share a database: each test uses subjects of its own. Run it with -race.
func (c Config) Run(t *testing.T, newProvider func(t *testing.T) userprovider.UserProvider) {
	t.Helper()
	for _, check := range checks {
		t.Run(check.name, func(t *testing.T) {
			p := c.newProbe(t.Context(), newProvider(t))
			if missing := check.needs(p); missing != "" {
				t.Skip("set providertest.Config." + missing + " to run this test")
			}
			if err := check.run(p); err != nil {
				t.Error(err)
			}
		})
	}
}

// A check returns an error and does not fail a *testing.T, so that the tests of this package can
// run it over faulty providers.
type check struct {
	name  string
	run   func(p *probe) error
	needs func(p *probe) (missing string)
}

var checks = []check{
	{"a first login makes an active user without roles", firstLogin, nothing},
	{"only a first login creates a user", createdOnce, nothing},
	{"every login updates the fields", update, nothing},
	{"fields that a login lacks keep their values", absentFields, nothing},
	{"issuer and subject identify the user", identity, nothing},
	{"an e-mail does not identify the user", sameEmail, nothing},
	{"a login without issuer or subject is refused", noSubject, nothing},
	{"roles are granted, revoked and kept", roles, nothing},
	{"a user is found by issuer and subject", findSubject, nothing},
	{"an unknown ID is not found", unknownID, nothing},
	{"an inactive user stays inactive", inactive, needsSetActive},
	{"a deleted user is not found", deleted, needsDelete},
	{"a value that was returned does not change", valuesStay, nothing},
	{"simultaneous first logins make one user", simultaneousLogins, nothing},
	{"simultaneous logins of different users stay apart", busy, nothing},
	{"a cancelled request stores a login completely or not at all", cancelled, nothing},
	{"hostile text is stored or refused", hostileText, nothing},
	{"values of other types are stored or refused", otherTypes, nothing},
	{"an unknown field is stored or refused", unknownField, nothing},
	{"the login of the caller is not changed", callersLogin, nothing},
}

func nothing(*probe) string { return "" }

func needsSetActive(p *probe) string {
	if p.SetActive == nil {
		return "SetActive"
	}
	return ""
}

func needsDelete(p *probe) string {
	if p.Delete == nil {
		return "Delete"
	}
	return ""
}
