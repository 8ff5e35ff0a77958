package userprovider

import (
	"maps"
	"reflect"
	"time"
)

// An Account is a user of [Memory], as it was when it was read: nothing that is done to it changes the store or another
// request's copy. There is no time of the last login in it, because it would make every login a write.
type Account struct {
	ID                       string
	Issuer, Subject          string // the user at Auth0
	Email                    string // the same as Field("email")
	Active, Staff, Superuser bool
	Created, Updated         time.Time // Updated is when something last changed

	fields map[string]any // never changed, but replaced
}

// Field returns the value of a field as it was mapped, or nil if it was never set.
func (a Account) Field(name string) any { return cloneValue(a.fields[name]) }

// Fields returns a copy of all fields, "email" included.
func (a Account) Fields() map[string]any { return cloneMap(a.fields) }

// with returns the account with login's fields and roles written into it.
func (a Account) with(login Login) Account {
	a.fields = maps.Clone(a.fields)
	for name, value := range login.Fields {
		if !reflect.DeepEqual(a.fields[name], value) {
			a.fields[name] = cloneValue(value)
		}
	}
	a.Email, _ = a.fields[emailField].(string)
	if login.Staff != nil {
		a.Staff = *login.Staff
	}
	if login.Superuser != nil {
		a.Superuser = *login.Superuser
	}
	return a
}

func (a Account) user() User {
	return User{ID: a.ID, Active: a.Active, Staff: a.Staff, Superuser: a.Superuser, Value: a}
}
