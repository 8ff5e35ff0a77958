package providertest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chiauth0/auth/userprovider"
)

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
	{"finds users by e-mail", []string{checkEmail}, misreads(func(l *login) {
		l.Identity.Subject = l.Identity.Email + "."
	})},
	{"takes an e-mail in use for a failure", []string{checkEmail}, func(m *memory) *faulty {
		m.Unique = []string{"email"}
		return &faulty{memory: m, sync: func(ctx context.Context, l login) (user, error) {
			u, err := m.SyncUser(ctx, l)
			if errors.Is(err, userprovider.ErrConflict) {
				err = errBroken
			}
			return u, err
		}}
	}},
	{"ignores the issuer", []string{checkWho}, misreads(func(l *login) { l.Identity.Issuer = "x" })},
	{"joins issuer and subject", []string{checkWho}, misreads(func(l *login) {
		l.Identity.Issuer, l.Identity.Subject = "x", l.Identity.Issuer+l.Identity.Subject
	})},
	{"ignores case", []string{checkWho}, misreads(func(l *login) {
		l.Identity.Subject = strings.ToLower(l.Identity.Subject)
	})},
	{"trims subjects", []string{checkWho}, misreads(func(l *login) {
		l.Identity.Subject = strings.TrimSpace(l.Identity.Subject)
	})},
	{"ends subjects at a NUL", []string{checkWho}, misreads(func(l *login) {
		l.Identity.Subject, _, _ = strings.Cut(l.Identity.Subject, "\x00")
	})},
	{"replaces invalid bytes of subjects", []string{checkWho}, misreads(func(l *login) {
		l.Identity.Subject = strings.ToValidUTF8(l.Identity.Subject, "?")
	})},
	{"cuts subjects at 254", []string{checkWho}, misreads(func(l *login) {
		l.Identity.Subject = l.Identity.Subject[:min(254, len(l.Identity.Subject))]
	})},
	{"cuts subjects at 1000", []string{checkWho}, misreads(func(l *login) {
		l.Identity.Subject = l.Identity.Subject[:min(1000, len(l.Identity.Subject))]
	})},
	{"makes a new user every time", []string{checkWho, checkRoles, checkUpdate, checkBusy}, func() func(*memory) *faulty {
		var mu sync.Mutex
		logins := 0
		return misreads(func(l *login) {
			mu.Lock()
			defer mu.Unlock()
			logins++
			l.Identity.Subject += fmt.Sprint(" ", logins)
		})
	}()},
	{"takes anybody", []string{checkNoSubject}, misreads(func(l *login) {
		l.Identity.Issuer += "x"
		l.Identity.Subject += "x"
	})},
	{"takes an empty issuer", []string{checkNoSubject}, misreads(func(l *login) { l.Identity.Issuer += "x" })},

	{"makes inactive users", []string{checkFirst}, syncs(
		func(ctx context.Context, m *memory, l login) (user, error) {
			stored, err := m.SyncUser(ctx, l)
			if err == nil {
				err = m.SetActive(stored.ID, false)
			}
			stored.Active = false
			return stored, err
		})},
	{"says inactive and does not store it", []string{checkFirst}, returns(func(u *user) { u.Active = false })},
	{"makes staff", []string{checkFirst}, misreads(func(l *login) { l.Staff = new(true) })},
	{"demands an e-mail", []string{checkFirst}, syncs(
		func(ctx context.Context, m *memory, l login) (user, error) {
			if l.Identity.Email == "" {
				return user{}, errBroken
			}
			return m.SyncUser(ctx, l)
		})},
	{"returns no ID", []string{checkFirst}, returns(func(u *user) { u.ID = "" })},
	{"returns another ID", []string{checkFirst}, returns(func(u *user) { u.ID += "x" })},
	{"fails", []string{checkFirst, checkUpdate, checkAbsent, checkSimultaneous, checkBusy}, syncs(
		func(context.Context, *memory, login) (user, error) {
			return user{}, errBroken
		})},

	{"never grants", []string{checkRoles}, misreads(func(l *login) { l.Staff, l.Superuser = nil, nil })},
	{"swaps roles", []string{checkRoles}, misreads(func(l *login) { l.Staff, l.Superuser = l.Superuser, l.Staff })},
	{"never revokes", []string{checkRoles}, misreads(func(l *login) {
		if l.Staff != nil && !*l.Staff {
			l.Staff = nil
		}
	})},
	{"revokes without being told", []string{checkRoles}, misreads(func(l *login) {
		if l.Superuser == nil {
			l.Superuser = new(false)
		}
	})},
	{"says granted and does not store it", []string{checkRoles}, returns(func(u *user) {
		u.Superuser = !u.Superuser
	})},

	{"writes only at creation", []string{checkUpdate, checkAbsent, checkText}, func() func(*memory) *faulty {
		seen := map[string]bool{}
		return misreads(func(l *login) {
			if seen[l.Identity.Subject] {
				l.Fields = nil
			}
			seen[l.Identity.Subject] = true
		})
	}()},
	{"takes empty for absent", []string{checkUpdate}, misreads(func(l *login) {
		maps.DeleteFunc(l.Fields, func(_ string, value any) bool { return value == "" })
	})},
	{"clears what is absent", []string{checkAbsent}, misreads(func(l *login) {
		for _, name := range []string{"first_name", "last_name"} {
			if _, ok := l.Fields[name]; !ok && l.Fields != nil {
				l.Fields[name] = ""
			}
		}
	})},
	{"never writes the e-mail", []string{checkAbsent, checkText}, misreads(func(l *login) {
		delete(l.Fields, "email")
	})},
	{"ends text at a NUL", []string{checkText}, rewrites(func(s string) string {
		s, _, _ = strings.Cut(s, "\x00")
		return s
	})},
	{"repairs text", []string{checkText}, rewrites(func(s string) string { return strings.ToValidUTF8(s, "?") })},
	{"cuts text", []string{checkText}, rewrites(func(s string) string { return s[:min(len(s), 1<<16)] })},
	{"trims text", []string{checkText}, rewrites(strings.TrimSpace)},
	{"escapes text", []string{checkText}, rewrites(func(s string) string { return strings.ReplaceAll(s, "'", "''") })},
	{"refuses without a name", []string{checkText}, syncs(
		func(ctx context.Context, m *memory, l login) (user, error) {
			if text, _ := l.Fields["last_name"].(string); strings.Contains(text, "\x00") {
				return user{}, errBroken
			}
			return m.SyncUser(ctx, l)
		})},
	{"stores half and refuses", []string{checkText}, syncs(
		func(ctx context.Context, m *memory, l login) (user, error) {
			if text, _ := l.Fields["last_name"].(string); strings.Contains(text, "\x00") {
				l.Fields = maps.Clone(l.Fields)
				delete(l.Fields, "last_name")
				m.SyncUser(ctx, l) //nolint:errcheck // the fault is to store something
				return user{}, errors.New("last_name has a NUL")
			}
			return m.SyncUser(ctx, l)
		})},
	{"skips what is no text", []string{checkTypes}, misreads(func(l *login) {
		maps.DeleteFunc(l.Fields, func(_ string, value any) bool { _, ok := value.(string); return !ok })
	})},
	{"rounds numbers", []string{checkTypes}, misreads(func(l *login) {
		for name, value := range l.Fields {
			if number, ok := value.(interface{ Float64() (float64, error) }); ok {
				l.Fields[name], _ = number.Float64()
			}
		}
	})},
	{"skips unknown fields", []string{checkUnknownField}, misreads(func(l *login) {
		maps.DeleteFunc(l.Fields, func(name string, _ any) bool {
			return !slices.Contains([]string{"email", "first_name", "last_name"}, name)
		})
	})},
	{"checks only at start", []string{checkUnknownField}, func(m *memory) *faulty {
		lax := userprovider.NewMemory()
		m.Defaults = map[string]any{"first_name": "", "last_name": ""}
		return &faulty{memory: m, sync: lax.SyncUser, find: lax.FindUser}
	}},
	{"refuses its own fields at start", []string{checkUnknownField}, func(m *memory) *faulty {
		lax := userprovider.NewMemory()
		m.Defaults = map[string]any{"first_name": ""}
		return &faulty{memory: m, sync: lax.SyncUser, find: lax.FindUser}
	}},
	{"changes the caller's fields", []string{checkCallers}, syncs(
		func(ctx context.Context, m *memory, l login) (user, error) {
			u, err := m.SyncUser(ctx, l)
			delete(l.Fields, "last_name")
			return u, err
		})},
	{"changes the caller's claims", []string{checkCallers}, syncs(
		func(ctx context.Context, m *memory, l login) (user, error) {
			delete(l.Claims, "iss")
			return m.SyncUser(ctx, l)
		})},
	{"keeps the caller's map", []string{checkCallers}, func(m *memory) *faulty {
		kept := map[string]map[string]any{} // by ID
		return &faulty{
			memory: m,
			sync: func(ctx context.Context, l login) (user, error) {
				stored, err := m.SyncUser(ctx, l)
				kept[stored.ID] = l.Fields
				return stored, err
			},
			find: func(ctx context.Context, id string) (user, error) {
				found, err := m.FindUser(ctx, id)
				if err != nil {
					return found, err
				}
				account := found.Value.(userprovider.MemoryUser)
				l := login{Fields: kept[id]}
				l.Identity.Issuer, l.Identity.Subject = account.Issuer, account.Subject
				return m.SyncUser(ctx, l)
			},
		}
	}},

	{"finds nobody with no error", []string{checkUnknownID}, finds(
		func(ctx context.Context, m *memory, id string) (user, error) {
			u, err := m.FindUser(ctx, id)
			if errors.Is(err, userprovider.ErrNotFound) {
				err = nil
			}
			return u, err
		})},
	{"has an error of its own", []string{checkUnknownID}, finds(
		func(ctx context.Context, m *memory, id string) (user, error) {
			u, err := m.FindUser(ctx, id)
			if err != nil {
				err = errBroken
			}
			return u, err
		})},
	{"finds by the beginning of an ID", []string{checkUnknownID}, finds(
		func(ctx context.Context, m *memory, id string) (user, error) {
			return m.FindUser(ctx, id[:min(len(id), 26)])
		})},
	{"forgets", []string{checkFirst}, finds(
		func(context.Context, *memory, string) (user, error) {
			return user{}, userprovider.ErrNotFound
		})},
	{"finds old fields", []string{checkUpdate}, func(m *memory) *faulty {
		cache := map[string]user{}
		return &faulty{memory: m, find: func(ctx context.Context, id string) (user, error) {
			if u, ok := cache[id]; ok {
				return u, nil
			}
			u, err := m.FindUser(ctx, id)
			cache[id] = u
			return u, err
		}}
	}},

	{"looks first and creates later", []string{checkSimultaneous}, func() func(*memory) *faulty {
		var mu sync.Mutex
		known, logins := map[string]string{}, 0
		return misreads(func(l *login) {
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
	{"mixes people up", []string{checkBusy}, misreads(func(l *login) { l.Identity.Subject = "x" })},

	{"signs out when cancelled", []string{checkCancelled}, finds(
		func(ctx context.Context, m *memory, id string) (user, error) {
			if ctx.Err() != nil {
				return user{}, userprovider.ErrNotFound
			}
			return m.FindUser(ctx, id)
		})},
	{"finds another when cancelled", []string{checkCancelled}, finds(
		func(ctx context.Context, m *memory, id string) (user, error) {
			if ctx.Err() != nil {
				return user{}, nil
			}
			return m.FindUser(ctx, id)
		})},
	{"blames the user when cancelled", []string{checkCancelled}, syncs(
		func(ctx context.Context, m *memory, l login) (user, error) {
			if ctx.Err() != nil {
				return user{}, fmt.Errorf("%w: %w", userprovider.ErrRefused, ctx.Err())
			}
			return m.SyncUser(ctx, l)
		})},
	{"stores and reports failure when cancelled", []string{checkCancelled}, syncs(
		func(ctx context.Context, m *memory, l login) (user, error) {
			u, err := m.SyncUser(context.WithoutCancel(ctx), l)
			if ctx.Err() != nil {
				return user{}, ctx.Err()
			}
			return u, err
		})},
	{"makes a user to throw away when cancelled", []string{checkCancelled}, syncs(
		func(ctx context.Context, m *memory, l login) (user, error) {
			if ctx.Err() != nil {
				l.Identity.Subject += " cancelled"
			}
			return m.SyncUser(context.WithoutCancel(ctx), l)
		})},
}
