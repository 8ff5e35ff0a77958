package sessionstores_test

import (
	"bytes"
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
)

func TestValueThatCannotBeDecodedIsKeptBesideOthers(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, s *site) {
		s.m.Codec = sessionstores.Codec{}
		s = newSite(t, s.m)
		defer fuse.Store(false)
		token := s.signIn(
			"ann",
			func(ctx context.Context) { s.m.Put(ctx, "cart", fusedValue{"tea"}) },
		)

		fuse.Store(true)
		s.do(token, func(ctx context.Context) {
			assertEqual(t, "user", s.m.GetString(ctx, "user"), "ann")
			assertEqual(t, "value that cannot be decoded", s.m.GetString(ctx, "cart"), "")
			s.m.Put(ctx, "color", "green")
		})
		renewed := s.token(s.do(token, s.renew))

		fuse.Store(false)
		s.do(renewed, func(ctx context.Context) {
			assertEqual(t, "color", s.m.GetString(ctx, "color"), "green")
			assertEqual(
				t,
				"value that can be decoded again",
				s.m.Get(ctx, "cart"),
				any(fusedValue{"tea"}),
			)
		})
	})
}

// undecodable returns a site whose sessions can be made impossible to decode.
func undecodable(t *testing.T, m *scs.SessionManager, codec scs.Codec) (*site, countingCodec) {
	t.Helper()
	counting := newCountingCodec(codec)
	m.Codec = counting

	return newSite(t, m), counting
}

func TestSessionThatCannotBeDecodedIsAnonymous(t *testing.T) {
	for name, codec := range codecs {
		t.Run(name, func(t *testing.T) {
			s, counting := undecodable(t, newManager(t), codec)
			token := s.signIn("ann")

			counting.broken.Store(true)
			res := s.do(token, func(ctx context.Context) {
				assertEqual(t, "user", s.m.GetString(ctx, "user"), "")
				assertNoError(t, "LoadError", sessionstores.LoadError(ctx, s.m))
			})
			assertEqual(t, "status", res.StatusCode, http.StatusOK)
			s.assertNoCookie("a read", res)

			counting.broken.Store(false)
			s.assertUser("at a node that decodes it", token, "ann")
		})
	}
}

func TestSessionThatCannotBeDecodedIsRevoked(t *testing.T) {
	for name, acts := range map[string]func(*site) []act{
		"by a logout": func(s *site) []act { return []act{s.destroy} },
		"by a logout with a value": func(s *site) []act {
			return []act{s.destroy, s.put("flash", "Bye")}
		},
		"by a login": func(s *site) []act { return []act{s.login("bob")} },
		"by a write": func(s *site) []act { return []act{s.put("cart", "tea")} },
	} {
		t.Run(name, func(t *testing.T) {
			s, counting := undecodable(t, newManager(t), scs.GobCodec{})
			token := s.signIn("ann")

			counting.broken.Store(true)
			res := s.do(token, acts(s)...)
			c := s.cookie(res)
			if c == nil || c.Value == token {
				t.Errorf("session cookie: got %v, want another one or none", c)
			}

			counting.broken.Store(false)
			s.assertUser("the old token", token, "")
		})
	}
}

func TestStoredBytesThatAreNoSession(t *testing.T) {
	spoils := map[string]func([]byte) []byte{
		"garbage":            func([]byte) []byte { return []byte("garbage") },
		"nothing":            func([]byte) []byte { return []byte{} },
		"a truncated record": func(data []byte) []byte { return data[:len(data)/2] },
	}
	for name, spoil := range spoils {
		t.Run(name, func(t *testing.T) {
			store := newSpyStore(t)
			s := newSite(t, sessionstores.New(store))
			token := s.signIn("ann")
			entries, _ := store.All()
			for key, data := range entries {
				spoiled := spoil(data)
				if bytes.Equal(spoiled, data) {
					t.Fatal("the session is not spoiled")
				}
				assertNoError(t, "Commit", store.Commit(key, spoiled, time.Now().Add(time.Hour)))
			}

			res := s.do(token, s.read)
			assertEqual(t, "status of a read", res.StatusCode, http.StatusOK)
			s.assertUser("a login", s.token(s.do(token, s.login("bob"))), "bob")
			assertEqual(t, "sessions after the login", store.size(), 1)

			for key := range entries {
				assertNoError(
					t,
					"Commit",
					store.Commit(key, []byte("garbage"), time.Now().Add(time.Hour)),
				)
			}
			s.assertCookieDeleted("a logout", s.do(token, s.destroy))
			assertEqual(t, "sessions after the logout", store.size(), 1)
		})
	}
}
