// Command tokenapp is one node of an application that asks for access tokens. The tests of
// e2e/cluster start several of them with one Redis.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/redisstore"
	"github.com/chiauth0/auth/userprovider"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "tokenapp:", err)
		os.Exit(1)
	}
}

// run serves the application until ctx ends. REDIS_ADDRS are addresses separated by commas, of one
// server, of a Cluster, or of the Sentinels of REDIS_MASTER.
func run(ctx context.Context) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	client := redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs:      strings.Split(os.Getenv("REDIS_ADDRS"), ","),
		MasterName: os.Getenv("REDIS_MASTER"),
	})
	defer func() { _ = client.Close() }()

	url := "http://" + listener.Addr().String()
	handler, err := application(url, client)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() {
		_ = server.Shutdown(context.WithoutCancel(ctx))
	})

	fmt.Printf("The token application is ready: %s\n", url)
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}

	return nil
}

func application(url string, client redis.UniversalClient) (http.Handler, error) {
	cfg, err := chiauth0.ConfigFromEnv()
	if err != nil {
		return nil, err
	}
	cfg.BaseURL = url
	cfg.Scopes = []string{"openid", "email", "offline_access"}
	store := redisstore.New(client)
	store.Timeout = 5 * time.Second // tests run beside each other on few processors
	cfg.Sessions = sessionstores.New(store)
	cfg.Users = subjects{}
	cfg.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	for audience := range strings.SplitSeq(os.Getenv("AUDIENCES"), ",") {
		cfg.APIs = append(cfg.APIs, chiauth0.API{Audience: audience})
	}
	cfg.Audience = cfg.APIs[0].Audience

	r := chi.NewRouter()
	r.Mount("/auth0", chiauth0.Router(cfg))
	r.With(chiauth0.RequireLogin(cfg)).Get("/token", token)
	r.With(chiauth0.RequireLogin(cfg)).Get("/", func(http.ResponseWriter, *http.Request) {})

	return r, nil
}

// token answers with an access token for the audience in the query.
func token(w http.ResponseWriter, r *http.Request) {
	token, err := chiauth0.AccessToken(r.Context(), r.FormValue("audience"))
	if err != nil {
		http.Error(w, err.Error(), status(err))
		return
	}

	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	fmt.Fprint(w, token.AccessToken) //nolint:gosec // a browser does not take it for HTML
}

func status(err error) int {
	switch {
	case errors.Is(err, chiauth0.ErrSessionEnded):
		return http.StatusGone
	case errors.Is(err, chiauth0.ErrUnavailable):
		return http.StatusServiceUnavailable
	}

	return http.StatusInternalServerError
}

// subjects stores no users: the subject of an identity is the ID of its user. All nodes have the
// same users.
type subjects struct{}

// SyncUser implements userprovider.UserProvider.
func (subjects) SyncUser(_ context.Context, login userprovider.Login) (userprovider.User, error) {
	return userprovider.User{ID: login.Identity.Subject, Active: true}, nil
}

// FindUser implements userprovider.UserProvider.
func (subjects) FindUser(_ context.Context, id string) (userprovider.User, error) {
	return userprovider.User{ID: id, Active: true}, nil
}
