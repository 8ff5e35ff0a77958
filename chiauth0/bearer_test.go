package chiauth0_test

import (
	"context"
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
	"github.com/chiauth0/auth/userprovider"
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

func TestRequireBearerRefusesTokens(t *testing.T) {
	t.Parallel()
	forger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	bad := badAccessTokens(t)
	bad["another key"] = signedBy(forger)
	bad["another key with an unknown ID"] = all(signedBy(forger), header("kid", "x"))
	a := newAPI(t)
	for name, edit := range bad {
		token := a.accessToken(edit)
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"/api/reports", "/both/reports"} {
				wantRefusal(t, a.callWith(token, http.MethodGet, path),
					http.StatusUnauthorized, `error="invalid_token"`)
			}
		})
	}
	t.Run("an ID token", func(t *testing.T) {
		var idToken string
		a.tenant.Misbehave(chiauth0test.Faults{
			TokenResponse: func(_ *int, body map[string]any) {
				idToken, _ = body["id_token"].(string)
			},
		})
		a.browser().login("/auth0/login", ada)
		wantRefusal(t, a.callWith(idToken, http.MethodGet, "/api/any"),
			http.StatusUnauthorized, `error="invalid_token"`)
	})
	t.Run("an opaque token", func(t *testing.T) {
		wantRefusal(t, a.callWith("opaque", http.MethodGet, "/api/any"),
			http.StatusUnauthorized, `error="invalid_token"`)
	})
	if log := a.log.String(); strings.Contains(log, "eyJ") {
		t.Errorf("the log has a token in it: %s", log)
	}
}

func TestRequireBearerRefusesRequests(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	token := a.accessToken()
	const invalidRequest = `error="invalid_request"`
	for name, test := range map[string]struct {
		path      string
		headers   []string
		status    int
		challenge string
	}{
		"no token":        {"/api/any", nil, 401, ""},
		"another scheme":  {"/api/any", []string{"Authorization", "Basic YTpi"}, 401, ""},
		"an empty header": {"/api/any", []string{"Authorization", ""}, 401, ""},
		"a token alone":   {"/api/any", []string{"Authorization", token}, 401, ""},
		"an empty token": {
			"/api/any", []string{"Authorization", "Bearer "}, 400, invalidRequest,
		},
		"a scheme alone": {"/api/any", []string{"Authorization", "Bearer"}, 400, invalidRequest},
		"a token in quotes": {
			"/api/any", []string{"Authorization", `Bearer "x"`}, 400, invalidRequest,
		},
		"two tokens": {
			"/api/any", []string{"Authorization", "Bearer a b"}, 400, invalidRequest,
		},
		"two credentials": {
			"/api/any", []string{"Authorization", "Bearer a, Bearer " + token}, 400, invalidRequest,
		},
		"a tab": {
			"/api/any", []string{"Authorization", "Bearer\t" + token}, 401, "",
		},
		"a large token": {
			"/api/any",
			[]string{"Authorization", "Bearer " + strings.Repeat("a", 1<<15)},
			400, invalidRequest,
		},
		"a token in the query": {"/api/any?access_token=" + token, nil, 400, invalidRequest},
		"a token in the query and in the header": {
			"/api/any?access_token=" + token,
			[]string{"Authorization", "Bearer " + token},
			400, invalidRequest,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRefusal(t, a.call(http.MethodGet, test.path, test.headers...),
				test.status, test.challenge)
		})
	}
	t.Run("two headers", func(t *testing.T) {
		t.Parallel()
		b := a.browser()
		b.Transport = twoAuthorizations{a.net, "Bearer " + token}
		wantRefusal(t, b.do(http.MethodGet, "/api/any", "Accept", "application/json"),
			http.StatusBadRequest, invalidRequest)
	})
}

// twoAuthorizations sends a header twice.
type twoAuthorizations struct {
	http.RoundTripper
	value string
}

func (t twoAuthorizations) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header["Authorization"] = []string{t.value, t.value}
	return t.RoundTripper.RoundTrip(r)
}

