package sessionstores_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/chiauth0/auth/sessionstores"
)

func TestSaveReportsWhatHappened(t *testing.T) {
	store := newSpyStore(t)
	s := newSite(t, sessionstores.New(store))

	t.Run("a saved session", func(t *testing.T) {
		token := ""
		res := s.do("", s.login("ann"), func(ctx context.Context) {
			assertNoError(t, "Save", sessionstores.Save(ctx, s.m))
			token = s.m.Token(ctx)
			s.in(t).assertUser("as soon as Save has returned", token, "ann")
			assertError(t, "a second Save", sessionstores.Save(ctx, s.m), sessionstores.ErrTooLate)
			s.m.Put(ctx, "user", "eve")
		})
		assertEqual(t, "cookie", s.token(res), token)
		s.in(t).assertUser("after the request", token, "ann")
	})

	t.Run("a revoked session", func(t *testing.T) {
		token := s.signIn("ann")
		late := s.pause(token)
		s.do(token, s.destroy)
		late.do(func(ctx context.Context) {
			s.m.Put(ctx, "cart", "tea")
			assertError(t, "Save", sessionstores.Save(ctx, s.m), sessionstores.ErrGone)
		})
		s.in(t).assertNoCookie("the response", late.finish())
	})

	t.Run("a store that is down", func(t *testing.T) {
		token := s.signIn("ann")
		store.failBefore("Update")
		res := s.do(token, func(ctx context.Context) {
			s.m.Put(ctx, "cart", "tea")
			assertError(t, "Save", sessionstores.Save(ctx, s.m), sessionstores.ErrUnavailable)
			store.failBefore()
			assertNoError(t, "Save when the store is up again", sessionstores.Save(ctx, s.m))
		})
		assertEqual(t, "status", res.StatusCode, http.StatusOK)
		assertEqual(t, "cart", s.get(token, "cart"), "tea")
	})
}

func TestSaveCanBeRepeatedAfterAFailure(t *testing.T) {
	for _, after := range []bool{false, true} {
		for name, tt := range map[string]struct {
			method string
			acts   func(*site) []act
		}{
			"an update": {"Update", func(s *site) []act { return []act{s.put("cart", "tea")} }},
			"a renewal": {"Renew", func(s *site) []act { return []act{s.renew} }},
			"a login": {"Create", func(s *site) []act {
				return []act{s.login("ann", "user 1")}
			}},
			"a mark": {"Commit", func(s *site) []act {
				return []act{s.renew, s.setAttachment("t")}
			}},
			"both parts": {"Update", func(s *site) []act {
				return []act{s.renew, s.setAttachment("t")}
			}},
		} {
			t.Run(name, func(t *testing.T) {
				store := newSpyStore(t)
				s := newSite(t, sessionstores.New(store))
				token := s.signIn("ann", s.setAttachment("tokens"))
				res := s.do(token, append(tt.acts(s), func(ctx context.Context) {
					if after {
						store.failAfter(tt.method)
					} else {
						store.failBefore(tt.method)
					}
					first := sessionstores.Save(ctx, s.m)
					store.failBefore()
					if first == nil {
						return // the failure is only logged
					}
					assertNoError(t, "second Save", sessionstores.Save(ctx, s.m))
				})...)

				assertEqual(t, "status", res.StatusCode, http.StatusOK)
				if c := s.cookie(res); c != nil {
					token = c.Value
				}
				s.assertUser("afterwards", token, "ann")
				assertEqual(t, "sessions", store.size()-store.attachments(), 1)
			})
		}
	}
}
