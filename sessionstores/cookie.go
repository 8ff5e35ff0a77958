package sessionstores

import (
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
)

// tokenLen is the length of a token as scs makes them: 32 bytes in base64url.
const tokenLen = 43

// cookieToken returns the session token of the request, or "" if there is none that scs could have made: garbage costs no
// read of the store. It scans the header instead of calling r.Cookie, which parses every cookie of the request first.
func cookieToken(headers []string, name string) string {
	for _, line := range headers {
		for line != "" {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			pair = strings.Trim(pair, " \t")
			if len(pair) <= len(name) || pair[len(name)] != '=' || pair[:len(name)] != name {
				continue
			}
			token := pair[len(name)+1:]
			if len(token) == tokenLen+2 && token[0] == '"' && token[tokenLen+1] == '"' {
				token = token[1 : tokenLen+1] // RFC 6265, section 4.1.1
			}
			if isToken(token) {
				return token
			}
		}
	}
	return ""
}

func isToken(s string) bool {
	if len(s) != tokenLen {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// setCookie writes the session cookie as scs would; an empty token takes it away.
func setCookie(h http.Header, c scs.SessionCookie, token string, expires time.Time, persist bool) {
	cookie := http.Cookie{
		Name: c.Name, Value: token, Path: c.Path, Domain: c.Domain,
		Secure: c.Secure, HttpOnly: c.HttpOnly, SameSite: c.SameSite, Partitioned: c.Partitioned,
	}
	switch {
	case token == "":
		cookie.MaxAge, cookie.Expires = -1, time.Unix(1, 0)
	case persist:
		cookie.Expires = expires.Add(time.Second) // the header's resolution: rounded up, not down
		cookie.MaxAge = int(time.Until(expires)/time.Second) + 1
	}
	h.Add("Set-Cookie", cookie.String())
	h.Set("Cache-Control", privateCacheControl(h.Get("Cache-Control")))
}

// privateCacheControl keeps a response with a session cookie out of shared caches, whatever the handler asked for
// (CVE-2025-48947: a CDN handed one visitor's session to others).
func privateCacheControl(handlers string) string {
	lower := strings.ToLower(handlers)
	switch {
	case handlers == "", strings.Contains(lower, "public"), strings.Contains(lower, "s-maxage"),
		strings.Contains(lower, "private="): // private of some headers only (RFC 9111, section 5.2.2.7)
		return "private, no-store"
	case strings.Contains(lower, "private"), strings.Contains(lower, "no-store"):
		return handlers
	}
	return "private, " + handlers
}
