package chiauth0test_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// A logoutReceiver is an application's endpoint for logout tokens.
type logoutReceiver struct {
	mu       sync.Mutex
	statuses []int // answers, in order; the last one repeats
	requests []url.Values
	types    []string
}

func (l *logoutReceiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests = append(l.requests, r.PostForm)
	l.types = append(l.types, r.Header.Get("Content-Type"))
	status := l.statuses[0]
	if len(l.statuses) > 1 {
		l.statuses = l.statuses[1:]
	}
	if status == http.StatusFound {
		http.Redirect(w, r, "/elsewhere", status)
		return
	}
	w.WriteHeader(status)
	fmt.Fprint(w, "answered")
}

// newReceiver registers an endpoint for logout tokens with the client.
func (a *app) newReceiver(statuses ...int) *logoutReceiver {
	a.t.Helper()
	receiver := &logoutReceiver{statuses: statuses}
	server := httptest.NewServer(receiver)
	a.t.Cleanup(server.Close)
	a.updateClient(func(c *chiauth0test.Client) { c.BackchannelLogoutURL = server.URL + "/logout" })
	return receiver
}

func (a *app) logout() {
	a.t.Helper()
	resp, _ := a.get(a.tenant.Issuer() + "v2/logout?client_id=app")
	wantStatus(a.t, "logout", resp.StatusCode, http.StatusFound)
}

func TestBackchannelLogout(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	receiver := a.newReceiver(http.StatusOK)
	id := a.idToken(nil)
	a.logout()
	deliveries := a.tenant.LogoutDeliveries()
	if len(deliveries) != 1 || len(receiver.requests) != 1 {
		t.Fatalf("got deliveries %+v, want one", deliveries)
	}
	got := deliveries[0]
	if got.ClientID != "app" || got.Status != http.StatusOK || got.Attempts != 1 || got.Err != nil {
		t.Errorf("delivery is %+v", got)
	}
	if got.Body != "answered" || got.URL != a.client.BackchannelLogoutURL {
		t.Errorf("delivery is %+v", got)
	}
	if sent := receiver.requests[0].Get("logout_token"); sent != got.Token {
		t.Errorf("received %q, want %q", sent, got.Token)
	}
	if receiver.types[0] != "application/x-www-form-urlencoded" {
		t.Errorf("Content-Type is %q", receiver.types[0])
	}

	claims := a.open(got.Token)
	wantClaims(t, claims, map[string]any{
		"iss": a.tenant.Issuer(), "aud": "app", "sub": id["sub"], "sid": id["sid"], "nonce": nil,
	})
	want := "map[http://schemas.openid.net/event/backchannel-logout:map[]]"
	if events := fmt.Sprint(claims["events"]); events != want {
		t.Errorf("events are %s, want %s", events, want)
	}
	for _, name := range []string{"jti", "trace_id"} {
		if text, _ := claims[name].(string); text == "" {
			t.Errorf("%s is %v, want a string", name, claims[name])
		}
	}
	if got := number(claims["iat"]); got != a.clock.Unix() {
		t.Errorf("iat is %d, want %d", got, a.clock.Unix())
	}
}

func TestBackchannelLogoutReasons(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		end  func(*app)
		want int
	}{
		"a logout":                {(*app).logout, 1},
		"an administrator":        {func(a *app) { a.tenant.EndSessions(ada) }, 1},
		"a deleted account":       {func(a *app) { a.tenant.DeleteUser(ada) }, 1},
		"a login of another user": {(*app).loginBob, 1},
		"a login of the same user": {func(a *app) {
			a.code(edits{"prompt": "login"})
		}, 0},
		"a refused logout": {func(a *app) {
			a.get(a.tenant.Issuer() + "v2/logout?returnTo=http://evil.test")
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.newReceiver(http.StatusOK)
			a.code(nil)
			test.end(a)
			if got := len(a.tenant.LogoutDeliveries()); got != test.want {
				t.Errorf("got %d deliveries, want %d", got, test.want)
			}
		})
	}
	t.Run("a repeated login of the same user keeps the session's clients", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.newReceiver(http.StatusOK)
		a.code(nil)
		a.tenant.AddClient(chiauth0test.Client{ID: "other", CallbackURLs: []string{callbackURL}})
		a.code(edits{"client_id": "other", "prompt": "login"})
		a.logout()
		if got := a.tenant.LogoutDeliveries(); len(got) != 1 || got[0].ClientID != "app" {
			t.Errorf("got deliveries %+v, want one to app", got)
		}
	})
	t.Run("a client outside the session gets none", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.newReceiver(http.StatusOK)
		a.tenant.AddClient(chiauth0test.Client{ID: "other", CallbackURLs: []string{callbackURL}})
		a.code(edits{"client_id": "other"})
		a.logout()
		if got := a.tenant.LogoutDeliveries(); len(got) != 0 {
			t.Errorf("got deliveries %+v, want none", got)
		}
	})
}

