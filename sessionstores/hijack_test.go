package sessionstores_test

import (
	"net/http"
	"testing"

	"github.com/chiauth0/auth/sessionstores"
)

// upgrade sends a request that switches protocols.
func upgrade(t *testing.T, s *site, h http.HandlerFunc, token string) *http.Response {
	t.Helper()
	server := s.start(t, s.mw(h))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "echo")
	if token != "" {
		req.AddCookie(&http.Cookie{Name: s.m.Cookie.Name, Value: token})
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })

	return res
}

// switchThenHijack is what coder/websocket does.
func switchThenHijack(t *testing.T, s *site, act act) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		act(r.Context())
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "echo")
		w.WriteHeader(http.StatusSwitchingProtocols)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = conn.Write([]byte("echo"))
		_ = conn.Close()
	}
}

// hijackThenSwitch is what gorilla/websocket does. header is what Upgrade is given.
func hijackThenSwitch(t *testing.T, s *site, act act, withHeader bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		act(r.Context())
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\n" +
			"Connection: Upgrade\r\nUpgrade: echo\r\n")
		if withHeader {
			_ = w.Header().Write(rw)
		}
		_, _ = rw.WriteString("\r\necho")
		_ = rw.Flush()
	}
}

func TestSwitchingProtocolsHasTheCookie(t *testing.T) {
	s := newSite(t, newManager(t))
	put := s.put("cart", "tea")
	for name, h := range map[string]http.HandlerFunc{
		"WriteHeader(101), then Hijack":    switchThenHijack(t, s, put),
		"Hijack, then the headers by hand": hijackThenSwitch(t, s, put, true),
	} {
		t.Run(name, func(t *testing.T) {
			s := s.in(t)
			res := upgrade(t, s, h, "")
			assertEqual(t, "status", res.StatusCode, http.StatusSwitchingProtocols)
			assertEqual(t, "cart", s.get(s.token(res), "cart"), "tea")
			assertEqual(t, "text on the connection", body(t, res), "echo")
		})
	}
}

func TestSwitchingProtocolsNeverSignsOut(t *testing.T) {
	s := newSite(t, newManager(t))
	for name, h := range map[string]http.HandlerFunc{
		"WriteHeader(101), then Hijack": switchThenHijack(t, s, s.renew),
		"Hijack with headers":           hijackThenSwitch(t, s, s.renew, true),
		"Hijack without headers":        hijackThenSwitch(t, s, s.renew, false),
	} {
		t.Run(name, func(t *testing.T) {
			s := s.in(t)
			token := s.signIn("ann")
			if c := s.cookie(upgrade(t, s, h, token)); c != nil {
				token = c.Value
			}
			s.assertUser("with the token that the browser has", token, "ann")
		})
	}
}

func TestConnectionIsNotHijackedWhenTheSessionCannotBeSaved(t *testing.T) {
	store := newSpyStore(t)
	s := newSite(t, sessionstores.New(store))
	store.failBefore("Create")
	server := s.start(t, s.mw(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.m.Put(r.Context(), "cart", "tea")
		if _, _, err := http.NewResponseController(w).Hijack(); err == nil {
			t.Error("Hijack: got no error")
		}
	})))
	res := s.fetch(t, server.Client(), server.URL, "")
	assertEqual(t, "status", res.StatusCode, http.StatusServiceUnavailable)
	assertEqual(t, "page", body(t, res), "Service Unavailable\n")
}
