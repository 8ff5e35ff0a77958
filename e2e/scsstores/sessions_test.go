package scsstores_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
)

// A site serves requests through the middleware of one manager.
type site struct {
	t *testing.T
	m *scs.SessionManager
}

// do serves one request with a token and returns its response.
func (s *site) do(token string, act func(context.Context)) *http.Response {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if token != "" {
		r.AddCookie(&http.Cookie{Name: s.m.Cookie.Name, Value: token})
	}
	w := httptest.NewRecorder()
	h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { act(r.Context()) })
	sessionstores.Middleware(s.m)(h).ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		s.t.Errorf("status: got %d, want 200", w.Code)
	}

	return w.Result()
}

// token returns the token of a response, or "".
func (s *site) token(res *http.Response) string {
	for _, c := range res.Cookies() {
		if c.Name == s.m.Cookie.Name {
			return c.Value
		}
	}

	return ""
}

func (s *site) signIn() string {
	s.t.Helper()
	token := s.token(s.do("", func(ctx context.Context) {
		s.noError("Renew", sessionstores.Renew(ctx, s.m, "user 1"))
		s.noError("SetAttachment", sessionstores.SetAttachment(ctx, s.m, []byte("tokens")))
		s.m.Put(ctx, "user", "ann")
	}))
	if token == "" {
		s.t.Fatal("the login has set no cookie")
	}

	return token
}

func (s *site) noError(what string, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Errorf("%s: got error %v, want none", what, err)
	}
}

func (s *site) expect(what, token, key, want string) {
	s.t.Helper()
	s.do(token, func(ctx context.Context) {
		if got := s.m.GetString(ctx, key); got != want {
			s.t.Errorf("%s: got the %s %q, want %q", what, key, got, want)
		}
	})
}

func (s *site) expectAttachment(what, token, want string) {
	s.t.Helper()
	s.do(token, func(ctx context.Context) {
		got, err := sessionstores.Attachment(ctx, s.m)
		s.noError("Attachment", err)
		if string(got) != want {
			s.t.Errorf("%s: got the attachment %q, want %q", what, got, want)
		}
	})
}

func eachStore(t *testing.T, test func(*site)) {
	for name, store := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(&site{t, sessionstores.New(store(t))})
		})
	}
}

func TestLoginRenewalAndLogout(t *testing.T) {
	eachStore(t, func(s *site) {
		first := s.signIn()
		s.expect("a login", first, "user", "ann")
		s.expectAttachment("a login", first, "tokens")

		s.do(first, func(ctx context.Context) { s.m.Put(ctx, "cart", "tea") })
		second := s.token(s.do(first, func(ctx context.Context) {
			s.noError("RenewToken", s.m.RenewToken(ctx))
		}))
		s.expect("a renewed token", second, "user", "ann")
		s.expect("a renewed token", second, "cart", "tea")
		s.expectAttachment("a renewed token", second, "tokens")
		s.expect("the old token", first, "user", "")

		res := s.do(second, func(ctx context.Context) { s.noError("Destroy", s.m.Destroy(ctx)) })
		if s.token(res) != "" || len(res.Cookies()) != 1 {
			s.t.Errorf(
				"a logout: got the cookies %v, want the session cookie deleted",
				res.Cookies(),
			)
		}
		s.expect("after the logout", second, "user", "")
		s.expectAttachment("after the logout", second, "")
	})
}

func TestLateRequestsDoNotBringASessionBack(t *testing.T) {
	eachStore(t, func(s *site) {
		for name, late := range map[string]func(context.Context){
			"a write": func(ctx context.Context) { s.m.Put(ctx, "cart", "tea") },
			"a renewal": func(ctx context.Context) {
				s.noError("RenewToken", s.m.RenewToken(ctx))
			},
			"an attachment": func(ctx context.Context) {
				_ = sessionstores.SetAttachment(ctx, s.m, []byte("2"))
			},
		} {
			token := s.signIn()
			res := s.do(token, func(ctx context.Context) {
				s.m.GetString(ctx, "user")
				s.do(token, func(ctx context.Context) { s.noError("Destroy", s.m.Destroy(ctx)) })
				late(ctx)
			})
			if got := s.token(res); got != "" {
				s.t.Errorf("%s after a logout: got the token %q, want none", name, got)
			}
			s.expect(name+" after a logout", token, "user", "")
		}
	})
}

