package sessionstores_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
)

// renewals are the ways in which a handler asks for a new token.
var renewals = map[string]func(*site) act{
	"RenewToken": func(s *site) act { return s.renew },
	"RenewToken with changes": func(s *site) act {
		return all(s.renew, s.put("cart", "tea"))
	},
	"RenewToken with an attachment": func(s *site) act {
		return all(s.renew, s.setAttachment("2"))
	},
	"RenewToken twice": func(s *site) act {
		return all(s.renew, s.commit, all(s.renew))
	},
	"a login of the same user": func(s *site) act { return s.login("ann", "user 1") },
	"a login with an attachment": func(s *site) act {
		return all(s.login("ann", "user 1"), s.setAttachment("2"))
	},
}

func TestRenewalThatFailsAtAnyPointDoesNotSignOut(t *testing.T) {
	stores := map[string]func(*spyStore) scs.Store{
		"a Backend":     func(s *spyStore) scs.Store { return s },
		"a slow one":    func(s *spyStore) scs.Store { return networkStore{s, time.Second} },
		"a plain store": func(s *spyStore) scs.Store { return contextStore{s} },
	}
	for storeName, store := range stores {
		for name, renewal := range renewals {
			for _, after := range []bool{false, true} {
				first := int64(2) // the first call reads the session
				if after {
					first = 1
				}
				for call := first; ; call++ {
					spy := newSpyStore(t)
					s := newSite(t, sessionstores.New(store(spy)))
					token := s.signInNamed("ann", []string{"user 1"}, s.setAttachment("1"))

					var calls atomic.Int64
					failAtCall := func(_ context.Context, method, _ string) error {
						if after && method == "Get" {
							return nil
						}
						if calls.Add(1) == call {
							return errDown
						}
						return nil
					}
					if after {
						spy.setHooks(nil, failAtCall)
					} else {
						spy.setHooks(failAtCall, nil)
					}
					res := s.do(token, renewal(s))
					spy.failBefore()
					if calls.Load() < call {
						break // all calls have failed once
					}

					if c := s.cookie(res); c != nil {
						token = c.Value
					}
					what := storeName + ", " + name
					if got := s.user(token); got != "ann" {
						t.Errorf(
							"%s, call %d failed, after %t: got user %q, want ann",
							what,
							call,
							after,
							got,
						)
					}
				}
			}
		}
	}
}

func TestRenewalWhoseResponseReachesNoBrowserKeepsTheToken(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, s *site) {
		for name, renewal := range renewals {
			token := s.signIn("ann")
			ctx, cancel := context.WithCancel(t.Context())
			w := httptest.NewRecorder()
			s.mw(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				renewal(s)(r.Context())
				cancel()
			})).ServeHTTP(w, s.request(token).WithContext(ctx))
			if c := s.cookie(w.Result()); c != nil && c.Value != token {
				t.Errorf("%s: got the cookie %v, want none with another token", name, c)
			}
			s.assertUser(name, token, "ann")
			if strings.Contains(name, "changes") {
				assertEqual(t, name+": cart", s.get(token, "cart"), "tea")
			}
		}
	})
}

func TestRenewalBeforeAPanicKeepsTheToken(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, s *site) {
		for name, renewal := range renewals {
			token := s.signIn("ann")
			res := s.panics(token, "oops", renewal(s))
			s.assertNoCookie(name, res)
			s.assertUser(name, token, "ann")
		}
	})
}

func TestFailedSaveLeavesNothingBehind(t *testing.T) {
	for name, tt := range map[string]struct {
		method string
		signIn bool
		acts   func(*site) act
	}{
		"a login": {"Create", false, func(s *site) act {
			return all(s.login("ann", "user 1"), s.setAttachment("1"))
		}},
		"a mark": {"Commit", true, func(s *site) act {
			return all(s.renew, s.setAttachment("1"))
		}},
		"a renewal": {"Renew", true, func(s *site) act {
			return all(s.renew, s.setAttachment("1"))
		}},
		"an attachment": {"Update", true, func(s *site) act {
			return s.setAttachment("1")
		}},
		"the index": {"Index", true, func(s *site) act {
			return all(s.renew, s.setAttachment("1"))
		}},
		"an attachment that was stored": {"Update", true, func(s *site) act {
			return all(s.put("a", "b"), s.setAttachment("1"))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			store := newSpyStore(t)
			s := newSite(t, sessionstores.New(store))
			token := ""
			if tt.signIn {
				token = s.signInNamed("ann", []string{"user 1"})
			}
			before := store.size()
			store.failBefore(tt.method)
			res := s.do(token, tt.acts(s))
			assertEqual(t, "status", res.StatusCode, http.StatusServiceUnavailable)
			assertEqual(t, "entries in the store", store.size(), before)
			s.assertNoCookie("the error page", res)
		})
	}
}
