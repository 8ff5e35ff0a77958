package chiauth0

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/go-chi/chi/v5"
)

// mountedAt refuses requests to a Router that is mounted elsewhere than MountPath says. Guards
// would redirect to a login that is not there, and Auth0 to a callback that is not there.
func (a *auth) mountedAt(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := a.reachable(r); err != nil {
			a.fail(w, r, err)
			return
		}
		if mounted := mountPoint(r); mounted != a.mount {
			a.fail(w, r, newError(CodeMountedElsewhere, fmt.Errorf(
				"chiauth0: the Router is mounted at %q, but MountPath is %q: make them the same",
				mounted, a.mountHome())))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// mountPoint is the path, as browsers see it, below which the Router serves this request: without
// the part that chi has left to route, and with what a StripPrefix has cut off.
func mountPoint(r *http.Request) string {
	left := rawPath(r.URL)
	full := left
	sent, err := url.ParseRequestURI(r.RequestURI)
	if err == nil && strings.HasSuffix(rawPath(sent), left) {
		full = rawPath(sent)
	}
	if rctx := chi.RouteContext(r.Context()); rctx != nil && rctx.RoutePath != "" {
		left = rctx.RoutePath
	}
	// A middleware such as chi's CleanPath or StripSlashes has cleaned one and not the other.
	return strings.TrimSuffix(path.Clean("/"+full), path.Clean("/"+left))
}

// rawPath is the path that chi routes by.
func rawPath(u *url.URL) string {
	if u.RawPath != "" {
		return u.RawPath
	}
	return u.Path
}

// private keeps what the Router answers out of every cache and frame. It says nothing about what a
// page may load: the application's own templates, ErrorHandler and NotFound decide that.
func (a *auth) private(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", noStore)
		h.Set("Content-Security-Policy", "frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}