func TestRequireBearerChecksPermissions(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	const insufficient = `error="insufficient_scope", scope="read:reports"`
	for name, test := range map[string]struct {
		edit edit
		ok   bool
	}{
		"the permission and the scope":    {func(*chiauth0test.JWT) {}, true},
		"the permission alone":            {drop("scope"), true},
		"the scope alone":                 {drop("permissions"), true},
		"the scope beside no permissions": {set("permissions", []string{}), false},
		"the scope beside other ones": {
			set("permissions", []string{"write:reports"}), false,
		},
		"the scope beside null":         {set("permissions", nil), false},
		"permissions that are a string": {set("permissions", "read:reports"), false},
		"neither":                       {all(drop("permissions"), drop("scope")), false},
		"a longer scope": {
			all(drop("permissions"), set("scope", "read:reports2")), false,
		},
		"a scope in another case": {
			all(drop("permissions"), set("scope", "READ:reports")), false,
		},
		"scopes that are a list": {
			all(drop("permissions"), set("scope", []string{"read:reports"})), false,
		},
		"the scope among others": {
			all(drop("permissions"), set("scope", "a read:reports b")), true,
		},
		"the permission beside a non-string": {set("permissions", []any{1, "read:reports"}), true},
	} {
		token := a.accessToken(test.edit)
		t.Run(name, func(t *testing.T) {
			resp := a.callWith(token, http.MethodGet, "/api/reports")
			if !test.ok {
				wantRefusal(t, resp, http.StatusForbidden, insufficient)
			} else if resp.StatusCode != http.StatusOK {
				t.Errorf("got %s, want 200: %s", resp.Status, resp.body)
			}
		})
	}
	t.Run("another permission of the same path", func(t *testing.T) {
		wantRefusal(t, a.callWith(a.accessToken(), http.MethodPost, "/api/reports"),
			http.StatusForbidden, `scope="write:reports"`)
	})
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

func TestRequireLoginOrBearer(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	token := a.accessToken()
	grace1 := a.browser()
	grace1.signIn(grace)
	graceID := a.userID(grace)
	adaID := a.userID(ada)

	t.Run("a session", func(t *testing.T) {
		resp := grace1.get("/both/any")
		if want := "bearer false"; !strings.HasPrefix(resp.body, want) {
			t.Errorf("got %s %q, want it to begin with %q", resp.Status, resp.body, want)
		}
		if want := "user " + graceID; !strings.HasSuffix(resp.body, want) {
			t.Errorf("the handler sees %q, want %q", resp.body, want)
		}
		if got := resp.Header["Vary"]; !strings.Contains(strings.Join(got, ","), "Authorization") {
			t.Errorf("Vary is %q, want it to name Authorization", got)
		}
	})
	t.Run("a session without the permission", func(t *testing.T) {
		if resp := grace1.get("/both/reports"); resp.StatusCode != http.StatusForbidden {
			t.Errorf("got %s, want 403", resp.Status)
		}
	})
	t.Run("neither, of a person", func(t *testing.T) {
		resp := a.browser().get("/both/any")
		if resp.StatusCode != 302 || !strings.Contains(resp.location(), "/auth0/login") {
			t.Errorf("got %s, Location %q, want 302 to the login", resp.Status, resp.location())
		}
	})
	t.Run("neither, of a program", func(t *testing.T) {
		resp := a.call(http.MethodGet, "/both/any")
		if resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("got %s, want 401", resp.Status)
		}
	})
	for _, path := range []string{"/both/any", "/loaded/any"} {
		t.Run("a token beside the session of another user, "+path, func(t *testing.T) {
			resp := grace1.get(path, "Authorization", "Bearer "+token)
			if want := "user " + adaID; !strings.HasSuffix(resp.body, want) {
				t.Errorf("the handler sees %q, want %q", resp.body, want)
			}
		})
		t.Run("a token of a client beside a session, "+path, func(t *testing.T) {
			machine := a.accessToken(set("sub", "another@clients"))
			resp := grace1.get(path, "Authorization", "Bearer "+machine)
			if want := "user none"; !strings.HasSuffix(resp.body, want) {
				t.Errorf("the handler sees %q, want %q", resp.body, want)
			}
		})
		t.Run("a bad token beside a session, "+path, func(t *testing.T) {
			resp := grace1.get(path, "Authorization", "Bearer x", "Accept", "application/json")
			if resp.StatusCode != http.StatusUnauthorized {
				t.Errorf("got %s, want 401", resp.Status)
			}
		})
	}
	t.Run("another scheme beside a session", func(t *testing.T) {
		resp := grace1.get("/both/any", "Authorization", "Basic YTpi")
		if resp.StatusCode != http.StatusOK {
			t.Errorf("got %s, want 200: a proxy may ask for Basic authentication", resp.Status)
		}
	})
}

