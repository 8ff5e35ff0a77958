package providertest_test

import (
	"context"
	"testing"

	"github.com/chiauth0/auth/userprovider"
	"github.com/chiauth0/auth/userprovider/providertest"
)

// The test of a provider, in the package of the provider. Memory takes the provider's place.
func Example() {
	_ = func(t *testing.T) { // func TestProvider(t *testing.T)
		users := userprovider.NewMemory()
		config := providertest.Config{
			Read: func(user userprovider.User) map[string]any {
				return user.Value.(userprovider.MemoryUser).Fields()
			},
			SetActive: func(_ context.Context, user userprovider.User, active bool) error {
				return users.SetActive(user.ID, active)
			},
			Delete: func(_ context.Context, user userprovider.User) error {
				return users.Delete(user.ID)
			},
		}
		config.Run(t, func(*testing.T) userprovider.UserProvider { return users })
	}
}
