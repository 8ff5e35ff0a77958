package providertest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"

	"github.com/chiauth0/auth/userprovider"
)

const issuer = "https://tenant.example/"

// A probe is the view that one check has of a provider.
type probe struct {
	Config
	ctx      context.Context
	provider userprovider.UserProvider
	subject  string // new to the provider; checks append to it to get more
}

func (c Config) newProbe(ctx context.Context, provider userprovider.UserProvider) *probe {
	if c.Fields == [2]string{} {
		c.Fields = [2]string{"first_name", "last_name"}
	}
	setter, ok := provider.(interface {
		SetActive(id string, active bool) error
	})
	if ok && c.SetActive == nil {
		c.SetActive = func(_ context.Context, user userprovider.User, active bool) error {
			return setter.SetActive(user.ID, active)
		}
	}
	deleter, ok := provider.(interface{ Delete(id string) error })
	if ok && c.Delete == nil {
		c.Delete = func(_ context.Context, user userprovider.User) error {
			return deleter.Delete(user.ID)
		}
	}
	return &probe{Config: c, ctx: ctx, provider: provider, subject: "auth0|" + rand.Text()}
}

// login returns a login of a subject as Mapping.Apply makes it: with an e-mail of its own, and with
// the fields.
func (p *probe) login(subject string, fields map[string]any) userprovider.Login {
	email := rand.Text() + "@app.example"
	login := userprovider.Login{
		Identity: userprovider.Identity{
			Issuer:        issuer,
			Subject:       subject,
			Email:         email,
			EmailVerified: true,
		},
		Claims: map[string]any{
			"iss":            issuer,
			"sub":            subject,
			"email":          email,
			"email_verified": true,
		},
		Fields: map[string]any{"email": email},
	}
	maps.Copy(login.Fields, fields)
	maps.Copy(login.Claims, fields)
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
	if user.ID == "" {
		return user, errors.New("SyncUser returned a user without an ID")
	}
	if err := checkRoles(user, login); err != nil {
		return user, err
	}
	if err := checkIdentity(user, login); err != nil {
		return user, err
	}
	if err := p.stored(user, login.Fields); err != nil {
		return user, err
	}
	return user, p.unchanged(user)
}

func checkRoles(user userprovider.User, login userprovider.Login) error {
	if login.Staff != nil && user.Staff != *login.Staff {
		return fmt.Errorf("SyncUser returned Staff %t, the login sets %t", user.Staff, *login.Staff)
	}
	if login.Superuser != nil && user.Superuser != *login.Superuser {
		return fmt.Errorf("SyncUser returned Superuser %t, the login sets %t",
			user.Superuser, *login.Superuser)
	}
	return nil
}

// checkIdentity accepts a provider that does not know issuer and subject.
func checkIdentity(user userprovider.User, login userprovider.Login) error {
	if user.Subject != "" && user.Subject != login.Identity.Subject {
		return fmt.Errorf("SyncUser returned the subject %q, the login has %q",
			user.Subject, login.Identity.Subject)
	}
	if user.Issuer != "" && user.Issuer != login.Identity.Issuer {
		return fmt.Errorf("SyncUser returned the issuer %q, the login has %q",
			user.Issuer, login.Identity.Issuer)
	}
	return nil
}

// unchanged checks that FindUser returns the user as SyncUser did.
func (p *probe) unchanged(user userprovider.User) error {
	found, err := p.provider.FindUser(p.ctx, user.ID)
	if err != nil {
		return fmt.Errorf("FindUser of the user that SyncUser returned: %w", err)
	}
	return p.same("FindUser", found, user)
}

// same checks that a user who was found is the user that SyncUser returned.
func (p *probe) same(method string, found, user userprovider.User) error {
	if found.Created {
		return fmt.Errorf("%s returned Created true, which only SyncUser may", method)
	}
	got, want := reflect.TypeOf(found.Value), reflect.TypeOf(user.Value)
	if got != want {
		return fmt.Errorf("%s returned a Value of the type %v, SyncUser one of the type %v",
			method, got, want)
	}
	if p.Read != nil {
		got, want := p.Read(found), p.Read(user)
		if !reflect.DeepEqual(got, want) {
			return fmt.Errorf("%s returned the fields %#.300v, SyncUser %#.300v", method, got, want)
		}
	}
	found.Value, user.Value = nil, nil
	user.Created = false
	if found != user {
		return fmt.Errorf("%s returned %+v, SyncUser %+v", method, found, user)
	}
	return nil
}

// stored checks that the user has the fields, as far as Config.Read shows them.
func (p *probe) stored(user userprovider.User, fields map[string]any) error {
	if p.Read == nil {
		return nil
	}
	have := p.Read(user)
	for name, want := range fields {
		if !reflect.DeepEqual(have[name], want) {
			return fmt.Errorf("the field %q holds %#.100v, the login says %#.100v",
				name, have[name], want)
		}
	}
	return nil
}

// snapshot returns what a user holds now, in a form that later changes do not reach.
func (p *probe) snapshot(user userprovider.User) string {
	if p.Read != nil {
		return fmt.Sprintf("%#v", p.Read(user))
	}
	return fmt.Sprintf("%#v", user.Value)
}

// namesField reports whether an error names the field.
func namesField(err error, field string) bool { return strings.Contains(err.Error(), field) }
