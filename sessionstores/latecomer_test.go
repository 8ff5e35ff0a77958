package sessionstores_test

import (
	"context"
	"testing"

	"github.com/chiauth0/auth/sessionstores"
)

// C14, S1, S2: a request that was sent with the old cookie, and arrives when its session has been renewed or ended already,
// begins no session of its own: the cookie of that would replace the login's. A login does begin one.
func TestLatecomers(t *testing.T) {
	for what, act := range map[string]func(*site) act{
		"a login":   func(s *site) act { return s.login("ada") },
		"a logout":  func(s *site) act { return s.destroy },
		"a renewal": func(s *site) act { return s.renew },
		"a farewell": func(s *site) act {
			return func(ctx context.Context) { s.destroy(ctx); s.m.Put(ctx, "flash", "Goodbye") }
		},
	} {
		t.Run(what, func(t *testing.T) {
			spy := newSpy(t)
			s := newSite(t, sessionstores.New(spy))
			old := s.signIn("bob")
			res := s.do(old, act(s))
			live := spy.size()
			if cookie := s.cookie(s.do(old, s.put("cart", "tea"))); cookie != nil {
				t.Errorf("the late request sends %v", cookie)
			}
			if spy.size() != live {
				t.Errorf("the store had %d sessions, and has %d", live, spy.size())
			}
			if cookie := s.cookie(res); what == "a login" && s.user(cookie.Value) != "ada" {
				t.Error("the login is undone")
			}
			if cookie := s.cookie(s.do(old, s.login("eve"))); cookie == nil || s.user(cookie.Value) != "eve" {
				t.Errorf("a late login is refused: %v", cookie)
			}
			if cookie := s.cookie(s.do("", s.put("cart", "tea"))); cookie == nil {
				t.Error("a request without a cookie begins no session")
			}
		})
	}
}

// S1: a logout that comes when another request has just taken the session out to renew it finds nothing to end, and still
// ends what that is about to become.
func TestLogoutInTheMiddleOfARenewal(t *testing.T) {
	for what, logout := range map[string]func(*site) act{
		"a logout": func(s *site) act { return s.destroy },
		"a logout with a farewell": func(s *site) act {
			return func(ctx context.Context) { s.destroy(ctx); s.m.Put(ctx, "flash", "Goodbye") }
		},
	} {
		t.Run(what, func(t *testing.T) {
			spy := newSpy(t)
			s := newSite(t, sessionstores.New(spy))
			old := s.signIn("ann")
			other := s.takeOff(old)
			other.do(s.renew) // the old token is gone, the new one is not stored yet
			s.do(old, logout(s))
			if cookie := s.cookie(other.land()); cookie != nil {
				t.Errorf("the renewal sends %v, and with it is signed in %q", cookie, s.user(cookie.Value))
			}
			if spy.size() != 0 {
				t.Errorf("%d sessions are left", spy.size())
			}
		})
	}
}
