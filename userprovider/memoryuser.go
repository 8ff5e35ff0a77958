package userprovider

import (
	"maps"
	"reflect"
	"time"
)

// A MemoryUser is a user of [Memory]. It is a copy: changing it does not change the provider. It
// does not record the last login, since every login would then be a write.
type MemoryUser struct {
	ID                       string
	Issuer, Subject          string    // the identity at Auth0
	Email                    string    // the same as Field("email")
	Active, Staff, Superuser bool      // see User
	Created                  time.Time // the first login
	Updated                  time.Time // the last change

	fields map[string]any // replaced on a change, so that copies may share it
}

// Field returns the value of a field as the mapping wrote it. It is nil if the field was never set.
func (u MemoryUser) Field(name string) any { return cloneValue(u.fields[name]) }

// Fields returns a copy of all fields, including "email".
func (u MemoryUser) Fields() map[string]any { return cloneMap(u.fields) }

// with returns the user with the fields and roles of a login.
func (u MemoryUser) with(login Login) MemoryUser {
	u.fields = maps.Clone(u.fields)
	for name, value := range login.Fields {
		if !reflect.DeepEqual(u.fields[name], value) {
			u.fields[name] = cloneValue(value)
		}
	}
	u.Email, _ = u.fields[emailField].(string)
	if login.Staff != nil {
		u.Staff = *login.Staff
	}
	if login.Superuser != nil {
		u.Superuser = *login.Superuser
	}
	return u
}

func (u MemoryUser) user() User {
	return User{
		ID:        u.ID,
		Issuer:    u.Issuer,
		Subject:   u.Subject,
		Active:    u.Active,
		Staff:     u.Staff,
		Superuser: u.Superuser,
		Value:     u,
	}
}
