package sessionstores_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chiauth0/auth/sessionstores"
)

// orders are all ways in which a request that acts and is answered can overlap another one. Both have loaded the session
// before. Capitals are the answers.
var orders = []string{"aAbB", "abAB", "abBA", "baAB", "baBA", "bBaA"}

// overlap has two requests with the same token act and be answered in the given order.
func (s *site) overlap(order, token string, actA, actB act) (answerA, answerB *http.Response) {
	a, b := s.takeOff(token), s.takeOff(token)
	for _, step := range order {
		switch step {
		case 'a':
			a.do(actA)
		case 'A':
			answerA = a.land()
		case 'b':
			b.do(actB)
		case 'B':
			answerB = b.land()
		}
	}
	return answerA, answerB
}

// after reports whether the answer A comes after a step of the other request.
func after(order string, step byte) bool {
	return strings.IndexByte(order, 'A') > strings.IndexByte(order, step)
}

func TestLogoutOverlaps(t *testing.T) {
	logouts := map[string]func(*site) act{
		"destroys": func(s *site) act { return s.destroy },
		"destroys and says goodbye": func(s *site) act {
			return func(ctx context.Context) {
				s.destroy(ctx)
				s.m.Put(ctx, "flash", "Goodbye")
			}
		},
	}
	others := map[string]func(*site) act{
		"reads":             func(s *site) act { return s.read },
		"writes":            func(s *site) act { return s.put("cart", "tea") },
		"renews its token":  func(s *site) act { return s.renew },
		"renews and writes": func(s *site) act { return func(ctx context.Context) { s.renew(ctx); s.m.Put(ctx, "cart", "tea") } },
		"logs out too":      func(s *site) act { return s.destroy },
	}
	eachWorld(t, func(t *testing.T, w world, s *site) {
		for logoutName, logout := range logouts {
			for otherName, other := range others {
				if !w.backend && strings.HasPrefix(otherName, "renews") {
					continue // the window that New documents
				}
				for _, order := range orders {
					t.Run(fmt.Sprintf("S1: one %s, the other %s: %s", otherName, logoutName, order), func(t *testing.T) {
						s := &site{tb: t, m: s.m, mw: s.mw}
						token := s.signIn("ann")
						a, b := s.overlap(order, token, other(s), logout(s))
						for _, res := range []*http.Response{a, b} {
							if res.StatusCode != http.StatusOK {
								t.Errorf("status %d", res.StatusCode)
							}
						}
						tokens := []string{token}
						for _, res := range []*http.Response{a, b} {
							if c := s.cookie(res); c != nil {
								tokens = append(tokens, c.Value)
							}
						}
						for _, token := range tokens {
							if user := s.user(token); user != "" {
								t.Errorf("%s is signed in again", user)
							}
						}
						if c := s.cookie(a); c != nil && c.Value != "" && after(order, 'B') {
							t.Errorf("the request that was overtaken sends %v", c)
						}
					})
				}
			}
		}
	})
}

func TestLoginOverlaps(t *testing.T) {
	others := map[string]func(*site) act{
		"reads":             func(s *site) act { return s.read },
		"writes":            func(s *site) act { return s.put("cart", "coffee") },
		"renews its token":  func(s *site) act { return s.renew },
		"renews and writes": func(s *site) act { return func(ctx context.Context) { s.renew(ctx); s.m.Put(ctx, "cart", "coffee") } },
	}
	eachWorld(t, func(t *testing.T, w world, s *site) {
		for otherName, other := range others {
			if !w.backend && strings.HasPrefix(otherName, "renews") {
				continue // the window that New documents
			}
			for _, order := range orders {
				t.Run(fmt.Sprintf("S2, C14: one %s, the other logs in: %s", otherName, order), func(t *testing.T) {
					s := &site{tb: t, m: s.m, mw: s.mw}
					token := s.cookie(s.do("", s.put("cart", "tea"))).Value
					a, b := s.overlap(order, token, other(s), s.login("ann"))
					login := s.cookie(b)
					if login == nil || login.Value == token || s.user(login.Value) != "ann" {
						t.Fatalf("the login sends %v", login)
					}
					if got := s.get(login.Value, "cart"); got != "tea" {
						t.Errorf("C13: the cart holds %q", got)
					}
					if s.get(token, "cart") != "" {
						t.Error("the old token still works")
					}
					if c := s.cookie(a); c != nil {
						if after(order, 'b') {
							t.Errorf("the request that was overtaken sends %v", c)
						} else if s.get(c.Value, "cart") != "" {
							t.Error("the session that the login replaced still works")
						}
					}
					if a.StatusCode != http.StatusOK {
						t.Errorf("status %d", a.StatusCode)
					}
				})
			}
		}
	})
}

// A logout that comes too late is one of a session that is gone already. The cookie is the login's by then.
func TestLateLogout(t *testing.T) {
	eachWorld(t, func(t *testing.T, w world, s *site) {
		if w.foreign {
			return // whether the session was gone is not known there; the cookie goes
		}
		for _, order := range []string{"bBaA", "baBA", "baAB"} {
			token := s.signIn("ann", s.setRecord("tokens 1"))
			a, b := s.overlap(order, token, s.destroy, func(ctx context.Context) {
				s.login("ann")(ctx)
				s.setRecord("tokens 2")(ctx)
			})
			if c := s.cookie(a); c != nil {
				t.Errorf("C14: %s: the late logout sends %v", order, c)
			}
			if c := s.cookie(b); c == nil || s.user(c.Value) != "ann" || s.record(c.Value) != "tokens 2" {
				t.Errorf("C14: %s: the login sends %v", order, c)
			}
		}
	})
}

