package providertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/chiauth0/auth/userprovider"
)

var identityFaults = []fault{
	{"finds users by e-mail", []string{inEmail}, misreads(func(l *login) {
		l.Identity.Subject = l.Identity.Email + "."
	})},
	{"returns an outage for an e-mail in use", []string{inEmail}, func(m *memory) *faulty {
		m.Unique = []string{"email"}
		return &faulty{memory: m, sync: func(ctx context.Context, l login) (user, error) {
			u, err := m.SyncUser(ctx, l)
			if errors.Is(err, userprovider.ErrConflict) {
				err = errBroken
			}
			return u, err
		}}
	}},
	{"ignores the issuer", []string{inWho}, misreads(func(l *login) { l.Identity.Issuer = "x" })},
	{"joins issuer and subject", []string{inWho}, misreads(func(l *login) {
		l.Identity.Issuer, l.Identity.Subject = "x", l.Identity.Issuer+l.Identity.Subject
	})},
	{"ignores case", []string{inWho}, misreads(func(l *login) {
		l.Identity.Subject = strings.ToLower(l.Identity.Subject)
	})},
	{"trims subjects", []string{inWho}, misreads(func(l *login) {
		l.Identity.Subject = strings.TrimSpace(l.Identity.Subject)
	})},
	{"ends subjects at a NUL", []string{inWho}, misreads(func(l *login) {
		l.Identity.Subject, _, _ = strings.Cut(l.Identity.Subject, "\x00")
	})},
	{"replaces invalid bytes of subjects", []string{inWho}, misreads(func(l *login) {
		l.Identity.Subject = strings.ToValidUTF8(l.Identity.Subject, "?")
	})},
	{"cuts subjects at 254", []string{inWho}, misreads(func(l *login) {
		l.Identity.Subject = l.Identity.Subject[:min(254, len(l.Identity.Subject))]
	})},
	{"cuts subjects at 1000", []string{inWho}, misreads(func(l *login) {
		l.Identity.Subject = l.Identity.Subject[:min(1000, len(l.Identity.Subject))]
	})},
	{"makes a new user every time", []string{inWho, inRoles, inUpdate, inBusy}, func() func(
		m *memory,
	) *faulty {
		var mu sync.Mutex
		logins := 0
		return misreads(func(l *login) {
			mu.Lock()
			defer mu.Unlock()
			logins++
			l.Identity.Subject += fmt.Sprint(" ", logins)
		})
	}()},
	{"accepts an empty subject", []string{inNoSubject}, misreads(func(l *login) {
		l.Identity.Issuer += "x"
		l.Identity.Subject += "x"
	})},
	{
		"accepts an empty issuer",
		[]string{inNoSubject},
		misreads(func(l *login) { l.Identity.Issuer += "x" }),
	},
	{"returns no error for an unknown ID", []string{inUnknownID}, finds(
		func(ctx context.Context, m *memory, id string) (user, error) {
			u, err := m.FindUser(ctx, id)
			if errors.Is(err, userprovider.ErrNotFound) {
				err = nil
			}
			return u, err
		})},
	{"returns an error other than ErrNotFound", []string{inUnknownID}, finds(
		func(ctx context.Context, m *memory, id string) (user, error) {
			u, err := m.FindUser(ctx, id)
			if err != nil {
				err = errBroken
			}
			return u, err
		})},
	{"finds by the beginning of an ID", []string{inUnknownID}, finds(
		func(ctx context.Context, m *memory, id string) (user, error) {
			return m.FindUser(ctx, id[:min(len(id), 26)])
		})},

	{"finds subjects in upper and lower case", []string{inSubject}, findsSubjects(
		func(ctx context.Context, m *memory, issuer, subject string) (user, error) {
			for _, u := range m.Accounts() {
				if u.Issuer == issuer && strings.EqualFold(u.Subject, subject) {
					return m.FindSubject(ctx, u.Issuer, u.Subject)
				}
			}
			return user{}, userprovider.ErrNotFound
		})},
	{"finds subjects of any issuer", []string{inSubject}, findsSubjects(
		func(ctx context.Context, m *memory, _, subject string) (user, error) {
			return m.FindSubject(ctx, issuer, subject)
		})},
	{"finds subjects by e-mail", []string{inSubject}, findsSubjects(
		func(ctx context.Context, m *memory, issuer, subject string) (user, error) {
			for _, u := range m.Accounts() {
				if u.Email == subject {
					return m.FindSubject(ctx, u.Issuer, u.Subject)
				}
			}
			return m.FindSubject(ctx, issuer, subject)
		})},
	{"creates the user that FindSubject looks for", []string{inSubject}, findsSubjects(
		func(ctx context.Context, m *memory, issuer, subject string) (user, error) {
			var l login
			l.Identity.Issuer, l.Identity.Subject = issuer, subject
			return m.SyncUser(ctx, l)
		})},
	{"finds no subject", []string{inSubject}, findsSubjects(
		func(context.Context, *memory, string, string) (user, error) {
			return user{}, userprovider.ErrNotFound
		})},
	{"returns another user from FindSubject", []string{inSubject}, findsSubjects(
		func(ctx context.Context, m *memory, issuer, subject string) (user, error) {
			found, err := m.FindSubject(ctx, issuer, subject)
			found.Staff = false
			return found, err
		})},
}
