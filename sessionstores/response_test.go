package sessionstores_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

// responses are the ways in which a handler can begin its response, each with the text it sends.
var responses = map[string]struct {
	text  string
	write func(http.ResponseWriter, *http.Request) error
}{
	"no response": {"", func(http.ResponseWriter, *http.Request) error { return nil }},
	"Write": {"text", func(w http.ResponseWriter, _ *http.Request) error {
		_, err := w.Write([]byte("text"))
		return err
	}},
	"Write of nothing": {"", func(w http.ResponseWriter, _ *http.Request) error {
		_, err := w.Write(nil)
		return err
	}},
	"WriteString": {"text", func(w http.ResponseWriter, _ *http.Request) error {
		_, err := w.(io.StringWriter).WriteString("text")
		return err
	}},
	"WriteHeader": {"", func(w http.ResponseWriter, _ *http.Request) error {
		w.WriteHeader(http.StatusOK)
		return nil
	}},
	"Flush": {"", func(w http.ResponseWriter, _ *http.Request) error {
		w.(http.Flusher).Flush()
		return nil
	}},
	"Flush of a ResponseController": {"", func(w http.ResponseWriter, _ *http.Request) error {
		return http.NewResponseController(w).Flush()
	}},
	"a stream": {"onetwo", func(w http.ResponseWriter, _ *http.Request) error {
		_, err1 := io.WriteString(w, "one")
		w.(http.Flusher).Flush()
		_, err2 := io.WriteString(w, "two")
		return errors.Join(err1, err2)
	}},
	"ReadFrom": {"text", func(w http.ResponseWriter, _ *http.Request) error {
		_, err := w.(io.ReaderFrom).ReadFrom(strings.NewReader("text"))
		return err
	}},
	"http.ServeContent": {"text", func(w http.ResponseWriter, r *http.Request) error {
		http.ServeContent(w, r, "page.txt", time.Time{}, strings.NewReader("text"))
		return nil
	}},
	"a redirect": {"", func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Location", "/")
		w.WriteHeader(http.StatusSeeOther)
		return nil
	}},
}

func TestEveryKindOfResponseHasTheCookie(t *testing.T) {
	for name, tt := range responses {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
			t.Run(name+" to "+method, func(t *testing.T) {
				s := newSite(t, newManager(t))
				w := httptest.NewRecorder()
				s.mw(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					s.m.Put(r.Context(), "cart", "tea")
					assertNoError(t, "write", tt.write(w, r))
					s.m.Put(r.Context(), "late", "not saved")
				})).ServeHTTP(w, httptest.NewRequest(method, "/", nil))

				res := w.Result()
				token := s.token(res)
				assertEqual(t, "cart", s.get(token, "cart"), "tea")
				if method != http.MethodHead {
					assertEqual(t, "text", body(t, res), tt.text)
				}
				if name != "no response" {
					assertEqual(t, "change after the first byte", s.get(token, "late"), "")
				}
			})
		}
	}
}

// describingHeaders are the headers that describe a page. An error page replaces them.
var describingHeaders = []string{
	"Content-Length", "Content-Encoding", "Content-Disposition", "Content-Range",
	"Content-Language", "Cache-Control", "Expires", "Etag", "Last-Modified", "Location", "Refresh",
}

func TestSessionThatCannotBeSavedIsAnErrorPage(t *testing.T) {
	changes := map[string]struct {
		method string
		change func(*site) act
	}{
		"a login":   {"Create", func(s *site) act { return s.login("ann") }},
		"a change":  {"Update", func(s *site) act { return s.put("cart", "tea") }},
		"a renewal": {"Renew", func(s *site) act { return s.renew }},
		"a logout":  {"Revoke", func(s *site) act { return s.destroy }},
	}
	for changeName, change := range changes {
		for name, tt := range responses {
			t.Run(changeName+", "+name, func(t *testing.T) {
				store := newSpyStore(t)
				m := sessionstores.New(store)
				pages := 0
				m.ErrorFunc = func(w http.ResponseWriter, _ *http.Request, err error) {
					pages++
					assertError(t, "ErrorFunc", err, sessionstores.ErrUnavailable)
					assertError(t, "ErrorFunc", err, errDown)
					http.Error(w, "the error page", http.StatusServiceUnavailable)
				}
				s := newSite(t, m)
				token := s.signIn("ann")
				res := s.serve(token, func(w http.ResponseWriter, r *http.Request) {
					for _, name := range describingHeaders {
						w.Header().Set(name, "of the page")
					}
					w.Header().Set("X-Request-Id", "kept")
					change.change(s)(r.Context())
					store.failBefore(change.method)
					_ = tt.write(w, r)
					_, _ = io.WriteString(w, "more of the page")
					w.WriteHeader(http.StatusTeapot)
				})

				assertEqual(t, "page", body(t, res), "the error page\n")
				assertEqual(t, "status", res.StatusCode, http.StatusServiceUnavailable)
				assertEqual(t, "error pages", pages, 1)
				assertEqual(t, "X-Request-Id", res.Header.Get("X-Request-Id"), "kept")
				for _, name := range describingHeaders {
					if res.Header.Get(name) == "of the page" {
						t.Errorf("%s: got the value of the page that is not sent", name)
					}
				}
				s.assertNoCookie("the error page", res)
			})
		}
	}
}

