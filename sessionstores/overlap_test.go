package sessionstores_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// finishesAfter reports whether the first request of an order finishes after a step of the second.
func finishesAfter(order string, step byte) bool {
	return strings.IndexByte(order, 'A') > strings.IndexByte(order, step)
}

// logouts are the ways in which a handler ends a session.
var logouts = map[string]func(*site) act{
	"Destroy":                 func(s *site) act { return s.destroy },
	"Destroy and Commit":      func(s *site) act { return all(s.destroy, s.commit) },
	"Destroy and RenewToken":  func(s *site) act { return all(s.destroy, s.renew) },
	"Destroy and a new value": func(s *site) act { return all(s.destroy, s.put("flash", "Bye")) },
}

// otherRequests are what the other request of the browser does.
var otherRequests = map[string]func(*site) act{
	"a read":               func(s *site) act { return s.read },
	"a write":              func(s *site) act { return s.put("cart", "coffee") },
	"a renewal":            func(s *site) act { return s.renew },
	"a renewal with write": func(s *site) act { return all(s.renew, s.put("cart", "coffee")) },
	"an attachment":        func(s *site) act { return s.setAttachment("new tokens") },
}

func TestRequestThatOverlapsALogoutDoesNotBringTheSessionBack(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, base *site) {
		for logoutName, logout := range logouts {
			for otherName, other := range otherRequests {
				for _, order := range orders {
					t.Run(otherName+" and "+logoutName+", "+order, func(t *testing.T) {
						s := base.in(t)
						token := s.signIn("ann", s.setAttachment("tokens"))
						resA, resB := s.overlap(order, token, other(s), logout(s))

						tokens := []string{token}
						for _, res := range []*http.Response{resA, resB} {
							assertEqual(t, "status", res.StatusCode, http.StatusOK)
							if c := s.cookie(res); c != nil {
								tokens = append(tokens, c.Value)
							}
						}
						for _, token := range tokens {
							s.assertUser("afterwards", token, "")
						}
						if finishesAfter(order, 'B') {
							s.assertNoCookie("a request that finishes after the logout", resA)
						}
					})
				}
			}
		}
	})
}

func TestRequestThatOverlapsALoginDoesNotUndoIt(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, base *site) {
		for otherName, other := range otherRequests {
			for _, order := range orders {
				t.Run(otherName+", "+order, func(t *testing.T) {
					s := base.in(t)
					token := s.begin("cart", "tea")
					resA, resB := s.overlap(order, token, other(s), s.login("ann"))

					login := s.token(resB)
					assertEqual(t, "status", resA.StatusCode, http.StatusOK)
					s.assertUser("with the cookie of the login", login, "ann")
					assertEqual(t, "cart of the login", s.get(login, "cart"), "tea")
					assertEqual(t, "cart of the old token", s.get(token, "cart"), "")
					if finishesAfter(order, 'B') {
						s.assertNoCookie("a request that finishes after the login", resA)
					}
					if c := s.cookie(resA); c != nil {
						assertEqual(t, "cart of the replaced session", s.get(c.Value, "cart"), "")
					}
				})
			}
		}
	})
}

func TestLateLogoutKeepsTheCookieOfALogin(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, base *site) {
		for _, order := range []string{"bBaA", "baBA", "abBA"} {
			s := base.in(t)
			token := s.signIn("ann", s.setAttachment("tokens 1"))
			login := all(s.login("ann"), s.setAttachment("tokens 2"))
			resA, resB := s.overlap(order, token, s.destroy, login)

			s.assertNoCookie(order+": the late logout", resA)
			s.assertUser(order+": the login", s.token(resB), "ann")
			assertEqual(t, order+": attachment", s.attachment(s.token(resB)), "tokens 2")
		}
	})
}

func TestWriteThatOverlapsARenewal(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, base *site) {
		for _, order := range orders {
			s := base.in(t)
			token := s.signIn("ann")
			resA, resB := s.overlap(order, token, s.put("cart", "tea"), s.renew)
			renewed := s.token(resB)

			s.assertNoCookie(order+": the write", resA)
			s.assertUser(order+": the renewed token", renewed, "ann")
			s.assertUser(order+": the old token", token, "")
			if !finishesAfter(order, 'B') {
				assertEqual(t, order+": cart that was saved first", s.get(renewed, "cart"), "tea")
			}
		}
	})
}

func TestTwoRenewalsOverlap(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, base *site) {
		for _, order := range orders {
			s := base.in(t)
			token := s.signIn("ann")
			resA, resB := s.overlap(order, token, s.renew, s.renew)
			cookieA, cookieB := s.cookie(resA), s.cookie(resB)
			if (cookieA == nil) == (cookieB == nil) {
				t.Fatalf("%s: got the cookies %v and %v, want one of them", order, cookieA, cookieB)
			}
			if cookieA == nil {
				cookieA = cookieB
			}
			s.assertUser(order+": the renewed token", cookieA.Value, "ann")
			s.assertUser(order+": the old token", token, "")
		}
	})
}

func TestTwoLoginsOverlap(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, base *site) {
		for _, order := range orders {
			s := base.in(t)
			token := s.begin("cart", "tea")
			resA, resB := s.overlap(order, token, s.login("ann"), s.login("bob"))
			users := []string{s.user(s.token(resA)), s.user(s.token(resB))}
			if !slices.Equal(users, []string{"ann", "bob"}) {
				t.Errorf("%s: signed-in users: got %q, want ann and bob", order, users)
			}
		}
	})
}

func TestLoginBeginsASessionAfterALogoutInAnotherRequest(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, base *site) {
		for name, before := range map[string]func(*site) act{
			"a renewal": func(s *site) act { return s.renew },
			"a logout":  func(s *site) act { return s.destroy },
			"a write":   func(s *site) act { return s.put("cart", "tea") },
		} {
			s := base.in(t)
			token := s.signIn("ann")
			late := s.pause(token)
			s.do(token, s.destroy)
			late.do(before(s))
			late.do(s.login("bob"))
			s.assertUser("a login after "+name, s.token(late.finish()), "bob")
		}
	})
}

func TestJobOutsideOfARequestOverlapsARenewal(t *testing.T) {
	s := newSite(t, newManager(t))

	t.Run("a job that has loaded the session", func(t *testing.T) {
		token := s.signIn("ann")
		other := s.pause(token)
		ctx := mustLoad(t, s.m, token)
		other.do(s.renew)
		s.destroy(ctx)
		s.in(t).assertNoCookie("the renewal", other.finish())
	})

	t.Run("a job that iterates", func(t *testing.T) {
		token := s.signIn("ann")
		other := s.pause(token)
		err := s.m.Iterate(t.Context(), func(ctx context.Context) error {
			other.do(s.renew)
			return s.m.Destroy(ctx)
		})
		assertNoError(t, "Iterate", err)
		s.in(t).assertNoCookie("the renewal", other.finish())
	})

	t.Run("a job after the renewal", func(t *testing.T) {
		token := s.signIn("ann")
		ctx := mustLoad(t, s.m, token)
		renewed := s.token(s.do(token, s.renew))
		s.destroy(ctx)
		s.in(t).assertUser("the renewed token", renewed, "")
	})
}

func TestErrGoneIsNoErrorPage(t *testing.T) {
	s := newSite(t, newManager(t))
	token := s.signIn("ann")
	late := s.pause(token)
	s.do(token, s.destroy)
	late.do(s.put("cart", "tea"))
	res := late.finish()
	assertEqual(t, "status", res.StatusCode, http.StatusOK)
	s.assertNoCookie("the response", res)
}
