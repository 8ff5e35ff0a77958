package sessionstores_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

func TestNothingIsWrittenBeforeTheResponse(t *testing.T) {
	for name, acts := range map[string]func(*site) []act{
		"Commit":              func(s *site) []act { return []act{s.put("cart", "tea"), s.commit} },
		"Commit of no change": func(s *site) []act { return []act{s.commit} },
		"Destroy":             func(s *site) []act { return []act{s.destroy} },
		"RenewToken":          func(s *site) []act { return []act{s.renew} },
		"Renew":               func(s *site) []act { return []act{s.login("bob", "user 2")} },
		"SetAttachment":       func(s *site) []act { return []act{s.setAttachment("tokens")} },
	} {
		t.Run(name, func(t *testing.T) {
			store := newSpyStore(t)
			s := newSite(t, sessionstores.New(store))
			token := s.signIn("ann")
			store.count()
			s.do(token, append(acts(s), func(context.Context) {
				assertEqual(t, "writes before the response", store.count(writes...), 0)
			})...)
			if store.count(writes...) == 0 {
				t.Error("got no write with the response, want one")
			}
		})
	}
}

func TestRequestWritesTheSessionOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		acts func(*site) []act
		want map[string]int
	}{
		"changes": {
			func(s *site) []act {
				return []act{s.put("a", "1"), s.commit, s.put("b", "2"), s.commit}
			},
			map[string]int{"Update": 1},
		},
		"renewals": {
			func(s *site) []act { return []act{s.renew, s.renew, s.put("a", "1"), s.commit} },
			map[string]int{"Renew": 1},
		},
		"a logout": {
			func(s *site) []act { return []act{s.put("a", "1"), s.renew, s.destroy} },
			map[string]int{"Revoke": 1},
		},
		"a login": {
			func(s *site) []act { return []act{s.renew, s.login("bob"), s.put("a", "1")} },
			map[string]int{"Create": 1, "Revoke": 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			store := newSpyStore(t)
			s := newSite(t, sessionstores.New(store))
			token := s.signIn("ann")
			store.count()
			s.do(token, tt.acts(s)...)

			for _, method := range []string{"Create", "Update", "Renew", "Touch", "Delete"} {
				assertEqual(t, "calls of "+method, store.calls[method], tt.want[method])
			}
			// A token that no response has carried may be revoked as well.
			if got := store.calls["Revoke"]; got < tt.want["Revoke"] {
				t.Errorf("calls of Revoke: got %d, want %d", got, tt.want["Revoke"])
			}
		})
	}
}

func TestChangesAfterTheFirstByteAreRefused(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, s *site) {
		token := s.signIn("ann", s.setAttachment("tokens"))
		res := s.serve(token, func(w http.ResponseWriter, r *http.Request) {
			ctx := r.Context()
			s.put("cart", "tea")(ctx)
			_, _ = w.Write([]byte("page"))

			s.m.Put(ctx, "cart", "coffee")
			_, _, commitErr := s.m.Commit(ctx)
			for call, err := range map[string]error{
				"Commit":        commitErr,
				"Destroy":       s.m.Destroy(ctx),
				"RenewToken":    s.m.RenewToken(ctx),
				"Renew":         sessionstores.Renew(ctx, s.m),
				"SetAttachment": sessionstores.SetAttachment(ctx, s.m, []byte("other")),
				"Save":          sessionstores.Save(ctx, s.m),
			} {
				assertError(t, call, err, sessionstores.ErrTooLate)
			}
		})
		s.assertNoCookie("a change", res)
		s.assertUser("afterwards", token, "ann")
		assertEqual(t, "cart", s.get(token, "cart"), "tea")
		assertEqual(t, "attachment", s.attachment(token), "tokens")
	})
}

func TestPanicSavesNothing(t *testing.T) {
	for _, value := range []any{"oops", http.ErrAbortHandler} {
		for name, acts := range map[string]func(*site) []act{
			"a change": func(s *site) []act {
				return []act{s.put("user", "eve"), s.commit}
			},
			"a renewal": func(s *site) []act {
				return []act{s.renew, s.setAttachment("tokens")}
			},
			"a login":           func(s *site) []act { return []act{s.login("eve", "user 2")} },
			"an unread session": func(*site) []act { return nil },
		} {
			store := newSpyStore(t)
			s := newSite(t, sessionstores.New(store))
			token := s.signIn("ann")
			store.count()
			res := s.panics(token, value, acts(s)...)
			assertEqual(t, name+": writes", store.count(writes...), 0)
			s.assertNoCookie(name, res)
			s.assertUser(name, token, "ann")
		}
	}
}

