// Command example is a small application behind chiauth0: a public page, pages for members, staff and superusers, and JSON
// for programs.
//
//	example                   serves the application
//	example tenant            serves the stand-in tenant alone, for several nodes of the application to log in at
//	example healthcheck URL   asks a URL and fails unless the answer is 200, for images without a shell
//
// Without AUTH0_DOMAIN the application starts a stand-in tenant inside its own process, so that one can log in with nothing
// set up. What else the environment decides is in settings.go and, for the tenant alone, in tenantnode.go.
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
	err := command(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "example:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string) error {
	switch {
	case len(args) == 0:
		return run(ctx, os.Getenv, os.Stdout, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	case len(args) == 1 && args[0] == "tenant":
		return runTenant(ctx, os.Getenv, os.Stdout)
	case len(args) == 2 && args[0] == "healthcheck":
		return healthcheck(ctx, args[1])
	default:
		return fmt.Errorf("%q is none of: no argument, tenant, healthcheck URL", args)
	}
}

// run serves the application, and the stand-in tenant where there is one, until ctx ends.
func run(ctx context.Context, getenv func(string) string, stdout io.Writer, logger *slog.Logger) error {
	set, err := readSettings(getenv)
	if err != nil {
		return err
	}
	listener, err := listen(ctx, "ADDR", set.addr)
	if err != nil {
		return err
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

// listen listens at addr, which the variable name said.
func listen(ctx context.Context, name, addr string) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen at %s=%s: %w", name, addr, err)
	}
	return listener, nil
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

// healthcheck is a node's own client: an image without a shell has no other.
func healthcheck(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, resp.Status)
	}
	return nil
}
