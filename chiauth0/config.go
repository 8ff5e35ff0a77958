package chiauth0

import (
	"fmt"
	"html/template"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/userprovider"
)

// A Config says which Auth0 application people log in with, and how the result reaches this one. Its zero fields are safe
// defaults; Domain, ClientID and ClientSecret have none.
//
// Like a tls.Config it is shared by pointer and must not be changed once it is in use: the first call of [Router],
// [Callback], [LoadUser] or a guard checks it and copies what it needs, and later changes have no effect. [Config.Clone]
// makes another. A Config may be used by several goroutines.
type Config struct {
	// Domain is the tenant: "tenant.eu.auth0.com", a custom domain, or a whole issuer URL. Plain http is taken for
	// loopback hosts only. AUTH0_DOMAIN.
	Domain string

	// ClientID and ClientSecret are those of the application at Auth0, a "Regular Web Application". AUTH0_CLIENT_ID and
	// AUTH0_CLIENT_SECRET.
	ClientID     string
	ClientSecret string

	// AuthStyle is how the client authenticates at the token endpoint: oauth2.AuthStyleInParams (client_secret_post,
	// Auth0's default, and ours) or oauth2.AuthStyleInHeader (client_secret_basic). It is never guessed: a wrong guess
	// costs a failed request per process.
	AuthStyle oauth2.AuthStyle

	// SigningAlg is the one algorithm ID tokens may be signed with: RS256 by default; PS256, ES256 and their longer
	// relatives on request. What discovery lists is not asked. HS256 is not supported.
	SigningAlg string

	// BaseURL is the origin under which browsers reach this application, such as "https://app.example". It alone decides
	// the redirect URI, the Secure flag and the __Host- prefix of cookies: forwarded headers are never read. Empty means
	// development: requests are answered on loopback hosts over plain http only. APP_BASE_URL.
	BaseURL string

	// MountPath is where the application mounts the Router: "/auth0" by default.
	MountPath string

	// CallbackURI is where Auth0 sends the browser after a login. It is a name ("auth0_callback", the default, for the
	// Router's /callback; "auth0" for the Router's home), a path, or a full URL on BaseURL's origin; the application
	// serves the latter two by [Callback]. AUTH0_CALLBACK_URI.
	CallbackURI string

	// HomePath is the path of the page that a login without next_url ends on, and that a reloaded callback leads to: "/"
	// by default.
	HomePath string

	// PostLogoutURL is the full URL that Auth0 sends the browser to after a logout. It has to be registered at Auth0
	// exactly as it is here, on any origin. The default is the Router's home.
	PostLogoutURL string

	// FederatedLogout also ends the session at the identity provider behind Auth0, where that provider allows it.
	FederatedLogout bool

	// Audience is the identifier of the API that access tokens are asked for. AUTH0_AUDIENCE.
	Audience string

	// Scopes are what is asked for: openid, profile and email by default; openid must be among them. AUTH0_SCOPES.
	Scopes []string

	// Organization (an id that begins with "org_", or a name), Connection, ACRValues and MaxAge are asked for at every
	// login. The login URL's query cannot change the first three, and cannot raise MaxAge, which is whole seconds and
	// does not apply at zero. What comes back is checked against what was asked for.
	Organization string
	Connection   string
	ACRValues    string
	MaxAge       time.Duration

	// AuthorizationParams are further parameters to send to Auth0's login page, such as
	// {"ui_locales": "de"}. The login URL's query cannot change them, except prompt. Parameters that
	// identify the client, protect the login or have a field of their own are refused. Default: none.
	AuthorizationParams map[string]string

	// Organizations lists the ids and names of the organizations whose members may log in, where Organization does not
	// name the one. Empty means that any may, and people without one.
	Organizations []string

	// Mapping says which claims become which user fields, and which groups grant roles. AUTH0_USER_FIELD_MAPPING,
	// AUTH0_ACCESS_TOKEN_CLAIM_MAPPING, AUTH0_GROUPS_FIELD, AUTH0_STAFF_GROUP, AUTH0_SUPERUSER_GROUP.
	Mapping userprovider.Mapping

	// Users keeps the local users. Nil means in memory: for development and tests, as users are forgotten at exit.
	Users userprovider.UserProvider

	// Sessions keeps the sessions, the application's own values among them; make it with sessionstores.New. Nil means in
	// memory: for one process, and its users are signed out when it ends.
	Sessions *scs.SessionManager

	// Secrets seal what is kept outside of the process: logins in flight and Auth0's tokens. The first one seals, all of
	// them open, so that one can be replaced without ending anything. Each is at least 32 bytes (`openssl rand -hex 32`).
	// Without any, keys are derived from ClientSecret, and logins in flight end when that is rotated. AUTH0_SECRET.
	Secrets []string

	// UserTimeout bounds one FindUser: a second by default.
	UserTimeout time.Duration

	// ErrorHandler answers in place of the built-in pages when a login, a logout or a guard refuses. The status, the
	// headers and the body are its to write.
	ErrorHandler func(w http.ResponseWriter, r *http.Request, err *Error)

	// Pages replaces built-in pages. Its templates "home", "confirm" and "error" are executed with
	// [HomeData], [ConfirmData] and [ErrorData]. A page that it does not define stays built in. What
	// its pages may load is not restricted, as it is for the built-in ones. Default: all built in.
	Pages *template.Template

	// HTTPClient makes the requests to Auth0: for proxies and private certificate authorities. Its own timeout may
	// shorten ours of 10 seconds; redirects are not followed and answers over 1 MiB are errors, whatever it says.
	HTTPClient *http.Client

	// Logger takes what an operator needs: logins, logouts, refusals and why, trouble with Auth0. Never a token, a code, a
	// secret or a cookie. Nil means slog.Default.
	Logger *slog.Logger

	shared struct {
		once sync.Once
		auth *auth
		err  error
	}
}