func TestPanicCarriesOutDestroy(t *testing.T) {
	for name, acts := range map[string]func(*site) []act{
		"Destroy":                func(s *site) []act { return []act{s.destroy} },
		"RenewToken and Destroy": func(s *site) []act { return []act{s.renew, s.destroy} },
		"Destroy and a new value": func(s *site) []act {
			return []act{s.destroy, s.put("flash", "Bye")}
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachFixture(t, func(t *testing.T, _ fixture, s *site) {
				token := s.signIn("ann", s.setAttachment("tokens"))
				res := s.panics(token, "oops", acts(s)...)
				s.assertNoCookie("the response", res)
				s.assertUser("after the panic", token, "")
			})
		})
	}
}

func TestCancelledRequestIsSaved(t *testing.T) {
	for name, acts := range map[string]func(*site) []act{
		"a change":      func(s *site) []act { return []act{s.put("cart", "tea")} },
		"a renewal":     func(s *site) []act { return []act{s.renew} },
		"an attachment": func(s *site) []act { return []act{s.setAttachment("new tokens")} },
		"a change of both": func(s *site) []act {
			return []act{s.put("a", "b"), s.setAttachment("new tokens")}
		},
		"a conflict": func(s *site) []act {
			return []act{s.put("a", "b"), func(ctx context.Context) {
				s.do(s.m.Token(ctx), s.put("c", "d"))
			}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			store := newSpyStore(t)
			store.before = func(ctx context.Context, _, _ string) error { return ctx.Err() }
			s := newSite(t, sessionstores.New(networkStore{store, time.Second}))
			token := s.signIn("ann", s.setAttachment("tokens"))

			ctx, cancel := context.WithCancel(t.Context())
			w := httptest.NewRecorder()
			s.mw(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				s.read(r.Context())
				for _, act := range acts(s) {
					act(r.Context())
				}
				cancel()
			})).ServeHTTP(w, s.request(token).WithContext(ctx))

			assertEqual(t, "status", w.Code, http.StatusOK)
			if c := s.cookie(w.Result()); c != nil && c.Value != token {
				t.Errorf("got the cookie %v, want none with another token", c)
			}
			s.assertUser("with the token that the browser has", token, "ann")
			if want := "new tokens"; name == "an attachment" {
				assertEqual(t, "attachment", s.attachment(token), want)
			}
			if name == "a conflict" {
				assertEqual(t, "both values", s.get(token, "a")+s.get(token, "c"), "bd")
			}
		})
	}
}

func TestLoginOfACancelledRequestIsNotSaved(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, s *site) {
		token := s.signIn("ann")
		ctx, cancel := context.WithCancel(t.Context())
		w := httptest.NewRecorder()
		s.mw(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			s.login("bob")(r.Context())
			cancel()
			assertError(t, "Save", sessionstores.Save(r.Context(), s.m), sessionstores.ErrGone)
		})).ServeHTTP(w, s.request(token).WithContext(ctx))
		s.assertNoCookie("the response", w.Result())
		s.assertUser("with the old token", token, "ann")
	})
}

func TestValueThatCannotBeEncodedIsAnInternalError(t *testing.T) {
	s := newSite(t, newManager(t))
	token := s.signIn("ann")
	res := s.do(token, func(ctx context.Context) {
		s.m.Put(ctx, "cart", func() {})
		err := sessionstores.Save(ctx, s.m)
		assertError(t, "Save", err, sessionstores.ErrMisused)
		if errors.Is(err, sessionstores.ErrUnavailable) {
			t.Errorf("got %v, want no ErrUnavailable", err)
		}
	})
	assertEqual(t, "status", res.StatusCode, http.StatusInternalServerError)
	assertEqual(t, "Retry-After", res.Header.Get("Retry-After"), "")
	s.assertUser("afterwards", token, "ann")
}

func TestDeadlineInThePastEndsTheSession(t *testing.T) {
	past := func(s *site) act {
		return func(ctx context.Context) { s.m.SetDeadline(ctx, time.Now().Add(-time.Second)) }
	}
	eachFixture(t, func(t *testing.T, _ fixture, s *site) {
		token := s.signIn("ann", s.setAttachment("tokens"))
		res := s.do(token, past(s))
		assertEqual(t, "status", res.StatusCode, http.StatusOK)
		s.assertCookieDeleted("the response", res)
		s.assertUser("afterwards", token, "")

		s.assertNoCookie("a login that is over at once", s.do("", s.login("ann"), past(s)))
	})

	store := newSpyStore(t)
	s := newSite(t, sessionstores.New(store))
	s.do(s.signIn("ann", s.setAttachment("tokens")), past(s))
	assertEqual(t, "entries in the store", store.size(), 0)
}

func TestRenewTokenExtendsTheDeadline(t *testing.T) {
	s := newSite(t, newManager(t))
	token := s.signIn(
		"ann",
		func(ctx context.Context) { s.m.SetDeadline(ctx, time.Now().Add(time.Hour)) },
	)
	var got time.Time
	renewed := s.token(s.do(token, s.renew))
	s.do(renewed, func(ctx context.Context) { got = s.m.Deadline(ctx) })
	if left := time.Until(got); left < s.m.Lifetime-time.Minute {
		t.Errorf("time left: got %v, want %v", left, s.m.Lifetime)
	}
}
