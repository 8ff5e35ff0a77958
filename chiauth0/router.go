package chiauth0

import (
	"net/http"
	"reflect"
	"slices"

	"github.com/go-chi/chi/v5"
)

// Router serves the login. Mount it where Config.MountPath says:
//
//	r.Mount("/auth0", chiauth0.Router(cfg))
//
// Its routes:
//
//	GET  /          who is signed in, with a link to the login and a button for the logout
//	GET  /login     redirects to Auth0
//	GET  /callback  the way back from Auth0, redirects to the page that was asked for
//	GET  /logout    ends the session here and redirects to Auth0's logout. A link on another site
//	                gets a page that asks first
//	POST /logout    the same. With Accept: application/json, 200 {"logout_url": …}
//	GET  /me        the signed-in user as JSON, or 401
//	GET  /session   how long the session lasts, as JSON; it does not extend the session
//	POST /backchannel-logout
//	                for Auth0, see Config.BackchannelLogout
//
// HEAD works where GET does. HEAD, prefetches and previews of /login and /logout get 503 and change
// nothing. A fetch of /login that is no navigation gets a page with a link if it accepts text/html,
// and 400 otherwise.
//
// The query of /login:
//
//	next_url            where the login ends: a path here. Also next and target_link_uri
//	connection, login_hint, screen_hint, prompt, max_age, organization, invitation, ui_locales,
//	acr_values          passed on to Auth0, within the limits of the Config
//	iss                 has to be the tenant, if present (OpenID Connect Core, section 4)
//	organization_name   sent by Auth0's invitations
//	page, step_up       sealed by a guard: where the login ends, and what the guard needs of it
//	silent              with prompt=none, set by Config.SilentLogin: a failure ends on the page
//
// Every other parameter is ignored. "/login?prompt=login&next_url=…" asks for the account even if
// Auth0 has a session. The codes of error answers are listed at [Code].
//
// Router panics with the error of [Config.Validate] if the Config has faults.
func Router(cfg *Config) chi.Router {
	a := cfg.init()
	r := chi.NewRouter()
	r.Use(a.private, a.mountedAt, a.load, a.missingPages(r))
	for route, handler := range map[string]http.HandlerFunc{
		homeRoute:    a.home, // the callback as well if CallbackURI is "auth0"
		loginRoute:   a.login,
		logoutRoute:  a.logout,
		meRoute:      a.me,
		sessionRoute: a.session,
	} {
		r.Get(route, handler)
		r.Head(route, handler)
	}
	r.Get(callbackRoute, a.callback)
	r.Post(logoutRoute, a.logout)
	if a.BackchannelLogout {
		r.Post(backchannelRoute, a.backchannelLogout)
	}
	return r
}

var routerMethods = []string{http.MethodGet, http.MethodHead, http.MethodPost}

// missingPages answers 404 and 405 with a page, unless the application has set handlers of its own.
// chi hands those of the parent to the Router, so the Router itself must not set any.
func (a *auth) missingPages(mux *chi.Mux) func(http.Handler) http.Handler {
	defaults := chi.NewRouter()
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			method, path := routedBy(r)
			if mux.Match(chi.NewRouteContext(), method, path) {
				next.ServeHTTP(w, r)
				return
			}
			allowed := slices.DeleteFunc(slices.Clone(routerMethods), func(method string) bool {
				return !mux.Match(chi.NewRouteContext(), method, path)
			})
			switch {
			case len(allowed) == 0 && sameFunc(mux.NotFoundHandler(), defaults.NotFoundHandler()):
				a.fail(w, r, newError(CodeNotFound, ErrInvalidRequest))
			case len(allowed) > 0 &&
				sameFunc(mux.MethodNotAllowedHandler(), defaults.MethodNotAllowedHandler()):
				for _, method := range allowed {
					w.Header().Add("Allow", method)
				}
				a.fail(w, r, newError(CodeMethodNotAllowed, ErrInvalidRequest))
			default:
				next.ServeHTTP(w, r)
			}
		})
	}
}

// routedBy is the method and path that chi routes a request by.
func routedBy(r *http.Request) (method, path string) {
	method, path = r.Method, rawPath(r.URL)
	if rctx := chi.RouteContext(r.Context()); rctx != nil {
		if rctx.RouteMethod != "" {
			method = rctx.RouteMethod
		}
		if rctx.RoutePath != "" {
			path = rctx.RoutePath
		}
	}
	if path == "" {
		path = homeRoute
	}
	return method, path
}

// sameFunc compares two functions by their code.
func sameFunc(f, g http.HandlerFunc) bool {
	return reflect.ValueOf(f).Pointer() == reflect.ValueOf(g).Pointer()
}
