package sessionstores

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
)

// DefaultCookieName is the session cookie's name on a manager made by [New]. It is not scs's "session", so that another
// scs application on the same host cannot overwrite it.
const DefaultCookieName = "chiauth0_session"

// New returns a manager over store with settings for production: the cookie is HttpOnly and SameSite=Lax, tokens are
// hashed in the store (a dump of it signs nobody in), a session ends after 24 hours without a request and after 72 hours
// in any case, and values are encoded by [Codec]. Change the manager's fields before the first [Middleware] is made from
// it; later changes have no effect on that middleware.
//
// The store may be a [Backend], such as memstore's, or any other scs store. With one that is not a Backend, three windows
// stay open. Between one read and one write of the store, a session that is ended while another request saves it can come
// back, and moving on the idle time rewrites the data; and between a RenewToken and its answer, a logout is not noticed. A
// store without contexts (scs.CtxStore) cannot be given up on when it hangs. A panic says that store is nil.
//
// A manager made by scs.New works with [Middleware] too and keeps its own codec and cookie name. Its own methods reach
// its store directly then, so that a RenewToken which overlaps a logout is not noticed unless the store is a Backend, and
// its Iterate fails on records (see [SetRecord]), which are no sessions.
//
// Make managers once, at start: scs.New, which this calls, leaves one goroutine behind for a store of its own, and there is
// no safe way to stop it.
//
// Use Middleware in place of the manager's LoadAndSave.
func New(store scs.Store) *scs.SessionManager {
	if store == nil {
		panic("sessionstores: New(nil): give it a store, such as memstore.New()")
	}
	m := scs.New()
	m.Store = newKeeper(store, true)
	m.Codec = Codec{}
	m.IdleTimeout = 24 * time.Hour
	m.Lifetime = 72 * time.Hour
	m.Cookie.Name = DefaultCookieName
	m.ErrorFunc = serviceUnavailable
	return m
}

// serviceUnavailable is the ErrorFunc of New. What went wrong is for the log, not for the visitor.
func serviceUnavailable(w http.ResponseWriter, r *http.Request, err error) {
	slog.ErrorContext(r.Context(), "session failed", "err", err)
	status := http.StatusServiceUnavailable
	if errors.Is(err, ErrMisused) {
		status = http.StatusInternalServerError
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, http.StatusText(status), status)
}