// Clone returns a copy that shares nothing that can be changed through it, and that is not in use yet. The providers,
// clients and functions in it are the same.
func (c *Config) Clone() *Config {
	return &Config{
		Domain: c.Domain, ClientID: c.ClientID, ClientSecret: c.ClientSecret, AuthStyle: c.AuthStyle, SigningAlg: c.SigningAlg,
		BaseURL: c.BaseURL, MountPath: c.MountPath, CallbackURI: c.CallbackURI, HomePath: c.HomePath,
		PostLogoutURL: c.PostLogoutURL, FederatedLogout: c.FederatedLogout,
		Audience: c.Audience, Scopes: slices.Clone(c.Scopes), Organization: c.Organization, Connection: c.Connection,
		ACRValues: c.ACRValues, MaxAge: c.MaxAge, Organizations: slices.Clone(c.Organizations),
		AuthorizationParams: maps.Clone(c.AuthorizationParams),
		Mapping:             cloneMapping(c.Mapping), Users: c.Users, Sessions: c.Sessions, Secrets: slices.Clone(c.Secrets),
		UserTimeout: c.UserTimeout, ErrorHandler: c.ErrorHandler, Pages: c.Pages,
		HTTPClient: c.HTTPClient, Logger: c.Logger,
	}
}

// String tells which application a Config is for. It is what fmt and log/slog print of one: no secret is among it.
func (c *Config) String() string {
	return fmt.Sprintf("chiauth0.Config{Domain: %q, ClientID: %q, BaseURL: %q}", mask(c.Domain), c.ClientID, mask(c.BaseURL))
}

// GoString is String, for the verb %#v.
func (c *Config) GoString() string { return c.String() }

// LogValue is String, for every handler of log/slog.
func (c *Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

func cloneMapping(m userprovider.Mapping) userprovider.Mapping {
	m.Fields = maps.Clone(m.Fields)
	m.AccessTokenFields = maps.Clone(m.AccessTokenFields)
	return m
}

// use returns what every router and guard of this Config shares, made at the first call.
func (c *Config) use() *auth {
	c.shared.once.Do(func() { c.shared.auth, c.shared.err = newAuth(c.Clone()) })
	if c.shared.err != nil {
		panic(c.shared.err)
	}
	return c.shared.auth
}
