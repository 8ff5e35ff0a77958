package sessionstores_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alexedwards/scs/v2"
	scsmemstore "github.com/alexedwards/scs/v2/memstore"

	"github.com/chiauth0/auth/sessionstores"
)

func (s *site) revokeAll(name string) {
	s.tb.Helper()
	assertNoError(s.tb, "RevokeAll", sessionstores.RevokeAll(context.Background(), s.m, name))
}

// users returns which users are signed in with the tokens, "-" for none.
func (s *site) users(tokens ...string) string {
	s.tb.Helper()
	users := make([]string, len(tokens))
	for i, token := range tokens {
		users[i] = s.user(token)
		if users[i] == "" {
			users[i] = "-"
		}
	}

	return strings.Join(users, " ")
}

func TestRevokeAllRevokesTheSessionsOfAName(t *testing.T) {
	eachIndex(t, func(t *testing.T, s *site) {
		assertNoError(t, "CanRevokeAll", sessionstores.CanRevokeAll(s.m))
		phone := s.signInNamed("ann", []string{"user 1", "sid 1"})
		desk := s.signInNamed("ann", []string{"user 1", "sid 2"})
		bob := s.signInNamed("bob", []string{"user 2", "sid 3"})
		eve := s.signIn("eve")

		s.revokeAll("user")
		assertEqual(t, "after an unknown name", s.users(phone, desk, bob, eve), "ann ann bob eve")

		s.revokeAll("sid 2")
		assertEqual(
			t,
			"after the name of one login",
			s.users(phone, desk, bob, eve),
			"ann - bob eve",
		)

		laptop := s.signInNamed("ann", []string{"user 1", "sid 4"})
		s.revokeAll("user 1")
		assertEqual(
			t,
			"after the name of a user",
			s.users(phone, desk, laptop, bob, eve),
			"- - - bob eve",
		)

		again := s.signInNamed("ann", []string{"user 1", "sid 5"})
		assertEqual(t, "a later login", s.users(again), "ann")
		s.revokeAll("user 1")
		assertEqual(t, "the later login, revoked", s.users(again), "-")
	})
}

func TestNamesStayWithASession(t *testing.T) {
	changes := map[string]func(s *site, token string) (next string){
		"a renewal": func(s *site, token string) string { return s.token(s.do(token, s.renew)) },
		"two renewals": func(s *site, token string) string {
			return s.token(s.do(s.token(s.do(token, s.renew)), s.renew))
		},
		"another login with the same names": func(s *site, token string) string {
			return s.token(s.do(token, s.login("ann", "user 1", "sid 1")))
		},
		"a write": func(s *site, token string) string {
			s.do(token, s.put("cart", "tea"))
			return token
		},
		"an attachment": func(s *site, token string) string {
			s.do(token, s.setAttachment("2"))
			return token
		},
		"a renewal in the middle of a write": func(s *site, token string) string {
			other := s.pause(token)
			next := s.token(s.do(token, s.renew))
			other.do(s.put("cart", "tea"))
			other.finish()
			return next
		},
		"an anonymous session before": func(s *site, _ string) string {
			return s.token(s.do(s.begin("cart", "tea"), s.login("ann", "user 1", "sid 1")))
		},
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			eachIndex(t, func(t *testing.T, s *site) {
				for _, by := range []string{"user 1", "sid 1"} {
					names := []string{"user 1", "sid 1"}
					token := change(s, s.signInNamed("ann", names, s.setAttachment("1")))
					assertEqual(t, "before", s.users(token), "ann")
					s.revokeAll(by)
					assertEqual(t, "after RevokeAll("+by+")", s.users(token), "-")
				}
			})
		})
	}
}

func TestLoginWithOtherNamesReplacesThem(t *testing.T) {
	eachIndex(t, func(t *testing.T, s *site) {
		token := s.signInNamed("ann", []string{"user 1", "sid 1"})
		next := s.token(s.do(token, s.login("bob", "user 2", "sid 2")))
		s.revokeAll("user 1")
		assertEqual(t, "after the names of the session before", s.users(next), "bob")
		s.revokeAll("sid 2")
		assertEqual(t, "after its own name", s.users(next), "-")
	})
}

func TestNamesLastAsLongAsTheSession(t *testing.T) {
	m := newManager(t) // scs.New starts a goroutine, which must be outside of the bubble
	s := newSite(t, m)
	synctest.Test(t, func(t *testing.T) {
		read := s.signInNamed("ann", []string{"user 1"})
		written := s.signInNamed("bob", []string{"user 2"}, s.setAttachment("tokens"))
		later := s.signInNamed("eve", []string{"user 3"})
		s.do(later, func(ctx context.Context) {
			m.SetDeadline(ctx, time.Now().Add(1000*time.Hour))
		})
		for range 7 {
			time.Sleep(10 * time.Hour)
			s.do(read, s.read)
			s.do(written, s.put("cart", "tea"))
			s.do(later, s.read)
		}
		assertEqual(t, "after 70 hours", s.users(read, written, later), "ann bob eve")
		s.revokeAll("user 1")
		s.revokeAll("user 2")
		for range 10 {
			time.Sleep(10 * time.Hour)
			s.do(later, s.read)
		}
		assertEqual(t, "after a later deadline", s.users(read, written, later), "- - eve")
		s.revokeAll("user 3")
		assertEqual(t, "after RevokeAll", s.users(later), "-")
	})
}

