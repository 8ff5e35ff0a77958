package chiauth0

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// A silent login asks Auth0 for a login without any page (prompt=none). Two cookies decide about
// it, both without content: the hint is set by every login and removed by a logout, and the mark of
// an attempt lasts until the browser is closed. A silent login does not remove the mark. A session
// that vanishes after each login is therefore no loop of silent logins, and the loop counter does
// not count them.
const (
	hintPrefix      = "chiauth0_hint_"
	hintLifetime    = 400 * 24 * time.Hour // the limit of browsers (RFC 6265bis, section 5.5)
	attemptPrefix   = "chiauth0_silent_"
	silentCookieSet = "1" // the value of both
)

func (a *auth) hintCookie() string { return a.cookieName(hintPrefix) }

func (a *auth) attemptCookie() string { return a.cookieName(attemptPrefix) }

// loadUserSilently is loadUser with a silent login for anonymous visitors. Guards do without it:
// they start a login in any case.
func (a *auth) loadUserSilently(next http.Handler) http.Handler {
	return a.loadUser(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page := a.silentPage(r)
		if page == "" {
			next.ServeHTTP(w, r)
			return
		}
		a.startSilentLogin(w, r, page)
	}))
}

// silentPage returns the page that a silent login ends on, or "" if none is to start. The session
// is read last: most requests are no navigations, and most anonymous browsers have no hint.
func (a *auth) silentPage(r *http.Request) string {
	if !isPageNavigation(r) || isPreview(r) {
		return ""
	}
	page := askedPage(r) // empty for a POST
	if len(page) > maxReturnTo || a.isOwnPage(r, page) {
		return "" // a page that is too long would lose its query
	}
	if !a.hasSignedInBefore(r) || hasCookie(r, a.attemptCookie()) {
		return ""
	}
	if !a.isAnonymous(r) {
		return ""
	}
	return page
}

// isPageNavigation reports whether a browser opens a page in a tab of its own. A browser without
// Fetch Metadata does not tell frames apart, and starts no silent login.
func isPageNavigation(r *http.Request) bool {
	if !accepts(r, "text/html") || !fromPerson(r) {
		return false
	}
	h := r.Header
	return h.Get("Sec-Fetch-Mode") == "navigate" && h.Get("Sec-Fetch-Dest") == "document"
}

// isOwnPage reports whether a page is one of the Router or the callback.
func (a *auth) isOwnPage(r *http.Request, page string) bool {
	path, _, _ := strings.Cut(page, "?")
	path = strings.TrimSuffix(path, "/")
	if a.mount != "" && strings.HasPrefix(path+"/", a.mount+"/") {
		return true
	}
	return path == a.mount+sessionRoute || a.isOwnRequest(r)
}

// isAnonymous reports whether the session has no user. It is false if the store does not answer,
// and for a user of WithUser.
func (a *auth) isAnonymous(r *http.Request) bool {
	if u, ok := requestUserOf(r.Context()); ok && u.given {
		return false
	}
	_, _, err := a.sessionIdentity(r.Context())
	return errors.Is(err, ErrNotSignedIn)
}

func (a *auth) hasSignedInBefore(r *http.Request) bool { return hasCookie(r, a.hintCookie()) }

func hasCookie(r *http.Request, name string) bool {
	cookie, err := r.Cookie(name)
	return err == nil && cookie.Value == silentCookieSet
}

// startSilentLogin redirects to a silent login and marks the attempt. No cache may keep the
// redirect: the next visitor would get it in place of the page. The session middleware
// sets Vary: Cookie.
func (a *auth) startSilentLogin(w http.ResponseWriter, r *http.Request, page string) {
	http.SetCookie(w, a.visitCookie(a.attemptCookie(), silentCookieSet))
	w.Header().Set("Cache-Control", noStore)

	login := withQuery(a.mount+loginRoute, "prompt=none&"+silentParam+"=1")
	login = withQuery(login, a.pageQuery(page))
	redirect(w, http.StatusFound, a.origin(r).String()+login)
}

// isSilent reports whether the query of /login asks for a silent login. A link with prompt=none
// alone is a login that the application has asked for, and its failure is an error.
func isSilent(query url.Values) bool {
	return query.Has(silentParam) && query.Get("prompt") == "none"
}

// setHint sets the cookie that allows silent logins. A login that is not silent allows another
// attempt.
func (a *auth) setHint(w http.ResponseWriter, r *http.Request, state loginState) {
	if !a.SilentLogin {
		return
	}
	a.setCookie(w, a.hintCookie(), silentCookieSet, hintLifetime)
	if !state.Silent && hasCookie(r, a.attemptCookie()) {
		a.setCookie(w, a.attemptCookie(), "", 0)
	}
}

// dropHint removes the cookie that allows silent logins at a logout. It does so while
// SilentLogin is off as well: it can be on again later.
func (a *auth) dropHint(w http.ResponseWriter, r *http.Request) {
	if a.hasSignedInBefore(r) {
		a.setCookie(w, a.hintCookie(), "", 0)
	}
}

// failLogin answers a login that ended without a session. The visitor has not asked for a silent
// login, so it ends on the page and not on an error page.
func (a *auth) failLogin(
	w http.ResponseWriter, r *http.Request, silent bool, page string, err error,
) {
	if !silent {
		a.fail(w, r, err)
		return
	}
	e := asError(err)
	switch e.Code {
	case CodeLoginRequired, CodeConsentRequired, CodeInteractionRequired,
		CodeAccountSelectionRequired:
		a.Logger.DebugContext(r.Context(), "silent login not possible", "code", string(e.Code))
	default:
		a.emitError(r, e)
	}
	a.goHome(w, r, page)
}
