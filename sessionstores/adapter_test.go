package sessionstores_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alexedwards/scs/v2"
	scsmemstore "github.com/alexedwards/scs/v2/memstore"

	"github.com/chiauth0/auth/sessionstores"
)

// changes puts a value and commits, as a job outside of a request does.
func (s *site) changes(ctx context.Context) error {
	s.m.Put(ctx, "cart", "tea")
	_, _, err := s.m.Commit(ctx)

	return err
}

func TestJobOutsideOfARequest(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, s *site) {
		token := s.signIn("ann", s.setAttachment("tokens"))
		assertNoError(t, "Commit", s.changes(mustLoad(t, s.m, token)))
		assertEqual(t, "cart", s.get(token, "cart"), "tea")
		assertEqual(t, "attachment", s.attachment(token), "tokens")

		ctx := mustLoad(t, s.m, token)
		s.renew(ctx)
		renewed, _, err := s.m.Commit(ctx)
		assertNoError(t, "Commit of a renewed session", err)
		s.assertUser("the renewed token", renewed, "ann")
		s.assertUser("the old token", token, "")

		s.destroy(mustLoad(t, s.m, renewed))
		s.assertUser("after Destroy", renewed, "")

		ctx = mustLoad(t, s.m, "")
		assertNoError(t, "Commit of a new session", s.changes(ctx))
		assertEqual(t, "cart of a new session", s.get(s.m.Token(ctx), "cart"), "tea")
	})
}

func TestJobDoesNotBringARevokedSessionBack(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, s *site) {
		for name, end := range map[string]act{
			"a logout":  s.destroy,
			"a renewal": s.renew,
			"a login":   s.login("bob"),
		} {
			token := s.signIn("ann")
			ctx := mustLoad(t, s.m, token)
			s.do(token, end)
			assertError(t, "Commit after "+name, s.changes(ctx), sessionstores.ErrGone)
			s.assertUser("after "+name, token, "")
		}
	})

	eachIndex(t, func(t *testing.T, s *site) {
		token := s.signInNamed("ann", []string{"user 1"})
		ctx := mustLoad(t, s.m, token)
		s.revokeAll("user 1")
		assertError(t, "Commit after RevokeAll", s.changes(ctx), sessionstores.ErrGone)
	})
}

func TestJobReportsThatItsSessionIsRevokedDuringCommit(t *testing.T) {
	store := newSpyStore(t)
	s := newSite(t, sessionstores.New(store))
	token := s.signIn("ann")
	ctx := mustLoad(t, s.m, token)
	store.setHooks(func(ctx context.Context, method, key string) error {
		if method != "Update" {
			return nil
		}
		_, err := store.Store.Revoke(ctx, key)
		return err
	}, nil)
	assertError(t, "Commit", s.changes(ctx), sessionstores.ErrGone)
	s.assertUser("after Commit", token, "")
}

func TestJobKeepsTheNamesOfASession(t *testing.T) {
	eachIndex(t, func(t *testing.T, s *site) {
		token := s.signInNamed("ann", []string{"user 1"})
		assertNoError(t, "Commit", s.changes(mustLoad(t, s.m, token)))
		next := s.token(s.do(token, s.renew))
		s.revokeAll("user 1")
		s.assertUser("after RevokeAll", next, "")
	})
}

func TestJobWhoseStoreIsDown(t *testing.T) {
	store := newSpyStore(t)
	s := newSite(t, sessionstores.New(store))
	token := s.signIn("ann")
	ctx := mustLoad(t, s.m, token)
	store.failBefore("Get", "Revoke")
	assertError(t, "Commit", s.changes(ctx), sessionstores.ErrUnavailable)
	assertError(t, "Destroy", s.m.Destroy(ctx), sessionstores.ErrUnavailable)
	_, err := s.m.Load(t.Context(), token)
	assertError(t, "Load", err, sessionstores.ErrUnavailable)
}

// iterable are the fixtures whose store lists its sessions.
func iterable(t *testing.T, test func(*testing.T, *site)) {
	for name, m := range map[string]*scs.SessionManager{
		"memstore":                  newManager(t),
		"a plain store":             sessionstores.New(scsmemstore.NewWithCleanupInterval(0)),
		"a manager of scs.New":      stockManager(scsmemstore.NewWithCleanupInterval(0)),
		"a Backend with a time-out": sessionstores.New(networkStore{newSpyStore(t), time.Minute}),
	} {
		t.Run(name, func(t *testing.T) { test(t, newSite(t, m)) })
	}
}

func TestIterateRevokesSessions(t *testing.T) {
	iterable(t, func(t *testing.T, s *site) {
		ann := s.signIn("ann", s.setAttachment("tokens"))
		bob, gone := s.signIn("bob"), s.signIn("eve")
		s.do(gone, s.destroy)
		var seen []string
		err := s.m.Iterate(t.Context(), func(ctx context.Context) error {
			seen = append(seen, s.m.GetString(ctx, "user"))
			if s.m.GetString(ctx, "user") == "ann" {
				return s.m.Destroy(ctx)
			}
			return s.changes(ctx)
		})
		assertNoError(t, "Iterate", err)
		assertEqual(t, "sessions", len(seen), 2)
		s.assertUser("the destroyed session", ann, "")
		assertEqual(t, "cart of the other one", s.get(bob, "cart"), "tea")
	})
}

