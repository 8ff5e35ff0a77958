// Package providertest checks that a [userprovider.UserProvider] keeps the promises of its interface: that it finds users
// by issuer and subject and by nothing else, that what cannot be stored is refused and not lost, and that simultaneous
// logins make one user. Call [Run] from a test of the provider.
package providertest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/chiauth0/auth/userprovider"
)

// A Config says how to test a provider. The zero Config suits a provider that can write first_name and last_name, and
// that lets in people with verified addresses at app.example.
type Config struct {
	// Fields are two fields that logins may write and that hold text. Default: first_name and last_name. Nothing else
	// but "email" is written, except to see whether the provider refuses it.
	Fields [2]string

	// Read returns the fields of a user whom the provider returned, by name, from its User.Value. Without it the suite
	// cannot see what was stored, and checks only what the interface shows: identity, roles and errors. Default: none.
	Read func(user userprovider.User) map[string]any
}

// Run checks the providers that newProvider returns, with the zero [Config].
func Run(t *testing.T, newProvider func(t *testing.T) userprovider.UserProvider) {
	t.Helper()
	Config{}.Run(t, newProvider)
}

// Run checks the providers that newProvider returns, one for each sub-test. They need not be empty, and may share one
// database: every check uses subjects of its own. Run it with -race.
func (c Config) Run(t *testing.T, newProvider func(t *testing.T) userprovider.UserProvider) {
	t.Helper()
	for _, check := range checks {
		t.Run(check.name, func(t *testing.T) {
			if err := check.run(c.newProbe(t.Context(), newProvider(t))); err != nil {
				t.Error(err)
			}
		})
	}
}

// A check returns an error rather than fail a *testing.T, so that the tests of this package can see that it catches the
// faults that it is there for.
type check struct {
	name string
	run  func(p *probe) error
}

var checks = []check{
	{"a first login makes an active user without roles", firstLogin},
	{"every login updates the fields", update},
	{"fields that a login lacks stay as they are", absentFields},
	{"issuer and subject decide who it is", whoItIs},
	{"an e-mail joins nobody", sameEmail},
	{"a login without issuer or subject is refused", noSubject},
	{"roles are granted, taken away and left alone", roles},
	{"an unknown id is not found", unknownID},
	{"simultaneous first logins make one user", simultaneousLogins},
	{"logins and look-ups do not disturb each other", busy},
	{"a cancelled request breaks nothing", cancelled},
	{"hostile text is stored or refused", hostileText},
	{"values of other types are stored or refused", otherTypes},
	{"an unknown field is stored or refused", unknownField},
	{"the login stays the caller's", callersLogin},
}

const issuer = "https://tenant.example/"

// A probe is one check's view of a provider.
type probe struct {
	Config
	ctx      context.Context
	provider userprovider.UserProvider
	subject  string // one that the provider has not seen; checks add to it to make more
}

func (c Config) newProbe(ctx context.Context, provider userprovider.UserProvider) *probe {
	if c.Fields == [2]string{} {
		c.Fields = [2]string{"first_name", "last_name"}
	}
	return &probe{Config: c, ctx: ctx, provider: provider, subject: "auth0|" + rand.Text()}
}

// login returns a login of subject as Mapping.Login makes it: with an e-mail of its own, and the fields given.
func (p *probe) login(subject string, fields map[string]any) userprovider.Login {
	email := rand.Text() + "@app.example"
	login := userprovider.Login{
		Identity: userprovider.Identity{Issuer: issuer, Subject: subject, Email: email, EmailVerified: true},
		Claims:   map[string]any{"iss": issuer, "sub": subject, "email": email, "email_verified": true},
		Fields:   map[string]any{"email": email},
	}
	for name, value := range fields {
		login.Fields[name] = value
		login.Claims[name] = value
	}
	return login
}

// texts returns values for the two fields of Config.Fields.
func (p *probe) texts(first, last any) map[string]any {
	return map[string]any{p.Fields[0]: first, p.Fields[1]: last}
}

// sync logs in and checks what holds after every login.
func (p *probe) sync(login userprovider.Login) (userprovider.User, error) {
	user, err := p.provider.SyncUser(p.ctx, login)
	if err != nil {
		return user, fmt.Errorf("SyncUser(%s): %w", login.Identity.Subject, err)
	}
	switch {
	case user.ID == "":
		return user, errors.New("SyncUser returned a user without an ID")
	case login.Staff != nil && user.Staff != *login.Staff:
		return user, fmt.Errorf("SyncUser returned Staff %t, the login sets %t", user.Staff, *login.Staff)
	case login.Superuser != nil && user.Superuser != *login.Superuser:
		return user, fmt.Errorf("SyncUser returned Superuser %t, the login sets %t", user.Superuser, *login.Superuser)
	}
	if err := p.stored(user, login.Fields); err != nil {
		return user, err
	}
	return user, p.unchanged(user)
}

// unchanged checks that FindUser returns the user as SyncUser did.
func (p *probe) unchanged(user userprovider.User) error {
	found, err := p.provider.FindUser(p.ctx, user.ID)
	if err != nil {
		return fmt.Errorf("FindUser of the user that SyncUser returned: %w", err)
	}
	if p.Read != nil && !reflect.DeepEqual(p.Read(found), p.Read(user)) {
		return fmt.Errorf("FindUser returned the fields %#.300v, SyncUser %#.300v", p.Read(found), p.Read(user))
	}
	found.Value, user.Value = nil, nil
	if found != user {
		return fmt.Errorf("FindUser returned %+v, SyncUser %+v", found, user)
	}
	return nil
}

// stored checks that the user has these fields, as far as the suite can see.
func (p *probe) stored(user userprovider.User, fields map[string]any) error {
	if p.Read == nil {
		return nil
	}
	have := p.Read(user)
	for name, want := range fields {
		if !reflect.DeepEqual(have[name], want) {
			return fmt.Errorf("the field %q holds %#.100v, the login says %#.100v", name, have[name], want)
		}
	}
	return nil
}

// namesField reports whether err tells the operator which field is at fault.
func namesField(err error, field string) bool { return strings.Contains(err.Error(), field) }
