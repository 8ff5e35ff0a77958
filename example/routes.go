package main

import (
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/chiauth0/auth/chiauth0"
)

// mfaAge is how long multi-factor authentication counts for the page /keys.
const mfaAge = 10 * time.Minute

// handler is the whole application. Each page shows its line of this function.
func (s *site) handler() (http.Handler, error) {
	cfg := s.cfg
	if err := cfg.Validate(); err != nil {
		return nil, err // Router panics with the same error
	}
	r := chi.NewRouter()
	r.Use(middleware.Recoverer, s.headers)

	r.Get("/healthz", healthz)
	r.Get("/style.css", asset("assets/style.css", "text/css; charset=utf-8"))
	r.Get("/live.js", asset("assets/live.js", "text/javascript; charset=utf-8"))
	r.Get("/icon.svg", asset("assets/icon.svg", "image/svg+xml"))

	r.Mount("/auth0", chiauth0.Router(cfg))
	r.With(chiauth0.LoadUser(cfg)).Get("/", s.home)
	r.With(chiauth0.RequireLogin(cfg)).Get("/account", s.account)
	r.With(chiauth0.RequireLogin(cfg)).Post("/account/sessions/end", s.endDevice)
	r.With(chiauth0.RequireLogin(cfg)).Post("/account/sessions/end-others", s.endOtherDevices)
	r.With(chiauth0.RequireMFA(cfg, mfaAge)).Get("/keys", s.page)
	r.With(chiauth0.RequireLogin(cfg)).Get("/reports", s.reports)
	r.With(chiauth0.RequireLogin(cfg)).Get("/live", s.live)
	r.With(chiauth0.RequireStaff(cfg)).Get("/staff", s.staff)
	r.With(chiauth0.RequireSuperuser(cfg)).Post("/staff/{id}/logout", s.endSessions)
	r.With(chiauth0.RequireSuperuser(cfg)).Post("/staff/{id}/active", s.setActive)
	r.With(chiauth0.RequireSuperuser(cfg)).Get("/staff/{id}/deactivate", s.confirmDeactivation)
	r.With(chiauth0.RequireSuperuser(cfg)).Get("/superuser", s.page)
	r.With(forPrograms, chiauth0.RequireLogin(cfg)).Get("/api/me", me)
	if api := s.api(); api != "" {
		r.With(chiauth0.RequireLogin(cfg)).Mount("/reports-api", chiauth0.Proxy(cfg, api))
	}

	return sameOrigin(cfg.BaseURL, r)
}

// healthz is for load balancers. It uses no session, so it answers 200 while the store is down.
func healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte("ok\n"))
}