func TestIterateInARequest(t *testing.T) {
	iterable(t, func(t *testing.T, s *site) {
		ann, bob := s.signIn("ann"), s.signIn("bob")
		destroyUser := func(user string) act {
			return func(ctx context.Context) {
				err := s.m.Iterate(ctx, func(ctx context.Context) error {
					if s.m.GetString(ctx, "user") == user {
						return s.m.Destroy(ctx)
					}
					return nil
				})
				assertNoError(t, "Iterate", err)
			}
		}
		res := s.do(bob, s.put("cart", "tea"), destroyUser("ann"))
		s.assertUser("the destroyed session", ann, "")
		assertEqual(t, "cart of the own session", s.get(bob, "cart"), "tea")
		s.assertNoCookie("the response", res)

		s.do(bob, s.put("cart", "coffee"), destroyUser("bob"))
		s.assertUser("the own session, destroyed", bob, "")
	})
}

func TestIterateDoesNotBringARevokedSessionBack(t *testing.T) {
	iterable(t, func(t *testing.T, s *site) {
		token := s.signIn("ann")
		err := s.m.Iterate(t.Context(), func(ctx context.Context) error {
			s.do(token, s.destroy)
			return s.changes(ctx)
		})
		assertError(t, "Iterate", err, sessionstores.ErrGone)
		s.assertUser("afterwards", token, "")
	})
}

func TestIterateReportsAStoreThatCannotList(t *testing.T) {
	s := newSite(t, sessionstores.New(newMapStore()))
	err := s.m.Iterate(t.Context(), func(context.Context) error { return nil })
	assertError(t, "Iterate", err, errors.ErrUnsupported)
	if err != nil && !strings.Contains(err.Error(), "mapStore") {
		t.Errorf("got %q, want the type of the store in it", err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s = newSite(t, newManager(t))
	err = s.m.Iterate(ctx, func(context.Context) error { return nil })
	assertError(t, "Iterate with a cancelled context", err, context.Canceled)
}

func TestManagersStoreIsAPlainStore(t *testing.T) {
	s := newSite(t, newManager(t))
	token := s.signIn("ann")
	data, found, err := s.m.Store.Find(token)
	assertNoError(t, "Find", err)
	assertEqual(t, "found", found, true)

	deadline, _, err := s.m.Codec.Decode(data)
	assertNoError(t, "Decode", err)
	assertNoError(t, "Commit", s.m.Store.Commit(tokenA, data, deadline))
	s.assertUser("a copy", tokenA, "ann")
	assertNoError(t, "Delete", s.m.Store.Delete(token))
	s.assertUser("after Delete", token, "")
	err = s.m.Store.Commit(token, data, deadline)
	assertError(t, "Commit after Delete", err, sessionstores.ErrGone)
}

func TestMergeSession(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, s *site) {
		merge := func(token string) act {
			return func(ctx context.Context) {
				assertNoError(t, "MergeSession", s.m.MergeSession(ctx, token))
			}
		}
		lost, token := s.begin("cart", "tea"), s.signIn("ann")
		late := s.pause(lost)
		late.do(s.put("cart", "coffee"))
		s.do(token, merge(lost))
		s.assertNoCookie("a late write to the merged session", late.finish())
		assertEqual(t, "cart of the merged session", s.get(lost, "cart"), "")
		assertEqual(t, "values", s.user(token)+s.get(token, "cart"), "anntea")

		lost = s.begin("cart", "coffee")
		late = s.pause(token)
		late.do(merge(lost))
		s.do(token, s.destroy)
		late.finish()
		s.assertUser("a session that was destroyed before the merge", token, "")
	})
}

func TestMergeThatCannotBeSavedKeepsTheOtherSession(t *testing.T) {
	store := newSpyStore(t)
	s := newSite(t, sessionstores.New(store))
	lost, token := s.begin("cart", "tea"), s.signIn("ann")
	store.failBefore("Update")
	res := s.do(token, func(ctx context.Context) {
		assertNoError(t, "MergeSession", s.m.MergeSession(ctx, lost))
	})
	store.failBefore()
	assertEqual(t, "status", res.StatusCode, http.StatusServiceUnavailable)
	assertEqual(t, "cart of the other session", s.get(lost, "cart"), "tea")
}

func TestCookieSessionsExistInRequestsOnly(t *testing.T) {
	s := newCookieSite(t, newCookieStore())
	_, loadErr := s.m.Load(t.Context(), tokenA)
	_, _, commitErr := s.m.Commit(mustLoad(t, s.m, ""))
	for call, err := range map[string]error{
		"Load": loadErr, "Commit": commitErr, "Delete": s.m.Store.Delete(tokenA),
	} {
		assertError(t, call, err, sessionstores.ErrMisused)
	}
	err := s.m.Iterate(t.Context(), func(context.Context) error { return nil })
	assertError(t, "Iterate", err, errors.ErrUnsupported)
}

func TestStoresThatKeepExpiredEntries(t *testing.T) {
	for name, manager := range map[string]func(scs.Store) *scs.SessionManager{
		"New": sessionstores.New, "scs.New": stockManager,
	} {
		store := newMapStore()
		m := manager(store)
		m.IdleTimeout, m.Lifetime = 0, 8*time.Hour
		s := newSite(t, m)
		synctest.Test(t, func(t *testing.T) {
			token := s.signIn("ann")
			time.Sleep(8*time.Hour + time.Second)
			s.do(token, func(ctx context.Context) {
				assertEqual(t, name+": user after the deadline", m.GetString(ctx, "user"), "")
			})
			s.assertUser(name+": a job after the deadline", token, "")
		})
	}
}
