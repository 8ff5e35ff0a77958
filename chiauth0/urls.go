package chiauth0

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/chiauth0/auth/internal/seal"
)

// The routes of the Router, below MountPath.
const (
	homeRoute        = "/"
	loginRoute       = "/login"
	callbackRoute    = "/callback"
	logoutRoute      = "/logout"
	sessionRoute     = "/session"
	backchannelRoute = "/backchannel-logout"
	meRoute          = "/me"
)

// The parameters of /login that are the Router's own. They do not reach Auth0.
const (
	nextParam     = "next_url"
	pageParam     = "page"     // a page sealed by a guard
	stepUpParam   = "step_up"  // what a guard needs of the login, and its page, sealed
	movedParam    = "moved"    // the browser has been sent to BaseURL's host
	againParam    = "again"    // the link of the page about a login loop
	continueParam = "continue" // the link of the page for service workers
	silentParam   = "silent"   // a silent login, with prompt=none
)

// maxLocation is the limit of a Location header. A proxy such as nginx reads the whole header of an
// answer into 4 KB by default and answers 502 when it does not fit.
const maxLocation = 3000

// maxReturnTo is the limit of a page to return to. A longer one keeps its path only. It is part of
// state and of Location.
const maxReturnTo = 512

func (a *auth) logoutURL() string { return a.mount + logoutRoute }

// loginURL is the login that ends on page. An empty page stands for the home page.
func (a *auth) loginURL(page string) string {
	return withQuery(a.mount+loginRoute, a.pageQuery(page))
}

// switchURL is the login that asks for the account even if Auth0 has a session.
func (a *auth) switchURL(page string) string {
	return withQuery(withQuery(a.mount+loginRoute, "prompt=login"), a.pageQuery(page))
}

// pageQuery is the query of /login that names the page to return to. A page that next_url would not
// bring back to the letter, such as /a%2F%2Fb, is sealed: it is then known to come from this
// application.
func (a *auth) pageQuery(page string) string {
	page = shortPage(page)
	switch {
	case page == "":
		return ""
	case a.returnTo(&url.URL{}, page) == page:
		return nextParam + "=" + url.QueryEscape(page)
	default:
		return pageParam + "=" + a.transactions.SealString([]byte(page), a.pageBinding())
	}
}

// openPage opens a page that pageQuery has sealed. It returns "" if it does not open.
func (a *auth) openPage(sealed string) string {
	page, err := a.transactions.OpenString(sealed, a.pageBinding())
	if err != nil {
		return ""
	}
	return string(page)
}

func (a *auth) pageBinding() []byte { return seal.Associated("page", string(a.binding)) }

func (a *auth) postLogoutURL(r *http.Request) string {
	if a.postLogout != "" {
		return a.postLogout
	}
	return a.origin(r).String() + a.mountHome()
}

// withQuery appends an encoded query to a URL.
func withQuery(location, query string) string {
	if query == "" {
		return location
	}
	if strings.Contains(location, "?") {
		return location + "&" + query
	}
	return location + "?" + query
}

// askedPage is the page that a request asks for, as the browser wrote it: a StripPrefix on the way
// here can have cut r.URL. Bytes that are not allowed in a URL are escaped. It is "" for a request
// that cannot be repeated by opening a page.
func askedPage(r *http.Request) string {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return ""
	}
	page := r.RequestURI
	if page == "" || page[0] != '/' {
		page = r.URL.RequestURI()
	}
	if page == "" || page[0] != '/' {
		return ""
	}
	// Browsers read a backslash in a path as a slash.
	return strings.ReplaceAll(escapeUnsafe(page), `\`, "%5C")
}

// repeatURL is a link that asks for the page of a failed request again. A callback is not repeated:
// its code may be spent. It is "" for a request that a link cannot repeat.
func (a *auth) repeatURL(r *http.Request) string {
	page := askedPage(r)
	if page == "" {
		return ""
	}
	if state, ok := a.openState(r.URL.Query().Get("state")); ok {
		return a.loginURL(state.ReturnTo)
	}
	if path, ok := localPath(page); ok {
		return path
	}
	return a.origin(r).String() + page // a path such as //x is a host in a relative link
}
