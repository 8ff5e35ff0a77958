package userprovider_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/chiauth0/auth/userprovider"
)

// CompanyOnly lets users log in who have a verified address at one domain. It wraps any provider.
type CompanyOnly struct {
	userprovider.UserProvider
	Domain string
}

// SyncUser implements userprovider.UserProvider.
func (c CompanyOnly) SyncUser(
	ctx context.Context, login userprovider.Login,
) (userprovider.User, error) {
	_, domain, _ := strings.Cut(login.Identity.Email, "@")
	if !login.Identity.EmailVerified || !strings.EqualFold(domain, c.Domain) {
		return userprovider.User{}, fmt.Errorf("%w: no verified address at %s",
			userprovider.ErrRefused, c.Domain)
	}
	return c.UserProvider.SyncUser(ctx, login)
}

// CheckFields and CheckRoles forward to the wrapped provider. Without these methods, chiauth0 would
// not find faults of the mapping at start.
func (c CompanyOnly) CheckFields(fields []string) error {
	if checker, ok := c.UserProvider.(userprovider.FieldChecker); ok {
		return checker.CheckFields(fields)
	}
	return nil
}

// CheckRoles implements userprovider.RoleChecker.
func (c CompanyOnly) CheckRoles(staff, superuser bool) error {
	if checker, ok := c.UserProvider.(userprovider.RoleChecker); ok {
		return checker.CheckRoles(staff, superuser)
	}
	return nil
}

// A provider that wraps another one decides who may log in. The wrapped provider does not see the
// login of a user who is refused.
func Example_companyOnly() {
	users := CompanyOnly{userprovider.NewMemory(), "corp.example"}
	for _, identity := range []userprovider.Identity{
		{Subject: "auth0|1", Email: "ada@corp.example", EmailVerified: true},
		{Subject: "auth0|2", Email: "mallory@corp.example"},
		{Subject: "auth0|3", Email: "mallory@corp.example.evil.example", EmailVerified: true},
	} {
		identity.Issuer = "https://tenant.eu.auth0.com/"
		_, err := users.SyncUser(context.Background(), userprovider.Login{Identity: identity})
		fmt.Println(identity.Email, errors.Is(err, userprovider.ErrRefused))
	}
	// Output:
	// ada@corp.example false
	// mallory@corp.example true
	// mallory@corp.example.evil.example true
}
