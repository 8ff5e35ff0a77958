package userprovider_test

import (
	"errors"
	"testing"

	"github.com/chiauth0/auth/userprovider"
	"github.com/chiauth0/auth/userprovider/providertest"
)

// The examples are copied into applications, so that they must keep the contract as well.
func TestExampleProvidersConform(t *testing.T) {
	t.Run("own provider", func(t *testing.T) {
		config := providertest.Config{
			Read: func(user userprovider.User) map[string]any { return user.Value.(Member) },
		}
		config.Run(t, func(*testing.T) userprovider.UserProvider {
			return &Members{ids: map[[2]string]string{}, users: map[string]userprovider.User{}}
		})
	})
	t.Run("company only", func(t *testing.T) {
		config := providertest.Config{
			Read: func(user userprovider.User) map[string]any {
				return user.Value.(userprovider.MemoryUser).Fields()
			},
		}
		config.Run(t, func(*testing.T) userprovider.UserProvider {
			return CompanyOnly{userprovider.NewMemory(), "app.example"}
		})
	})
}

func TestRefusedLoginStoresNothing(t *testing.T) {
	inner := userprovider.NewMemory()
	users := CompanyOnly{inner, "corp.example"}
	for _, identity := range []userprovider.Identity{
		{},
		{Email: "a@corp.example"},
		{Email: "a@evil.example", EmailVerified: true},
		{EmailVerified: true},
		{Email: "a@corp.example@evil.example", EmailVerified: true},
		{Email: "a@evil.example@corp.example", EmailVerified: true},
	} {
		identity.Issuer, identity.Subject = testIssuer, "auth0|mallory"
		_, err := users.SyncUser(t.Context(), userprovider.Login{Identity: identity})
		if !errors.Is(err, userprovider.ErrRefused) {
			t.Errorf("%+v returned the error %v, want ErrRefused", identity, err)
		}
	}
	if accounts := inner.Accounts(); len(accounts) != 0 {
		t.Errorf("refused logins made the users %+v, want none", accounts)
	}
}

// The checks of a wrapped provider are still run.
func TestWrapperForwardsChecks(t *testing.T) {
	users := CompanyOnly{&userprovider.Memory{Defaults: map[string]any{}}, "corp.example"}
	if err := users.CheckFields([]string{"plan"}); !errors.Is(err, userprovider.ErrMisconfigured) {
		t.Errorf("CheckFields returned the error %v, want ErrMisconfigured", err)
	}
	if err := users.CheckRoles(true, true); err != nil {
		t.Errorf("CheckRoles returned the error %v, want none", err)
	}
}
