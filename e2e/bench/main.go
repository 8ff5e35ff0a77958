// Command bench serves one page to one signed-in user. e2e/bench.sh measures it.
//
// The argument selects where the session is. The program logs the user in, and prints the URL of
// the page and the Cookie header of the user's requests, one per line.
package main

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/alexedwards/scs/goredisstore"
	"github.com/alexedwards/scs/v2"
	scsmem "github.com/alexedwards/scs/v2/memstore"
	"github.com/go-chi/chi/v5"
	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/cookiestore"
	"github.com/chiauth0/auth/sessionstores/memstore"
	"github.com/chiauth0/auth/sessionstores/redisstore"
)

const email = "ada@example.com"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// An application is a handler with the page, and a function that logs the user in.
type application struct {
	handler http.Handler
	logIn   func() (*http.Client, error)
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("want one argument: chi, memory, cookie, redis, scs or scs-redis")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // until the process ends
	if err != nil {
		return err
	}
	base := "http://" + listener.Addr().String()
	app, err := newApplication(args[0], base)
	if err != nil {
		return err
	}

	server := &http.Server{Handler: app.handler, ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	browser, err := app.logIn()
	if err != nil {
		return err
	}
	cookies, err := cookieHeader(browser, base)
	if err != nil {
		return err
	}
	fmt.Printf("%s/page\n%s\n", base, cookies)
	return <-failed
}

// newApplication returns the application of a kind. Kinds with Redis need REDIS_ADDR.
func newApplication(kind, base string) (application, error) {
	rdb := redis.NewClient(&redis.Options{
		Addr:                  os.Getenv("REDIS_ADDR"),
		ContextTimeoutEnabled: true,
	})
	switch kind {
	case "chi":
		return bareChi(), nil
	case "memory":
		return withChiauth0(base, memstore.New()), nil
	case "cookie":
		return withChiauth0(base, cookiestore.New(strings.Repeat("s", 32))), nil
	case "redis":
		return withChiauth0(base, redisstore.New(rdb)), nil
	case "scs":
		return stockSCS(base, scsmem.New()), nil
	case "scs-redis":
		return stockSCS(base, goredisstore.New(rdb)), nil
	default:
		return application{}, fmt.Errorf(
			"unknown kind %q: want chi, memory, cookie, redis, scs or scs-redis", kind)
	}
}

// bareChi serves the page without a user.
func bareChi() application {
	r := chi.NewRouter()
	r.Get("/page", func(w http.ResponseWriter, _ *http.Request) { greet(w, email) })
	logIn := func() (*http.Client, error) { return chiauth0test.NewBrowser(), nil }
	return application{r, logIn}
}

// withChiauth0 serves the page behind RequireLogin. The session has three kilobytes of tokens.
func withChiauth0(base string, store scs.Store) application {
	tenant := startTenant()
	client := tenant.AddClient(chiauth0test.Client{
		CallbackURLs: []string{base + "/auth0/callback"},
	})
	cfg := &chiauth0.Config{
		Domain:       tenant.Issuer(),
		ClientID:     client.ID,
		ClientSecret: client.Secret,
		BaseURL:      base,
		Audience:     "https://api.example",
		Scopes:       []string{"openid", "profile", "email", "offline_access"},
		Sessions:     sessionstores.New(store),
	}
	r := chi.NewRouter()
	r.Mount("/auth0", chiauth0.Router(cfg))
	guarded := r.With(chiauth0.RequireLogin(cfg))
	guarded.Get("/page", func(w http.ResponseWriter, r *http.Request) {
		identity, err := chiauth0.IdentityFrom(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		greet(w, identity.Email)
	})
	logIn := func() (*http.Client, error) { return signIn(tenant, base) }
	return application{r, logIn}
}

func startTenant() *chiauth0test.Tenant {
	server := httptest.NewUnstartedServer(nil)
	_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
	tenant := chiauth0test.New("http://localhost:" + port)
	server.Config.Handler = tenant
	server.Start()
	tenant.AddAPI("https://api.example")

	padding := map[string]any{"https://app.example/padding": strings.Repeat("x", 300)}
	tenant.AddUser(chiauth0test.User{
		Email:             email,
		Password:          "password",
		Name:              "Ada Lovelace",
		Picture:           "https://cdn.example/ada.png",
		Claims:            padding,
		AccessTokenClaims: padding,
	})
	return tenant
}

func signIn(tenant *chiauth0test.Tenant, base string) (*http.Client, error) {
	browser := chiauth0test.NewBrowser()
	resp, err := tenant.SignIn(browser, base+"/page", email)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the login ended with %s", resp.Status)
	}
	return browser, nil
}

// A profile is what many applications put into their scs session after a login.
type profile struct{ Subject, Name, Email, Picture string }

// stockSCS serves the page behind scs with LoadAndSave. The idle timeout and the size of the
// session are those of withChiauth0.
func stockSCS(base string, store scs.Store) application {
	gob.Register(profile{})
	sessions := scs.New()
	sessions.Store = store
	sessions.IdleTimeout = 24 * time.Hour
	r := chi.NewRouter()
	r.Use(sessions.LoadAndSave)
	r.Get("/login", func(_ http.ResponseWriter, r *http.Request) {
		user := profile{
			Subject: "auth0|0123456789",
			Name:    "Ada Lovelace",
			Email:   email,
			Picture: "https://cdn.example/ada.png",
		}
		sessions.Put(r.Context(), "profile", user)
		for _, name := range []string{"id_token", "access_token", "refresh_token"} {
			sessions.Put(r.Context(), name, strings.Repeat("x", 900))
		}
	})
	r.Get("/page", func(w http.ResponseWriter, r *http.Request) {
		user, ok := sessions.Get(r.Context(), "profile").(profile)
		if !ok {
			http.Error(w, "not signed in", http.StatusUnauthorized)
			return
		}
		greet(w, user.Email)
	})
	logIn := func() (*http.Client, error) { return openLogin(base) }
	return application{r, logIn}
}

func openLogin(base string) (*http.Client, error) {
	ctx := context.Background()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/login", nil)
	if err != nil {
		return nil, err
	}
	browser := chiauth0test.NewBrowser()
	resp, err := browser.Do(req)
	if err != nil {
		return nil, err
	}
	return browser, resp.Body.Close()
}

func greet(w http.ResponseWriter, name string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("Hello, " + name + "\n"))
}

func cookieHeader(browser *http.Client, base string) (string, error) {
	address, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	var pairs []string
	for _, cookie := range browser.Jar.Cookies(address) {
		pairs = append(pairs, cookie.Name+"="+cookie.Value)
	}
	return strings.Join(pairs, "; "), nil
}
