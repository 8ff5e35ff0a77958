package sessionstores_test

import (
	"net/http"
	"testing"

	"github.com/chiauth0/auth/sessionstores"
)

func TestLogoutDeletesTheCookieOrBeginsAnEmptySession(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, base *site) {
		for name, logout := range logouts {
			t.Run(name, func(t *testing.T) {
				s := base.in(t)
				token := s.signIn("ann", s.setAttachment("tokens"))
				res := s.do(token, s.setAttachment("new tokens"), logout(s))
				s.assertUser("the old token", token, "")

				if name == "Destroy" || name == "Destroy and Commit" {
					s.assertCookieDeleted("the response", res)
					return
				}
				next := s.token(res)
				s.assertUser("the new session", next, "")
				assertEqual(t, "attachment of the new session", s.attachment(next), "")
			})
		}
	})
}

func TestSessionAfterALogoutHasNoNames(t *testing.T) {
	eachIndex(t, func(t *testing.T, s *site) {
		for name, acts := range map[string]act{
			"a logout":           all(s.destroy, s.renew, s.put("cart", "tea")),
			"a login and logout": all(s.login("ann", "user 1"), s.destroy, s.put("cart", "tea")),
		} {
			token := s.signInNamed("ann", []string{"user 1"})
			next := s.token(s.do(token, acts))
			s.revokeAll("user 1")
			assertEqual(t, "cart of the session after "+name, s.get(next, "cart"), "tea")
		}
	})
}

func TestLogoutThatCannotRevokeIsAnErrorPage(t *testing.T) {
	for name, logout := range logouts {
		t.Run(name, func(t *testing.T) {
			store := newSpyStore(t)
			s := newSite(t, sessionstores.New(store))
			token := s.signIn("ann")
			store.failBefore("Revoke")
			res := s.do(token, logout(s))
			assertEqual(t, "status", res.StatusCode, http.StatusServiceUnavailable)
			s.assertNoCookie("the response", res)

			store.failBefore()
			s.assertUser("afterwards", token, "ann")
		})
	}
}

func TestLoginAfterALogoutInOneRequest(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, s *site) {
		token := s.signIn("ann", s.setAttachment("tokens"))
		next := s.token(s.do(token, s.destroy, s.login("bob"), s.setAttachment("bob's tokens")))
		s.assertUser("the old token", token, "")
		s.assertUser("the new session", next, "bob")
		assertEqual(t, "attachment", s.attachment(next), "bob's tokens")

		res := s.do("", s.login("ann"), s.destroy)
		if c := s.cookie(res); c != nil && c.Value != "" {
			t.Errorf("a logout after a login in one request: got the cookie %v, want none", c)
		}
	})
}
