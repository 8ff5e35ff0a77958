package chiauth0

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/internal/seal"
	"github.com/chiauth0/auth/userprovider"
)

// Validate returns all faults of the Config, joined. Each names its field, its environment variable
// and the fix; none has a secret in it. Router, Callback, LoadUser and the guards panic with the
// same error.
//
// Validate makes no request and reads no store. It calls CheckFields and CheckRoles of a user
// provider that has them. [Check] tries the settings against Auth0.
func (c *Config) Validate() error {
	_, err := c.Clone().validate()
	return err
}

// settings is what follows from the URLs of a valid Config.
type settings struct {
	issuer       string   // with a final slash
	base         *url.URL // nil in development
	origins      []originRule
	mount        string // "" for the root
	home         string // HomePath
	callbackPath string
	postLogout   string // "" for the router's home
}

// faults collects what is wrong with a Config.
type faults []error

func (f *faults) addf(format string, args ...any) {
	*f = append(*f, fmt.Errorf("chiauth0: "+format, args...))
}

func (f *faults) add(err error) {
	if err != nil {
		f.addf("%w", err)
	}
}

// validate checks a clone, whose texts it trims: a stray line end is one fault, not two.
func (c *Config) validate() (settings, error) {
	var found faults
	c.checkTexts(&found)
	s := c.readURLs(&found)
	c.checkCredentials(&found)
	c.checkLogin(&found)
	c.checkMapping(&found)
	c.checkAPIs(&found)
	c.checkBackchannel(&found)
	if c.Sessions != nil {
		checkCookie(c.Sessions.Cookie, s, &found)
	}
	return s, errors.Join(found...)
}

func (c *Config) readURLs(found *faults) (s settings) {
	var err error
	s.issuer, err = parseIssuer(c.Domain)
	found.add(err)
	if c.BaseURL != "" {
		s.base, err = parseBaseURL(c.BaseURL)
		found.add(err)
	}
	s.origins = c.parseOrigins(s.base, found)
	s.mount, err = parseMountPath(c.MountPath)
	found.add(err)
	s.callbackPath, err = c.parseCallbackURI(s)
	found.add(err)
	s.home, err = parseHome(c.HomePath)
	found.add(err)
	s.postLogout, err = parsePostLogoutURL(c.PostLogoutURL)
	found.add(err)
	return s
}

func (c *Config) checkCredentials(found *faults) {
	const fix = "copy it from the application's settings at Auth0"
	if c.ClientID == "" {
		found.addf("ClientID (AUTH0_CLIENT_ID) is missing: %s", fix)
	}
	c.checkClientKey(found)
	if c.ClientSecret != "" && c.ClientSecret == c.ClientID {
		found.addf("ClientSecret (AUTH0_CLIENT_SECRET) is the ClientID: %s", fix)
	}
	for i, secret := range c.Secrets {
		if len(secret) < seal.MinSecret {
			found.addf("Secrets (AUTH0_SECRET): number %d has %d bytes, it needs %d: "+
				"make one with `openssl rand -hex 32`", i+1, len(secret), seal.MinSecret)
		}
	}
	switch c.AuthStyle {
	case oauth2.AuthStyleAutoDetect, oauth2.AuthStyleInParams, oauth2.AuthStyleInHeader:
	default:
		found.addf("AuthStyle %d is neither oauth2.AuthStyleInParams nor oauth2.AuthStyleInHeader",
			c.AuthStyle)
	}
	c.checkAlg("SigningAlg", c.SigningAlg, found)
	c.checkAlg("AccessTokenAlg", c.AccessTokenAlg, found)
}

func (c *Config) checkAlg(field, alg string, found *faults) {
	if alg != "" && !slices.Contains(signingAlgs, alg) {
		found.addf("%s %q is not one of %s", field, alg, strings.Join(signingAlgs, ", "))
	}
}

func (c *Config) checkLogin(found *faults) {
	hasSpace := func(scope string) bool { return strings.Contains(scope, " ") }
	if slices.ContainsFunc(c.Scopes, hasSpace) {
		found.addf(
			"Scopes (AUTH0_SCOPES) %q have an element with a space in it: write one scope in "+
				"each element",
			c.Scopes,
		)
	} else if len(c.Scopes) > 0 && !slices.Contains(c.Scopes, "openid") {
		found.addf("Scopes (AUTH0_SCOPES) %q lack openid, without which there is no ID token",
			c.Scopes)
	}
	if c.Audience != "" && c.Audience == c.ClientID {
		found.addf("Audience (AUTH0_AUDIENCE) %q is the ClientID, so that ID tokens would pass as "+
			"access tokens: use the identifier of the API", c.Audience)
	}
	for _, name := range slices.Sorted(maps.Keys(c.AuthorizationParams)) {
		if fix := protectedParams[name]; fix != "" {
			found.addf("AuthorizationParams[%q] is not allowed: %s", name, fix)
		}
	}
	if c.MaxAge < 0 || c.MaxAge%time.Second != 0 {
		found.addf("MaxAge %v is not a whole number of seconds", c.MaxAge)
	}
	if c.UserTimeout < 0 {
		found.addf("UserTimeout %v is negative", c.UserTimeout)
	}
}

