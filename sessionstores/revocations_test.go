package sessionstores_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

func TestCopyOfACookieSessionIsRevoked(t *testing.T) {
	for name, change := range map[string]func(*site) act{
		"a logout":  func(s *site) act { return s.destroy },
		"a renewal": func(s *site) act { return s.renew },
		"a login":   func(s *site) act { return s.login("bob") },
	} {
		for _, revocable := range []bool{true, false} {
			store := newCookieStore()
			want := "ann" // without a store, a copy is valid until it expires
			if revocable {
				store.Revocations = newMemstore(t)
				want = ""
			}
			s := newCookieSite(t, store)
			b := signedIn(s)
			stolen := maps.Clone(b)
			b.visit(s, change(s))
			assertEqual(t, "user of a copy after "+name, stolen.value(s, "user"), want)
		}
	}
}

func TestRevokeAllRevokesCookieSessionsOfAName(t *testing.T) {
	s := newCookieSite(t, newRevocableStore(t))
	assertNoError(t, "CanRevokeAll", sessionstores.CanRevokeAll(s.m))
	phone, desk := signedIn(s), signedIn(s)
	other := browser{}
	other.visit(s, s.login("bob", "user 2", "user 1 of another kind"))
	anonymous := browser{}
	anonymous.visit(s, s.put("user", "anonymous"))

	s.revokeAll("user 1")
	assertEqual(t, "phone", phone.value(s, "user"), "")
	assertEqual(t, "desk", desk.value(s, "user"), "")
	assertEqual(t, "another user", other.value(s, "user"), "bob")
	assertEqual(t, "a session without names", anonymous.value(s, "user"), "anonymous")

	again := signedIn(s)
	assertEqual(t, "a later login", again.value(s, "user"), "ann")
	again.visit(s, s.renew, s.put("cart", "tea"))
	assertEqual(t, "the later login, renewed", again.value(s, "user"), "ann")
	s.revokeAll("user 1")
	assertEqual(t, "the later login, revoked", again.value(s, "user"), "")
}

// All of it happens in one instant: no clock decides which sessions are revoked.
func TestRevocationDoesNotCompareClocks(t *testing.T) {
	m := sessionstores.New(newRevocableStore(t))
	s := newSite(t, m)
	synctest.Test(t, func(t *testing.T) {
		for range 3 {
			before := signedIn(s)
			s.revokeAll("user 1")
			after := signedIn(s)
			assertEqual(t, "session from before", before.value(s, "user"), "")
			assertEqual(t, "session from after", after.value(s, "user"), "ann")
		}
	})
}

func TestRevocationIsKeptAsLongAsASessionLasts(t *testing.T) {
	m := sessionstores.New(newRevocableStore(t))
	m.IdleTimeout = 0
	s := newSite(t, m)
	synctest.Test(t, func(t *testing.T) {
		later := func(ctx context.Context) { m.SetDeadline(ctx, time.Now().Add(1000*24*time.Hour)) }
		loggedOut, revoked := signedIn(s, later), signedIn(s, later)
		loggedOut.send(s, s.destroy) // the browser keeps the cookie
		s.revokeAll("user 1")
		for range 41 {
			assertEqual(t, "user after a logout", loggedOut.value(s, "user"), "")
			assertEqual(t, "user after RevokeAll", revoked.value(s, "user"), "")
			time.Sleep(10 * 24 * time.Hour)
		}
	})
}

func TestRevokeAllOverlapsALoginWithCookies(t *testing.T) {
	revocations := newSpyStore(t)
	store := newCookieStore()
	store.Revocations = contextStore{revocations}
	s := newCookieSite(t, store)
	var revoked atomic.Bool
	revocations.setHooks(func(_ context.Context, method, _ string) error {
		if method == "Get" && revoked.CompareAndSwap(false, true) {
			s.revokeAll("user 1")
		}
		return nil
	}, nil)
	b := browser{}
	b.visit(s, s.login("ann", "user 1"), s.setAttachment("tokens"))
	assertEqual(t, "user before a second RevokeAll", b.value(s, "user"), "ann")

	b.send(s, s.renew, func(context.Context) { s.revokeAll("user 1") })
	assertEqual(t, "user", b.value(s, "user"), "")
}

func TestRevokedDuringARenewal(t *testing.T) {
	s := newCookieSite(t, newRevocableStore(t))
	b := signedIn(s)
	b.visit(s, s.renew, func(context.Context) { s.revokeAll("user 1") })
	assertEqual(t, "user of the renewed session", b.value(s, "user"), "")
}

func TestStoreOfRevocationsIsDown(t *testing.T) {
	revocations := newSpyStore(t)
	store := newCookieStore()
	store.Revocations = contextStore{revocations}
	s := newCookieSite(t, store)
	b := signedIn(s)

	revocations.failBefore("Get", "Commit")
	res := b.visit(s, func(ctx context.Context) {
		assertEqual(t, "user", s.m.GetString(ctx, "user"), "")
		err := sessionstores.LoadError(ctx, s.m)
		assertError(t, "LoadError", err, sessionstores.ErrUnavailable)
		assertError(t, "LoadError", err, errDown)
	})
	assertEqual(t, "status of a read", res.StatusCode, http.StatusOK)
	assertEqual(t, "cookies", len(res.Cookies()), 0)
	res = b.visit(s, s.put("cart", "tea"))
	assertEqual(t, "status of a write", res.StatusCode, http.StatusServiceUnavailable)
	res = (browser{}).visit(s, s.login("ann", "user 1"))
	assertEqual(t, "status of a login", res.StatusCode, http.StatusServiceUnavailable)
	err := sessionstores.RevokeAll(t.Context(), s.m, "user 1")
	assertError(t, "RevokeAll", err, sessionstores.ErrUnavailable)

	revocations.failBefore()
	assertEqual(t, "user when the store is up again", b.value(s, "user"), "ann")
}

func TestCookieSessionsWithoutRevocationsCannotBeRevokedByName(t *testing.T) {
	m := sessionstores.New(newCookieStore())
	assertError(t, "CanRevokeAll", sessionstores.CanRevokeAll(m), errors.ErrUnsupported)
	err := sessionstores.RevokeAll(t.Context(), m, "user 1")
	assertError(t, "RevokeAll", err, errors.ErrUnsupported)
}
