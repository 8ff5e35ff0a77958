package chiauth0

import (
	"github.com/go-chi/chi/v5"
)

// Router serves the login. Mount it where Config.MountPath says:
//
//	r.Mount("/auth0", chiauth0.Router(cfg))
//
// It panics with the error of [Config.Validate] if the Config has faults.
func Router(cfg *Config) chi.Router {
	a := cfg.use()
	r := chi.NewRouter()
	r.Use(a.private, a.mountedAt, a.load)

	r.Get("/", a.home)         // who is signed in, and the way in or out; the callback as well if CallbackURI is "auth0"
	r.Head("/", a.home)        // chi's GetHead misses a Mount's own path, without a final slash
	r.Get("/login", a.login)   // to Auth0
	r.Get("/callback", a.back) // from Auth0
	r.Get("/logout", a.logout) // out, here and at Auth0
	r.Post("/logout", a.logout)
	if a.BackchannelLogout {
		r.Post("/backchannel-logout", a.backchannelLogout) // from Auth0
	}
	r.Get("/session", a.session) // how long the session lasts
	r.Get("/me", a.me)           // the signed-in user as JSON

	return r
}
