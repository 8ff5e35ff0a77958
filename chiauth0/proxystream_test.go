package chiauth0_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// newStreamProxy starts an application that listens, with a Proxy to an API. It returns a function
// that makes a request of a signed-in user's page.
func newStreamProxy(
	t *testing.T, api http.HandlerFunc,
) (address string, newRequest func(method, path string, body io.Reader) *http.Request) {
	t.Helper()

	upstream := httptest.NewServer(api)
	t.Cleanup(upstream.Close)
	tenant := chiauth0test.Start(t)
	tenant.AddAPI(reportsAPI, "offline_access")
	a := newAppAt(t, tenant, func(c *chiauth0.Config) {
		c.Audience = reportsAPI
		c.APIs = []chiauth0.API{{Audience: reportsAPI, URL: upstream.URL + "/v1/"}}
	})
	a.router.With(chiauth0.RequireLogin(a.cfg)).
		Mount("/api", chiauth0.Proxy(a.cfg, upstream.URL+"/v1/"))
	server := httptest.NewServer(a.router)
	t.Cleanup(server.Close)
	b := a.browser()
	b.signIn(ada)

	newRequest = func(method, path string, body io.Reader) *http.Request {
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		for name, value := range b.cookies() {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		return r
	}

	return server.Listener.Addr().String(), newRequest
}

func TestProxyForwardsTheBodyOfAPost(t *testing.T) {
	t.Parallel()

	_, newRequest := newStreamProxy(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, r.Method, " ", r.Header.Get("Content-Type"), " ", len(body), err)
	})
	content := strings.NewReader(strings.Repeat("x", 100_000))
	req := newRequest(http.MethodPost, "/api/reports", content)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()

	body, _ := io.ReadAll(resp.Body)
	want := "POST application/json 100000 <nil>"
	if resp.StatusCode != http.StatusCreated || string(body) != want {
		t.Errorf("got %s %q, want 201 %q", resp.Status, body, want)
	}
}

func TestProxyForwardsServerSentEventsAtOnce(t *testing.T) {
	t.Parallel()

	received := make(chan struct{})
	_, newRequest := newStreamProxy(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: first\n\n")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-received:
			fmt.Fprint(w, "data: second\n\n")
		case <-r.Context().Done():
		}
	})
	resp, err := http.DefaultClient.Do(newRequest(http.MethodGet, "/api/events", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()

	events := bufio.NewReader(resp.Body)
	first, err := events.ReadString('\n')
	if err != nil || first != "data: first\n" {
		t.Errorf("got %q, %v, want the first event before the second is sent", first, err)
	}
	close(received)
	rest, err := io.ReadAll(events)
	if err != nil || !strings.Contains(string(rest), "data: second") {
		t.Errorf("got %q, %v, want the second event", rest, err)
	}
}

// echo is an API that answers a WebSocket handshake (RFC 6455, section 4) and sends back each line.
func echo(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") != "websocket" || r.Header.Get("Cookie") != "" ||
		!strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
		http.Error(w, "no handshake with a token", http.StatusBadRequest)
		return
	}
	conn, lines, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer conn.Close()

	_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n"+
		"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, "echo "+line)
	}
}

func TestProxyForwardsWebSockets(t *testing.T) {
	t.Parallel()

	address, newRequest := newStreamProxy(t, echo)
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}

	req := newRequest(http.MethodGet, "/api/socket", nil)
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "websocket")
	if err := req.Write(conn); err != nil {
		t.Fatal(err)
	}
	answers := bufio.NewReader(conn)
	resp, err := http.ReadResponse(answers, req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusSwitchingProtocols {
		body, _ := io.ReadAll(resp.Body)
		t.Fatalf("got %s %s, want 101", resp.Status, body)
	}

	for _, message := range []string{"one\n", "two\n"} {
		if _, err := io.WriteString(conn, message); err != nil {
			t.Fatal(err)
		}
		if got, err := answers.ReadString('\n'); err != nil || got != "echo "+message {
			t.Errorf("got %q, %v, want %q", got, err, "echo "+message)
		}
	}
}

func TestProxyForwardsNoWebSocketOfAnotherSite(t *testing.T) {
	t.Parallel()

	_, newRequest := newStreamProxy(t, echo)
	req := newRequest(http.MethodGet, "/api/socket", nil)
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "websocket")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	req.Header.Set("Origin", "https://evil.example")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("got %s, want 403", resp.Status)
	}
}
