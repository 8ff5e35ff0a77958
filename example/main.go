// Command example is a small application behind chiauth0: a public page, pages for users, staff and
// superusers, and JSON for programs. "example --help" lists the commands and the environment.
//
// Without AUTH0_DOMAIN the application starts a stand-in tenant in its own process, so that a login
// works without any setup. The environment is read in settings.go and, for the tenant alone, in
// tenantnode.go.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sync/errgroup"
)

const help = `Usage:

  example                   serve the application
  example tenant            serve the stand-in tenant alone, for several nodes of the application
  example healthcheck URL   send a GET request; the exit status is 0 if the answer is 200
  example --help            print this text

Environment of the application:

  ADDR           address to listen at (default localhost:8000)
  APP_BASE_URL   URL of the application in browsers, such as https://app.example
  SESSION_STORE  memory (default), redis or cookie
  REDIS_URL      redis://host:port; for the sessions, or for the revocations of cookie sessions
  AUTH0_SECRET   secrets of 32 bytes or more, separated by commas; required for cookie sessions
  DATABASE_URL   sqlite:///path or postgres://user:password@host/database (default in memory)
  AUTH0_DOMAIN   tenant of the users, with AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET; without it,
                 a stand-in tenant with test accounts starts in the same process
  TENANT_ADDR    address of the stand-in tenant (default a free port)
  DEMO           1 lets the stand-in tenant start where other machines can reach it
  LOG_FORMAT     text (default) or json

The other AUTH0_ variables are those of chiauth0.ConfigFromEnv.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "example:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string, stdout io.Writer) error {
	if len(args) == 0 {
		return serveApplication(ctx, stdout)
	}
	switch {
	case len(args) == 1 && args[0] == "tenant":
		return runTenant(ctx, os.Getenv, stdout)
	case len(args) == 1 && isHelp(args[0]):
		fmt.Fprint(stdout, help)
		return nil
	case len(args) == 2 && args[0] == "healthcheck":
		return healthcheck(ctx, args[1])
	default:
		return fmt.Errorf("arguments %q: want none, tenant, healthcheck URL or --help", args)
	}
}

func isHelp(arg string) bool {
	return arg == "--help" || arg == "-help" || arg == "-h" || arg == "help"
}

func serveApplication(ctx context.Context, stdout io.Writer) error {
	handler, err := logHandler(os.Getenv, os.Stderr)
	if err != nil {
		return err
	}
	return run(ctx, os.Getenv, stdout, slog.New(handler))
}

// run serves the application, the stand-in tenant and the reports API until ctx ends.
func run(
	ctx context.Context, getenv func(string) string, stdout io.Writer, logger *slog.Logger,
) error {
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
	for _, server := range app.servers {
		servers.Go(func() error { return serve(ctx, server.listener, server.handler) })
	}
	announce(stdout, visit, app.tenant)
	servers.Go(func() error {
		app.ping(ctx, logger)
		return nil
	})
	return servers.Wait()
}
