package chiauth0

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/internal/seal"
)

// signingAlgs are the asymmetric algorithms an ID token may be pinned to (RFC 7518, section 3.1). HS256 is left out: with
// it whoever can check a token can make one.
var signingAlgs = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// Validate checks the Config and returns every fault at once, each naming its field and environment variable. It asks
// nobody: neither Auth0 nor the stores. Router, Callback, LoadUser and the guards panic with its error.
func (c *Config) Validate() error {
	_, err := c.settle()
	return err
}

// settings is what follows from a valid Config's URLs.
type settings struct {
	issuer       string   // with a final slash, as Auth0 writes it
	base         *url.URL // nil in development
	mount        string   // "" for the root
	home         string   // HomePath
	callbackPath string
	postLogout   string // "" means the router's home
}

func (c *Config) settle() (settings, error) {
	var s settings
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf("chiauth0: "+format, args...)) }
	check := func(err error) {
		if err != nil {
			fault("%w", err)
		}
	}

	var err error
	s.issuer, err = parseIssuer(c.Domain)
	check(err)
	if c.ClientID == "" {
		fault("ClientID (AUTH0_CLIENT_ID) is missing: copy it from the application's settings at Auth0")
	}
	if c.ClientSecret == "" {
		fault("ClientSecret (AUTH0_CLIENT_SECRET) is missing: copy it from the application's settings at Auth0")
	}
	for i, secret := range c.Secrets {
		if len(secret) < seal.MinSecret {
			fault("Secrets (AUTH0_SECRET): number %d has %d bytes, it needs %d: make one with `openssl rand -hex 32`",
				i+1, len(secret), seal.MinSecret)
		}
	}
	if c.BaseURL != "" {
		s.base, err = parseBase(c.BaseURL)
		check(err)
	}
	s.mount, err = parseMount(c.MountPath)
	check(err)
	s.callbackPath, err = c.parseCallback(s)
	check(err)
	if s.home = c.HomePath; s.home == "" {
		s.home = "/"
	} else if path, ok := localPath(s.home); ok {
		s.home = path
	} else {
		fault("HomePath %q is not a path of this application such as /start", c.HomePath)
	}
	s.postLogout, err = parsePostLogout(c.PostLogoutURL)
	check(err)

	if len(c.Scopes) > 0 && !slices.Contains(c.Scopes, "openid") {
		fault("Scopes (AUTH0_SCOPES) %q lack openid, without which there is no ID token", c.Scopes)
	}
	if c.SigningAlg != "" && !slices.Contains(signingAlgs, c.SigningAlg) {
		fault("SigningAlg %q is not one of %s", c.SigningAlg, strings.Join(signingAlgs, ", "))
	}
	if c.AuthStyle != oauth2.AuthStyleAutoDetect && c.AuthStyle != oauth2.AuthStyleInParams && c.AuthStyle != oauth2.AuthStyleInHeader {
		fault("AuthStyle %d is neither oauth2.AuthStyleInParams nor oauth2.AuthStyleInHeader", c.AuthStyle)
	}
	if c.MaxAge < 0 || c.MaxAge%time.Second != 0 {
		fault("MaxAge %v is not a whole number of seconds", c.MaxAge)
	}
	if c.UserTimeout < 0 {
		fault("UserTimeout %v is negative", c.UserTimeout)
	}
	if err := c.Mapping.Validate(); err != nil {
		faults = append(faults, err)
	}
	for _, name := range slices.Sorted(maps.Keys(c.AuthorizationParams)) {
		if fix := protectedParams[name]; fix != "" {
			fault("AuthorizationParams[%q] is not allowed: %s", name, fix)
		}
	}
	c.checkCookie(s, fault)
	return s, errors.Join(faults...)
}

const setByLogin = "every login sets it itself"

