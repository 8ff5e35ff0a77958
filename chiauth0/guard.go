package chiauth0

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/chiauth0/auth/userprovider"
)

// LoadUser makes the session and the user known to the handlers behind it, whether or not a user is
// signed in: an optional login. Use it on the whole application where public pages show who is
// there. Guards do not need it. It starts the silent logins of Config.SilentLogin.
//
// When the session store does not answer, handlers see no user (see [UserFrom]), and a change of
// the session is answered with 503. LoadUser panics with the error of [Config.Validate] if the
// Config has faults.
func LoadUser(cfg *Config) func(http.Handler) http.Handler {
	a := cfg.init()
	if a.SilentLogin {
		return a.loadUserSilently
	}
	return a.loadUser
}

func (a *auth) loadUser(next http.Handler) http.Handler {
	loaded := a.load(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := a.reachable(r); err != nil {
			a.fail(w, r, err)
			return
		}
		loaded.ServeHTTP(w, r)
	})
}

// RequireLogin lets a request through if a user is signed in, active and known to the user provider
// at the time of the request. A person who asked for a page is sent to the login and back. A
// program gets 401.
func RequireLogin(cfg *Config) func(http.Handler) http.Handler {
	return require(
		cfg,
		"login",
		func(userprovider.User, userprovider.Identity) bool { return true },
	)
}

// RequireStaff is RequireLogin for users with User.Staff. Other users get 403. A superuser who is
// not staff is one of them, as in Django's admin.
func RequireStaff(cfg *Config) func(http.Handler) http.Handler {
	a := cfg.init()
	a.warnAboutRole("RequireStaff", "StaffGroup", a.Mapping.StaffGroup)
	return require(cfg, "staff", func(u userprovider.User, _ userprovider.Identity) bool {
		return u.Staff
	})
}

// RequireSuperuser is RequireLogin for users with User.Superuser. Other users get 403.
func RequireSuperuser(cfg *Config) func(http.Handler) http.Handler {
	a := cfg.init()
	a.warnAboutRole("RequireSuperuser", "SuperuserGroup", a.Mapping.SuperuserGroup)
	return require(cfg, "superuser", func(u userprovider.User, _ userprovider.Identity) bool {
		return u.Superuser
	})
}

// RequireGroup is RequireLogin for users whom Auth0 put into the group at their last login. Other
// users get 403.
func RequireGroup(cfg *Config, name string) func(http.Handler) http.Handler {
	cfg.init().warnAboutGroup(name)
	return require(cfg, "group "+name, func(_ userprovider.User, i userprovider.Identity) bool {
		return slices.Contains(i.Groups, name)
	})
}

// Require is RequireLogin for the users for whom allow returns true. Other users get 403. It loads
// the session itself if no middleware before it did, so that no order of middleware leaves a route
// open. When the session store or the user provider does not answer, it answers 503.
//
// A guard checks Organization and Organizations of its Config against the session as well. A user
// of another organization is sent to the login.
//
// A guard can stand on the root router, before the Mount of the Router. It lets the Router's own
// paths and the callback through.
//
// A CORS middleware belongs before the guard. A preflight (OPTIONS) carries no cookie, so a guard
// answers it with 401.
//
// The answer is private and not stored by any cache, unless the handler sets its own Cache-Control.
// Require panics with the error of [Config.Validate] if the Config has faults, and if allow is nil.
func Require(
	cfg *Config, allow func(userprovider.User, userprovider.Identity) bool,
) func(http.Handler) http.Handler {
	if allow == nil {
		panic(
			"chiauth0: Require(cfg, nil): pass a function that says which users are let through, " +
				"or use RequireLogin",
		)
	}
	return require(cfg, "custom", allow)
}

// require is Require with a name of the rule for the log.
func require(
	cfg *Config, rule string, allow func(userprovider.User, userprovider.Identity) bool,
) func(http.Handler) http.Handler {
	a := cfg.init()
	return a.guard(guardRule{
		allow:  allow,
		refuse: a.refuse,
		forbid: func(
			w http.ResponseWriter, r *http.Request, u userprovider.User, i userprovider.Identity,
		) {
			a.forbid(w, r, rule, u, i)
		},
	})
}

// guardRule is what a guard does with a request.
type guardRule struct {
	// allow reports whether a signed-in user is let through.
	allow func(userprovider.User, userprovider.Identity) bool

	// refuse answers if no user is known, and forbid if allow returns false.
	refuse func(http.ResponseWriter, *http.Request, error)
	forbid func(http.ResponseWriter, *http.Request, userprovider.User, userprovider.Identity)
}

