package chiauth0_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// An api is an application with routes for programs.
type api struct{ *app }

// newAPI starts an application with an Audience. Its routes answer with what BearerFrom returns.
func newAPI(t *testing.T, changes ...func(*chiauth0.Config)) *api {
	t.Helper()
	withAudience := func(c *chiauth0.Config) {
		c.Audience = audience
		c.Scopes = []string{"openid", "email", "read:reports"}
	}
	a := &api{app: newApp(t, append([]func(*chiauth0.Config){withAudience}, changes...)...)}
	a.tenant.RBAC = true
	a.tenant.AddAPI(audience, "read:reports", "write:reports")
	a.tenant.AddUser(chiauth0test.User{
		Email: ada, Password: "password", Name: "Ada Lovelace", EmailVerified: true,
		Permissions: []string{"read:reports"},
	})
	r := a.router
	r.With(chiauth0.RequireBearer(a.cfg)).HandleFunc("/api/any", describeBearer)
	r.With(chiauth0.RequireBearer(a.cfg, "read:reports")).Get("/api/reports", describeBearer)
	r.With(chiauth0.RequireBearer(a.cfg, "write:reports")).Post("/api/reports", describeBearer)
	r.With(chiauth0.RequireLoginOrBearer(a.cfg)).HandleFunc("/both/any", describeBearer)
	readReports := chiauth0.RequireLoginOrBearer(a.cfg, "read:reports")
	r.With(readReports).Get("/both/reports", describeBearer)
	r.Group(func(r chi.Router) {
		r.Use(chiauth0.LoadUser(a.cfg))
		r.With(chiauth0.RequireLoginOrBearer(a.cfg)).Get("/loaded/any", describeBearer)
	})
	return a
}

// describeBearer answers with the token and the user that the handler sees.
func describeBearer(w http.ResponseWriter, r *http.Request) {
	bearer, ok := chiauth0.BearerFrom(r.Context())
	user, err := chiauth0.UserFrom(r.Context())
	switch {
	case errors.Is(err, chiauth0.ErrNotSignedIn):
		user.ID = "none"
	case err != nil:
		user.ID = err.Error()
	}
	fmt.Fprintf(w, "bearer %t, subject %s, client %s, scopes %v, permissions %v, user %s",
		ok, bearer.Subject, bearer.ClientID, bearer.Scopes, bearer.Permissions, user.ID)
}

// accessToken logs Ada in at the tenant and returns the access token.
func (a *api) accessToken(edits ...edit) string {
	a.t.Helper()
	var token string
	a.tenant.Misbehave(chiauth0test.Faults{
		AccessToken: all(edits...),
		TokenResponse: func(_ *int, body map[string]any) {
			token, _ = body["access_token"].(string)
		},
	})
	a.browser().login("/auth0/login", ada)
	a.tenant.Misbehave(chiauth0test.Faults{})
	if token == "" {
		a.t.Fatal("the tenant has issued no access token")
	}
	return token
}

// call makes a request of a program. Headers are names and values in turn.
func (a *api) call(method, path string, headers ...string) *response {
	a.t.Helper()
	b := a.browser()
	return b.do(method, path, append([]string{"Accept", "application/json"}, headers...)...)
}

func (a *api) callWith(token, method, path string) *response {
	a.t.Helper()
	return a.call(method, path, "Authorization", "Bearer "+token)
}

// wantRefusal expects a problem+json answer with a challenge of RFC 6750, and nothing that belongs
// to sessions.
func wantRefusal(t *testing.T, resp *response, status int, challenge string) {
	t.Helper()
	if resp.StatusCode != status {
		t.Errorf("got %s, want %d: %s", resp.Status, status, resp.body)
	}
	got := resp.Header.Get("WWW-Authenticate")
	if !strings.HasPrefix(got, "Bearer realm=") || !strings.Contains(got, challenge) {
		t.Errorf("WWW-Authenticate is %q, want Bearer with %q", got, challenge)
	}
	if challenge == "" && strings.Contains(got, "error") {
		t.Errorf("WWW-Authenticate is %q, want no error code", got)
	}
	if got := resp.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type is %q, want application/problem+json", got)
	}
	wantNoSession(t, resp)
}

func wantNoSession(t *testing.T, resp *response) {
	t.Helper()
	if cookies := resp.Header["Set-Cookie"]; len(cookies) > 0 {
		t.Errorf("cookies are set: %q", cookies)
	}
	if got := resp.Header.Get("Cache-Control"); !strings.Contains(got, "no-store") {
		t.Errorf("Cache-Control is %q, want no-store", got)
	}
}

