package chiauth0

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"
)

// mountedAt refuses requests to a Router that is mounted elsewhere than MountPath says: guards would redirect to a login
// that is not there, and Auth0 to a callback that is not.
func (a *auth) mountedAt(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := a.reachable(r); err != nil {
			a.fail(w, r, err)
			return
		}
		route := r.URL.Path
		if rctx := chi.RouteContext(r.Context()); rctx != nil && rctx.RoutePath != "" {
			route = rctx.RoutePath
		}
		mounted := strings.TrimSuffix(strings.TrimSuffix(r.URL.Path, "/"), strings.TrimSuffix(route, "/"))
		if mounted != a.mount {
			a.fail(w, r, &Error{
				Status: http.StatusInternalServerError, Code: "mounted_elsewhere",
				Message: "The login of this application is not set up correctly.",
				Err:     fmt.Errorf("chiauth0: the Router is mounted at %q, but MountPath is %q: make them the same", mounted, a.mountHome()),
			})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// private keeps our own pages out of every cache and frame, and lets them load nothing but their own style.
func (a *auth) private(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "private, no-store")
		h.Set("Content-Security-Policy", contentSecurityPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}
