package sessionstores_test

import (
	"maps"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

func TestReadsExtendASessionWithFewWrites(t *testing.T) {
	store := newSpyStore(t)
	m := sessionstores.New(store)
	m.IdleTimeout = time.Hour
	s := newSite(t, m)
	synctest.Test(t, func(t *testing.T) {
		token := s.signIn("ann")
		store.count()
		for range 100 {
			time.Sleep(6 * time.Second) // ten minutes in all
			s.assertNoCookie("a read", s.do(token, s.read))
		}
		if want := map[string]int{"Get": 100, "Touch": 1}; !maps.Equal(store.calls, want) {
			t.Errorf("calls of the store: got %v, want %v", store.calls, want)
		}
	})
}

func TestReadsExtendASessionOfAPlainStoreWithFewWrites(t *testing.T) {
	store := newMapStore()
	m := sessionstores.New(store)
	m.IdleTimeout = time.Hour
	s := newSite(t, m)
	synctest.Test(t, func(t *testing.T) {
		token := s.signIn("ann")
		store.commits = 0
		for range 100 {
			time.Sleep(6 * time.Second)
			s.assertNoCookie("a read", s.do(token, s.read))
		}
		assertEqual(t, "writes", store.commits, 1)
	})
}

func TestSessionWithoutIdleTimeoutIsNotExtended(t *testing.T) {
	store := newSpyStore(t)
	m := sessionstores.New(store)
	m.IdleTimeout = 0
	s := newSite(t, m)
	synctest.Test(t, func(t *testing.T) {
		token := s.signIn("ann")
		store.count()
		time.Sleep(71 * time.Hour)
		s.do(token, s.read)
		assertEqual(t, "writes", store.count(writes...), 0)
		s.assertUser("before the deadline", token, "ann")
	})
}

func TestSessionEndsAfterTheIdleTimeoutAndAtTheDeadline(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, base *site) {
		base.m.IdleTimeout, base.m.Lifetime = time.Hour, 8*time.Hour
		s := newSite(t, base.m)
		synctest.Test(t, func(t *testing.T) {
			token := s.signIn("ann")
			for range 15 {
				time.Sleep(30 * time.Minute)
				s.do(token, s.read)
				s.assertUser("within the idle timeout", token, "ann")
			}
			time.Sleep(31 * time.Minute)
			s.assertUser("after the deadline", token, "")

			token = s.signIn("ann")
			time.Sleep(61 * time.Minute)
			s.do(token, s.read)
			s.assertUser("after the idle timeout", token, "")
		})
	})
}

func TestSessionThatCannotBeExtendedIsNoErrorPage(t *testing.T) {
	store := newSpyStore(t)
	s := newSite(t, sessionstores.New(store))
	synctest.Test(t, func(t *testing.T) {
		token := s.signIn("ann")
		time.Sleep(3 * time.Hour)
		store.failBefore("Touch")
		res := s.do(token, s.read)
		assertEqual(t, "status", res.StatusCode, http.StatusOK)
		assertEqual(t, "attempts", store.count("Touch"), 1)
	})
}

func TestReadThatExtendsASessionDoesNotUndoALogout(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, s *site) {
		synctest.Test(t, func(t *testing.T) {
			token := s.signIn("ann")
			time.Sleep(3 * time.Hour)
			late := s.pause(token)
			s.do(token, s.destroy)
			res := late.finish()
			s.assertNoCookie("the read", res)
			assertEqual(t, "status of the read", res.StatusCode, http.StatusOK)
			s.assertUser("afterwards", token, "")
		})
	})
}
