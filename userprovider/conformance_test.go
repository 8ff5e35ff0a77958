package userprovider_test

import (
	"testing"

	"github.com/chiauth0/auth/userprovider"
	"github.com/chiauth0/auth/userprovider/providertest"
)

// The examples are what people copy, so they keep the promises as well.
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
			Read: func(user userprovider.User) map[string]any { return user.Value.(userprovider.MemoryUser).Fields() },
		}
		config.Run(t, func(*testing.T) userprovider.UserProvider {
			return CompanyOnly{userprovider.NewMemory(), "app.example"}
		})
	})
}

// A login that is refused stores nothing.
func TestCompanyOnlyStoresNobodyElse(t *testing.T) {
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
		identity.Issuer, identity.Subject = "https://tenant.example/", "auth0|mallory"
		if _, err := users.SyncUser(t.Context(),
			userprovider.Login{Identity: identity}); err == nil {
			t.Errorf("%+v may sign in", identity)
		}
	}
	if accounts := inner.Accounts(); len(accounts) != 0 {
		t.Errorf("a refused login made %+v", accounts)
	}
}