func TestJobsDoNotBringASessionBack(t *testing.T) {
	eachStore(t, func(s *site) {
		token := s.signIn()
		ctx, err := s.m.Load(s.t.Context(), token)
		s.noError("Load", err)
		s.do(token, func(ctx context.Context) { s.noError("Destroy", s.m.Destroy(ctx)) })
		s.m.Put(ctx, "cart", "tea")
		if _, _, err := s.m.Commit(ctx); !errors.Is(err, sessionstores.ErrGone) {
			s.t.Errorf("Commit of a job: got %v, want ErrGone", err)
		}
		s.expect("after the job", token, "user", "")
	})
}

func TestTwoRequestsKeepTheirValues(t *testing.T) {
	eachStore(t, func(s *site) {
		token := s.signIn()
		s.do(token, func(ctx context.Context) {
			s.m.Put(ctx, "one", "1")
			s.do(token, func(ctx context.Context) { s.m.Put(ctx, "two", "2") })
		})
		s.expect("two requests", token, "one", "1")
		s.expect("two requests", token, "two", "2")
	})
}

func TestRequestsAtTheSameTimeEndWithoutErrors(t *testing.T) {
	eachStore(t, func(s *site) {
		token := s.signIn()
		var requests sync.WaitGroup
		for i := range 20 {
			requests.Go(func() {
				s.do(token, func(ctx context.Context) { s.m.Put(ctx, "key", fmt.Sprint(i)) })
			})
		}
		requests.Wait()
		s.expect("afterwards", token, "user", "ann")
	})
}

func TestSessionsExpire(t *testing.T) {
	eachStore(t, func(s *site) {
		s.m.IdleTimeout = 2 * time.Second
		token := s.signIn()
		for range 3 {
			time.Sleep(time.Second)
			s.expect("within the idle timeout", token, "user", "ann")
		}
		time.Sleep(2100 * time.Millisecond)
		s.expect("after the idle timeout", token, "user", "")

		s.m.IdleTimeout = time.Hour
		token = s.signIn()
		s.do(
			token,
			func(ctx context.Context) { s.m.SetDeadline(ctx, time.Now().Add(-time.Second)) },
		)
		s.expect("after a deadline in the past", token, "user", "")
		s.expectAttachment("after a deadline in the past", token, "")
	})
}

func TestIterate(t *testing.T) {
	eachStore(t, func(s *site) {
		token := s.signIn()
		seen := 0
		err := s.m.Iterate(s.t.Context(), func(ctx context.Context) error {
			seen++
			return s.m.Destroy(ctx)
		})
		s.noError("Iterate", err)
		if seen != 1 {
			s.t.Errorf("sessions: got %d, want 1", seen)
		}
		s.expect("a destroyed session", token, "user", "")
	})
}

// The values that boltstore returns are mapped from its file. The mapping moves when the file
// grows.
func TestBoltStoreGrowsWhileARequestIsInProgress(t *testing.T) {
	store := newBoltStore(t)
	s := &site{t, sessionstores.New(store)}
	token := s.signIn()
	s.do(token, func(ctx context.Context) {
		s.m.Put(ctx, "cart", "tea")
		for i := range 40 {
			data := bytes.Repeat([]byte("x"), 1<<20)
			s.noError("Commit", store.Commit(fmt.Sprint(i), data, time.Now().Add(time.Hour)))
		}
	})
	s.expect("afterwards", token, "user", "ann")
	s.expect("afterwards", token, "cart", "tea")
}
