package chiauth0

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

// parseIssuer returns the issuer URL of Config.Domain with a final slash, as Auth0 writes it.
func parseIssuer(domain string) (string, error) {
	const name = "Domain (AUTH0_DOMAIN)"
	if domain == "" {
		return "", fmt.Errorf("%s is missing: set it to a tenant such as tenant.eu.auth0.com", name)
	}
	raw := domain
	if !strings.Contains(raw, "://") {
		if strings.ContainsAny(strings.TrimSuffix(raw, "/"), "/?#") {
			return "", fmt.Errorf("%s %q has a path but no scheme: write the whole issuer URL, "+
				"or the host alone", name, maskURL(domain))
		}
		raw = "https://" + raw
	}

	u, err := url.Parse(raw)
	if err == nil && u.User != nil {
		return "", fmt.Errorf("%s has a user name or password in it: leave them out", name)
	}
	if err != nil || u.Hostname() == "" {
		return "", fmt.Errorf("%s %q is not a host name or issuer URL", name, maskURL(domain))
	}
	if u.RawQuery != "" || u.Fragment != "" || u.ForceQuery {
		return "", fmt.Errorf("%s %q has a query or a fragment: leave it out", name, domain)
	}
	if err := checkHTTPS(u); err != nil {
		return "", fmt.Errorf("%s %q: %w", name, domain, err)
	}
	if err := checkHost(u); err != nil {
		return "", fmt.Errorf("%s %q: %w", name, domain, err)
	}
	if path := strings.Trim(u.Path, "/"); path != "" && isAuth0Host(raw) {
		return "", fmt.Errorf("%s %q has a path, and an issuer of Auth0 has none: leave it out",
			name, domain)
	}
	return strings.TrimSuffix(u.String(), "/") + "/", nil
}

// parseBaseURL returns the origin that Config.BaseURL names.
func parseBaseURL(raw string) (*url.URL, error) {
	return parseOrigin(fmt.Sprintf("BaseURL (APP_BASE_URL) %q", maskURL(raw)), raw)
}

// parseOrigin returns the origin that a setting names. Its errors begin with the setting.
func parseOrigin(setting, raw string) (*url.URL, error) {
	fault := func(what string) error { return fmt.Errorf("%s %s", setting, what) }
	if strings.ContainsAny(raw, ", ;") {
		return nil, fault("is a list: name one origin such as https://app.example")
	}
	if raw == "*" {
		return nil, fault("is a wildcard: name one origin such as https://app.example")
	}

	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.User != nil {
		return nil, fault("is not an origin such as https://app.example")
	}
	if strings.ContainsAny(raw, "?#") {
		return nil, fault("is not an origin: leave out the query and the fragment")
	}
	if path := strings.Trim(u.Path, "/"); path != "" {
		return nil, fault("is not an origin: leave out the path. " +
			"MountPath names the path of the Router")
	}
	if err := checkHTTPS(u); err != nil {
		return nil, fmt.Errorf("%s: %w", setting, err)
	}
	if err := checkHost(u); err != nil {
		return nil, fmt.Errorf("%s: %w", setting, err)
	}
	return &url.URL{Scheme: u.Scheme, Host: normalHost(u.Scheme, u.Host)}, nil
}