// protectedParams are the parameters of an authorization request that AuthorizationParams cannot
// set, and what to do in its place.
var protectedParams = map[string]string{
	"":                      "a parameter needs a name",
	"client_id":             "set ClientID",
	"client_secret":         "it never goes through the browser",
	"redirect_uri":          "set CallbackURI",
	"response_type":         setByLogin,
	"response_mode":         setByLogin,
	"state":                 setByLogin,
	"nonce":                 setByLogin,
	"code_challenge":        setByLogin,
	"code_challenge_method": setByLogin,
	"request":               setByLogin,
	"request_uri":           setByLogin,
	"scope":                 "set Scopes",
	"audience":              "set Audience",
	"organization":          "set Organization",
	"connection":            "set Connection",
	"acr_values":            "set ACRValues",
	"max_age":               "set MaxAge",
	"invitation":            "it is good for one login",
}

func (c *Config) checkCookie(s settings, fault func(string, ...any)) {
	if c.Sessions == nil {
		return
	}
	cookie := c.Sessions.Cookie
	if cookie.SameSite == http.SameSiteStrictMode {
		fault("Sessions.Cookie.SameSite is Strict: the browser would leave the session out when Auth0 sends it back, " +
			"and log in for ever; use Lax")
	}
	prefixed := strings.HasPrefix(cookie.Name, "__Host-") || strings.HasPrefix(cookie.Name, "__Secure-")
	if https := s.base != nil && s.base.Scheme == "https"; prefixed && !https {
		fault("Sessions.Cookie.Name %q needs https, and BaseURL (APP_BASE_URL) %q is not; leave the prefix out, "+
			"it is added where it can be", cookie.Name, c.BaseURL)
	}
	if strings.HasPrefix(cookie.Name, "__Host-") && (cookie.Domain != "" || cookie.Path != "/") {
		fault("Sessions.Cookie.Name %q: browsers refuse this prefix with the Domain %q and the Path %q; use another name, "+
			"or no Domain and the Path /", cookie.Name, cookie.Domain, cookie.Path)
	}
}

func parseIssuer(domain string) (string, error) {
	if domain == "" {
		return "", errors.New("Domain (AUTH0_DOMAIN) is missing: such as tenant.eu.auth0.com")
	}
	raw := domain
	if !strings.Contains(raw, "://") {
		if strings.ContainsAny(strings.TrimSuffix(raw, "/"), "/?#") {
			return "", fmt.Errorf("Domain (AUTH0_DOMAIN) %q has a path but no scheme: write the whole issuer URL, or the host alone", mask(domain))
		}
		raw = "https://" + raw
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Hostname() == "":
		return "", fmt.Errorf("Domain (AUTH0_DOMAIN) %q is not a host name or issuer URL", mask(domain))
	case u.User != nil:
		return "", errors.New("Domain (AUTH0_DOMAIN) has a user name or password in it: leave them out")
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return "", fmt.Errorf("Domain (AUTH0_DOMAIN) %q has a query or a fragment", domain)
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return "", fmt.Errorf("Domain (AUTH0_DOMAIN) %q: plain http is for loopback hosts only, use https", domain)
	case u.Scheme != "https" && u.Scheme != "http":
		return "", fmt.Errorf("Domain (AUTH0_DOMAIN) %q: the scheme must be https", domain)
	}
	return strings.TrimSuffix(u.String(), "/") + "/", nil
}

// mask hides what may be a password in a URL that does not parse. It goes by the last @: a password may have some of its own.
func mask(s string) string {
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		return "…" + s[i:]
	}
	return s
}

func parseBase(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return nil, fmt.Errorf("BaseURL (APP_BASE_URL) %q is not an origin such as https://app.example", mask(raw))
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return nil, fmt.Errorf("BaseURL (APP_BASE_URL) %q: plain http is for loopback hosts only, use https", raw)
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("BaseURL (APP_BASE_URL) %q: the scheme must be https", raw)
	case strings.ContainsFunc(u.Host, func(c rune) bool { return c > unicode.MaxASCII }):
		return nil, fmt.Errorf("BaseURL (APP_BASE_URL) %q: write the host as browsers send it, in ASCII (xn--…)", raw)
	}
	return &url.URL{Scheme: u.Scheme, Host: normalHost(u.Scheme, u.Host)}, nil
}

