package sessionstores_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

// answers are the ways in which a handler can begin its answer, each with the text it sends.
var answers = []struct {
	name, text string
	answer     func(http.ResponseWriter, *http.Request) error
}{
	{"no answer", "", func(http.ResponseWriter, *http.Request) error { return nil }},
	{"Write", "text", func(w http.ResponseWriter, _ *http.Request) error {
		_, err := w.Write([]byte("text"))
		return err
	}},
	{"Write of nothing", "", func(w http.ResponseWriter, _ *http.Request) error {
		_, err := w.Write(nil)
		return err
	}},
	{"WriteString", "text", func(w http.ResponseWriter, _ *http.Request) error {
		_, err := w.(io.StringWriter).WriteString("text")
		return err
	}},
	{"WriteHeader", "", func(w http.ResponseWriter, _ *http.Request) error {
		w.WriteHeader(http.StatusOK)
		return nil
	}},
	{"Flush", "", func(w http.ResponseWriter, _ *http.Request) error {
		w.(http.Flusher).Flush()
		return nil
	}},
	{"Flush through a ResponseController", "", func(w http.ResponseWriter, _ *http.Request) error {
		return http.NewResponseController(w).Flush()
	}},
	{"streaming", "onetwo", func(w http.ResponseWriter, _ *http.Request) error {
		_, err1 := io.WriteString(w, "one")
		w.(http.Flusher).Flush()
		_, err2 := io.WriteString(w, "two")
		return errors.Join(err1, err2)
	}},
	{"ReadFrom", "text", func(w http.ResponseWriter, _ *http.Request) error {
		_, err := w.(io.ReaderFrom).ReadFrom(strings.NewReader("text"))
		return err
	}},
	{"http.ServeContent", "text", func(w http.ResponseWriter, r *http.Request) error {
		http.ServeContent(w, r, "page.txt", time.Time{}, strings.NewReader("text"))
		return nil
	}},
	{"http.Redirect", "", func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Location", "/") // as http.Redirect, without its body
		w.WriteHeader(http.StatusSeeOther)
		return nil
	}},
}

func TestAnswersCarryTheCookie(t *testing.T) {
	for _, tt := range answers {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
			t.Run("S4: "+tt.name+" to "+method, func(t *testing.T) {
				s := newSite(t, newManager(t))
				w := httptest.NewRecorder()
				s.mw(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					s.m.Put(r.Context(), "cart", "tea")
					s.noError(tt.answer(w, r))
					s.m.Put(r.Context(), "late", "not saved")
				})).ServeHTTP(w, httptest.NewRequest(method, "/", nil))
				res := w.Result()
				c := s.cookie(res)
				if c == nil || s.get(c.Value, "cart") != "tea" {
					t.Fatalf("the cookie is %v", c)
				}
				if text := body(t, res); text != tt.text && method != http.MethodHead {
					t.Errorf("the answer is %q", text)
				}
				if tt.name != "no answer" && s.get(c.Value, "late") != "" {
					t.Error("what changed after the first byte was saved")
				}
			})
		}
	}
}

