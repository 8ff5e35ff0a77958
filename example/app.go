package main

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/sessionstores"
)

// An application is the handler of the pages and what it depends on.
type application struct {
	handler  http.Handler
	users    *people
	sessions sessionStore
	tenant   *standIn       // nil if AUTH0_DOMAIN is set
	servers  []server       // beside that of the pages: the tenant and the reports API
	closers  []func() error // for stop
}

// A server is a handler and where it listens.
type server struct {
	listener net.Listener
	handler  http.Handler
}

// build creates the application. visit is its URL in a browser on this machine.
func build(
	ctx context.Context, set settings, visit string, logger *slog.Logger,
) (_ *application, err error) {
	app := new(application)
	defer func() {
		if err != nil {
			app.stop()
		}
	}()
	app.sessions, err = openSessions(set)
	if err != nil {
		return nil, err
	}
	app.closers = append(app.closers, app.sessions.close)
	app.users, err = openUsers(ctx, set.databaseURL)
	if err != nil {
		return nil, err
	}
	app.closers = append(app.closers, app.users.Close)

	cfg, err := app.config(ctx, set, visit)
	if err != nil {
		return nil, err
	}
	cfg.Sessions = sessionstores.New(app.sessions.store)
	cfg.Users = app.users
	cfg.Logger = logger
	if app.tenant != nil {
		cfg.Logger = slog.New(noRegistration{logger.Handler()})
		err := app.users.createInactive(ctx, app.tenant.Issuer(), app.tenant.inactive)
		if err != nil {
			return nil, err
		}
	}
	err = app.addHandlers(ctx, cfg, set)
	return app, err
}

// addHandlers creates the handlers of the pages and of the reports API. cfg is in use afterwards.
func (a *application) addHandlers(ctx context.Context, cfg *chiauth0.Config, set settings) error {
	listener, err := listenForAPI(ctx, cfg)
	if err != nil {
		return err
	}
	if listener != nil {
		a.closers = append(a.closers, listener.Close)
	}
	a.handler, err = newSite(cfg, a.users, set).handler()
	if err != nil || listener == nil {
		return err
	}
	a.servers = append(a.servers, server{listener, reportsAPI(cfg)})
	return nil
}

// config reads the environment, or starts the stand-in tenant and returns the Config of its client.
func (a *application) config(
	ctx context.Context, set settings, visit string,
) (*chiauth0.Config, error) {
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
	a.servers = append(a.servers, server{tenant.listener, tenant})
	cfg.Secrets = set.secrets
	return cfg, nil
}

// ping logs a warning if Redis or the database does not answer within 2 seconds. Neither stops the
// application: it answers 503 until they are back.
func (a *application) ping(ctx context.Context, logger *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if redis := a.sessions.redis; redis != nil {
		if err := redis.Ping(ctx).Err(); err != nil {
			logger.WarnContext(ctx, "Redis does not answer: check REDIS_URL", "err", err)
		}
	}
	if err := a.users.db.PingContext(ctx); err != nil {
		logger.WarnContext(ctx, "the database does not answer: check DATABASE_URL", "err", err)
	}
}

// stop closes what build opened, the last first. There is no recipient for the errors.
func (a *application) stop() {
	for _, release := range slices.Backward(a.closers) {
		_ = release()
	}
}
