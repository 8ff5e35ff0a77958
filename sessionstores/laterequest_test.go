package sessionstores_test

import (
	"testing"
	"testing/synctest"
	"time"
)

// A late request was sent with a token that another request has replaced meanwhile. Its session is
// loaded afterwards.

func TestLateRequestBeginsNoSession(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, s *site) {
		for name, acts := range map[string]act{
			"a login":                   s.login("ada"),
			"a renewal":                 s.renew,
			"a logout with a new value": all(s.destroy, s.put("flash", "Bye")),
		} {
			old := s.signIn("bob")
			replacement := s.token(s.do(old, acts))

			s.assertNoCookie("a late write after "+name, s.do(old, s.put("cart", "tea")))
			s.assertNoCookie("a late logout after "+name, s.do(old, s.read))
			want := map[string]string{"a login": "ada", "a renewal": "bob"}[name]
			s.assertUser("the replacement after "+name, replacement, want)

			late := s.token(s.do(old, s.login("eve")))
			s.assertUser("a late login after "+name, late, "eve")
		}
	})
}

func TestReplacedTokenBeginsASessionWhenTheWindowHasPassed(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, s *site) {
		synctest.Test(t, func(*testing.T) {
			old := s.signIn("bob")
			s.do(old, s.renew)
			time.Sleep(9 * time.Second)
			s.assertNoCookie("a write after 9 s", s.do(old, s.put("cart", "tea")))
			time.Sleep(2 * time.Second)
			token := s.token(s.do(old, s.put("cart", "tea")))
			assertEqual(t, "cart after 11 s", s.get(token, "cart"), "tea")
		})
	})
}

func TestCookieOfARevokedSessionIsReplacedAtTheNextWrite(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, s *site) {
		token := s.signIn("bob")
		ctx := mustLoad(t, s.m, token)
		s.destroy(ctx)

		s.assertNoCookie("a read", s.do(token, s.read))
		next := s.token(s.do(token, s.put("cart", "tea")))
		assertEqual(t, "cart", s.get(next, "cart"), "tea")
		s.assertUser("the revoked session", token, "")
	})
}

func TestRepeatedLogoutDeletesTheCookie(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, s *site) {
		token := s.signIn("bob")
		s.do(token, s.destroy) // its response is lost
		s.assertCookieDeleted("the second logout", s.do(token, s.destroy))
	})
}

func TestLateLogoutRevokesTheRenewedSession(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, s *site) {
		for name, logout := range logouts {
			old := s.signIn("bob")
			renewed := s.token(s.do(old, s.renew))
			s.do(old, logout(s))
			s.assertUser("after a late "+name, renewed, "")
		}
	})
}

func TestLogoutInTheMiddleOfARenewal(t *testing.T) {
	for name, logout := range logouts {
		store := newSpyStore(t)
		s := newSite(t, newManagerOn(store))
		old := s.signIn("ann")
		other := s.pause(old)
		other.do(s.renew)
		s.do(old, logout(s))
		s.assertNoCookie(name+": the renewal", other.finish())
		want := 1 // of the new value
		if name == "Destroy" || name == "Destroy and Commit" {
			want = 0
		}
		assertEqual(t, name+": sessions", store.size(), want)
	}
}
