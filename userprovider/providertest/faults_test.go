package providertest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chiauth0/auth/userprovider"
)

func readAccount(user userprovider.User) map[string]any {
	return user.Value.(userprovider.Account).Fields()
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
	for range 2 {
		Config{Fields: [2]string{"a", "b"}, Read: readAccount}.Run(t, func(*testing.T) userprovider.UserProvider { return shared })
	}
}

// faulty is a provider that is right but for what sync and find do instead.
type faulty struct {
	*userprovider.Memory
	sync func(ctx context.Context, login userprovider.Login) (userprovider.User, error)
	find func(ctx context.Context, id string) (userprovider.User, error)
}

func (f *faulty) SyncUser(ctx context.Context, login userprovider.Login) (userprovider.User, error) {
	if f.sync == nil {
		return f.Memory.SyncUser(ctx, login)
	}
	// A fault changes its own login, unless to change the caller's is the fault.
	return f.sync(ctx, login)
}

func (f *faulty) FindUser(ctx context.Context, id string) (userprovider.User, error) {
	if f.find == nil {
		return f.Memory.FindUser(ctx, id)
	}
	return f.find(ctx, id)
}

// A fault is a mistake that somebody could make in a provider, and the checks that must catch it.
type fault struct {
	name     string
	caughtBy []string
	make     func(m *userprovider.Memory) *faulty
}

// misreads makes a provider that mistakes the login for another one.
func misreads(change func(login *userprovider.Login)) func(m *userprovider.Memory) *faulty {
	return func(m *userprovider.Memory) *faulty {
		return &faulty{Memory: m, sync: func(ctx context.Context, login userprovider.Login) (userprovider.User, error) {
			login.Fields = maps.Clone(login.Fields)
			change(&login)
			return m.SyncUser(ctx, login)
		}}
	}
}

// rewrites makes a provider that does something to all text it stores.
func rewrites(change func(text string) string) func(m *userprovider.Memory) *faulty {
	return misreads(func(login *userprovider.Login) {
		for name, value := range login.Fields {
			if text, ok := value.(string); ok {
				login.Fields[name] = change(text)
			}
		}
	})
}

// returns makes a provider whose SyncUser returns another user than it stored.
func returns(change func(user *userprovider.User)) func(m *userprovider.Memory) *faulty {
	return func(m *userprovider.Memory) *faulty {
		return &faulty{Memory: m, sync: func(ctx context.Context, login userprovider.Login) (userprovider.User, error) {
			user, err := m.SyncUser(ctx, login)
			change(&user)
			return user, err
		}}
	}
}

// finds makes a provider whose FindUser does something else.
func finds(find func(m *userprovider.Memory, ctx context.Context, id string) (userprovider.User, error)) func(m *userprovider.Memory) *faulty {
	return func(m *userprovider.Memory) *faulty {
		return &faulty{Memory: m, find: func(ctx context.Context, id string) (userprovider.User, error) {
			return find(m, ctx, id)
		}}
	}
}

// syncs makes a provider whose SyncUser does something else.
func syncs(sync func(m *userprovider.Memory, ctx context.Context, login userprovider.Login) (userprovider.User, error)) func(m *userprovider.Memory) *faulty {
	return func(m *userprovider.Memory) *faulty {
		return &faulty{Memory: m, sync: func(ctx context.Context, login userprovider.Login) (userprovider.User, error) {
			return sync(m, ctx, login)
		}}
	}
}

const (
	checkFirst        = "a first login makes an active user without roles"
	checkUpdate       = "every login updates the fields"
	checkAbsent       = "fields that a login lacks stay as they are"
	checkWho          = "issuer and subject decide who it is"
	checkEmail        = "an e-mail joins nobody"
	checkNoSubject    = "a login without issuer or subject is refused"
	checkRoles        = "roles are granted, taken away and left alone"
	checkUnknownID    = "an unknown id is not found"
	checkSimultaneous = "simultaneous first logins make one user"
	checkBusy         = "logins and look-ups do not disturb each other"
	checkCancelled    = "a cancelled request breaks nothing"
	checkText         = "hostile text is stored or refused"
	checkTypes        = "values of other types are stored or refused"
	checkUnknownField = "an unknown field is stored or refused"
	checkCallers      = "the login stays the caller's"
)

var errBroken = errors.New("the database is not there")

