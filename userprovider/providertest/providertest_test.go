package providertest

import (
	"context"
	"maps"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/chiauth0/auth/userprovider"
)

func readAccount(user userprovider.User) map[string]any {
	return user.Value.(userprovider.MemoryUser).Fields()
}

func TestMemoryPasses(t *testing.T) {
	Config{Read: readAccount}.Run(t, func(*testing.T) userprovider.UserProvider { return userprovider.NewMemory() })
}

func TestWithoutReadAndWithStrictFields(t *testing.T) {
	Run(t, func(*testing.T) userprovider.UserProvider {
		return &userprovider.Memory{
			Defaults: map[string]any{"first_name": "", "last_name": ""},
			Unique:   []string{"email"},
		}
	})
}

func TestOneProviderForAllChecks(t *testing.T) {
	shared := &userprovider.Memory{Unique: []string{"email"}}
	config := Config{Fields: [2]string{"a", "b"}, Read: readAccount}
	for range 2 {
		config.Run(t, func(*testing.T) userprovider.UserProvider { return shared })
	}
}

// TestFaultsAreCaught runs the checks over providers that are wrong in one way each.
func TestFaultsAreCaught(t *testing.T) {
	catches := map[string]int{}
	for _, fault := range faults {
		t.Run(fault.name, func(t *testing.T) {
			for _, check := range checks {
				if !slices.Contains(fault.caughtBy, check.name) {
					continue
				}
				catches[check.name]++
				synctest.Test(t, func(t *testing.T) {
					provider := fault.make(userprovider.NewMemory())
					err := check.run(Config{Read: readAccount}.newProbe(t.Context(), provider))
					if err == nil {
						t.Errorf("%q does not catch it", check.name)
					}
					t.Logf("%s: %.200v", check.name, err)
				})
			}
		})
	}
	for _, check := range checks {
		if catches[check.name] == 0 {
			t.Errorf("no fault shows that %q can fail", check.name)
		}
	}
}

// TestFaultsNameChecks sees to it that a renamed check does not drop out of TestFaultsAreCaught.
func TestFaultsNameChecks(t *testing.T) {
	for _, fault := range faults {
		for _, name := range fault.caughtBy {
			if !slices.ContainsFunc(checks, func(c check) bool { return c.name == name }) {
				t.Errorf("%s is to be caught by %q, which is no check", fault.name, name)
			}
		}
	}
}

type (
	memory = userprovider.Memory
	login  = userprovider.Login
	user   = userprovider.User
)

// A fault is a mistake that somebody could make in a provider, and the checks that must catch it.
type fault struct {
	name     string
	caughtBy []string
	make     func(m *memory) *faulty
}

// faulty is a provider that is right but for what sync and find do instead.
type faulty struct {
	*memory
	sync func(ctx context.Context, l login) (user, error)
	find func(ctx context.Context, id string) (user, error)
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

// syncs makes a provider whose SyncUser does something else.
func syncs(sync func(ctx context.Context, m *memory, l login) (user, error)) func(m *memory) *faulty {
	return func(m *memory) *faulty {
		return &faulty{memory: m, sync: func(ctx context.Context, l login) (user, error) { return sync(ctx, m, l) }}
	}
}

// finds makes a provider whose FindUser does something else.
func finds(find func(ctx context.Context, m *memory, id string) (user, error)) func(m *memory) *faulty {
	return func(m *memory) *faulty {
		return &faulty{memory: m, find: func(ctx context.Context, id string) (user, error) { return find(ctx, m, id) }}
	}
}

// misreads makes a provider that takes the login for another one. change may write to the Fields that it is given.
func misreads(change func(l *login)) func(m *memory) *faulty {
	return syncs(func(ctx context.Context, m *memory, l login) (user, error) {
		l.Fields = maps.Clone(l.Fields)
		change(&l)
		return m.SyncUser(ctx, l)
	})
}

// rewrites makes a provider that does something to all text that it stores.
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
