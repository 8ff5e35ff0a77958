// Package zitadel_test logs in and refreshes tokens at the OpenID provider of zitadel/oidc, which
// is not part of this project. It has a module of its own: the library does not depend on it.
package zitadel_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/memstore"
)

const (
	clientID     = "chiauth0"
	clientSecret = "the client secret of a test at zitadel"
	audience     = "https://api.example/"
)

// startProvider starts the provider, for an application at a URL.
func startProvider(t *testing.T, appURL string) (issuer string) {
	t.Helper()

	server := httptest.NewUnstartedServer(nil)
	issuer = strings.Replace("http://"+server.Listener.Addr().String(), "127.0.0.1", "localhost", 1)
	storage.RegisterClients(storage.WebClient(clientID, clientSecret, appURL+"/auth0/callback"))
	users := storage.NewStorage(storage.NewUserStore(issuer))
	logger := slog.New(slog.DiscardHandler)
	server.Config.Handler = exampleop.SetupServer(issuer, users, logger, false)
	server.Start()
	t.Cleanup(server.Close)

	return issuer
}

// An api records the access tokens that it is sent. It rejects those that it has seen before.
type api struct {
	mu     sync.Mutex
	tokens []string
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()

	token := r.Header.Get("Authorization")
	if slices.Contains(a.tokens, token) {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	a.tokens = append(a.tokens, token)
}

func (a *api) seen() int {
	a.mu.Lock()
	defer a.mu.Unlock()

	return len(a.tokens)
}

// newApp starts an application whose page calls the API.
func newApp(t *testing.T, apiURL string) (appURL string) {
	t.Helper()

	server := httptest.NewUnstartedServer(nil)
	appURL = "http://" + server.Listener.Addr().String()
	cfg := &chiauth0.Config{
		Domain:       startProvider(t, appURL),
		ClientID:     clientID,
		ClientSecret: clientSecret,
		BaseURL:      appURL,
		Audience:     audience,
		Scopes:       []string{"openid", "profile", "email", "offline_access"},
		APIs:         []chiauth0.API{{Audience: audience, URL: apiURL}},
		Sessions:     sessionstores.New(memstore.New()),
		Logger:       slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	r := chi.NewRouter()
	r.Mount("/auth0", chiauth0.Router(cfg))
	r.With(chiauth0.RequireLogin(cfg)).Get("/", func(w http.ResponseWriter, r *http.Request) {
		resp, err := chiauth0.HTTPClient(r.Context(), audience).Get(apiURL)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		resp.Body.Close()
		w.WriteHeader(resp.StatusCode)
	})
	server.Config.Handler = r
	server.Start()
	t.Cleanup(server.Close)

	return appURL
}

func newBrowser(t *testing.T) *http.Client {
	t.Helper()

	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}

	return &http.Client{Jar: jar}
}

// logIn opens the page of the application and fills in the login form of the provider.
func logIn(t *testing.T, browser *http.Client, appURL string) (status int, body string) {
	t.Helper()

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, appURL+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html") // a guard redirects navigations only
	resp, err := browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	form := *resp.Request.URL
	id := form.Query().Get("authRequestID")
	if id == "" {
		t.Fatalf("got %s at %s, want the login form", resp.Status, &form)
	}

	form.RawQuery = ""
	resp, err = browser.PostForm(form.String(), url.Values{
		"id":       {id},
		"username": {"test-user@" + form.Hostname()},
		"password": {"verysecure"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got := resp.Request.URL.String(); got != appURL+"/" {
		t.Errorf("the login ended at %s, want the page of the application", got)
	}

	return resp.StatusCode, string(text)
}

// The provider rotates refresh tokens. The second refresh shows that the first one was saved.
func TestLoginAndRefreshAtZitadel(t *testing.T) {
	upstream := new(api)
	server := httptest.NewServer(upstream)
	t.Cleanup(server.Close)
	appURL := newApp(t, server.URL+"/")
	browser := newBrowser(t)

	status, body := logIn(t, browser, appURL)
	if status != http.StatusOK || upstream.seen() != 1 {
		t.Fatalf("login: got %d %s, and %d tokens at the API, want one",
			status, body, upstream.seen())
	}
	for want := 2; want <= 4; want++ {
		resp, err := browser.Get(appURL + "/")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := upstream.seen(); resp.StatusCode != http.StatusOK || got != want {
			t.Errorf("refresh: got %s and %d different tokens, want %d", resp.Status, got, want)
		}
	}
}