func TestErrorPageOfNew(t *testing.T) {
	store := newSpyStore(t)
	s := newSite(t, sessionstores.New(store))
	store.failBefore("Create")
	res := s.do("", s.put("cart", "tea"))
	assertEqual(t, "page", body(t, res), "Service Unavailable\n")
	assertEqual(t, "Cache-Control", res.Header.Get("Cache-Control"), "no-store")
	assertEqual(t, "Retry-After", res.Header.Get("Retry-After"), "5")
}

// readerFrom is a ResponseWriter that counts calls of ReadFrom.
type readerFrom struct {
	*httptest.ResponseRecorder
	calls int
}

func (w *readerFrom) ReadFrom(src io.Reader) (int64, error) {
	w.calls++
	return io.Copy(w.ResponseRecorder, src)
}

func TestFilesReachReadFromOfTheConnection(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file.txt")
	assertNoError(t, "WriteFile", os.WriteFile(path, []byte("a file"), 0o600))
	for name, serve := range map[string]http.HandlerFunc{
		"http.ServeFile": func(w http.ResponseWriter, r *http.Request) {
			http.ServeFile(w, r, path)
		},
		"io.Copy of a file": func(w http.ResponseWriter, _ *http.Request) {
			f, err := os.Open(path)
			assertNoError(t, "Open", err)
			defer f.Close()
			_, _ = io.Copy(w, f)
		},
		"io.Copy of a reader": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.Copy(w, struct{ io.Reader }{strings.NewReader("a file")})
		},
	} {
		s := newSite(t, newManager(t))
		w := &readerFrom{ResponseRecorder: httptest.NewRecorder()}
		s.mw(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.m.Put(r.Context(), "cart", "tea")
			serve(w, r)
		})).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/file.txt", nil))
		assertEqual(t, name+": calls of ReadFrom", w.calls, 1)
		assertEqual(t, name+": text", w.Body.String(), "a file")
		s.token(w.Result())
	}
}

func TestHijackDoesNotRenewTheToken(t *testing.T) {
	s := newSite(t, newManager(t))
	token := s.signIn("ann")
	s.serve(token, func(w http.ResponseWriter, r *http.Request) {
		s.renew(r.Context())
		s.m.Put(r.Context(), "cart", "tea")
		_, _, err := http.NewResponseController(w).Hijack()
		assertError(t, "Hijack of a recorder", err, errors.ErrUnsupported)
	})
	s.assertUser("the old token", token, "ann")
	assertEqual(t, "cart", s.get(token, "cart"), "tea")
}

func TestHandlerReturnsWhileAGoroutineUsesItsContext(t *testing.T) {
	s := newSite(t, newManager(t))
	token := s.signIn("ann")
	var ctx context.Context
	s.do(token, func(c context.Context) { ctx = c })

	assertEqual(t, "user", s.m.GetString(ctx, "user"), "ann")
	s.m.Put(ctx, "user", "eve")
	_, _, err := s.m.Commit(ctx)
	assertError(t, "Commit", err, sessionstores.ErrTooLate)
	assertError(t, "RenewToken", s.m.RenewToken(ctx), sessionstores.ErrTooLate)
	assertError(t, "Destroy", s.m.Destroy(ctx), sessionstores.ErrTooLate)
	s.assertUser("afterwards", token, "ann")
}
