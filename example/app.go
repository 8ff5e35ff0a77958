package main

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/sessionstores"
)

// An application is the handler of the pages, and what it needs beside it.
type application struct {
	handler http.Handler
	users   *people
	tenant  *standIn       // nil where people log in at AUTH0_DOMAIN
	closers []func() error // for stop
}

// build makes the application from its settings. visit is where a browser on this machine finds it.
func build(ctx context.Context, set settings, visit string, logger *slog.Logger) (_ *application, err error) {
	app := new(application)
	defer func() {
		if err != nil {
			app.stop()
		}
	}()
	store, closeStore, err := openSessions(set)
	if err != nil {
		return nil, err
	}
	app.closers = append(app.closers, closeStore)
	app.users, err = openUsers(ctx, set.databaseURL)
	if err != nil {
		return nil, err
	}
	app.closers = append(app.closers, app.users.Close)

	cfg, err := app.config(ctx, set, visit)
	if err != nil {
		return nil, err
	}
	if app.tenant != nil {
		if err := app.users.createInactive(ctx, app.tenant.Issuer(), app.tenant.inactive); err != nil {
			return nil, err
		}
	}
	cfg.Sessions = sessionstores.New(store)
	cfg.Users = app.users
	cfg.Logger = logger
	app.handler, err = newSite(cfg, app.users, set.embedded).handler()
	return app, err
}

// config is the environment's, or that of a stand-in tenant which it starts.
func (a *application) config(ctx context.Context, set settings, visit string) (*chiauth0.Config, error) {
	if !set.embedded {
		return chiauth0.ConfigFromEnv()
	}
	baseURL := strings.TrimSuffix(cmp.Or(set.baseURL, visit), "/")
	tenant, cfg, err := startTenant(ctx, set.tenantAddr, baseURL)
	if err != nil {
		return nil, err
	}
	a.tenant = tenant
	a.closers = append(a.closers, tenant.listener.Close)
	cfg.Secrets = set.secrets
	return cfg, nil
}

// stop releases what build took hold of, the last first.
func (a *application) stop() {
	for _, release := range slices.Backward(a.closers) {
		_ = release() // the process is about to end, and nobody could do anything about it
	}
}
