package chiauth0

import (
	"context"
	"crypto"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/userprovider"
)

// A Config names the Auth0 application that users log in with, and configures the login. The zero
// values of its fields are safe defaults; Domain, ClientID and ClientSecret have none.
//
// A Config is used like a tls.Config: it is passed by pointer and not changed once it is in use.
// The first call of [Router], [Callback], [LoadUser] or a guard validates and copies it. If a field
// has another value at a later call, that call panics and names the field. [Config.Clone] returns a
// Config that can be changed. A Config may be used by several goroutines.
type Config struct {
	// Domain is the tenant: "tenant.eu.auth0.com", a custom domain, or a whole issuer URL. Plain
	// http is accepted for loopback hosts only. AUTH0_DOMAIN.
	Domain string

	// ClientID and ClientSecret are those of the application at Auth0, a "Regular Web Application".
	// AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET.
	ClientID     string
	ClientSecret string

	// AuthStyle is how the client authenticates at the token endpoint: oauth2.AuthStyleInParams
	// (client_secret_post, the default here and at Auth0) or oauth2.AuthStyleInHeader
	// (client_secret_basic). It is not guessed, because a wrong guess costs a failed request.
	AuthStyle oauth2.AuthStyle

	// ClientKey authenticates the client in place of ClientSecret, by private_key_jwt (RFC 7523).
	// It is an RSA key of 2048 bits or more, or another signer with such a public key, and Auth0
	// has the public key among the application's credentials. It requires Secrets. To replace it,
	// add the new public key at Auth0 first. AUTH0_CLIENT_ASSERTION_SIGNING_KEY, in PEM form.
	ClientKey crypto.Signer

	// ClientKeyAlg is the algorithm of ClientKey: RS256 (the default), RS384 or PS256.
	// AUTH0_CLIENT_ASSERTION_SIGNING_ALG.
	ClientKeyAlg string

	// PushedAuthorization sends the parameters of a login to Auth0 before the browser goes there
	// (RFC 9126), so that the browser cannot read or change them. It is on by itself if the
	// tenant requires it.
	PushedAuthorization bool

	// SigningAlg is the one algorithm that ID tokens may be signed with: RS256 by default. PS256,
	// ES256, their longer relatives and EdDSA are accepted as well. The list in the discovery
	// document is ignored. HS256 is not supported.
	SigningAlg string

	// AccessTokenAlg is the one algorithm that access tokens may be signed with. The default is
	// RS256, whatever SigningAlg is: Auth0 sets the algorithm of each API by itself.
	AccessTokenAlg string

	// BaseURL is the origin under which browsers reach this application, such as
	// "https://app.example". It alone decides about the redirect URI, and about the attribute
	// Secure and the prefix __Host- of cookies. Forwarded headers are not read. Empty means
	// development: requests are answered on loopback hosts over plain http only. APP_BASE_URL.
	BaseURL string

	// Origins are further origins under which browsers reach this application, such as
	// "https://shop.example". It requires BaseURL, and the scheme of BaseURL. A login stays on the
	// origin where it was begun: the session cookie, the redirect URI and the page that follows are
	// of that origin. Default: none.
	//
	// "https://{organization}.app.example" stands for the hosts of all organizations. The label is
	// the name of an organization at Auth0. A login at such a host is a login to that organization,
	// as if Organization were set, and a session of another organization is anonymous there.
	// Organizations applies as well. The ID token needs the claim org_name: enable "Allow
	// Organization Names in Authentication API" at Auth0. Hosts that are listed without a
	// placeholder, and the one of BaseURL, are not hosts of an organization. [RequireBearer] does
	// not compare the organization of an access token with the host.
	//
	// If Origins is set, LoadUser, the guards and the Router answer a request for any other host
	// with 421. A logout comes back from Auth0 to BaseURL, and from there to its own origin.
	// APP_ORIGINS, separated by commas.
	Origins []string

	// MountPath is where the application mounts the Router: "/auth0" by default.
	MountPath string

	// CallbackURI is where Auth0 sends the browser after a login: a name ("auth0_callback", the
	// default, for the Router's /callback; "auth0" for the Router's home), a path, or a full URL on
	// the origin of BaseURL. The application serves the latter two with [Callback].
	// AUTH0_CALLBACK_URI.
	CallbackURI string

	// HomePath is the path of the page that follows a login without next_url, and that a reloaded
	// callback redirects to: "/" by default.
	HomePath string

	// PostLogoutURL is the full URL that Auth0 sends the browser to after a logout. It may be on
	// any origin. It has to be registered at Auth0, character for character. The default is the
	// Router's home.
	PostLogoutURL string

	// FederatedLogout also ends the session at the identity provider behind Auth0, where that
	// provider allows it.
	FederatedLogout bool

	// SilentLogin signs a returning user in without a login page if Auth0 has a session for the
	// browser (OpenID Connect Core, section 3.1.2.1, prompt=none). It is off by default.
	//
	// [LoadUser] redirects an anonymous GET for a page through /login?prompt=none and back to the
	// page. Browsers announce such a request by Sec-Fetch-Mode: navigate and Sec-Fetch-Dest:
	// document. Frames, prefetches, fetches and the Router's own pages are not redirected. The
	// browser must have signed in before: a login sets a cookie for 400 days, and a logout removes
	// it. Crawlers and first-time visitors have no such cookie.
	//
	// There is one attempt until the browser is closed or the user logs in at the login page. An
	// attempt that fails ends on the page, without an error page. That Auth0 needs the user
	// (login_required and the other codes of prompt=none) is logged at DEBUG; other failures are
	// events as usual.
	//
	// A session that [LogoutUser], [EndSession] or [EndOtherSessions] has ended can begin again
	// while the session at Auth0 goes on.
	SilentLogin bool

	// BackchannelLogout serves POST /backchannel-logout: Auth0 calls it when the session of a user
	// ends there, and the sessions here end with it. Register the URL at Auth0, in the
	// application's settings under OpenID Connect Back-Channel Logout; it has to be public and
	// https. Select the initiators there as well: by default Auth0 sends a logout token for
	// rp-logout and idp-logout only. The session store needs an index, see
	// sessionstores.CanRevokeAll.
	BackchannelLogout bool

	// BackchannelLogoutAll ends all sessions of the user, where a logout token names one session.
	BackchannelLogoutAll bool

	// Audience is the identifier of the API that access tokens are asked for. AUTH0_AUDIENCE.
	Audience string

	// APIs are the resource servers that the application calls with [AccessToken], [HTTPClient] or
	// [Proxy], beside the one of Audience. Auth0 calls it Multi-Resource Refresh Token: the policy
	// of the application's refresh tokens has to name their audiences.
	APIs []API

	// SyncOnRefresh calls SyncUser of Users also when a refresh of the tokens brings a new ID
	// token, so that fields and roles are as fresh as the tokens. A user who is refused then is
	// signed out.
	SyncOnRefresh bool

	// Scopes are the scopes that a login asks for: openid, profile and email by default. openid
	// must be among them. AUTH0_SCOPES.
	Scopes []string

	// AuthorizationParams are further parameters of the authorization request, such as
	// {"ui_locales": "de"}. The query of the login URL cannot change them, except for prompt.
	// Parameters that identify the client, protect the login or have a field of their own are
	// refused. Default: none.
	AuthorizationParams map[string]string

	// Organization (an ID that begins with "org_", or a name), Connection, ACRValues and MaxAge
	// are asked for at every login. The query of the login URL cannot change the first three, and
	// cannot raise MaxAge. MaxAge is whole seconds; zero means no limit. The ID token is checked
	// against what was asked for. A login for [RequireMFA] asks for the multi-factor policy as well
	// as for ACRValues.
	Organization string
	Connection   string
	ACRValues    string
	MaxAge       time.Duration

	// Organizations lists the IDs and names of the organizations whose members may log in, if
	// Organization is empty. An empty list admits members of any organization and of none.
	Organizations []string

	// Mapping says which claims become which user fields, and which groups grant roles.
	// AUTH0_USER_FIELD_MAPPING, AUTH0_ACCESS_TOKEN_CLAIM_MAPPING, AUTH0_GROUPS_FIELD,
	// AUTH0_STAFF_GROUP, AUTH0_SUPERUSER_GROUP.
	Mapping userprovider.Mapping

	// Users stores the local users. Nil means in memory, for development and tests: all users are
	// lost when the process ends.
	Users userprovider.UserProvider

	// Sessions stores the sessions and the application's own session values. Make it with
	// sessionstores.New. Nil means in memory, for one process: all sessions are lost when it ends.
	// The first call of Router, Callback, LoadUser or a guard sets a nil Sessions to the manager in
	// memory, so that handlers can use cfg.Sessions.Put and cfg.Sessions.Get.
	Sessions *scs.SessionManager

	// Secrets seal what is kept outside of the process: logins in progress and Auth0's tokens. The
	// first one seals, all of them open. Each has at least 32 bytes (`openssl rand -hex 32`).
	// Without any, keys are derived from ClientSecret. AUTH0_SECRET.
	//
	// A secret is replaced on several nodes in three steps, each deployed to all nodes before the
	// next: "old,new", then "new,old", then "new". The last step waits for an hour, which is how
	// long a login may take; logout hints of older sessions are lost with the old secret.
	Secrets []string

	// UserTimeout bounds one FindUser: one second by default.
	UserTimeout time.Duration

	// ErrorHandler answers in place of the built-in pages when a login, a logout or a guard
	// refuses. It writes the status, the headers and the body.
	ErrorHandler func(w http.ResponseWriter, r *http.Request, err *Error)

	// Pages replaces built-in pages. Its templates "home", "confirm" and "error" are executed with
	// [HomeData], [ConfirmData] and [ErrorData]. A page that it does not define stays built in. The
	// Content-Security-Policy of the built-in pages does not apply to its pages. Default: none.
	Pages *template.Template

	// Events receives logins, logouts, refusals and the other events that [Event] lists, for
	// metrics and an audit log. It is called before the response is sent, by several goroutines at
	// once, and must return quickly. Nil means that events are only logged.
	Events func(ctx context.Context, event Event)

	// HTTPClient makes the requests to Auth0, for proxies and private certificate authorities. Its
	// Timeout can shorten the limit of 10 seconds. Redirects are not followed, and answers over
	// 1 MiB are errors. A Transport with OpenTelemetry's otelhttp.NewTransport traces the requests.
	HTTPClient *http.Client

	// Logger receives what an operator needs: logins, logouts, refusals with their reasons, and
	// faults at Auth0. No line has a token, a code, a secret or a cookie in it. Nil means
	// slog.Default. [Event] lists the lines that monitoring can rely on.
	Logger *slog.Logger

	// inUse is set by the first use, and guarded by inUseMu.
	inUse *inUse
}
