// Command example is a small application behind chiauth0: a public page, pages for members, staff and superusers, and JSON
// for programs.
//
// Without AUTH0_DOMAIN it starts a stand-in tenant inside its own process, so that one can log in with nothing set up.
// readSettings says what else the environment decides.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Getenv, os.Stdout, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "example:", err)
		os.Exit(1)
	}
}

// run serves the application, and the stand-in tenant where there is one, until ctx ends.
func run(ctx context.Context, getenv func(string) string, stdout io.Writer, logger *slog.Logger) error {
	set, err := readSettings(getenv)
	if err != nil {
		return err
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", set.addr)
	if err != nil {
		return fmt.Errorf("cannot listen at ADDR=%s: %w", set.addr, err)
	}
	defer listener.Close()
	visit := browserURL(set.addr, listener)
	app, err := build(ctx, set, visit, logger)
	if err != nil {
		return err
	}
	defer app.stop()

	servers, ctx := errgroup.WithContext(ctx)
	servers.Go(func() error { return serve(ctx, listener, app.handler) })
	if app.tenant != nil {
		servers.Go(func() error { return serve(ctx, app.tenant.listener, app.tenant) })
	}
	announce(stdout, visit, app.tenant)
	return servers.Wait()
}

// serve answers on listener until ctx ends, and then lets the requests in flight finish.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second, // a callback may wait 10 seconds for each answer of the tenant
		IdleTimeout:       2 * time.Minute,
	}
	stopped := make(chan error, 1)
	release := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		stopped <- server.Shutdown(grace)
	})
	defer release()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}