const setByLogin = "every login sets it itself"

// protectedParams are the parameters of an authorization request that AuthorizationParams cannot
// set, and what to do instead.
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

func (c *Config) checkMapping(found *faults) {
	if err := c.Mapping.Validate(); err != nil {
		*found = append(*found, err)
	}
	if len(c.Mapping.AccessTokenFields) > 0 && c.Audience == "" {
		found.addf("Mapping.AccessTokenFields (AUTH0_ACCESS_TOKEN_CLAIM_MAPPING) needs Audience " +
			"(AUTH0_AUDIENCE): without it, Auth0's access tokens are opaque")
	}
	if checker, ok := c.Users.(userprovider.FieldChecker); ok {
		if err := checker.CheckFields(c.Mapping.FieldNames()); err != nil {
			found.addf("Mapping (AUTH0_USER_FIELD_MAPPING, "+
				"AUTH0_ACCESS_TOKEN_CLAIM_MAPPING): %w", err)
		}
	}
	if checker, ok := c.Users.(userprovider.RoleChecker); ok {
		if err := checker.CheckRoles(c.Mapping.Roles()); err != nil {
			found.addf("Mapping (AUTH0_STAFF_GROUP, AUTH0_SUPERUSER_GROUP): %w", err)
		}
	}
}

func parseMountPath(path string) (string, error) {
	if path == "" {
		return "/auth0", nil
	}
	mount := strings.TrimSuffix(path, "/")
	sent, ok := localPath(mount + "/")
	if !ok || sent != mount+"/" || strings.ContainsAny(mount, "{}*?#%") {
		return "", fmt.Errorf("MountPath %q is not a plain path such as /auth0", path)
	}
	return mount, nil
}

func parseHome(raw string) (string, error) {
	if raw == "" {
		return "/", nil
	}
	path, ok := localPath(raw)
	if !ok {
		return "", fmt.Errorf("HomePath %q is not a path of this application such as /start",
			maskURL(raw))
	}
	return path, nil
}

// The names that CallbackURI accepts, as in the URL configuration of a framework.
const (
	callbackName = "auth0_callback"
	homeName     = "auth0"
)

// parseCallbackURI returns the path of the callback.
func (c *Config) parseCallbackURI(s settings) (string, error) {
	const name = "CallbackURI (AUTH0_CALLBACK_URI)"
	raw := c.CallbackURI
	switch {
	case raw == "" || raw == callbackName:
		return s.mount + "/callback", nil
	case raw == homeName:
		return s.mountHome(), nil
	case strings.Contains(raw, "://"):
		path, err := c.callbackPathOf(s, raw)
		if err != nil {
			return "", fmt.Errorf("%s %q %w", name, maskURL(raw), err)
		}
		raw = path
	case !strings.HasPrefix(raw, "/"):
		return "", fmt.Errorf("%s %q is not a known name: use %s, %s, a path that begins with /, "+
			"or a full URL", name, maskURL(raw), callbackName, homeName)
	}

	path, ok := localPath(raw)
	if !ok || strings.ContainsAny(raw, "?#") {
		return "", fmt.Errorf("%s %q is not a plain path such as /custom/path", name, maskURL(raw))
	}
	if path == s.mount+"/login" || path == s.mount+"/logout" || path == s.mount+"/me" {
		return "", fmt.Errorf("%s %q is taken by the Router itself: use another path", name, raw)
	}
	return path, nil
}

// callbackPathOf returns the path of a callback that is a full URL.
func (c *Config) callbackPathOf(s settings, raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", errors.New("is not a URL")
	}
	if c.BaseURL == "" {
		return "", errors.New("is a full URL: set BaseURL (APP_BASE_URL) to its origin, " +
			"or write its path only")
	}
	if s.base == nil {
		return "/", nil // BaseURL has a fault of its own
	}
	if u.Scheme != s.base.Scheme || normalHost(u.Scheme, u.Host) != s.base.Host || u.User != nil {
		return "", fmt.Errorf("is on another origin than BaseURL (APP_BASE_URL) %q", s.base)
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("has a query or a fragment: leave it out")
	}
	if path := u.EscapedPath(); path != "" {
		return path, nil
	}
	return "/", nil
}

// mountHome is the path of the router's home.
func (s settings) mountHome() string {
	if s.mount == "" {
		return "/"
	}
	return s.mount
}