func TestRevokeAllOverlapsARequest(t *testing.T) {
	for name, other := range otherRequests {
		for _, before := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				store := newSpyStore(t)
				s := newSite(t, sessionstores.New(store))
				token := s.signInNamed("ann", []string{"user 1"}, s.setAttachment("tokens"))
				paused := s.pause(token)
				if !before {
					paused.do(other(s))
				}
				s.revokeAll("user 1")
				if before {
					paused.do(other(s))
				}
				res := paused.finish()
				assertEqual(t, "status", res.StatusCode, http.StatusOK)
				s.assertNoCookie("the response", res)
				s.assertUser("the old token", token, "")
				assertEqual(t, "entries in the store", store.size(), 0)
			})
		}
	}
}

func TestRevokeAllOverlapsALogin(t *testing.T) {
	for _, method := range []string{"Index", "Create"} {
		for _, name := range []string{"user 1", "sid 1"} {
			t.Run("after "+method+", by "+name, func(t *testing.T) {
				store := newSpyStore(t)
				s := newSite(t, sessionstores.New(store))
				cart := s.begin("cart", "tea")
				var revoked atomic.Bool
				store.setHooks(nil, func(_ context.Context, called, _ string) error {
					if called == method && revoked.CompareAndSwap(false, true) {
						s.revokeAll(name)
					}
					return nil
				})
				acts := []act{s.login("ann", "user 1", "sid 1")}
				if name == "sid 1" {
					acts = append(acts, s.setAttachment("tokens"))
				}
				res := s.do(cart, acts...)
				if method == "Index" {
					s.assertNoCookie("the login", res)
					assertEqual(t, "attachments", store.attachments(), 0)
				}
				if c := s.cookie(res); c != nil {
					s.assertUser("the login", c.Value, "")
				}
				assertEqual(t, "status", res.StatusCode, http.StatusOK)
			})
		}
	}
}

func TestRevokeAllRemovesAttachments(t *testing.T) {
	store := newSpyStore(t)
	s := newSite(t, sessionstores.New(store))
	s.signInNamed("ann", []string{"user 1"}, s.setAttachment("tokens"))
	s.do(s.signInNamed("ann", []string{"user 1"}), s.setAttachment("later"))
	assertEqual(t, "entries before", store.size(), 4)
	s.revokeAll("user 1")
	assertEqual(t, "entries after", store.size(), 0)
}

func TestIndexHasNoNamesAndTokensInTheClear(t *testing.T) {
	store := newSpyStore(t)
	recorder := &indexRecorder{spyStore: store}
	s := newSite(t, sessionstores.New(recorder))
	token := s.signInNamed("ann", []string{"user 1", "sid 1"}, s.setAttachment("tokens"))

	for _, entry := range recorder.entries {
		for _, secret := range []string{"user", "sid", token} {
			if strings.Contains(entry, secret) {
				t.Errorf("index entry: got %q, which contains %q", entry, secret)
			}
		}
	}
	if left := time.Until(recorder.expiry); left > s.m.Lifetime || left < s.m.Lifetime-time.Minute {
		t.Errorf("lifetime of the index entries: got %v, want %v", left, s.m.Lifetime)
	}

	recorder.entries = nil
	anonymous := s.signIn("eve", s.setAttachment("tokens"))
	s.do(anonymous, s.put("cart", "tea"))
	for range 3 {
		s.do(token, s.put("cart", "tea"))
		s.do(token, s.read)
	}
	assertEqual(t, "entries for writes and for sessions without names", len(recorder.entries), 0)
}

type indexRecorder struct {
	*spyStore
	entries []string
	expiry  time.Time
}

func (r *indexRecorder) Index(
	ctx context.Context, names []string, expiry time.Time, keys ...string,
) error {
	r.mu.Lock()
	r.entries = append(append(r.entries, names...), keys...)
	r.expiry = expiry
	r.mu.Unlock()

	return r.spyStore.Index(ctx, names, expiry, keys...)
}

func TestRevokeAllCanBeRepeatedAfterAnError(t *testing.T) {
	store := newSpyStore(t)
	s := newSite(t, sessionstores.New(store))
	token := s.signInNamed("ann", []string{"user 1"})
	store.failBefore("RevokeAll")
	err := sessionstores.RevokeAll(t.Context(), s.m, "user 1")
	assertError(t, "RevokeAll", err, sessionstores.ErrUnavailable)
	assertError(t, "RevokeAll", err, errDown)

	store.failBefore()
	s.revokeAll("user 1")
	s.assertUser("after the second call", token, "")
}

func TestStoreWithoutAnIndexIgnoresNames(t *testing.T) {
	for name, m := range map[string]*scs.SessionManager{
		"New":     sessionstores.New(scsmemstore.NewWithCleanupInterval(0)),
		"scs.New": stockManager(scsmemstore.NewWithCleanupInterval(0)),
	} {
		s := newSite(t, m)
		token := s.signInNamed("ann", []string{"user 1"})
		s.assertUser(name, token, "ann")
		for call, err := range map[string]error{
			"CanRevokeAll": sessionstores.CanRevokeAll(m),
			"RevokeAll":    sessionstores.RevokeAll(t.Context(), m, "user 1"),
		} {
			assertError(t, name+": "+call, err, errors.ErrUnsupported)
			if !strings.Contains(err.Error(), "*memstore.MemStore") {
				t.Errorf("%s: %s: got %q, want the type of the store", name, call, err)
			}
		}
	}
}
