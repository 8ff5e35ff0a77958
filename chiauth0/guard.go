package chiauth0

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/chiauth0/auth/userprovider"
)

// LoadUser makes the session and the user known to the handlers behind it, whether or not anybody is signed in: an
// optional login. Use it on the whole application where public pages show who is there; guards do not need it.
//
// When the session store does not answer, handlers see nobody (see [UserFrom]), and a change of the session is answered
// with 503. LoadUser panics with the error of [Config.Validate] if the Config has faults.
func LoadUser(cfg *Config) func(http.Handler) http.Handler {
	a := cfg.use()
	return func(next http.Handler) http.Handler {
		loaded := a.load(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := a.reachable(r); err != nil {
				a.fail(w, r, err)
				return
			}
			loaded.ServeHTTP(w, r)
		})
	}
}

// RequireLogin lets only people through who are signed in, active, and known to the user provider at the time of the
// request. Anybody else is sent to the login and back, when a person asked for a page, and answered with 401 otherwise.
func RequireLogin(cfg *Config) func(http.Handler) http.Handler {
	return Require(cfg, func(userprovider.User, userprovider.Identity) bool { return true })
}

// RequireStaff is RequireLogin for users with User.Staff; others who are signed in get 403. Superusers who are not staff
// are among them, as in Django's admin.
func RequireStaff(cfg *Config) func(http.Handler) http.Handler {
	a := cfg.use()
	a.warnAboutRole("RequireStaff", "StaffGroup", a.Mapping.StaffGroup)
	return Require(cfg, func(u userprovider.User, _ userprovider.Identity) bool { return u.Staff })
}

// RequireSuperuser is RequireLogin for users with User.Superuser; others who are signed in get 403.
func RequireSuperuser(cfg *Config) func(http.Handler) http.Handler {
	a := cfg.use()
	a.warnAboutRole("RequireSuperuser", "SuperuserGroup", a.Mapping.SuperuserGroup)
	return Require(cfg, func(u userprovider.User, _ userprovider.Identity) bool { return u.Superuser })
}

// RequireGroup is RequireLogin for people whom Auth0 put into the group at their last login; others who are signed in get
// 403.
func RequireGroup(cfg *Config, name string) func(http.Handler) http.Handler {
	a := cfg.use()
	a.warnAboutGroup(name)
	return Require(cfg, func(_ userprovider.User, i userprovider.Identity) bool { return slices.Contains(i.Groups, name) })
}

// Require is RequireLogin for whomever allow says yes to; others who are signed in get 403. It loads the session itself if
// nothing before it did, so that no order of middleware leaves a route open. When the session store or the user provider
// does not answer, so does the guard: 503, and never a redirect to the login.
//
// The answer is private and not stored by any cache, unless the handler sets its own Cache-Control. Require panics with
// the error of [Config.Validate] if the Config has faults, and if allow is nil.
func Require(cfg *Config, allow func(userprovider.User, userprovider.Identity) bool) func(http.Handler) http.Handler {
	a := cfg.use()
	if allow == nil {
		panic("chiauth0: Require(cfg, nil): say who is let through, or use RequireLogin")
	}
	return func(next http.Handler) http.Handler {
		guarded := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "private, no-store")
			v := r.Context().Value(visitorKey{}).(*visitor) // a.load, or WithUser, put it there
			user, identity, err := v.who(r.Context())
			if err == nil && !allow(user, identity) {
				err = ErrForbidden
			}
			if err != nil {
				a.refuse(w, r, err)
				return
			}
			next.ServeHTTP(w, r)
		})
		return LoadUser(cfg)(guarded)
	}
}

// refuse answers in place of a guarded handler.
func (a *auth) refuse(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, ErrNotSignedIn) && wantsPage(r):
		// The page that was asked for, as the server received it: a StripPrefix on the way here may have cut r.URL.
		page := r.RequestURI
		if page == "" {
			page = r.URL.RequestURI()
		}
		redirect(w, http.StatusFound, a.origin(r).String()+a.loginURL(page))
	case errors.Is(err, ErrNotSignedIn):
		a.unauthorized(w, r, err)
	case errors.Is(err, ErrForbidden):
		a.fail(w, r, &Error{
			Status: http.StatusForbidden, Code: "forbidden", Message: "Your account may not open this page.",
			SwitchURL: a.mount + "/logout", Err: err,
		})
	default:
		a.fail(w, r, unavailable(err))
	}
}

// unauthorized tells a program that it has to log in, and where. There is no registered scheme for cookies; this is the
// one of draft-broyer-http-cookie-auth.
func (a *auth) unauthorized(w http.ResponseWriter, r *http.Request, err error) {
	origin := a.origin(r).String()
	w.Header().Set("WWW-Authenticate", fmt.Sprintf("Cookie realm=%q, form-action=%q, cookie-name=%q",
		origin, origin+a.loginURL(""), a.sessions.Cookie.Name))
	a.fail(w, r, &Error{
		Status: http.StatusUnauthorized, Code: "not_signed_in", Message: "You are not signed in.",
		RetryURL: a.loginURL(""), Err: err,
	})
}

// wantsPage reports whether a person asked for a page, as against a program for data: only a person can be sent to log in.
func wantsPage(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && acceptsHTML(r) &&
		r.Header.Get("Sec-Fetch-Mode") != "cors"
}

func acceptsHTML(r *http.Request) bool {
	return strings.Contains(strings.Join(r.Header.Values("Accept"), ","), "text/html")
}

// redirect writes Location as it is: http.Redirect would clean the path, and so lead elsewhere than was checked.
func redirect(w http.ResponseWriter, status int, location string) {
	w.Header().Set("Location", location)
	w.WriteHeader(status)
}