func TestRenewTokenOverlaps(t *testing.T) {
	eachWorld(t, func(t *testing.T, w world, s *site) {
		for _, order := range orders {
			t.Run("S2: one writes, the other renews: "+order, func(t *testing.T) {
				s := &site{tb: t, m: s.m, mw: s.mw}
				token := s.signIn("ann")
				a, b := s.overlap(order, token, s.put("cart", "tea"), s.renew)
				if c := s.cookie(a); c != nil {
					t.Errorf("the write sends %v", c)
				}
				if c := s.cookie(b); c == nil || s.user(c.Value) != "ann" || s.user(token) != "" {
					t.Errorf("the renewal sends %v; the old token is %q's", c, s.user(token))
				}
			})
			t.Run("S2: both renew: "+order, func(t *testing.T) {
				if w.foreign {
					return // both succeed: New says so
				}
				s := &site{tb: t, m: s.m, mw: s.mw}
				token := s.signIn("ann")
				a, b := s.overlap(order, token, s.renew, s.renew)
				cookieA, cookieB := s.cookie(a), s.cookie(b)
				if (cookieA == nil) == (cookieB == nil) {
					t.Fatalf("they send %v and %v", cookieA, cookieB)
				}
				if cookieA == nil {
					cookieA = cookieB
				}
				if s.user(cookieA.Value) != "ann" || s.user(token) != "" {
					t.Error("the one renewal is lost, or the old token still works")
				}
			})
		}
	})
}

// A revocation from outside of any request reaches a session that is just being given a new token.
func TestRevocationOverlapsRenewal(t *testing.T) {
	s := newSite(t, newManager(t))
	revocations := map[string]func(token string){
		"a job with the token": func(token string) {
			ctx, err := s.m.Load(t.Context(), token)
			s.noError(err)
			s.destroy(ctx)
		},
		"a job that iterates": func(string) { s.noError(s.m.Iterate(t.Context(), s.destroyIf("ann", nil))) },
		"a page that iterates": func(string) {
			s.do("", func(ctx context.Context) { s.noError(s.m.Iterate(ctx, s.destroyIf("ann", nil))) })
		},
	}
	for name, revoke := range revocations {
		t.Run("S1: "+name, func(t *testing.T) {
			token := s.signIn("ann")
			a := s.takeOff(token)
			if strings.Contains(name, "iterates") {
				// The list is made before the token is renewed, and gone through after.
				err := s.m.Iterate(t.Context(), s.destroyIf("ann", func() { a.do(s.renew) }))
				s.noError(err)
			} else {
				ctx, err := s.m.Load(t.Context(), token)
				s.noError(err)
				a.do(s.renew)
				s.destroy(ctx)
			}
			if c := s.cookie(a.land()); c != nil {
				t.Errorf("the session came back: %v, %s's", c, s.user(c.Value))
			}
			next := s.signIn("ann")
			revoke(next)
			if s.user(next) != "" {
				t.Error("not revoked")
			}
		})
	}
}

// destroyIf is for Iterate.
func (s *site) destroyIf(user string, before func()) func(context.Context) error {
	return func(ctx context.Context) error {
		if s.m.GetString(ctx, "user") != user {
			return nil
		}
		if before != nil {
			before()
		}
		return s.m.Destroy(ctx)
	}
}

// C3, at the level of sessions: two callbacks of one browser, both of which loaded the same anonymous session.
func TestTwoLoginsOverlap(t *testing.T) {
	eachWorld(t, func(t *testing.T, _ world, s *site) {
		for _, order := range orders {
			token := s.cookie(s.do("", s.put("cart", "tea"))).Value
			a, b := s.overlap(order, token, s.login("ann"), s.login("bob"))
			users := []string{s.user(s.cookie(a).Value), s.user(s.cookie(b).Value)}
			if !slices.Equal(users, []string{"ann", "bob"}) {
				t.Errorf("C3: %s: signed in are %q", order, users)
			}
		}
	})
}

// Only a login may begin anew in a request whose session is gone.
func TestLoginInASessionThatIsGone(t *testing.T) {
	s := newSite(t, newManager(t))
	for name, before := range map[string]act{"a renewal": s.renew, "a logout": s.destroy} {
		token := s.signIn("ann")
		a := s.takeOff(token)
		s.do(token, s.destroy)
		a.do(before)
		a.do(s.login("bob"))
		if c := s.cookie(a.land()); c == nil || s.user(c.Value) != "bob" {
			t.Errorf("S1: a login after %s that came too late sends %v", name, c)
		}
	}
}

func TestErrGoneIsNoErrorPage(t *testing.T) {
	s := newSite(t, newManager(t))
	token := s.signIn("ann")
	a := s.takeOff(token)
	s.do(token, s.destroy)
	a.do(func(ctx context.Context) {
		s.m.Put(ctx, "cart", "tea")
		// The application's own Commit is the middleware's business, gone or not.
		if _, _, err := s.m.Commit(ctx); err == nil || !strings.Contains(err.Error(), sessionstores.ErrMisused.Error()) {
			t.Errorf("Commit: %v", err)
		}
	})
	res := a.land()
	if res.StatusCode != http.StatusOK || s.cookie(res) != nil {
		t.Errorf("S1: status %d, cookie %v", res.StatusCode, s.cookie(res))
	}
}
