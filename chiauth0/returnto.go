package chiauth0

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// maxReturnTo is the longest next_url that keeps its query: it travels in a cookie, and a few logins at once must not
// make the request's header too large for the servers in between.
const maxReturnTo = 512

// returnTo turns next_url, which anybody can have written, into a path of this application. Anything it is not sure about
// becomes "", and the default page is used.
//
// An open redirect after a login is how people are led to a copy of the site that asks for their password (CWE-601). "Same
// host after parsing" and "begins with one slash" both let known attacks through, so the rule is strict: see localPath.
func (a *auth) returnTo(base *url.URL, raw string) string {
	if raw == "" || strings.ContainsRune(raw, '\\') || hasControl(raw) {
		return ""
	}
	if u, err := url.Parse(raw); err == nil && u.Scheme != "" {
		if u.Scheme != base.Scheme || u.User != nil || u.Opaque != "" || normalHost(u.Scheme, u.Host) != base.Host {
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
	if len(path) > maxReturnTo {
		path = path[:max(0, strings.IndexAny(path, "?#"))]
	}
	if path == "" || len(path) > maxReturnTo {
		return ""
	}
	return path
}

// ownPath reports whether a path is one of those that would start the login, or the logout, all over again.
func (a *auth) ownPath(path string) bool {
	path, _, _ = strings.Cut(path, "?")
	path, _, _ = strings.Cut(path, "#")
	decoded, err := url.PathUnescape(path)
	if err != nil {
		return true
	}
	decoded = strings.TrimSuffix(decoded, "/")
	callback := strings.TrimSuffix(a.callbackPath, "/")
	return decoded == a.mount+"/login" || decoded == a.mount+"/logout" || decoded == a.mount+"/callback" ||
		decoded == callback && callback != strings.TrimSuffix(a.mountHome(), "/")
}

// localPath checks that raw is a path of this origin, with a query and a fragment if there are any, and returns it written
// as we will send it. It begins with a slash, and what follows is neither a slash nor a backslash, which browsers read as
// one; it has no control byte, which browsers drop; it parses without a scheme and a host; and its path, decoded once as
// a server will, still has no backslash, no control byte, no empty segment but the last, and none that climbs.
func localPath(raw string) (string, bool) {
	if raw == "" || raw[0] != '/' || len(raw) > 1 && (raw[1] == '/' || raw[1] == '\\') ||
		strings.ContainsRune(raw, '\\') || hasControl(raw) {
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

// escapeUnsafe writes what may not stand in a URL, and so not in Location, as browsers would: url.URL leaves the query as
// it came.
func escapeUnsafe(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`"<>`, c) >= 0 {
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
