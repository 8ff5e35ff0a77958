package providertest

import (
	"context"
	"maps"

	"github.com/chiauth0/auth/userprovider"
)

type (
	memory = userprovider.Memory
	login  = userprovider.Login
	user   = userprovider.User
)

// A fault is a mistake in a provider, and the checks that must catch it.
type fault struct {
	name     string
	caughtBy []string
	make     func(m *memory) *faulty
}

// A faulty provider is correct except for the functions that are set.
type faulty struct {
	*memory
	sync    func(ctx context.Context, l login) (user, error)
	find    func(ctx context.Context, id string) (user, error)
	subject func(ctx context.Context, issuer, subject string) (user, error)
}

func (f *faulty) SyncUser(ctx context.Context, l login) (user, error) {
	if f.sync == nil {
		return f.memory.SyncUser(ctx, l)
	}
	return f.sync(ctx, l)
}

func (f *faulty) FindUser(ctx context.Context, id string) (user, error) {
	if f.find == nil {
		return f.memory.FindUser(ctx, id)
	}
	return f.find(ctx, id)
}

func (f *faulty) FindSubject(ctx context.Context, issuer, subject string) (user, error) {
	if f.subject == nil {
		return f.memory.FindSubject(ctx, issuer, subject)
	}
	return f.subject(ctx, issuer, subject)
}

type (
	syncFunc    func(ctx context.Context, m *memory, l login) (user, error)
	findFunc    func(ctx context.Context, m *memory, id string) (user, error)
	subjectFunc func(ctx context.Context, m *memory, issuer, subject string) (user, error)
)

// syncs makes a provider with another SyncUser.
func syncs(sync syncFunc) func(m *memory) *faulty {
	return func(m *memory) *faulty {
		return &faulty{memory: m, sync: func(ctx context.Context, l login) (user, error) {
			return sync(ctx, m, l)
		}}
	}
}

// finds makes a provider with another FindUser.
func finds(find findFunc) func(m *memory) *faulty {
	return func(m *memory) *faulty {
		return &faulty{memory: m, find: func(ctx context.Context, id string) (user, error) {
			return find(ctx, m, id)
		}}
	}
}

// findsSubjects makes a provider with another FindSubject.
func findsSubjects(find subjectFunc) func(m *memory) *faulty {
	return func(m *memory) *faulty {
		return &faulty{
			memory: m,
			subject: func(ctx context.Context, issuer, subject string) (user, error) {
				return find(ctx, m, issuer, subject)
			},
		}
	}
}

// misreads makes a provider that changes the login. change may write to the Fields it gets.
func misreads(change func(l *login)) func(m *memory) *faulty {
	return syncs(func(ctx context.Context, m *memory, l login) (user, error) {
		l.Fields = maps.Clone(l.Fields)
		change(&l)
		return m.SyncUser(ctx, l)
	})
}

// rewrites makes a provider that changes all text that it stores.
func rewrites(change func(text string) string) func(m *memory) *faulty {
	return misreads(func(l *login) {
		for name, value := range l.Fields {
			if text, ok := value.(string); ok {
				l.Fields[name] = change(text)
			}
		}
	})
}

// returns makes a provider whose SyncUser returns another user than it stored.
func returns(change func(u *user)) func(m *memory) *faulty {
	return syncs(func(ctx context.Context, m *memory, l login) (user, error) {
		stored, err := m.SyncUser(ctx, l)
		change(&stored)
		return stored, err
	})
}

// returnsFound makes a provider whose FindUser returns another user than it stored.
func returnsFound(change func(u *user)) func(m *memory) *faulty {
	return finds(func(ctx context.Context, m *memory, id string) (user, error) {
		found, err := m.FindUser(ctx, id)
		if err == nil {
			change(&found)
		}
		return found, err
	})
}
