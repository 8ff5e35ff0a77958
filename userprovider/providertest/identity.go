package providertest

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/chiauth0/auth/userprovider"
)

func firstLogin(p *probe) error {
	user, err := p.sync(p.login(p.subject, p.texts("Ada", "Lovelace")))
	if err != nil {
		return err
	}
	if !user.Active || user.Staff || user.Superuser {
		return fmt.Errorf("a new user has Active %t, Staff %t and Superuser %t, want true, false and false",
			user.Active, user.Staff, user.Superuser)
	}
	// Nobody has to have a name or an e-mail at Auth0. To turn such people away is not to fail.
	bare := p.login(p.subject+"-bare", nil)
	bare.Fields, bare.Identity.Email, bare.Identity.EmailVerified = nil, "", false
	if _, err := p.sync(bare); err != nil && !errors.Is(err, userprovider.ErrRefused) {
		return fmt.Errorf("a login that writes no field: %w", err)
	}
	return nil
}

// whoItIs tries subjects that are easily taken for each other. A subject is case-sensitive, up to 255 ASCII characters
// long, and unique within its issuer only (OpenID Connect Core, section 2).
func whoItIs(p *probe) error {
	base := p.subject + "-Ada"
	long := base + strings.Repeat("x", 254-len(base))
	logins := []struct {
		what            string
		issuer, subject string
		mayRefuse       bool // beyond what OpenID Connect demands; to mistake it for another is still a fault
	}{
		{"the user", issuer, base, false},
		{"the subject at another issuer", "https://other.example/", base, false},
		{"an issuer and subject that read the same when joined", issuer + base[:1], base[1:], false},
		{"the subject in lower case", issuer, strings.ToLower(base), false},
		{"the subject and a space", issuer, base + " ", true},
		{"the subject and a quote", issuer, base + "'", false},
		{"the subject and a wildcard", issuer, base[:len(base)-1] + "%", false},
		{"the subject and a NUL", issuer, base + "\x00", true},
		{"the subject and an invalid byte", issuer, base + "\xff", true},
		{"another invalid byte", issuer, base + "\xfe", true},
		{"the subject and an é", issuer, base + "é", true},
		{"the subject and an e with an accent", issuer, base + "e\u0301", true},
		{"255 characters", issuer, long + "1", false},
		{"another 255 characters", issuer, long + "2", false},
		{"more than 1000 characters", issuer, long + strings.Repeat("y", 1000) + "1", true},
		{"more than 1000 other characters", issuer, long + strings.Repeat("y", 1000) + "2", true},
	}
	ids := map[string]string{}
	for _, l := range logins {
		login := p.login(l.subject, nil)
		login.Identity.Issuer = l.issuer
		user, err := p.sync(login)
		if err != nil {
			if l.mayRefuse && user.ID == "" {
				continue
			}
			return fmt.Errorf("%s: %w", l.what, err)
		}
		if other, taken := ids[user.ID]; taken {
			return fmt.Errorf("%s was taken for %s: both are user %q", l.what, other, user.ID)
		}
		ids[user.ID] = l.what

		again := p.login(l.subject, nil)
		again.Identity.Issuer = l.issuer
		same, err := p.sync(again)
		if err != nil {
			return fmt.Errorf("%s, for the second time: %w", l.what, err)
		}
		if same.ID != user.ID {
			return fmt.Errorf("%s is user %q at the first login and %q at the second", l.what, user.ID, same.ID)
		}
	}
	return nil
}

// sameEmail is the classic account takeover: somebody signs up through another connection with the victim's e-mail.
func sameEmail(p *probe) error {
	login := p.login(p.subject+"-victim", nil)
	victim, err := p.sync(login)
	if err != nil {
		return err
	}
	login.Identity.Subject = p.subject + "-attacker"
	attacker, err := p.provider.SyncUser(p.ctx, login)
	switch {
	case err == nil && attacker.ID == victim.ID:
		return fmt.Errorf("another subject with the same e-mail became user %q", victim.ID)
	case err != nil && !errors.Is(err, userprovider.ErrConflict):
		return fmt.Errorf("a provider whose e-mails are unique answers ErrConflict, got: %w", err)
	}
	return p.unchanged(victim)
}

func noSubject(p *probe) error {
	for _, login := range []userprovider.Login{p.login("", nil), p.login(p.subject, nil)} {
		if login.Identity.Subject != "" {
			login.Identity.Issuer = ""
		}
		if user, err := p.provider.SyncUser(p.ctx, login); err == nil {
			return fmt.Errorf("issuer %q and subject %q became user %q", login.Identity.Issuer, login.Identity.Subject, user.ID)
		}
	}
	return nil
}

func roles(p *probe) error {
	yes, no := new(true), new(false)
	for _, step := range []struct {
		staff, superuser         *bool
		wantStaff, wantSuperuser bool
	}{
		{nil, nil, false, false},
		{yes, no, true, false},
		{nil, nil, true, false}, // no group configured any more: as it is
		{nil, yes, true, true},
		{no, nil, false, true},
		{nil, no, false, false},
		{yes, yes, true, true},
		{no, no, false, false},
	} {
		login := p.login(p.subject, nil)
		login.Staff, login.Superuser = step.staff, step.superuser
		user, err := p.sync(login)
		if err != nil {
			return err
		}
		if user.Staff != step.wantStaff || user.Superuser != step.wantSuperuser {
			return fmt.Errorf("after Staff %s and Superuser %s the user has Staff %t and Superuser %t, want %t and %t",
				show(step.staff), show(step.superuser), user.Staff, user.Superuser, step.wantStaff, step.wantSuperuser)
		}
	}
	login := p.login(p.subject+"-new", nil)
	login.Staff, login.Superuser = yes, yes
	if _, err := p.sync(login); err != nil {
		return fmt.Errorf("a new user with roles: %w", err)
	}
	return nil
}

func show(role *bool) string {
	if role == nil {
		return "nil"
	}
	return fmt.Sprint(*role)
}

func unknownID(p *probe) error {
	user, err := p.sync(p.login(p.subject, nil))
	if err != nil {
		return err
	}
	for _, id := range []string{"", "chiauth0-no-such-user", p.subject} {
		if _, err := p.provider.FindUser(p.ctx, id); !errors.Is(err, userprovider.ErrNotFound) {
			return fmt.Errorf("FindUser(%q) returned the error %w, want ErrNotFound", id, cmp.Or(err, errNone))
		}
	}
	// Which error these get is the provider's affair (a NUL may be one that its database never sees).
	for _, id := range []string{
		"%", "*", "' OR '1'='1", "\x00", "\xff", strings.Repeat("9", 1<<16),
		user.ID + "%", user.ID + "' OR '1'='1", user.ID + "\x00", user.ID + "\x00x", user.ID + ".", user.ID + ".5",
	} {
		if found, err := p.provider.FindUser(p.ctx, id); err == nil {
			return fmt.Errorf("FindUser(%.80q) found user %q", id, found.ID)
		}
	}
	return nil
}

var errNone = errors.New("nil")