// guard returns the middleware of a rule.
func (a *auth) guard(rule guardRule) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		guarded := a.loadUser(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", noStore)
			u, _ := requestUserOf(r.Context()) // from a.load or WithUser
			user, identity, err := u.find(r.Context())
			switch {
			case err != nil:
				rule.refuse(w, r, err)
			case !u.given && !a.organizationAllowed(identity):
				rule.refuse(w, r, a.otherOrganization(r, user, identity))
			case !rule.allow(user, identity):
				rule.forbid(w, r, user, identity)
			default:
				next.ServeHTTP(w, r)
			}
		}))
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if a.isOwnRequest(r) {
				next.ServeHTTP(w, r)
				return
			}
			guarded.ServeHTTP(w, r)
		})
	}
}

// isOwnRequest reports whether a request is for a path of the Router or for the callback. Both the
// path that was sent and the one that is routed decide: a middleware can rewrite r.URL, and what it
// leads to is not the Router.
func (a *auth) isOwnRequest(r *http.Request) bool {
	sent, err := url.ParseRequestURI(r.RequestURI)
	if err != nil || !strings.HasSuffix(rawPath(sent), rawPath(r.URL)) {
		return false
	}
	path := strings.TrimSuffix(rawPath(sent), "/")
	switch path {
	case a.mount + loginRoute, a.mount + callbackRoute, a.mount + logoutRoute, a.mount + meRoute:
		return true
	case a.mount + backchannelRoute:
		return a.BackchannelLogout
	case a.mount + sessionRoute:
		return a.mount != "" // the page of a Router at the root can be the application's
	case a.mount, strings.TrimSuffix(a.callbackPath, "/"):
		return path != "" // so can its home page
	}
	return false
}

// organizationAllowed checks the organization rules of this Config. The session may come from
// another Config of the same client, or from before a change of the rules.
func (a *auth) organizationAllowed(i userprovider.Identity) bool {
	if a.Organization != "" {
		return isOrganization(a.Organization, i)
	}
	if len(a.Organizations) == 0 {
		return true
	}
	return slices.ContainsFunc(a.Organizations, func(allowed string) bool {
		return isOrganization(allowed, i)
	})
}

// isOrganization reports whether an identity is of an organization, given by its ID or name.
func isOrganization(asked string, i userprovider.Identity) bool {
	return matchesOrganization(asked, i.OrgID, i.OrgName)
}

// refuse answers in place of a guarded handler if no user is known.
func (a *auth) refuse(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case !errors.Is(err, ErrNotSignedIn):
		a.fail(w, r, unavailable(err))
	case wantsPage(r):
		redirect(w, http.StatusFound, a.origin(r).String()+a.loginURL(askedPage(r)))
	default:
		a.unauthorized(w, r, err)
	}
}

// otherOrganization returns the error for a session of an organization that this Config refuses.
func (a *auth) otherOrganization(
	r *http.Request, user userprovider.User, identity userprovider.Identity,
) error {
	err := fmt.Errorf("%w: the session is of the organization %q %q",
		ErrNotSignedIn, identity.OrgID, identity.OrgName)
	a.emit(r.Context(), slog.LevelWarn, Event{
		Name: EventRefusal, Code: string(CodeNotSignedIn), Rule: "organization",
		UserID: user.ID, Subject: identity.Subject, Path: r.URL.Path, Err: err,
	})
	return err
}

// forbid answers a user who is signed in and not allowed.
func (a *auth) forbid(
	w http.ResponseWriter, r *http.Request, rule string,
	user userprovider.User, identity userprovider.Identity,
) {
	e := newError(CodeForbidden, &refusal{
		error: ErrForbidden, user: user.ID, subject: identity.Subject, rule: rule,
	})
	e.SwitchURL = a.switchURL(askedPage(r))
	a.fail(w, r, e)
}

// unauthorized tells a program to log in, and where. There is no registered scheme for cookies;
// this is the one of draft-broyer-http-cookie-auth.
func (a *auth) unauthorized(w http.ResponseWriter, r *http.Request, err error) {
	origin := a.origin(r).String()
	w.Header().
		Set("WWW-Authenticate", fmt.Sprintf("Cookie realm=%q, form-action=%q, cookie-name=%q",
			origin, origin+a.loginURL(""), a.sessions.Cookie.Name))
	e := newError(CodeNotSignedIn, err)
	e.RetryURL = a.loginURL("")
	a.fail(w, r, e)
}