// normalHost is the host as browsers send it: lower case, without the scheme's own port.
func normalHost(scheme, host string) string {
	host = strings.ToLower(host)
	if scheme == "https" {
		return strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":80")
}

func parseMount(path string) (string, error) {
	if path == "" {
		return "/auth0", nil
	}
	mount := strings.TrimSuffix(path, "/")
	if sent, ok := localPath(mount + "/"); !ok || sent != mount+"/" || strings.ContainsAny(mount, "{}*?#%") {
		return "", fmt.Errorf("MountPath %q is not a plain path such as /auth0", path)
	}
	return mount, nil
}

// The names that CallbackURI knows, as in the URL configuration of a framework.
const (
	callbackName = "auth0_callback"
	homeName     = "auth0"
)

func (c *Config) parseCallback(s settings) (path string, err error) {
	raw := c.CallbackURI
	switch {
	case raw == "" || raw == callbackName:
		return s.mount + "/callback", nil
	case raw == homeName:
		return s.mountHome(), nil
	case strings.Contains(raw, "://"):
		u, err := url.Parse(raw)
		if err != nil {
			return "", fmt.Errorf("CallbackURI (AUTH0_CALLBACK_URI) %q is not a URL", mask(raw))
		}
		if s.base == nil {
			return "", fmt.Errorf("CallbackURI (AUTH0_CALLBACK_URI) %q is a full URL: set BaseURL (APP_BASE_URL) to its origin, or write its path only", mask(raw))
		}
		if u.Scheme != s.base.Scheme || normalHost(u.Scheme, u.Host) != s.base.Host || u.User != nil {
			return "", fmt.Errorf("CallbackURI (AUTH0_CALLBACK_URI) %q is on another origin than BaseURL (APP_BASE_URL) %q", mask(raw), s.base)
		}
		if u.RawQuery != "" || u.Fragment != "" {
			return "", fmt.Errorf("CallbackURI (AUTH0_CALLBACK_URI) %q has a query or a fragment: leave it out", raw)
		}
		raw = u.EscapedPath()
		if raw == "" {
			raw = "/"
		}
	case !strings.HasPrefix(raw, "/"):
		return "", fmt.Errorf("CallbackURI (AUTH0_CALLBACK_URI) %q is not a known name: use %s, %s, a path that begins with /, or a full URL",
			raw, callbackName, homeName)
	}
	path, ok := localPath(raw)
	if !ok || strings.ContainsAny(raw, "?#") {
		return "", fmt.Errorf("CallbackURI (AUTH0_CALLBACK_URI) %q is not a plain path such as /custom/path", raw)
	}
	if path == s.mount+"/login" || path == s.mount+"/logout" || path == s.mount+"/me" {
		return "", fmt.Errorf("CallbackURI (AUTH0_CALLBACK_URI) %q is taken by the Router itself", raw)
	}
	return path, nil
}

func parsePostLogout(raw string) (string, error) {
	if raw == "" {
		return "", nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname()))) {
		return "", fmt.Errorf("PostLogoutURL %q is not a full https URL", mask(raw))
	}
	return raw, nil
}

func (s settings) mountHome() string {
	if s.mount == "" {
		return "/"
	}
	return s.mount
}

// isLoopback reports whether a host name can only be this machine (RFC 6761, section 6.3; RFC 8252, section 7.3).
func isLoopback(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.IsLoopback()
}

// hostname is the host of a Host header, without the port. A port that is none stays: in a URL, "localhost:1@evil.example"
// is the host evil.example.
func hostname(host string) string {
	h, port, err := net.SplitHostPort(host)
	if err != nil || strings.Trim(port, "0123456789") != "" {
		return host
	}
	return h
}