func TestSaveFails(t *testing.T) {
	changes := []struct {
		name, verb string
		change     func(*site) act
	}{
		{"a new session", "Commit", func(s *site) act {
			return func(ctx context.Context) { s.noError(s.m.Clear(ctx)); s.login("ann")(ctx) }
		}},
		{"a change", "Update", func(s *site) act { return s.put("cart", "tea") }},
		{"a new token", "Renew", func(s *site) act { return s.renew }},
		{"a logout", "End", func(s *site) act { return s.destroy }},
	}
	for _, change := range changes {
		for _, tt := range answers {
			t.Run("S5: "+change.name+", "+tt.name, func(t *testing.T) {
				store := newSpy(t)
				m := sessionstores.New(store)
				pages := 0
				m.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
					pages++
					if !errors.Is(err, sessionstores.ErrUnavailable) || !errors.Is(err, errDown) {
						t.Errorf("error %v", err)
					}
					http.Error(w, "the error page", http.StatusServiceUnavailable)
				}
				s := newSite(t, m)
				token := s.signIn("ann")
				res := s.serve(token, func(w http.ResponseWriter, r *http.Request) {
					for _, name := range describing {
						w.Header().Set(name, "of the page")
					}
					w.Header().Set("X-Request-Id", "kept")
					change.change(s)(r.Context())
					store.failOn(change.verb)
					err := tt.answer(w, r)
					_, again := io.WriteString(w, "more of the page")
					if again == nil || tt.text != "" && tt.name != "http.ServeContent" && err == nil {
						t.Errorf("the handler is not told: %v, %v", err, again)
					}
					w.WriteHeader(http.StatusTeapot)
				})
				if text := body(t, res); text != "the error page\n" || res.StatusCode != http.StatusServiceUnavailable || pages != 1 {
					t.Errorf("status %d, %q, %d error pages", res.StatusCode, text, pages)
				}
				for _, name := range describing {
					if v := res.Header.Get(name); v == "of the page" {
						t.Errorf("%s is of the page that was dropped", name)
					}
				}
				if res.Header.Get("X-Request-Id") != "kept" || s.cookie(res) != nil {
					t.Errorf("header %v", res.Header)
				}
			})
		}
	}

	t.Run("S5: the page of New tells the visitor nothing, and caches nothing", func(t *testing.T) {
		store := newSpy(t)
		s := newSite(t, sessionstores.New(store))
		store.failOn("Commit")
		res := s.do("", s.put("cart", "tea"))
		if text := body(t, res); text != "Service Unavailable\n" || res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%q, %v", text, res.Header)
		}
	})
}

// describing are the headers that say something about the page that is not sent.
var describing = []string{
	"Content-Length", "Content-Encoding", "Content-Disposition", "Content-Range", "Content-Language",
	"Cache-Control", "Expires", "Etag", "Last-Modified", "Location", "Refresh",
}

func TestPanicSavesNothing(t *testing.T) {
	for _, value := range []any{"oops", http.ErrAbortHandler} {
		store := newSpy(t)
		s := newSite(t, sessionstores.New(store))
		token := s.signIn("ann")
		store.count()
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.AddCookie(&http.Cookie{Name: s.m.Cookie.Name, Value: token})
		func() {
			defer func() {
				if p := recover(); p != value {
					t.Errorf("S13: recovered %v, want %v", p, value)
				}
			}()
			s.mw(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				s.m.Put(r.Context(), "user", "eve")
				panic(value)
			})).ServeHTTP(w, r)
		}()
		if n := store.count("Update", "Commit", "Touch"); n != 0 || s.user(token) != "ann" {
			t.Errorf("S13: %d writes, signed in is %q", n, s.user(token))
		}
		if s.cookie(w.Result()) != nil {
			t.Error("S13: a cookie was set")
		}
	}
}

func TestCancelledRequestIsSaved(t *testing.T) {
	saves := map[string]func(*site) []act{
		"a change":      func(s *site) []act { return []act{s.put("cart", "tea")} },
		"a renewal":     func(s *site) []act { return []act{s.renew} },
		"a login":       func(s *site) []act { return []act{s.login("ann"), s.setRecord("tokens")} },
		"a new session": func(s *site) []act { return []act{s.destroy, s.login("ann")} },
	}
	for name, acts := range saves {
		t.Run("S10, C17: "+name, func(t *testing.T) {
			// A store that heeds its context, as those on a network do.
			store := newSpy(t)
			store.fail = func(ctx context.Context, _, _ string) error { return ctx.Err() }
			s := newSite(t, sessionstores.New(store))
			token := s.signIn("ann")

			ctx, cancel := context.WithCancel(t.Context())
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
			r.AddCookie(&http.Cookie{Name: s.m.Cookie.Name, Value: token})
			w := httptest.NewRecorder()
			s.mw(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				cancel()
				for _, act := range acts(s) {
					act(r.Context())
				}
			})).ServeHTTP(w, r)
			if c := s.cookie(w.Result()); c != nil {
				token = c.Value
			}
			if w.Code != http.StatusOK || s.user(token) != "ann" {
				t.Errorf("status %d, signed in is %q", w.Code, s.user(token))
			}
		})
	}
}
