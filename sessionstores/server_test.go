package sessionstores_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/http/httputil"
	"net/textproto"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

// start serves a handler on a real connection.
func (s *site) start(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(server.Close)

	return server
}

// fetch sends a request with a token to a server. The caller closes the body.
func (s *site) fetch(t *testing.T, c *http.Client, url, token string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.AddCookie(&http.Cookie{Name: s.m.Cookie.Name, Value: token})
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })

	return res
}

// protocols start a server and return a client for each version of HTTP.
var protocols = map[string]func(*testing.T, http.Handler) (*httptest.Server, *http.Client){
	"HTTP/1.1": func(_ *testing.T, h http.Handler) (*httptest.Server, *http.Client) {
		server := httptest.NewServer(h)
		return server, server.Client()
	},
	"HTTP/2.0": func(_ *testing.T, h http.Handler) (*httptest.Server, *http.Client) {
		server := httptest.NewUnstartedServer(h)
		server.EnableHTTP2 = true
		server.StartTLS()
		return server, server.Client()
	},
}

// eachProtocol runs a test with a server for each version of HTTP.
func eachProtocol(
	t *testing.T,
	h func(*site) http.HandlerFunc,
	test func(*testing.T, *site, *http.Client, string),
) {
	for name, start := range protocols {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, newManager(t))
			server, client := start(t, s.mw(h(s)))
			t.Cleanup(server.Close)
			test(t, s, client, server.URL)
		})
	}
}

func TestStreamHasTheCookieBeforeItsFirstEvent(t *testing.T) {
	release := make(chan bool)
	events := func(s *site) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			s.m.Put(r.Context(), "visits", s.m.GetInt(r.Context(), "visits")+1)
			w.Header().Set("Content-Type", "text/event-stream")
			w.Header().Set("Cache-Control", "no-cache")
			fmt.Fprintf(w, "data: %s %d\n\n", r.Proto, s.m.GetInt(r.Context(), "visits"))
			w.(http.Flusher).Flush()
			<-release
			_, _ = io.WriteString(w, "data: end\n\n")
		}
	}
	eachProtocol(t, events, func(t *testing.T, s *site, client *http.Client, url string) {
		res := s.fetch(t, client, url, "")
		token := s.token(res)
		line, err := bufio.NewReader(res.Body).ReadString('\n')
		assertNoError(t, "first event", err)
		assertEqual(t, "first event", line, "data: "+res.Proto+" 1\n")
		assertEqual(t, "Cache-Control", res.Header.Get("Cache-Control"), "private, no-cache")
		release <- true

		res = s.fetch(t, client, url, token)
		release <- true
		s.assertNoCookie("a second stream", res)
		if text := body(t, res); !strings.Contains(text, " 2\n") {
			t.Errorf("second stream: got %q, want the second visit", text)
		}
	})
}

func TestTrailersAndDeadlinesReachTheConnection(t *testing.T) {
	handler := func(s *site) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			s.m.Put(r.Context(), "cart", "tea")
			controller := http.NewResponseController(w)
			inAMinute := time.Now().Add(time.Minute)
			assertNoError(t, "SetWriteDeadline", controller.SetWriteDeadline(inAMinute))
			assertNoError(t, "SetReadDeadline", controller.SetReadDeadline(inAMinute))
			assertNoError(t, "EnableFullDuplex", controller.EnableFullDuplex())
			w.Header().Set("Trailer", "X-Sum")
			_, _ = io.WriteString(w, "text")
			w.Header().Set("X-Sum", "42")
		}
	}
	eachProtocol(t, handler, func(t *testing.T, s *site, client *http.Client, url string) {
		res := s.fetch(t, client, url, "")
		assertEqual(t, "text", body(t, res), "text")
		assertEqual(t, "trailer", res.Trailer.Get("X-Sum"), "42")
		s.token(res)
	})
}

func TestInformationalResponseDoesNotSave(t *testing.T) {
	handler := func(s *site) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", "</style.css>; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
			s.m.Put(r.Context(), "cart", "tea")
			w.WriteHeader(http.StatusCreated)
		}
	}
	eachProtocol(t, handler, func(t *testing.T, s *site, client *http.Client, url string) {
		var hints textproto.MIMEHeader
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			Got1xxResponse: func(_ int, h textproto.MIMEHeader) error {
				hints = h
				return nil
			},
		})
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		assertNoError(t, "NewRequest", err)
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		assertEqual(t, "Link of the 103", hints.Get("Link"), "</style.css>; rel=preload")
		assertEqual(t, "Set-Cookie of the 103", hints.Get("Set-Cookie"), "")
		assertEqual(t, "status", res.StatusCode, http.StatusCreated)
		assertEqual(t, "cart", s.get(s.token(res), "cart"), "tea")
	})
}

