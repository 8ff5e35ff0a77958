// Command bench serves one page to one signed-in user, for e2e/bench.sh to ask for. Its argument says where the session is.
//
// It logs the user in by itself, and prints the page's URL and the Cookie header of a request, a line each.
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

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("one argument: chi, memory, cookie, redis, scs or scs-redis; the last and redis want REDIS_ADDR")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // until the process is ended
	if err != nil {
		return err
	}
	base := "http://" + listener.Addr().String()
	rdb := redis.NewClient(&redis.Options{Addr: os.Getenv("REDIS_ADDR"), ContextTimeoutEnabled: true})

	var handler http.Handler
	logIn := func() (*http.Client, error) { return chiauth0test.NewBrowser(), nil }
	switch args[0] {
	case "chi":
		handler = bare()
	case "memory":
		handler, logIn = ours(base, memstore.New())
	case "cookie":
		handler, logIn = ours(base, cookiestore.New(strings.Repeat("s", 32)))
	case "redis":
		handler, logIn = ours(base, redisstore.New(rdb))
	case "scs":
		handler, logIn = stock(base, scsmem.New())
	case "scs-redis":
		handler, logIn = stock(base, goredisstore.New(rdb))
	default:
		return fmt.Errorf("%q is none of chi, memory, cookie, redis, scs, scs-redis", args[0])
	}

	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	browser, err := logIn()
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

// bare is the page without anybody.
func bare() http.Handler {
	r := chi.NewRouter()
	r.Get("/page", func(w http.ResponseWriter, _ *http.Request) { greet(w, email) })
	return r
}

// ours is the page behind chiauth0, and a login at the stand-in tenant with three kilobytes of tokens.
func ours(base string, store scs.Store) (http.Handler, func() (*http.Client, error)) {
	proxy := httptest.NewUnstartedServer(nil)
	tenant := chiauth0test.New("http://localhost:" + strings.TrimPrefix(proxy.Listener.Addr().String(), "127.0.0.1:"))
	proxy.Config.Handler = tenant
	proxy.Start()
	tenant.AddAPI("https://api.example")
	padding := strings.Repeat("x", 300)
	tenant.AddUser(chiauth0test.User{
		Email: email, Password: "password", Name: "Ada Lovelace", Picture: "https://cdn.example/ada.png",
		Claims:            map[string]any{"https://app.example/padding": padding},
		AccessTokenClaims: map[string]any{"https://app.example/padding": padding},
	})
	client := tenant.AddClient(chiauth0test.Client{CallbackURLs: []string{base + "/auth0/callback"}})
	cfg := &chiauth0.Config{
		Domain: tenant.Issuer(), ClientID: client.ID, ClientSecret: client.Secret, BaseURL: base,
		Audience: "https://api.example", Scopes: []string{"openid", "profile", "email", "offline_access"},
		Sessions: sessionstores.New(store),
	}
	r := chi.NewRouter()
	r.Mount("/auth0", chiauth0.Router(cfg))
	r.With(chiauth0.RequireLogin(cfg)).Get("/page", func(w http.ResponseWriter, r *http.Request) {
		identity, err := chiauth0.IdentityFrom(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		greet(w, identity.Email)
	})
	return r, func() (*http.Client, error) {
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
}

// A profile is what most applications put into their scs session after a login.
type profile struct{ Subject, Name, Email, Picture string }

// stock is the page behind scs as it comes, with an idle timeout as ours, and as many bytes of tokens in the session.
func stock(base string, store scs.Store) (http.Handler, func() (*http.Client, error)) {
	gob.Register(profile{})
	sessions := scs.New()
	sessions.Store, sessions.IdleTimeout = store, 24*time.Hour
	r := chi.NewRouter()
	r.Use(sessions.LoadAndSave)
	r.Get("/login", func(_ http.ResponseWriter, r *http.Request) {
		sessions.Put(r.Context(), "profile", profile{"auth0|0123456789", "Ada Lovelace", email, "https://cdn.example/ada.png"})
		for _, name := range []string{"id_token", "access_token", "refresh_token"} {
			sessions.Put(r.Context(), name, strings.Repeat("x", 900))
		}
	})
	r.Get("/page", func(w http.ResponseWriter, r *http.Request) {
		user, ok := sessions.Get(r.Context(), "profile").(profile)
		if !ok {
			http.Error(w, "nobody is signed in", http.StatusUnauthorized)
			return
		}
		greet(w, user.Email)
	})
	return r, func() (*http.Client, error) {
		browser := chiauth0test.NewBrowser()
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, base+"/login", nil)
		if err != nil {
			return nil, err
		}
		resp, err := browser.Do(req)
		if err != nil {
			return nil, err
		}
		return browser, resp.Body.Close()
	}
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
