package sessionstores

import (
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
)

// tokenLen is the length of a token as scs makes it: 32 bytes in base64url.
const tokenLen = 43

// maxTokens is how many tokens of one request are looked up. A browser sends several cookies of one
// name when they have different paths or domains.
const maxTokens = 8

// cookieTokens returns the session tokens of a request, in the order in which the browser sends
// them. A value that scs cannot have made is left out, so that it costs no read of the store.
func cookieTokens(headers []string, name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		found := 0
		for cookie, value := range requestCookies(headers) {
			if cookie != name {
				continue
			}

			token, ok := parseToken(value)
			if !ok {
				continue
			}

			found++
			if !yield(token) || found == maxTokens {
				return
			}
		}
	}
}

// requestCookies yields the names and values in Cookie headers. It scans them instead of calling
// r.Cookies, which parses every cookie of the request.
func requestCookies(headers []string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, line := range headers {
			for line != "" {
				var pair string
				pair, line, _ = strings.Cut(line, ";")
				name, value, ok := strings.Cut(strings.Trim(pair, " \t"), "=")
				if ok && !yield(name, value) {
					return
				}
			}
		}
	}
}

// parseToken returns the token in a cookie's value, which may be quoted (RFC 6265, section 4.1.1).
func parseToken(value string) (token string, ok bool) {
	if len(value) == tokenLen+2 && value[0] == '"' && value[tokenLen+1] == '"' {
		value = value[1 : tokenLen+1]
	}

	return value, isToken(value)
}

func isToken(s string) bool {
	if len(s) != tokenLen {
		return false
	}

	for i := range len(s) {
		if !isTokenByte(s[i]) {
			return false
		}
	}

	return true
}

func isTokenByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	default:
		return c == '-' || c == '_'
	}
}

// setCookie adds a cookie with the session's attributes to the response. A cookie that is
// persistent lives until expires, others until the browser is closed.
func setCookie(
	h http.Header, c *scs.SessionCookie, name, value string, expires time.Time, persistent bool,
) {
	cookie := newCookie(c, name, value)
	if persistent {
		cookie.Expires = expires.Add(time.Second) // rounded up to the resolution of the header
		cookie.MaxAge = int(time.Until(expires)/time.Second) + 1
	}

	// A cookie of an earlier release may have no Domain. The browser would send both.
	if c.Domain != "" {
		hostOnly := newCookie(c, name, "")
		hostOnly.Domain = ""
		expireCookie(h, hostOnly)
	}
	h.Add("Set-Cookie", cookie.String())
	h.Set("Cache-Control", privateCacheControl(h.Get("Cache-Control")))
}

// removeSetCookie removes the Set-Cookie fields of a cookie from a response.
func removeSetCookie(h http.Header, name string) {
	h["Set-Cookie"] = slices.DeleteFunc(h["Set-Cookie"], func(line string) bool {
		return strings.HasPrefix(line, name+"=")
	})
}

// deleteCookie takes a cookie away from the browser.
func deleteCookie(h http.Header, c *scs.SessionCookie, name string) {
	cookie := newCookie(c, name, "")
	expireCookie(h, cookie)
	if c.Domain != "" {
		cookie.Domain = ""
		expireCookie(h, cookie)
	}
	h.Set("Cache-Control", privateCacheControl(h.Get("Cache-Control")))
}

func newCookie(c *scs.SessionCookie, name, value string) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: c.Path, Domain: c.Domain,
		Secure: c.Secure, HttpOnly: c.HttpOnly, SameSite: c.SameSite, Partitioned: c.Partitioned,
	}
}

func expireCookie(h http.Header, cookie *http.Cookie) {
	cookie.MaxAge = -1
	cookie.Expires = time.Unix(1, 0)
	h.Add("Set-Cookie", cookie.String())
}

// privateCacheControl keeps a response with a session cookie out of shared caches, also if the
// handler has asked for a public one. CVE-2025-48947 is about a CDN that gave the session of one
// visitor to others.
func privateCacheControl(handlers string) string {
	lower := strings.ToLower(handlers)
	switch {
	case handlers == "",
		strings.Contains(lower, "public"),
		strings.Contains(lower, "s-maxage"),
		strings.Contains(lower, "private="): // of some headers only (RFC 9111, section 5.2.2.7)
		return "private, no-store"
	case strings.Contains(lower, "private"), strings.Contains(lower, "no-store"):
		return handlers
	default:
		return "private, " + handlers
	}
}

var varyCookie = []string{"Cookie"}

// addVary tells caches that the response depends on the cookies of the request.
func addVary(h http.Header) {
	if len(h["Vary"]) == 0 {
		h["Vary"] = varyCookie[:1:1] // its capacity is full, so that appending to it copies it
		return
	}

	if !slices.Contains(h["Vary"], "Cookie") {
		h.Add("Vary", "Cookie")
	}
}
