package providertest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/chiauth0/auth/userprovider"
)

var fieldFaults = []fault{
	{"writes only at creation", []string{inUpdate, inAbsent, inText}, func() func(*memory) *faulty {
		seen := map[string]bool{}
		return misreads(func(l *login) {
			if seen[l.Identity.Subject] {
				l.Fields = nil
			}
			seen[l.Identity.Subject] = true
		})
	}()},
	{"treats empty as absent", []string{inUpdate}, misreads(func(l *login) {
		maps.DeleteFunc(l.Fields, func(_ string, value any) bool { return value == "" })
	})},
	{"clears what is absent", []string{inAbsent}, misreads(func(l *login) {
		for _, name := range []string{"first_name", "last_name"} {
			if _, ok := l.Fields[name]; !ok && l.Fields != nil {
				l.Fields[name] = ""
			}
		}
	})},
	{"never writes the e-mail", []string{inAbsent, inText}, misreads(func(l *login) {
		delete(l.Fields, "email")
	})},
	{"ends text at a NUL", []string{inText}, rewrites(func(s string) string {
		s, _, _ = strings.Cut(s, "\x00")
		return s
	})},
	{
		"repairs text",
		[]string{inText},
		rewrites(func(s string) string { return strings.ToValidUTF8(s, "?") }),
	},
	{
		"cuts text",
		[]string{inText},
		rewrites(func(s string) string { return s[:min(len(s), 1<<16)] }),
	},
	{"trims text", []string{inText}, rewrites(strings.TrimSpace)},
	{
		"escapes text",
		[]string{inText},
		rewrites(func(s string) string {
			return strings.ReplaceAll(s, "'", "''")
		}),
	},
	{"refuses without a name", []string{inText}, syncs(
		func(ctx context.Context, m *memory, l login) (user, error) {
			if text, _ := l.Fields["last_name"].(string); strings.Contains(text, "\x00") {
				return user{}, errBroken
			}
			return m.SyncUser(ctx, l)
		})},
	{"stores half and refuses", []string{inText}, syncs(
		func(ctx context.Context, m *memory, l login) (user, error) {
			if text, _ := l.Fields["last_name"].(string); strings.Contains(text, "\x00") {
				l.Fields = maps.Clone(l.Fields)
				delete(l.Fields, "last_name")
				m.SyncUser(ctx, l) //nolint:errcheck // the fault is that it stores
				return user{}, errors.New("last_name has a NUL")
			}
			return m.SyncUser(ctx, l)
		})},
	{"skips what is no text", []string{inTypes}, misreads(func(l *login) {
		maps.DeleteFunc(l.Fields,
			func(_ string, value any) bool { _, ok := value.(string); return !ok })
	})},
	{"rounds numbers", []string{inTypes}, misreads(func(l *login) {
		for name, value := range l.Fields {
			if number, ok := value.(interface{ Float64() (float64, error) }); ok {
				l.Fields[name], _ = number.Float64()
			}
		}
	})},
	{"skips unknown fields", []string{inUnknownField}, misreads(func(l *login) {
		maps.DeleteFunc(l.Fields, func(name string, _ any) bool {
			return !slices.Contains([]string{"email", "first_name", "last_name"}, name)
		})
	})},
	{"checks only at start", []string{inUnknownField}, func(m *memory) *faulty {
		lax := userprovider.NewMemory()
		m.Defaults = map[string]any{"first_name": "", "last_name": ""}
		return &faulty{memory: m, sync: lax.SyncUser, find: lax.FindUser}
	}},
	{"refuses its own fields at start", []string{inUnknownField}, func(m *memory) *faulty {
		lax := userprovider.NewMemory()
		m.Defaults = map[string]any{"first_name": ""}
		return &faulty{memory: m, sync: lax.SyncUser, find: lax.FindUser}
	}},
	{"changes the caller's fields", []string{inCallers}, syncs(
		func(ctx context.Context, m *memory, l login) (user, error) {
			u, err := m.SyncUser(ctx, l)
			delete(l.Fields, "last_name")
			return u, err
		})},
	{"changes the caller's claims", []string{inCallers}, syncs(
		func(ctx context.Context, m *memory, l login) (user, error) {
			delete(l.Claims, "iss")
			return m.SyncUser(ctx, l)
		})},
	{"keeps the caller's map", []string{inCallers}, func(m *memory) *faulty {
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
	{"finds old fields in a cache", []string{inUpdate}, func(m *memory) *faulty {
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
	{"changes users in place", []string{inStay}, newInPlace},
}

// newInPlace makes a provider with one map of fields per user, which every login changes.
func newInPlace(m *memory) *faulty {
	values := map[string]map[string]any{} // by ID
	withValue := func(u user, err error) (user, error) {
		if err == nil {
			u.Value = values[u.ID]
		}
		return u, err
	}
	return &faulty{
		memory: m,
		sync: func(ctx context.Context, l login) (user, error) {
			stored, err := m.SyncUser(ctx, l)
			if values[stored.ID] == nil {
				values[stored.ID] = map[string]any{}
			}
			maps.Copy(values[stored.ID], l.Fields)
			return withValue(stored, err)
		},
		find: func(ctx context.Context, id string) (user, error) {
			return withValue(m.FindUser(ctx, id))
		},
	}
}