// parsePostLogoutURL checks Config.PostLogoutURL, which may be on any origin.
func parsePostLogoutURL(raw string) (string, error) {
	if raw == "" {
		return "", nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil {
		return "", fmt.Errorf("PostLogoutURL %q is not a full https URL", maskURL(raw))
	}
	if err := errors.Join(checkHTTPS(u), checkHost(u)); err != nil {
		return "", fmt.Errorf("PostLogoutURL %q: %w", raw, err)
	}
	return raw, nil
}

// checkHTTPS accepts https, and http on loopback hosts.
func checkHTTPS(u *url.URL) error {
	switch {
	case u.Scheme == "https":
		return nil
	case u.Scheme != "http":
		return errors.New("the scheme must be https")
	case !isLoopback(u.Hostname()):
		return errors.New("plain http is for loopback hosts only, use https")
	}
	return nil
}

// checkHost refuses a host or a port that no browser can connect to. url.Parse accepts them.
func checkHost(u *url.URL) error {
	host := u.Hostname()
	isASCII := !strings.ContainsFunc(host, func(c rune) bool { return c > unicode.MaxASCII })
	switch {
	case strings.HasSuffix(u.Host, ":"):
		return errors.New("a colon at the end: remove it")
	case strings.Contains(host, "*"):
		return errors.New("the host is a wildcard: name one host")
	case !isASCII:
		return errors.New("write the host as browsers send it, in ASCII (xn--…)")
	case !isHostName(host):
		return fmt.Errorf("%q is not a host name", host)
	}
	if port := u.Port(); port != "" {
		if number, err := strconv.Atoi(port); err != nil || number < 1 || number > 65535 {
			return fmt.Errorf("the port %s is not between 1 and 65535", port)
		}
	}
	return nil
}

// isHostName reports whether a host is an IP address, or letters, digits, hyphens and underscores
// in parts between dots. A final dot is refused: browsers treat such a host as another one.
func isHostName(host string) bool {
	if strings.Contains(host, ":") {
		_, err := netip.ParseAddr(host)
		return err == nil
	}
	for part := range strings.SplitSeq(host, ".") {
		if part == "" || strings.ContainsFunc(part, notInHostName) {
			return false
		}
	}
	return true
}

func notInHostName(c rune) bool {
	isLetter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
	isDigit := '0' <= c && c <= '9'
	return !isLetter && !isDigit && c != '-' && c != '_'
}

// maskURL hides what may be a password in a URL that does not parse. It cuts at the last @, because
// a password may contain others.
func maskURL(s string) string {
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		return "…" + s[i:]
	}
	return s
}

// normalHost returns the host as browsers send it: in lower case, without the scheme's own port.
func normalHost(scheme, host string) string {
	host = strings.ToLower(host)
	if scheme == "https" {
		return strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":80")
}

// isLoopback reports whether a host name can only mean this machine (RFC 6761, section 6.3;
// RFC 8252, section 7.3).
func isLoopback(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" {
		return true
	}
	if strings.HasSuffix(host, ".localhost") {
		return isHostName(host) // "evil.example/.localhost" is another host in a URL
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.IsLoopback()
}

// hostname returns the host of a Host header without the port. A port that is not a number stays:
// in a URL, "localhost:1@evil.example" is the host evil.example.
func hostname(host string) string {
	name, port, err := net.SplitHostPort(host)
	if err != nil || strings.Trim(port, "0123456789") != "" {
		return host
	}
	return name
}

// secure reports whether cookies may have the attribute Secure.
func (a *auth) secure() bool { return a.base != nil && a.base.Scheme == "https" }

// origin returns the origin under which the browser sees this request: BaseURL, or the one of
// Origins that the request names. In development it is the loopback host that the request names.
func (a *auth) origin(r *http.Request) *url.URL {
	if len(a.origins) > 0 {
		if origin, _, ok := a.matchHost(r.Host); ok {
			return origin
		}
	}
	if a.base != nil {
		return a.base
	}
	return &url.URL{Scheme: "http", Host: normalHost("http", r.Host)}
}

// reachable refuses a request to another host than those of BaseURL and Origins, if Origins is set,
// and to another host than loopback while BaseURL is not set. The latter would get cookies without
// Secure, and a redirect URI from a header that any client can write.
func (a *auth) reachable(r *http.Request) error {
	if a.base != nil && len(a.origins) == 0 {
		return nil
	}
	if a.base == nil && r.TLS == nil && isLoopback(hostname(r.Host)) {
		return nil
	}
	if u, ok := requestUserOf(r.Context()); ok && u.given {
		return nil // a unit test with WithUser: httptest sends requests for example.com
	}
	if a.base != nil {
		return a.checkHost(r)
	}
	return newError(CodeBaseURLMissing, fmt.Errorf("chiauth0: BaseURL (APP_BASE_URL) is not set, "+
		"and %q is not a loopback host over http: set it to the origin that browsers use",
		cut(r.Host)))
}
