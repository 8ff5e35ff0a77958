package providertest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/chiauth0/auth/userprovider"
)

// simultaneousLogins is a browser that restores fifty tabs.
func simultaneousLogins(p *probe) error {
	login := p.login(p.subject, p.texts("Ada", "Lovelace"))
	users := make([]userprovider.User, 50)
	faults := make([]error, len(users))
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range users {
		all.Go(func() {
			<-start
			users[i], faults[i] = p.provider.SyncUser(p.ctx, login)
		})
	}
	close(start)
	all.Wait()

	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("of %d simultaneous first logins some failed: %.1000w", len(users), err)
	}
	ids := map[string]bool{}
	created := 0
	for _, user := range users {
		ids[user.ID] = true
		if user.Created {
			created++
		}
	}
	if len(ids) != 1 {
		return fmt.Errorf("%d simultaneous first logins made %d users, want "+
			"1", len(users), len(ids))
	}
	if created > 1 {
		return fmt.Errorf("%d of %d simultaneous first logins returned Created true, want at "+
			"most 1",
			created, len(users))
	}
	again, err := p.sync(login)
	if err != nil {
		return err
	}
	if !ids[again.ID] {
		return fmt.Errorf("the next login made user %q, the first ones were "+
			"%q", again.ID, users[0].ID)
	}
	return nil
}

// busy lets people log in at the same time, for the race detector as well.
func busy(p *probe) error {
	const people, rounds = 8, 20
	var ids [people]string
	var faults [people]error
	var all sync.WaitGroup
	for i := range people {
		all.Go(func() { ids[i], faults[i] = p.logInRepeatedly(i, rounds) })
	}
	all.Wait()
	if err := errors.Join(faults[:]...); err != nil {
		return err
	}
	seen := map[string]bool{}
	for i, id := range ids {
		if seen[id] {
			return fmt.Errorf("person %d became user %q, who is another person", i, id)
		}
		seen[id] = true
	}
	return nil
}

func (p *probe) logInRepeatedly(person, rounds int) (id string, err error) {
	subject := fmt.Sprint(p.subject, "-", person)
	for round := range rounds {
		fields := p.texts(fmt.Sprint("Ada ", person), fmt.Sprint("round ", round))
		login := p.login(subject, fields)
		login.Staff = new(person%2 == 0)
		user, err := p.sync(login)
		if err != nil {
			return "", err
		}
		if id != "" && user.ID != id {
			return "", fmt.Errorf("user %q became user %q", id, user.ID)
		}
		id = user.ID
	}
	return id, nil
}

// cancelled is a user who closes the browser during the callback. The provider may store the login
// or give up. It must not store half of it, and it must not refuse the user because of it.
func cancelled(p *probe) error {
	ctx, cancel := context.WithCancel(p.ctx)
	cancel()
	login := p.login(p.subject, p.texts("Ada", "Lovelace"))
	early, err := p.provider.SyncUser(ctx, login)
	if errors.Is(err, userprovider.ErrRefused) || errors.Is(err, userprovider.ErrConflict) {
		return fmt.Errorf("SyncUser of a cancelled request returned the error %w, "+
			"which tells that the user is at fault", err)
	}
	made := err == nil

	user, err := p.sync(login)
	if err != nil {
		return fmt.Errorf("the login after a cancelled one: %w", err)
	}
	if made && early.ID != user.ID {
		return fmt.Errorf("a cancelled login made user %q, the next one user %q", early.ID, user.ID)
	}

	changed := p.login(p.subject, p.texts("Augusta", "King"))
	changed.Staff = new(true)
	if after, err := p.provider.SyncUser(ctx, changed); err == nil {
		user = after
	}
	if err := p.unchanged(user); err != nil {
		return fmt.Errorf("after a cancelled update: %w", err)
	}

	found, err := p.provider.FindUser(ctx, user.ID)
	if errors.Is(err, userprovider.ErrNotFound) {
		return fmt.Errorf("FindUser of a cancelled request returned the error %w, "+
			"which ends the session", err)
	}
	if err == nil && found.ID != user.ID {
		return fmt.Errorf("FindUser(%q) of a cancelled request found user %q", user.ID, found.ID)
	}
	return nil
}