func TestRequireBearerAdmits(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for name, edit := range goodAccessTokens {
		resp := a.callWith(a.accessToken(edit), http.MethodGet, "/api/reports")
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: got %s, want 200: %s\n%s", name, resp.Status, resp.body, a.log)
		}
		wantNoSession(t, resp)
	}

	for _, scheme := range []string{"Bearer", "bearer", "BEARER", "bEaReR", "Bearer  "} {
		resp := a.call(http.MethodGet, "/api/any", "Authorization", scheme+" "+a.accessToken())
		if resp.StatusCode != http.StatusOK {
			t.Errorf("scheme %q: got %s, want 200", scheme, resp.Status)
		}
	}

	resp := a.callWith(a.accessToken(), http.MethodGet, "/api/reports")
	want := fmt.Sprintf("bearer true, subject %s, client client-of-the-app, "+
		"scopes [openid email read:reports], permissions [read:reports], user %s",
		a.users.Accounts()[0].Subject, a.users.Accounts()[0].ID)
	if resp.body != want {
		t.Errorf("the handler sees %q, want %q", resp.body, want)
	}
}

func TestRequireBearerDoesNotUseSessions(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	token := a.accessToken()
	b := a.browser()
	b.signIn(ada)
	if resp := b.get("/api/any"); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a session without a token: got %s, want 401", resp.Status)
	}

	a.store.down.Store(true)
	reads := a.store.reads.Load()
	resp := b.get("/api/any", "Authorization", "Bearer "+token)
	if resp.StatusCode != http.StatusOK {
		t.Errorf("while the store is down: got %s, want 200", resp.Status)
	}
	if got := a.store.reads.Load(); got != reads {
		t.Errorf("%d reads of the store, want none", got-reads)
	}
}

func TestRequireBearerWhileAuth0IsDown(t *testing.T) {
	t.Parallel()
	for _, path := range []string{discoveryPath, keysPath} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t)
			a.inBubble(func(t *testing.T) {
				token := a.accessToken()
				a.nextNode() // without keys
				a.answerAt(path, answerStatus(http.StatusInternalServerError))
				before := len(a.tenant.Requests(path))
				api := chiauth0.RequireBearer(a.cfg)(http.HandlerFunc(describeBearer))
				a.net.serve(a.base, api)
				for range 20 {
					resp := a.callWith(token, http.MethodGet, "/")
					if resp.StatusCode != http.StatusServiceUnavailable {
						t.Fatalf("got %s, want 503", resp.Status)
					}
				}
				if n := len(a.tenant.Requests(path)) - before; n != 1 {
					t.Errorf("%d requests to the tenant in a second, want 1", n)
				}

				a.tenant.Misbehave(chiauth0test.Faults{})
				time.Sleep(time.Second)
				resp := a.callWith(token, http.MethodGet, "/")
				if resp.StatusCode != http.StatusOK {
					t.Errorf("when the tenant is back: got %s, want 200", resp.Status)
				}
			})
		})
	}
}

// Tokens of strangers cause one request for the keys in 10 seconds.
func TestForgedBearersFetchTheKeysOnce(t *testing.T) {
	t.Parallel()
	forger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	a := newAPI(t)
	a.inBubble(func(t *testing.T) {
		forged := a.accessToken(signedBy(forger), header("kid", "x"))
		time.Sleep(time.Minute)
		before := a.fetchedKeys()
		for range 50 {
			a.callWith(forged, http.MethodGet, "/api/any")
		}
		if n := a.fetchedKeys() - before; n != 1 {
			t.Errorf("the keys were fetched %d times, want 1", n)
		}
	})
}

func TestBearerInTheWrongEnvironment(t *testing.T) {
	t.Parallel()
	a := newAPI(t, func(c *chiauth0.Config) { c.BaseURL = "" })
	token := a.accessToken()
	a.net.serve("http://app.example", a.router)
	resp := a.callWith(token, http.MethodGet, "http://app.example/api/any")
	if resp.StatusCode != http.StatusInternalServerError {
		t.Errorf("without BaseURL on another host: got %s, want 500", resp.Status)
	}
}

func TestBearerFromWithoutAGuard(t *testing.T) {
	t.Parallel()
	if bearer, ok := chiauth0.BearerFrom(t.Context()); ok || bearer.Subject != "" {
		t.Errorf("got %v, %t, want none", bearer, ok)
	}
}

// The body is what a program reads.
func TestBearerProblem(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	var problem struct {
		Status int
		Code   string
	}
	body := a.callWith("x", http.MethodGet, "/api/any").body
	if err := json.Unmarshal([]byte(body), &problem); err != nil {
		t.Fatal(err)
	}
	if problem.Status != http.StatusUnauthorized || problem.Code != "invalid_token" {
		t.Errorf("the body is %s, want status 401 and code invalid_token", body)
	}
}