func TestBackchannelLogoutRetries(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answers          []int
		attempts, status int
	}{
		"not after 200":          {[]int{200}, 1, 200},
		"not after 204":          {[]int{204}, 1, 204},
		"not after 400":          {[]int{400, 200}, 1, 400},
		"after 503":              {[]int{503, 200}, 2, 200},
		"three times in all":     {[]int{500}, 3, 500},
		"a redirect is an error": {[]int{302}, 3, 302},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.newReceiver(test.answers...)
			a.code(nil)
			a.logout()
			got := a.tenant.LogoutDeliveries()[0]
			if got.Attempts != test.attempts || got.Status != test.status {
				t.Errorf("got %d attempts and status %d, want %d and %d",
					got.Attempts, got.Status, test.attempts, test.status)
			}
		})
	}
	t.Run("a client that does not answer", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.SetLogoutTimeout(10 * time.Millisecond)
		server := httptest.NewServer(http.HandlerFunc(
			func(_ http.ResponseWriter, r *http.Request) {
				_ = r.ParseForm() // net/http detects a disconnect once the body is read
				<-r.Context().Done()
			}))
		t.Cleanup(server.Close)
		a.updateClient(func(c *chiauth0test.Client) { c.BackchannelLogoutURL = server.URL })
		a.code(nil)
		a.logout()
		got := a.tenant.LogoutDeliveries()[0]
		if got.Err == nil || got.Status != 0 || got.Attempts != 3 {
			t.Errorf("delivery is %+v, want an error after 3 attempts", got)
		}
	})
}

func TestBackchannelLogoutFault(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.newReceiver(http.StatusOK)
	a.tenant.Misbehave(chiauth0test.Faults{LogoutToken: func(token *chiauth0test.JWT) {
		token.Header["typ"] = "JWT"
		delete(token.Claims, "sub")
	}})
	a.code(nil)
	a.logout()
	claims := a.open(a.tenant.LogoutDeliveries()[0].Token)
	wantClaims(t, claims, map[string]any{"sub": nil})
}

func TestSendLogoutToken(t *testing.T) {
	t.Parallel()
	t.Run("sends once and returns the answer", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		receiver := a.newReceiver(http.StatusServiceUnavailable)
		got := a.tenant.SendLogoutToken(t.Context(), chiauth0test.LogoutToken{
			ClientID: "app", SessionID: "the sid",
		})
		if got.Status != http.StatusServiceUnavailable || got.Err != nil || got.Attempts != 1 {
			t.Errorf("delivery is %+v", got)
		}
		if len(receiver.requests) != 1 {
			t.Errorf("received %d requests, want 1", len(receiver.requests))
		}
		wantClaims(t, a.open(got.Token), map[string]any{"sid": "the sid", "sub": nil})
		if list := a.tenant.LogoutDeliveries(); len(list) != 0 {
			t.Errorf("LogoutDeliveries has %+v, want none", list)
		}
	})
	t.Run("tells why nothing was sent", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		got := a.tenant.SendLogoutToken(t.Context(), chiauth0test.LogoutToken{ClientID: "app"})
		if got.Err == nil || !strings.Contains(got.Err.Error(), "BackchannelLogoutURL") {
			t.Errorf("error is %v, want one that names BackchannelLogoutURL", got.Err)
		}
		a.newReceiver(http.StatusOK)
		got = a.tenant.SendLogoutToken(t.Context(), chiauth0test.LogoutToken{
			ClientID: "app",
			Edit:     func(token *chiauth0test.JWT) { token.Header["alg"] = "XX256" },
		})
		if got.Err == nil || got.Attempts != 0 {
			t.Errorf("delivery is %+v, want an error without an attempt", got)
		}
	})
}
