package providertest

import (
	"context"

	"github.com/chiauth0/auth/userprovider"
)

var lifecycleFaults = []fault{
	{"makes inactive users", []string{inFirst}, syncs(
		func(ctx context.Context, m *memory, l login) (user, error) {
			stored, err := m.SyncUser(ctx, l)
			if err == nil {
				err = m.SetActive(stored.ID, false)
			}
			stored.Active = false
			return stored, err
		})},
	{
		"returns inactive and does not store it",
		[]string{inFirst},
		returns(func(u *user) { u.Active = false }),
	},
	{"makes staff", []string{inFirst}, misreads(func(l *login) { l.Staff = new(true) })},
	{"demands an e-mail", []string{inFirst}, syncs(
		func(ctx context.Context, m *memory, l login) (user, error) {
			if l.Identity.Email == "" {
				return user{}, errBroken
			}
			return m.SyncUser(ctx, l)
		})},
	{"returns no ID", []string{inFirst}, returns(func(u *user) { u.ID = "" })},
	{"returns another ID", []string{inFirst}, returns(func(u *user) { u.ID += "x" })},
	{"fails", []string{inFirst, inUpdate, inAbsent, inSimultaneous, inBusy}, syncs(
		func(context.Context, *memory, login) (user, error) {
			return user{}, errBroken
		})},
	{
		"never grants",
		[]string{inRoles},
		misreads(func(l *login) { l.Staff, l.Superuser = nil, nil }),
	},
	{
		"swaps roles",
		[]string{inRoles},
		misreads(func(l *login) {
			l.Staff, l.Superuser = l.Superuser, l.Staff
		}),
	},
	{"never revokes", []string{inRoles}, misreads(func(l *login) {
		if l.Staff != nil && !*l.Staff {
			l.Staff = nil
		}
	})},
	{"revokes a role that the login leaves alone", []string{inRoles}, misreads(func(l *login) {
		if l.Superuser == nil {
			l.Superuser = new(false)
		}
	})},
	{"returns a role and does not store it", []string{inRoles}, returns(func(u *user) {
		u.Superuser = !u.Superuser
	})},
	{"finds no user", []string{inFirst}, finds(
		func(context.Context, *memory, string) (user, error) {
			return user{}, userprovider.ErrNotFound
		})},

	{
		"returns no Value from FindUser",
		[]string{inFirst},
		returnsFound(func(u *user) { u.Value = nil }),
	},
	{
		"returns a Value of another type from FindUser",
		[]string{inFirst},
		returnsFound(func(u *user) {
			u.Value = new(u.Value)
		}),
	},
	{"returns Created from FindUser", []string{inFirst}, returnsFound(func(u *user) {
		u.Created = true
	})},
	{"returns Created at every login", []string{inCreated}, returns(func(u *user) {
		u.Created = true
	})},
	{"returns another subject", []string{inFirst}, returns(func(u *user) { u.Subject += "x" })},
	{"returns another issuer", []string{inFirst}, returns(func(u *user) { u.Issuer += "x" })},
	{"grants staff with superuser", []string{inRoles}, misreads(func(l *login) {
		if l.Superuser != nil && *l.Superuser {
			l.Staff = l.Superuser
		}
	})},

	{"finds inactive users as active", []string{inInactive}, returnsFound(func(u *user) {
		u.Active = true
	})},
	{"finds inactive users as active by subject", []string{inInactive}, findsSubjects(
		func(ctx context.Context, m *memory, issuer, subject string) (user, error) {
			found, err := m.FindSubject(ctx, issuer, subject)
			found.Active = err == nil
			return found, err
		})},
	{"returns inactive users as active at login", []string{inInactive}, returns(func(u *user) {
		u.Active = true
	})},
	{"makes inactive users active at login", []string{inInactive}, syncs(
		func(ctx context.Context, m *memory, l login) (user, error) {
			stored, err := m.SyncUser(ctx, l)
			if err != nil {
				return stored, err
			}
			if err := m.SetActive(stored.ID, true); err != nil {
				return stored, err
			}
			return m.FindUser(ctx, stored.ID)
		})},
	{"finds active users as inactive once they were", []string{inInactive}, func() func(
		m *memory,
	) *faulty {
		barred := map[string]bool{}
		return finds(func(ctx context.Context, m *memory, id string) (user, error) {
			found, err := m.FindUser(ctx, id)
			barred[id] = barred[id] || !found.Active
			found.Active = !barred[id]
			return found, err
		})
	}()},
	{"finds deleted users in a cache", []string{inDeleted}, func(m *memory) *faulty {
		cache := map[string]user{}
		return &faulty{
			memory: m,
			sync: func(ctx context.Context, l login) (user, error) {
				stored, err := m.SyncUser(ctx, l)
				cache[stored.ID] = stored
				return stored, err
			},
			find: func(_ context.Context, id string) (user, error) {
				found := cache[id]
				found.Created = false
				return found, nil
			},
		}
	}},
	{"gives the ID of a deleted user again", []string{inDeleted}, func(m *memory) *faulty {
		ids := map[string]string{}
		return &faulty{
			memory: m,
			sync: func(ctx context.Context, l login) (user, error) {
				stored, err := m.SyncUser(ctx, l)
				ids[l.Identity.Subject] = stored.ID
				stored.ID = l.Identity.Subject
				return stored, err
			},
			find: func(ctx context.Context, id string) (user, error) {
				found, err := m.FindUser(ctx, ids[id])
				found.ID = id
				return found, err
			},
		}
	}},
	{"fails to find deleted users", []string{inDeleted}, finds(
		func(ctx context.Context, m *memory, id string) (user, error) {
			found, err := m.FindUser(ctx, id)
			if err != nil {
				err = errBroken
			}
			return found, err
		})},
}
