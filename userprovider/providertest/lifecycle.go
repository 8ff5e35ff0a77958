package providertest

import (
	"errors"
	"fmt"

	"github.com/chiauth0/auth/userprovider"
)

func firstLogin(p *probe) error {
	user, err := p.sync(p.login(p.subject, p.texts("Ada", "Lovelace")))
	if err != nil {
		return err
	}
	if !user.Active || user.Staff || user.Superuser {
		return fmt.Errorf("a new user has Active %t, Staff %t and Superuser %t, "+
			"want true, false and false", user.Active, user.Staff, user.Superuser)
	}
	// A user of Auth0 may have neither a name nor an e-mail. A provider may refuse such users.
	bare := p.login(p.subject+"-bare", nil)
	bare.Fields, bare.Identity.Email, bare.Identity.EmailVerified = nil, "", false
	if _, err := p.sync(bare); err != nil && !errors.Is(err, userprovider.ErrRefused) {
		return fmt.Errorf("a login that writes no field: %w", err)
	}
	return nil
}

// createdOnce accepts a provider that never sets Created.
func createdOnce(p *probe) error {
	if _, err := p.sync(p.login(p.subject, nil)); err != nil {
		return err
	}
	for _, fields := range []map[string]any{nil, p.texts("Ada", "Lovelace")} {
		user, err := p.sync(p.login(p.subject, fields))
		if err != nil {
			return err
		}
		if user.Created {
			return errors.New("a later login returned Created true, want false")
		}
	}
	return nil
}

func inactive(p *probe) error {
	login := p.login(p.subject, p.texts("Ada", "Lovelace"))
	user, err := p.sync(login)
	if err != nil {
		return err
	}
	if err := p.SetActive(p.ctx, user, false); err != nil {
		return fmt.Errorf("Config.SetActive: %w", err)
	}
	if err := p.checkInactive(user, "after SetActive(false)"); err != nil {
		return err
	}
	if p.Reactivates {
		return p.checkReactivated(login)
	}
	changed := p.login(p.subject, p.texts("Augusta", "King"))
	for _, login := range []userprovider.Login{login, changed} {
		again, err := p.provider.SyncUser(p.ctx, login)
		if err != nil && !errors.Is(err, userprovider.ErrRefused) {
			return fmt.Errorf("a login of an inactive user: %w", err)
		}
		if err == nil && again.Active {
			return errors.New("a login of an inactive user returned Active true, want false")
		}
		if err := p.checkInactive(user, "after a login of an inactive user"); err != nil {
			return err
		}
	}
	if err := p.SetActive(p.ctx, user, true); err != nil {
		return fmt.Errorf("Config.SetActive: %w", err)
	}
	found, err := p.provider.FindUser(p.ctx, user.ID)
	if err != nil || !found.Active {
		return fmt.Errorf("after SetActive(true) FindUser returned Active %t and the error %w",
			found.Active, orNone(err))
	}
	return nil
}

// checkInactive accepts a provider that does not find inactive users.
func (p *probe) checkInactive(user userprovider.User, when string) error {
	found, err := p.provider.FindUser(p.ctx, user.ID)
	if err != nil && !errors.Is(err, userprovider.ErrNotFound) {
		return fmt.Errorf("%s FindUser failed: %w", when, err)
	}
	if err == nil && found.Active {
		return fmt.Errorf("%s FindUser returned Active true, want false", when)
	}
	finder, ok := p.provider.(userprovider.SubjectFinder)
	if !ok {
		return nil
	}
	found, err = finder.FindSubject(p.ctx, issuer, p.subject)
	if err == nil && found.Active {
		return fmt.Errorf("%s FindSubject returned Active true, want false", when)
	}
	return nil
}

func (p *probe) checkReactivated(login userprovider.Login) error {
	user, err := p.sync(login)
	if err != nil {
		return err
	}
	if !user.Active {
		return errors.New("a login of an inactive user returned Active false, and " +
			"Config.Reactivates is set")
	}
	return nil
}

func deleted(p *probe) error {
	login := p.login(p.subject, p.texts("Ada", "Lovelace"))
	user, err := p.sync(login)
	if err != nil {
		return err
	}
	if err := p.Delete(p.ctx, user); err != nil {
		return fmt.Errorf("Config.Delete: %w", err)
	}
	if err := p.checkDeleted(user, "after Delete"); err != nil {
		return err
	}

	// The identity may come back as a new user, or be refused.
	again, err := p.provider.SyncUser(p.ctx, login)
	if err == nil && again.Active && again.ID == user.ID {
		return fmt.Errorf("a login after Delete returned the ID %q of the deleted user", user.ID)
	}
	return p.checkDeleted(user, "after a login of the deleted identity")
}

// checkDeleted accepts a provider that marks deleted users and finds them as inactive.
func (p *probe) checkDeleted(user userprovider.User, when string) error {
	found, err := p.provider.FindUser(p.ctx, user.ID)
	if err == nil && found.Active {
		return fmt.Errorf("%s FindUser found the deleted user %q", when, found.ID)
	}
	if err != nil && !errors.Is(err, userprovider.ErrNotFound) {
		return fmt.Errorf("%s FindUser returned the error %w, want ErrNotFound", when, err)
	}
	return nil
}

var errNone = errors.New("nil")

// orNone makes a nil error printable.
func orNone(err error) error {
	if err == nil {
		return errNone
	}
	return err
}