func TestPanicAbortsTheConnection(t *testing.T) {
	s := newSite(t, newManager(t))
	token := s.signIn("ann")
	server := s.start(t, s.mw(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s.m.Put(r.Context(), "user", "eve")
		s.renew(r.Context())
		panic(http.ErrAbortHandler)
	})))
	req := s.request(token)
	req.RequestURI = ""
	req.URL, _ = url.Parse(server.URL)
	res, err := server.Client().Do(req.WithContext(t.Context()))
	if err == nil {
		_ = res.Body.Close()
		t.Errorf("got status %d, want no response", res.StatusCode)
	}
	s.assertUser("afterwards", token, "ann")
}

func TestFailedSaveBehindAReverseProxyIsTheWholeErrorPage(t *testing.T) {
	store := newSpyStore(t)
	s := newSite(t, sessionstores.New(store))
	upstream := s.start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("upstream ", 10_000))
	}))
	target, _ := url.Parse(upstream.URL)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	server := s.start(t, s.mw(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.m.Put(r.Context(), "page", r.URL.Path)
		proxy.ServeHTTP(w, r)
	})))

	res := s.fetch(t, server.Client(), server.URL, "")
	assertEqual(t, "length of the page", len(body(t, res)), 90_000)
	s.token(res)

	store.failBefore("Create")
	res = s.fetch(t, server.Client(), server.URL, "")
	assertEqual(t, "status", res.StatusCode, http.StatusServiceUnavailable)
	assertEqual(t, "page", body(t, res), "Service Unavailable\n")
}

// timeoutSite serves a handler that acts after an http.TimeoutHandler has answered.
func timeoutSite(
	t *testing.T, s *site, outside bool, act func(context.Context) error,
) (string, chan error) {
	t.Helper()
	const limit = 50 * time.Millisecond
	result := make(chan error, 1)
	slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.read(r.Context())
		<-r.Context().Done()
		time.Sleep(limit)
		result <- act(r.Context())
		_, _ = io.WriteString(w, "done")
	})
	h := s.mw(http.TimeoutHandler(slow, limit, "timeout"))
	if outside {
		h = http.TimeoutHandler(s.mw(slow), limit, "timeout")
	}

	return s.start(t, h).URL, result
}

func TestTimeoutHandlerNeverSignsOut(t *testing.T) {
	for _, outside := range []bool{true, false} {
		for name, tt := range map[string]struct {
			act  func(*site) func(context.Context) error
			want string
		}{
			"a renewal": {func(s *site) func(context.Context) error {
				return s.m.RenewToken
			}, "ann"},
			"a change": {func(s *site) func(context.Context) error {
				return func(ctx context.Context) error { s.m.Put(ctx, "cart", "tea"); return nil }
			}, "ann"},
			"a login": {func(s *site) func(context.Context) error {
				return func(ctx context.Context) error { return sessionstores.Renew(ctx, s.m) }
			}, "ann"},
			"a logout": {func(s *site) func(context.Context) error { return s.m.Destroy }, ""},
		} {
			t.Run(fmt.Sprintf("%s, outside %t", name, outside), func(t *testing.T) {
				s := newSite(t, newManager(t))
				token := s.signIn("ann")
				finished := make(chan bool, 1)
				wrapped := s.mw
				s.mw = func(next http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						wrapped(next).ServeHTTP(w, r)
						finished <- true
					})
				}
				url, result := timeoutSite(t, s, outside, tt.act(s))
				res := s.fetch(t, http.DefaultClient, url, token)
				assertEqual(t, "status", res.StatusCode, http.StatusServiceUnavailable)
				err := <-result
				<-finished
				if err != nil { // the response has begun: nothing is changed
					assertError(t, "act", err, sessionstores.ErrTooLate)
					tt.want = "ann"
				}
				s.mw = wrapped
				s.assertUser("with the token that the browser has", token, tt.want)
			})
		}
	}
}