// userID is the ID of the local user with an e-mail address.
func (a *app) userID(email string) string {
	a.t.Helper()
	for _, account := range a.users.Accounts() {
		if account.Email == email {
			return account.ID
		}
	}
	a.t.Fatalf("there is no user %s", email)
	return ""
}

func TestLocalUserOfABearer(t *testing.T) {
	t.Parallel()
	t.Run("a user who never logged in", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t)
		token := a.accessToken()
		if err := a.users.Delete(a.userID(ada)); err != nil {
			t.Fatal(err)
		}
		resp := a.callWith(token, http.MethodGet, "/api/any")
		if !strings.HasSuffix(resp.body, "user none") {
			t.Errorf("got %s %q, want no local user", resp.Status, resp.body)
		}
	})
	t.Run("a user who is not active", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t)
		token := a.accessToken()
		if err := a.users.SetActive(a.userID(ada), false); err != nil {
			t.Fatal(err)
		}
		wantRefusal(t, a.callWith(token, http.MethodGet, "/api/any"),
			http.StatusUnauthorized, `error="invalid_token"`)
	})
	t.Run("a provider that cannot find subjects", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t, func(c *chiauth0.Config) { c.Users = &loginRecorder{UserProvider: c.Users} })
		resp := a.callWith(a.accessToken(), http.MethodGet, "/api/any")
		if !strings.HasSuffix(resp.body, "user none") {
			t.Errorf("got %s %q, want no local user", resp.Status, resp.body)
		}
	})
	t.Run("a provider that is down", func(t *testing.T) {
		t.Parallel()
		users := &brokenFinder{UserProvider: userprovider.NewMemory()}
		a := newAPI(t, func(c *chiauth0.Config) { c.Users = users })
		resp := a.callWith(a.accessToken(), http.MethodGet, "/api/any")
		if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
			t.Errorf("got %s, want 503 with Retry-After", resp.Status)
		}
		if got := resp.Header.Get("WWW-Authenticate"); got != "" {
			t.Errorf("WWW-Authenticate is %q, want none: another token would not help", got)
		}
	})
	t.Run("a provider that hangs", func(t *testing.T) {
		t.Parallel()
		users := &brokenFinder{UserProvider: userprovider.NewMemory(), hangs: true}
		a := newAPI(t, func(c *chiauth0.Config) { c.Users = users })
		a.inBubble(func(t *testing.T) {
			token, began := a.accessToken(), time.Now()
			resp := a.callWith(token, http.MethodGet, "/api/any")
			if took := time.Since(began); resp.StatusCode != 503 || took != time.Second {
				t.Errorf("got %s after %v, want 503 after 1s", resp.Status, took)
			}
		})
	})
}

// brokenFinder cannot find users by their subject.
type brokenFinder struct {
	userprovider.UserProvider
	hangs bool
}

func (f *brokenFinder) FindSubject(ctx context.Context, _, _ string) (userprovider.User, error) {
	if f.hangs {
		<-ctx.Done()
	}
	return userprovider.User{}, errors.New("the database is down")
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
