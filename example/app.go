package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/memstore"
)

// An application is the handler of the pages, and what it needs beside it.
type application struct {
	handler http.Handler
	tenant  *standIn // nil where people log in at AUTH0_DOMAIN
	close   func()   // releases what the session store holds
}

// build makes the application from its settings. visit is where a browser on this machine finds it.
func build(ctx context.Context, set settings, visit string, logger *slog.Logger) (*application, error) {
	store, closeStore, err := openSessions(set.sessionStore)
	if err != nil {
		return nil, err
	}
	app := &application{close: closeStore}
	var cfg *chiauth0.Config
	if set.embedded {
		baseURL := strings.TrimSuffix(cmp.Or(set.baseURL, visit), "/")
		app.tenant, cfg, err = startTenant(ctx, set.tenantAddr, baseURL)
	} else {
		cfg, err = chiauth0.ConfigFromEnv()
	}
	if err != nil {
		closeStore()
		return nil, err
	}
	cfg.Sessions = sessionstores.New(store)
	cfg.Logger = logger
	if app.handler, err = newSite(cfg, set.embedded).handler(); err != nil {
		app.stop()
		return nil, err
	}
	return app, nil
}

// stop releases what build took hold of.
func (a *application) stop() {
	a.close()
	if a.tenant != nil {
		a.tenant.listener.Close()
	}
}

// openSessions is the one place that knows the session stores by name.
func openSessions(name string) (store scs.Store, closeStore func(), err error) {
	switch name {
	case "memory":
		memory := memstore.New()
		return memory, func() { _ = memory.Close() }, nil
	default:
		return nil, nil, fmt.Errorf("SESSION_STORE=%q is none of the session stores there are: memory", name)
	}
}
