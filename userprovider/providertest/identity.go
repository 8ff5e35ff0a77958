package providertest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/chiauth0/auth/userprovider"
)

// identity logs in with subjects that are easily confused. A subject is case-sensitive, has up to
// 255 ASCII characters, and is unique within its issuer only (OpenID Connect Core, section 2).
func identity(p *probe) error {
	ids := map[string]string{}
	for _, s := range p.similarSubjects() {
		login := p.login(s.subject, nil)
		login.Identity.Issuer = s.issuer
		user, err := p.sync(login)
		if err != nil {
			if s.mayRefuse && user.ID == "" {
				continue
			}
			return fmt.Errorf("%s: %w", s.what, err)
		}
		if other, taken := ids[user.ID]; taken {
			return fmt.Errorf("%s was taken for %s: both are user %q", s.what, other, user.ID)
		}
		ids[user.ID] = s.what

		again := p.login(s.subject, nil)
		again.Identity.Issuer = s.issuer
		same, err := p.sync(again)
		if err != nil {
			return fmt.Errorf("%s, at the second login: %w", s.what, err)
		}
		if same.ID != user.ID {
			return fmt.Errorf("%s is user %q at the first login and %q at the second",
				s.what, user.ID, same.ID)
		}
	}
	return nil
}

type similarSubject struct {
	what            string
	issuer, subject string
	mayRefuse       bool // beyond what OpenID Connect requires; confusing it is still a fault
}

func (p *probe) similarSubjects() []similarSubject {
	base := p.subject + "-Ada"
	long := base + strings.Repeat("x", 254-len(base))
	longer := long + strings.Repeat("y", 1000)
	return []similarSubject{
		{"the user", issuer, base, false},
		{"the subject at another issuer", "https://other.example/", base, false},
		{"an issuer and subject that are the same when joined", issuer + base[:1], base[1:], false},
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
		{"more than 1000 characters", issuer, longer + "1", true},
		{"more than 1000 other characters", issuer, longer + "2", true},
	}
}

// sameEmail is an attempt to take over an account: an attacker signs up through another connection
// with the e-mail of the victim.
func sameEmail(p *probe) error {
	login := p.login(p.subject+"-victim", nil)
	victim, err := p.sync(login)
	if err != nil {
		return err
	}
	login.Identity.Subject = p.subject + "-attacker"
	attacker, err := p.provider.SyncUser(p.ctx, login)
	if err == nil && attacker.ID == victim.ID {
		return fmt.Errorf("another subject with the same e-mail became user %q", victim.ID)
	}
	if err != nil && !errors.Is(err, userprovider.ErrConflict) {
		return fmt.Errorf("a second user with the same e-mail returned the error %w, "+
			"want none or ErrConflict", err)
	}
	return p.unchanged(victim)
}

func noSubject(p *probe) error {
	withoutSubject := p.login("", nil)
	withoutIssuer := p.login(p.subject, nil)
	withoutIssuer.Identity.Issuer = ""
	for _, login := range []userprovider.Login{withoutSubject, withoutIssuer} {
		user, err := p.provider.SyncUser(p.ctx, login)
		if err == nil {
			return fmt.Errorf("a login with the issuer %q and the subject %q became user %q",
				login.Identity.Issuer, login.Identity.Subject, user.ID)
		}
	}
	return nil
}

func unknownID(p *probe) error {
	user, err := p.sync(p.login(p.subject, nil))
	if err != nil {
		return err
	}
	for _, id := range []string{"", "chiauth0-no-such-user", p.subject} {
		_, err := p.provider.FindUser(p.ctx, id)
		if !errors.Is(err, userprovider.ErrNotFound) {
			return fmt.Errorf("FindUser(%q) returned the error %w, want "+
				"ErrNotFound", id, orNone(err))
		}
	}
	// These may have any error, since a database may refuse a NUL before it looks for the user.
	for _, id := range []string{
		"%", "*", "' OR '1'='1", "\x00", "\xff", strings.Repeat("9", 1<<16),
		user.ID + "%", user.ID + "' OR '1'='1", user.ID + "\x00", user.ID + "\x00x",
		user.ID + ".", user.ID + ".5",
	} {
		if found, err := p.provider.FindUser(p.ctx, id); err == nil {
			return fmt.Errorf("FindUser(%.80q) found user %q", id, found.ID)
		}
	}
	return nil
}

// findSubject tests a provider that is a SubjectFinder.
func findSubject(p *probe) error {
	finder, ok := p.provider.(userprovider.SubjectFinder)
	if !ok {
		return nil
	}
	_, err := finder.FindSubject(p.ctx, issuer, p.subject)
	if !errors.Is(err, userprovider.ErrNotFound) {
		return fmt.Errorf("FindSubject before the first login returned the error %w, "+
			"want ErrNotFound", orNone(err))
	}
	login := p.login(p.subject, p.texts("Ada", "Lovelace"))
	login.Staff = new(true)
	user, err := p.sync(login)
	if err != nil {
		return err
	}
	found, err := finder.FindSubject(p.ctx, issuer, p.subject)
	if err != nil {
		return fmt.Errorf("FindSubject of a user who logged in: %w", err)
	}
	if err := p.same("FindSubject", found, user); err != nil {
		return err
	}
	for _, other := range [][2]string{
		{"", ""},
		{issuer, ""},
		{"", p.subject},
		{"https://other.example/", p.subject},
		{issuer + p.subject[:1], p.subject[1:]},
		{issuer, strings.ToLower(p.subject)},
		{issuer, p.subject + " "},
		{issuer, p.subject + "%"},
		{issuer, p.subject + "\x00"},
		{issuer, login.Identity.Email},
	} {
		_, err := finder.FindSubject(p.ctx, other[0], other[1])
		if !errors.Is(err, userprovider.ErrNotFound) {
			return fmt.Errorf("FindSubject(%q, %q) returned the error %w, want ErrNotFound",
				other[0], other[1], orNone(err))
		}
	}
	return nil
}
