package userprovider_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"sync"

	"github.com/chiauth0/auth/userprovider"
)

// A Member is the application's own user: here, the fields that are mapped.
type Member map[string]any

// Members is a provider over a map. It passes providertest.
type Members struct {
	mu    sync.Mutex
	ids   map[[2]string]string // issuer and subject → ID
	users map[string]userprovider.User
}

// SyncUser implements userprovider.UserProvider.
func (m *Members) SyncUser(
	_ context.Context, login userprovider.Login,
) (userprovider.User, error) {
	key := [2]string{login.Identity.Issuer, login.Identity.Subject}
	if key[0] == "" || key[1] == "" {
		return userprovider.User{}, fmt.Errorf("%w: no issuer or subject", userprovider.ErrInvalid)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	user, known := m.users[m.ids[key]]
	if !known {
		user = userprovider.User{
			ID: rand.Text(), Issuer: key[0], Subject: key[1], Active: true, Value: Member{},
		}
	}
	member := maps.Clone(user.Value.(Member)) // a handler may be reading the old map
	maps.Copy(member, login.Fields)
	user.Value = member
	if login.Staff != nil {
		user.Staff = *login.Staff
	}
	if login.Superuser != nil {
		user.Superuser = *login.Superuser
	}
	m.ids[key], m.users[user.ID] = user.ID, user
	user.Created = !known
	return user, nil
}

// FindUser implements userprovider.UserProvider.
func (m *Members) FindUser(_ context.Context, id string) (userprovider.User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	user, ok := m.users[id]
	if !ok {
		return userprovider.User{}, userprovider.ErrNotFound
	}
	return user, nil
}

// A provider of the application stores a login and finds the user again.
func Example_ownProvider() {
	members := &Members{ids: map[[2]string]string{}, users: map[string]userprovider.User{}}
	user, err := members.SyncUser(context.Background(), userprovider.Login{
		Identity: userprovider.Identity{
			Issuer:  "https://tenant.eu.auth0.com/",
			Subject: "auth0|65a1",
		},
		Fields: map[string]any{"first_name": "Ada"},
		Staff:  new(true),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(user.Value.(Member)["first_name"], user.Active, user.Staff, user.Superuser)
	// Output: Ada true true false
}
