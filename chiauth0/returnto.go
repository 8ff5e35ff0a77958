package chiauth0

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// returnTo turns next_url, which a stranger can have written, into a path of this application. It
// returns "", for the home page, unless the path passes a strict rule: see localPath.
//
// An open redirect after a login leads people to a copy of the site that asks for their password
// (CWE-601). The rules "same host after parsing" and "begins with one slash" both let known attacks
// through.
func (a *auth) returnTo(base *url.URL, raw string) string {
	if raw == "" || strings.ContainsRune(raw, '\\') || hasControl(raw) {
		return ""
	}
	if u, err := url.Parse(raw); err == nil && u.Scheme != "" {
		if !isOrigin(u, base) || u.User != nil || u.Opaque != "" {
			return ""
		}
		u.Scheme, u.Host = "", ""
		if raw = u.String(); !strings.HasPrefix(raw, "/") {
			raw = "/" + raw
		}
	}
	path, ok := localPath(raw)
	if !ok || a.ownPath(path) {
		return ""
	}
	return shortPage(path)
}

func isOrigin(u, base *url.URL) bool {
	return u.Scheme == base.Scheme && normalHost(u.Scheme, u.Host) == base.Host
}

// shortPage keeps the path alone of a page that is too long, and nothing of a path that is too
// long.
func shortPage(page string) string {
	if len(page) <= maxReturnTo {
		return page
	}
	end := strings.IndexAny(page, "?#")
	if end < 0 || end > maxReturnTo {
		return ""
	}
	return page[:end]
}

// ownPath reports whether a path would start the login or the logout all over again.
func (a *auth) ownPath(path string) bool {
	path, _, _ = strings.Cut(path, "?")
	path, _, _ = strings.Cut(path, "#")
	decoded, err := url.PathUnescape(path)
	if err != nil {
		return true
	}
	switch strings.TrimSuffix(decoded, "/") {
	case a.mount + loginRoute, a.mount + logoutRoute, a.mount + callbackRoute:
		return true
	case strings.TrimSuffix(a.callbackPath, "/"):
		return !a.callbackIsHome()
	default:
		return false
	}
}

// callbackIsHome reports whether the Router's home page is the callback too. chi serves it with and
// without the final slash.
func (a *auth) callbackIsHome() bool {
	return strings.TrimSuffix(a.callbackPath, "/") == a.mount
}

// localPath checks that raw is a path of this origin, with a query and a fragment if there are any,
// and returns it as it is sent. The rule:
//
//   - It begins with a slash. The next byte is no slash and no backslash, which is the same
//     to browsers.
//   - It has no backslash, and no control byte, which browsers drop.
//   - It parses without a scheme and a host.
//   - Its path, decoded once as a server does, has no backslash, no control byte, no "//" and no
//     segment "." or "..".
func localPath(raw string) (string, bool) {
	if raw == "" || raw[0] != '/' || strings.HasPrefix(raw, "//") {
		return "", false
	}
	if strings.ContainsRune(raw, '\\') || hasControl(raw) {
		return "", false
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return "", false
	}
	if strings.ContainsRune(u.Path, '\\') || hasControl(u.Path) || strings.Contains(u.Path, "//") {
		return "", false
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return "", false
		}
	}
	return escapeUnsafe(u.String()), true
}

// escapeUnsafe escapes what is not allowed in a URL, and so in Location, as browsers do. url.URL
// leaves the query as it came.
func escapeUnsafe(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"<>`, c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func hasControl(s string) bool {
	return slices.ContainsFunc([]byte(s), func(b byte) bool { return b < 0x20 || b == 0x7f })
}
