package sessionstores_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

// start serves h behind the middleware on a real connection.
func (s *site) start(h http.HandlerFunc) *httptest.Server {
	s.tb.Helper()
	server := httptest.NewServer(s.mw(h))
	s.tb.(*testing.T).Cleanup(server.Close)
	return server
}

func TestInformationalAnswerSavesNothing(t *testing.T) {
	store := newSpy(t)
	s := newSite(t, sessionstores.New(store))
	server := s.start(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		if n := store.count("Commit"); n != 0 {
			t.Errorf("S4: 103 saves: %d writes", n)
		}
		s.m.Put(r.Context(), "cart", "tea")
		w.WriteHeader(http.StatusCreated)
	})
	var hints []textproto.MIMEHeader
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(_ int, h textproto.MIMEHeader) error {
			hints = append(hints, h)
			return nil
		},
	})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if len(hints) != 1 || hints[0].Get("Set-Cookie") != "" || hints[0].Get("Link") == "" {
		t.Errorf("S4: the 103 is %v", hints)
	}
	if c := s.cookie(res); res.StatusCode != http.StatusCreated || c == nil || s.get(c.Value, "cart") != "tea" {
		t.Errorf("S4: status %d, cookie %v", res.StatusCode, c)
	}
}

func TestHijackCarriesTheCookie(t *testing.T) {
	s := newSite(t, newManager(t))
	hijack := func(w http.ResponseWriter) (net.Conn, *bufio.ReadWriter, bool) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
		}
		return conn, rw, err == nil
	}
	handlers := map[string]http.HandlerFunc{
		"S4: 101, then Hijack": func(w http.ResponseWriter, r *http.Request) {
			s.m.Put(r.Context(), "cart", "tea")
			w.Header().Set("Connection", "Upgrade")
			w.Header().Set("Upgrade", "echo")
			w.WriteHeader(http.StatusSwitchingProtocols)
			if conn, _, ok := hijack(w); ok {
				defer conn.Close()
				_, _ = conn.Write([]byte("echo"))
			}
		},
		"S4: Hijack, then an answer by hand with the headers that are set": func(w http.ResponseWriter, r *http.Request) {
			s.m.Put(r.Context(), "cart", "tea")
			if conn, rw, ok := hijack(w); ok {
				defer conn.Close()
				_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n")
				_ = w.Header().Write(rw)
				_, _ = rw.WriteString("\r\necho")
				_ = rw.Flush()
			}
		},
	}
	for name, h := range handlers {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.start(h).URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Connection", "Upgrade")
			req.Header.Set("Upgrade", "echo")
			res, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if c := s.cookie(res); res.StatusCode != http.StatusSwitchingProtocols || c == nil || s.get(c.Value, "cart") != "tea" {
				t.Errorf("status %d, cookie %v", res.StatusCode, c)
			}
			if text := body(t, res); text != "echo" {
				t.Errorf("the connection says %q", text)
			}
		})
	}

	t.Run("S5: no Hijack when the session cannot be saved", func(t *testing.T) {
		store := newSpy(t)
		s := newSite(t, sessionstores.New(store))
		store.failOn("Commit")
		res, err := http.Get(s.start(func(w http.ResponseWriter, r *http.Request) {
			s.m.Put(r.Context(), "cart", "tea")
			if _, _, err := http.NewResponseController(w).Hijack(); err == nil {
				t.Error("hijacked")
			}
		}).URL)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("status %d", res.StatusCode)
		}
	})
}

func TestHTTP2CarriesTheCookie(t *testing.T) {
	s := newSite(t, newManager(t))
	server := httptest.NewUnstartedServer(s.mw(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		visits := s.m.GetInt(r.Context(), "visits") + 1
		s.m.Put(r.Context(), "visits", visits)
		w.(http.Flusher).Flush()
		fmt.Fprintf(w, "%s: %d", r.Proto, visits)
	})))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	var cookie *http.Cookie
	for visit := 1; visit <= 2; visit++ {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.AddCookie(&http.Cookie{Name: "other", Value: "1"})
		if cookie != nil {
			req.AddCookie(cookie)
		}
		res, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if text, want := body(t, res), fmt.Sprintf("HTTP/2.0: %d", visit); text != want {
			t.Errorf("S4: the answer is %q, want %q", text, want)
		}
		_ = res.Body.Close()
		if c := s.cookie(res); c != nil {
			cookie = c
		}
	}
}

// readerFrom is a ResponseWriter that knows how a body reached it.
type readerFrom struct {
	*httptest.ResponseRecorder
	files int
}

func (w *readerFrom) ReadFrom(src io.Reader) (int64, error) {
	w.files++
	return io.Copy(w.ResponseRecorder, src)
}

func TestFilesReachTheConnection(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file.txt")
	if err := os.WriteFile(path, []byte("a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	serve := map[string]http.HandlerFunc{
		"http.ServeFile": func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, path) },
		"io.Copy": func(w http.ResponseWriter, _ *http.Request) {
			f, err := os.Open(path)
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			_, _ = io.Copy(w, f)
		},
		"io.Copy of what can only be read": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.Copy(w, struct{ io.Reader }{strings.NewReader("a file")})
		},
	}
	for name, h := range serve {
		t.Run("S4: "+name+" uses the connection's ReadFrom", func(t *testing.T) {
			s := newSite(t, newManager(t))
			w := &readerFrom{ResponseRecorder: httptest.NewRecorder()}
			s.mw(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				s.m.Put(r.Context(), "cart", "tea")
				h(w, r)
			})).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/file.txt", nil))
			if w.files != 1 || w.Body.String() != "a file" || s.cookie(w.Result()) == nil {
				t.Errorf("%d calls of ReadFrom, %q, cookie %v", w.files, w.Body, s.cookie(w.Result()))
			}
		})
	}
}

func TestResponseControllerReachesTheConnection(t *testing.T) {
	s := newSite(t, newManager(t))
	res, err := http.Get(s.start(func(w http.ResponseWriter, _ *http.Request) {
		rc := http.NewResponseController(w)
		s.noError(rc.SetWriteDeadline(time.Now().Add(time.Minute)))
		s.noError(rc.EnableFullDuplex())
	}).URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
}