var faults = []fault{
	{"finds users by e-mail", []string{checkEmail}, misreads(func(l *userprovider.Login) { l.Identity.Subject = l.Identity.Email + "." })},
	{"takes an e-mail in use for a failure", []string{checkEmail}, func(m *userprovider.Memory) *faulty {
		m.Unique = []string{"email"}
		return &faulty{Memory: m, sync: func(ctx context.Context, login userprovider.Login) (userprovider.User, error) {
			user, err := m.SyncUser(ctx, login)
			if errors.Is(err, userprovider.ErrConflict) {
				err = errBroken
			}
			return user, err
		}}
	}},
	{"ignores the issuer", []string{checkWho}, misreads(func(l *userprovider.Login) { l.Identity.Issuer = "x" })},
	{"joins issuer and subject", []string{checkWho}, misreads(func(l *userprovider.Login) {
		l.Identity.Issuer, l.Identity.Subject = "x", l.Identity.Issuer+l.Identity.Subject
	})},
	{"ignores case", []string{checkWho}, misreads(func(l *userprovider.Login) { l.Identity.Subject = strings.ToLower(l.Identity.Subject) })},
	{"trims subjects", []string{checkWho}, misreads(func(l *userprovider.Login) { l.Identity.Subject = strings.TrimSpace(l.Identity.Subject) })},
	{"ends subjects at a NUL", []string{checkWho}, misreads(func(l *userprovider.Login) {
		l.Identity.Subject, _, _ = strings.Cut(l.Identity.Subject, "\x00")
	})},
	{"replaces invalid bytes of subjects", []string{checkWho}, misreads(func(l *userprovider.Login) {
		l.Identity.Subject = strings.ToValidUTF8(l.Identity.Subject, "?")
	})},
	{"cuts subjects at 254", []string{checkWho}, misreads(func(l *userprovider.Login) {
		l.Identity.Subject = l.Identity.Subject[:min(254, len(l.Identity.Subject))]
	})},
	{"cuts subjects at 1000", []string{checkWho}, misreads(func(l *userprovider.Login) {
		l.Identity.Subject = l.Identity.Subject[:min(1000, len(l.Identity.Subject))]
	})},
	{"makes a new user every time", []string{checkWho, checkRoles, checkUpdate, checkBusy}, func() func(*userprovider.Memory) *faulty {
		var mu sync.Mutex
		logins := 0
		return misreads(func(l *userprovider.Login) {
			mu.Lock()
			defer mu.Unlock()
			logins++
			l.Identity.Subject += fmt.Sprint(" ", logins)
		})
	}()},
	{"takes anybody", []string{checkNoSubject}, misreads(func(l *userprovider.Login) {
		l.Identity.Issuer += "x"
		l.Identity.Subject += "x"
	})},
	{"takes an empty issuer", []string{checkNoSubject}, misreads(func(l *userprovider.Login) { l.Identity.Issuer += "x" })},

	{"makes inactive users", []string{checkFirst}, returns(func(u *userprovider.User) { u.Active = false })},
	{"makes staff", []string{checkFirst}, misreads(func(l *userprovider.Login) { l.Staff = new(true) })},
	{"demands an e-mail", []string{checkFirst}, syncs(func(m *userprovider.Memory, ctx context.Context, l userprovider.Login) (userprovider.User, error) {
		if l.Identity.Email == "" {
			return userprovider.User{}, errBroken
		}
		return m.SyncUser(ctx, l)
	})},
	{"returns no ID", []string{checkFirst}, returns(func(u *userprovider.User) { u.ID = "" })},
	{"returns another ID", []string{checkFirst}, returns(func(u *userprovider.User) { u.ID += "x" })},
	{"fails", []string{checkFirst, checkUpdate, checkAbsent, checkSimultaneous, checkBusy}, syncs(
		func(*userprovider.Memory, context.Context, userprovider.Login) (userprovider.User, error) {
			return userprovider.User{}, errBroken
		})},

	{"never grants", []string{checkRoles}, misreads(func(l *userprovider.Login) { l.Staff, l.Superuser = nil, nil })},
	{"swaps roles", []string{checkRoles}, misreads(func(l *userprovider.Login) { l.Staff, l.Superuser = l.Superuser, l.Staff })},
	{"never revokes", []string{checkRoles}, misreads(func(l *userprovider.Login) {
		if l.Staff != nil && !*l.Staff {
			l.Staff = nil
		}
	})},
	{"revokes without being told", []string{checkRoles}, misreads(func(l *userprovider.Login) {
		if l.Superuser == nil {
			l.Superuser = new(false)
		}
	})},
	{"says granted and does not store it", []string{checkRoles}, returns(func(u *userprovider.User) { u.Superuser = !u.Superuser })},

	{"writes only at creation", []string{checkUpdate, checkAbsent, checkText}, func() func(*userprovider.Memory) *faulty {
		seen := map[string]bool{}
		return misreads(func(l *userprovider.Login) {
			if seen[l.Identity.Subject] {
				l.Fields = nil
			}
			seen[l.Identity.Subject] = true
		})
	}()},
	{"takes empty for absent", []string{checkUpdate}, misreads(func(l *userprovider.Login) {
		maps.DeleteFunc(l.Fields, func(_ string, value any) bool { return value == "" })
	})},
	{"clears what is absent", []string{checkAbsent}, misreads(func(l *userprovider.Login) {
		for _, name := range []string{"first_name", "last_name"} {
			if _, ok := l.Fields[name]; !ok && l.Fields != nil {
				l.Fields[name] = ""
			}
		}
	})},
	{"never writes the e-mail", []string{checkAbsent, checkText}, misreads(func(l *userprovider.Login) { delete(l.Fields, "email") })},
	{"ends text at a NUL", []string{checkText}, rewrites(func(s string) string { s, _, _ = strings.Cut(s, "\x00"); return s })},
	{"repairs text", []string{checkText}, rewrites(func(s string) string { return strings.ToValidUTF8(s, "?") })},
	{"cuts text", []string{checkText}, rewrites(func(s string) string { return s[:min(len(s), 1<<16)] })},
	{"trims text", []string{checkText}, rewrites(strings.TrimSpace)},
	{"escapes text", []string{checkText}, rewrites(func(s string) string { return strings.ReplaceAll(s, "'", "''") })},
	{"refuses without a name", []string{checkText}, syncs(func(m *userprovider.Memory, ctx context.Context, l userprovider.Login) (userprovider.User, error) {
		if text, _ := l.Fields["last_name"].(string); strings.Contains(text, "\x00") {
			return userprovider.User{}, errBroken
		}
		return m.SyncUser(ctx, l)
	})},
	{"stores half and refuses", []string{checkText}, syncs(func(m *userprovider.Memory, ctx context.Context, l userprovider.Login) (userprovider.User, error) {
		if text, _ := l.Fields["last_name"].(string); strings.Contains(text, "\x00") {
			l.Fields = maps.Clone(l.Fields)
			delete(l.Fields, "last_name")
			m.SyncUser(ctx, l) //nolint:errcheck // the fault is to store something
			return userprovider.User{}, errors.New("last_name has a NUL")
		}
		return m.SyncUser(ctx, l)
	})},
	{"skips what is no text", []string{checkTypes}, misreads(func(l *userprovider.Login) {
		maps.DeleteFunc(l.Fields, func(_ string, value any) bool { _, ok := value.(string); return !ok })
	})},
	{"rounds numbers", []string{checkTypes}, misreads(func(l *userprovider.Login) {
		for name, value := range l.Fields {
			if number, ok := value.(interface{ Float64() (float64, error) }); ok {
				l.Fields[name], _ = number.Float64()
			}
		}
	})},
	{"skips unknown fields", []string{checkUnknownField}, misreads(func(l *userprovider.Login) {
		maps.DeleteFunc(l.Fields, func(name string, _ any) bool {
			return !slices.Contains([]string{"email", "first_name", "last_name"}, name)
		})
	})},
	{"checks only at start", []string{checkUnknownField}, func(m *userprovider.Memory) *faulty {
		lax := userprovider.NewMemory()
		m.Defaults = map[string]any{"first_name": "", "last_name": ""}
		return &faulty{Memory: m, sync: lax.SyncUser, find: lax.FindUser}
	}},
	{"refuses its own fields at start", []string{checkUnknownField}, func(m *userprovider.Memory) *faulty {
		lax := userprovider.NewMemory()
		m.Defaults = map[string]any{"first_name": ""}
		return &faulty{Memory: m, sync: lax.SyncUser, find: lax.FindUser}
	}},
	{"changes the caller's fields", []string{checkCallers}, syncs(func(m *userprovider.Memory, ctx context.Context, l userprovider.Login) (userprovider.User, error) {
		user, err := m.SyncUser(ctx, l)
		delete(l.Fields, "last_name")
		return user, err
	})},
	{"changes the caller's claims", []string{checkCallers}, syncs(func(m *userprovider.Memory, ctx context.Context, l userprovider.Login) (userprovider.User, error) {
		delete(l.Claims, "iss")
		return m.SyncUser(ctx, l)
	})},
	{"keeps the caller's map", []string{checkCallers}, func(m *userprovider.Memory) *faulty {
		kept := map[string]map[string]any{} // by ID
		return &faulty{
			Memory: m,
			sync: func(ctx context.Context, login userprovider.Login) (userprovider.User, error) {
				user, err := m.SyncUser(ctx, login)
				kept[user.ID] = login.Fields
				return user, err
			},
			find: func(ctx context.Context, id string) (userprovider.User, error) {
				user, err := m.FindUser(ctx, id)
				if err != nil {
					return user, err
				}
				login := userprovider.Login{Fields: kept[id]}
				account := user.Value.(userprovider.Account)
				login.Identity.Issuer, login.Identity.Subject = account.Issuer, account.Subject
				return m.SyncUser(ctx, login)
			},
		}
	}},

	{"finds nobody with no error", []string{checkUnknownID}, finds(func(m *userprovider.Memory, ctx context.Context, id string) (userprovider.User, error) {
		user, err := m.FindUser(ctx, id)
		if errors.Is(err, userprovider.ErrNotFound) {
			err = nil
		}
		return user, err
	})},
	{"has an error of its own", []string{checkUnknownID}, finds(func(m *userprovider.Memory, ctx context.Context, id string) (userprovider.User, error) {
		user, err := m.FindUser(ctx, id)
		if err != nil {
			err = errBroken
		}
		return user, err
	})},
	{"finds by the beginning of an ID", []string{checkUnknownID}, finds(func(m *userprovider.Memory, ctx context.Context, id string) (userprovider.User, error) {
		return m.FindUser(ctx, id[:min(len(id), 26)])
	})},
	{"forgets", []string{checkFirst}, finds(func(*userprovider.Memory, context.Context, string) (userprovider.User, error) {
		return userprovider.User{}, userprovider.ErrNotFound
	})},
	{"finds old fields", []string{checkUpdate}, func(m *userprovider.Memory) *faulty {
		cache := map[string]userprovider.User{}
		return &faulty{Memory: m, find: func(ctx context.Context, id string) (userprovider.User, error) {
			if user, ok := cache[id]; ok {
				return user, nil
			}
			user, err := m.FindUser(ctx, id)
			cache[id] = user
			return user, err
		}}
	}},

	{"looks first and creates later", []string{checkSimultaneous}, func() func(*userprovider.Memory) *faulty {
		var mu sync.Mutex
		known, logins := map[string]string{}, 0
		return misreads(func(l *userprovider.Login) {
			mu.Lock()
			logins++
			mine, key := fmt.Sprint(l.Identity.Subject, logins), l.Identity.Issuer+l.Identity.Subject
			subject, ok := known[key]
			mu.Unlock()
			if !ok {
				time.Sleep(time.Millisecond) // in a bubble: until every other login has looked
				subject = mine
				mu.Lock()
				known[key] = mine
				mu.Unlock()
			}
			l.Identity.Subject = subject
		})
	}()},
	{"mixes people up", []string{checkBusy}, misreads(func(l *userprovider.Login) { l.Identity.Subject = "x" })},

	{"signs out when cancelled", []string{checkCancelled}, finds(func(m *userprovider.Memory, ctx context.Context, id string) (userprovider.User, error) {
		if ctx.Err() != nil {
			return userprovider.User{}, userprovider.ErrNotFound
		}
		return m.FindUser(ctx, id)
	})},
	{"finds another when cancelled", []string{checkCancelled}, finds(func(m *userprovider.Memory, ctx context.Context, id string) (userprovider.User, error) {
		if ctx.Err() != nil {
			return userprovider.User{}, nil
		}
		return m.FindUser(ctx, id)
	})},
	{"blames the user when cancelled", []string{checkCancelled}, syncs(func(m *userprovider.Memory, ctx context.Context, l userprovider.Login) (userprovider.User, error) {
		if ctx.Err() != nil {
			return userprovider.User{}, fmt.Errorf("%w: %w", userprovider.ErrRefused, ctx.Err())
		}
		return m.SyncUser(ctx, l)
	})},
	{"stores and reports failure when cancelled", []string{checkCancelled}, syncs(func(m *userprovider.Memory, ctx context.Context, l userprovider.Login) (userprovider.User, error) {
		user, err := m.SyncUser(context.WithoutCancel(ctx), l)
		if ctx.Err() != nil {
			return userprovider.User{}, ctx.Err()
		}
		return user, err
	})},
	{"makes a user to throw away when cancelled", []string{checkCancelled}, syncs(func(m *userprovider.Memory, ctx context.Context, l userprovider.Login) (userprovider.User, error) {
		if ctx.Err() != nil {
			l.Identity.Subject += " cancelled"
		}
		return m.SyncUser(context.WithoutCancel(ctx), l)
	})},
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
