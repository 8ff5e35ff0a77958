package chiauth0

import (
	"net/http"
	"strings"

	"github.com/alexedwards/scs/v2"
	"golang.org/x/net/publicsuffix"
)

// checkCookie refuses settings of the session cookie with which no browser keeps the cookie, or
// sends it to the Router. Each would be a login that ends without a session.
func checkCookie(cookie scs.SessionCookie, s settings, found *faults) {
	checkCookieName(cookie, s, found)
	checkCookieDomain(cookie, s, found)
	checkCookiePath(cookie, s, found)

	if cookie.SameSite == http.SameSiteStrictMode {
		found.addf("Sessions.Cookie.SameSite is Strict: the browser does not send the session " +
			"when Auth0 sends it back, and logs in again without end; use Lax")
	}
	secure := s.base != nil && s.base.Scheme == "https"
	if secure {
		return
	}
	const fix = "needs https: set BaseURL (APP_BASE_URL) to an https origin, or"
	if cookie.SameSite == http.SameSiteNoneMode {
		found.addf("Sessions.Cookie.SameSite None %s use Lax", fix)
	}
	if cookie.Partitioned {
		found.addf("Sessions.Cookie.Partitioned %s leave it out", fix)
	}
}

// checkCookieName checks the name and its prefix (RFC 6265bis, section 4.1.3).
func checkCookieName(cookie scs.SessionCookie, s settings, found *faults) {
	if err := (&http.Cookie{Name: cookie.Name}).Valid(); err != nil {
		found.addf("Sessions.Cookie.Name %q is not a name of a cookie: "+
			"use letters, digits, - and _", cookie.Name)
		return
	}
	hostPrefix := strings.HasPrefix(cookie.Name, "__Host-")
	if !hostPrefix && !strings.HasPrefix(cookie.Name, "__Secure-") {
		return
	}
	if s.base == nil || s.base.Scheme != "https" {
		found.addf("Sessions.Cookie.Name %q needs https, and BaseURL (APP_BASE_URL) is not an "+
			"https origin: leave the prefix out, it is added where it is possible", cookie.Name)
	}
	if hostPrefix && (cookie.Domain != "" || cookie.Path != "/") {
		found.addf("Sessions.Cookie.Name %q: browsers refuse this prefix with the Domain %q and "+
			"the Path %q; use another name, or no Domain and the Path /",
			cookie.Name, cookie.Domain, cookie.Path)
	}
}

// checkCookieDomain checks the domain as a browser does (RFC 6265bis, section 5.7).
func checkCookieDomain(cookie scs.SessionCookie, s settings, found *faults) {
	if cookie.Domain == "" || strings.HasPrefix(cookie.Name, "__Host-") {
		return
	}
	const fix = "leave the Domain out, or set it to the host of BaseURL (APP_BASE_URL) " +
		"or to a parent domain of it"
	domain := strings.ToLower(strings.TrimPrefix(cookie.Domain, "."))
	if s.base == nil {
		if !isLoopback(domain) {
			found.addf("Sessions.Cookie.Domain %q does not fit a loopback host, and without "+
				"BaseURL (APP_BASE_URL) only those are answered: set it, or leave the Domain out",
				cookie.Domain)
		}
		return
	}

	host := s.base.Hostname()
	isParent := strings.HasSuffix(host, "."+domain) && !isIPAddress(host)
	if host != domain && !isParent {
		found.addf("Sessions.Cookie.Domain %q does not fit the host %q: %s",
			cookie.Domain, host, fix)
		return
	}
	if suffix, _ := publicsuffix.PublicSuffix(domain); suffix == domain && host != domain {
		found.addf("Sessions.Cookie.Domain %q is a public suffix, for which browsers keep no "+
			"cookies: %s", cookie.Domain, fix)
	}
}

// checkCookiePath checks that the Router gets the cookie (RFC 6265bis, section 5.1.4).
func checkCookiePath(cookie scs.SessionCookie, s settings, found *faults) {
	if strings.HasPrefix(cookie.Name, "__Host-") {
		return // its Path is checked with the name
	}
	if !strings.HasPrefix(cookie.Path, "/") {
		found.addf("Sessions.Cookie.Path %q does not begin with a slash: browsers would use the "+
			"directory of each page in its place; use /", cookie.Path)
		return
	}
	for _, path := range []string{s.mount + "/", s.callbackPath} {
		if s.callbackPath != "" && !pathMatches(path, cookie.Path) {
			found.addf("Sessions.Cookie.Path %q leaves out %q, which the login needs: use /",
				cookie.Path, path)
			return
		}
	}
}

// pathMatches reports whether a browser sends a cookie of this path with a request for path.
func pathMatches(path, cookiePath string) bool {
	rest, ok := strings.CutPrefix(path, cookiePath)
	if !ok {
		return false
	}
	return rest == "" || strings.HasSuffix(cookiePath, "/") || strings.HasPrefix(rest, "/")
}

func isIPAddress(host string) bool {
	return strings.Contains(host, ":") || strings.Trim(host, "0123456789.") == ""
}
