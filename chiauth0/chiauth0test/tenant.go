package chiauth0test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A Tenant is a stand-in for one Auth0 tenant. It is an [http.Handler] that serves Auth0's URLs
// below its issuer. [Start] and [New] create one.
//
// The exported fields are settings. Set them before the first request. All methods are safe for
// concurrent use, also while requests are served.
type Tenant struct {
	// ListAccounts shows every account and its password on the login page, for demonstrations.
	ListAccounts bool

	// CallbackIssuer adds iss to every authorization response and announces it in the discovery
	// document (RFC 9207). Auth0 does not do so by default.
	CallbackIssuer bool

	// NoEndSession removes end_session_endpoint from the discovery document and /oidc/logout from
	// the routes, as in Auth0 tenants created before November 2023. /v2/logout stays.
	NoEndSession bool

	// AccessTokenHash adds at_hash to ID tokens (OpenID Connect Core 1.0, section 3.1.3.6). Auth0
	// does not do so.
	AccessTokenHash bool

	// AccessTokenLifetime is the lifetime of access tokens whose client does not set its own. The
	// default is 24 hours.
	AccessTokenLifetime time.Duration

	// OpaqueAccessTokens makes the access tokens for an API opaque strings instead of JWTs. Access
	// tokens of a login without an audience are always opaque.
	OpaqueAccessTokens bool

	// RBAC switches on Auth0's role-based access control for all APIs: a login gets only those
	// scopes of the API that are in User.Permissions, and access tokens that are JWTs carry
	// permissions.
	RBAC bool

	// MFAAudiences are APIs whose access tokens require multi-factor authentication. A refresh for
	// one of them answers mfa_required unless the user gave a second factor at login. "" stands for
	// a login without an audience.
	MFAAudiences []string

	// NoMFAAction ignores acr_values, as a tenant without an Action that enables multi-factor
	// authentication does. By default, users with User.MFA give their second factor when acr_values
	// asks for it.
	NoMFAAction bool

	// SessionCeiling is the absolute lifetime of the tenant's own sessions. If it is set, ID tokens
	// carry session_expiry, the Unix time at which the session ends. The default is three days,
	// without the claim.
	SessionCeiling time.Duration

	// PushedRequests serves /oauth/par (RFC 9126) and announces it in the discovery document.
	PushedRequests bool

	// RequirePushedRequests refuses logins that are not pushed. It implies PushedRequests.
	RequirePushedRequests bool

	// OrganizationIDsOnly refuses organization names in logins and leaves org_name out of tokens,
	// as Auth0 does unless "Allow Organization Names in Authentication API" is on.
	OrganizationIDsOnly bool

	// Now is the tenant's clock. The default is [time.Now].
	Now func() time.Time

	issuer  string
	keys    keyring
	faults  atomic.Pointer[Faults]
	log     requestLog
	logouts logoutLog
	mux     *http.ServeMux
	handler http.Handler
	running context.Context // ends when the test of Start ends
	stop    context.CancelFunc

	mu             sync.Mutex // guards the fields below
	users          map[string]*User
	clients        map[string]*Client
	apis           map[string][]string // scopes by audience
	connections    map[string]bool
	organizations  []*Organization
	pushedRequests expiryMap[*pushedRequest]
	logins         expiryMap[*authorization] // by the state of the login page
	sessions       expiryMap[*session]       // by the session cookie
	codes          expiryMap[*code]
	accessTokens   expiryMap[*accessGrant]
	refreshTokens  expiryMap[*refreshToken]
	refreshCounts  RefreshCounts
	assertionIDs   expiryMap[struct{}] // by client ID and jti
}

// New creates a tenant to be embedded in a server. issuer is the absolute http or https URL at
// which browsers and applications reach the tenant. A missing final slash is added, because every
// Auth0 issuer ends with one. If the issuer has a path, mount the handler without
// [http.StripPrefix]: it expects the path in its requests.
//
// A new tenant has no clients and no accounts. New panics if issuer is not such a URL.
func New(issuer string) *Tenant {
	u, err := url.Parse(issuer)
	if err != nil || !isIssuer(u) {
		panic(fmt.Sprintf("chiauth0test: issuer %q: want an absolute http or https URL such as "+
			"http://localhost:9000/", issuer))
	}

	t := &Tenant{
		issuer:      strings.TrimSuffix(u.String(), "/") + "/",
		users:       map[string]*User{},
		clients:     map[string]*Client{},
		apis:        map[string][]string{},
		connections: map[string]bool{"Username-Password-Authentication": true},
	}
	t.running, t.stop = context.WithCancel(context.Background())
	t.faults.Store(&Faults{})
	t.mux = t.newMux()

	// The login form and the logout question change state by POST. The protection keeps pages of
	// another origin from sending them. Browsers do not call /oauth/*.
	t.handler = t.serve(http.NewCrossOriginProtection().Handler(t.mux))
	if prefix := strings.TrimSuffix(u.Path, "/"); prefix != "" {
		t.handler = http.StripPrefix(prefix, t.handler)
	}
	return t
}

func isIssuer(u *url.URL) bool {
	if u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	return u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == ""
}

// Start creates a tenant that listens on a loopback port until the test ends.
func Start(tb testing.TB) *Tenant {
	tb.Helper()
	server := httptest.NewUnstartedServer(nil)
	t := New("http://" + server.Listener.Addr().String() + "/")
	server.Config.Handler = t
	server.Start()

	tb.Cleanup(func() {
		// A fault may hold a request up. Closing its connection releases it.
		server.CloseClientConnections()
		server.Close()
		t.stop()
		t.logouts.wait()
		t.keys.release()
	})
	return t
}

// Issuer returns the tenant's issuer: its URL with a final slash. An application under test takes
// it in place of AUTH0_DOMAIN.
func (t *Tenant) Issuer() string { return t.issuer }

// ServeHTTP serves the tenant's URLs.
func (t *Tenant) ServeHTTP(w http.ResponseWriter, r *http.Request) { t.handler.ServeHTTP(w, r) }

func (t *Tenant) newMux() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", t.discovery)
	mux.HandleFunc("GET /.well-known/jwks.json", t.jwks)
	mux.HandleFunc("POST /oauth/par", t.pushRequest)
	mux.HandleFunc("GET /authorize", t.authorize)
	mux.HandleFunc("GET /u/login", t.loginPage)
	mux.HandleFunc("POST /u/login", t.login)
	mux.HandleFunc("POST /oauth/token", t.token)
	mux.HandleFunc("POST /oauth/revoke", t.revoke)
	mux.HandleFunc("GET /userinfo", t.userinfo)
	mux.HandleFunc("POST /userinfo", t.userinfo)
	mux.HandleFunc("GET /v2/logout", t.logoutV2)
	mux.HandleFunc("GET /oidc/logout", t.logoutOIDC)
	mux.HandleFunc("POST /oidc/logout", t.logoutOIDC)
	return mux
}

// maxInput limits a request's query and its body, in bytes, because the log keeps them. The largest
// valid request is a logout that carries an ID token.
const maxInput = 16 << 10

// serve reads the form before it calls next, because the request log and the fault hooks use it.
// With the body read, net/http also detects a client that disconnects during a fault.
func (t *Tenant) serve(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			// ServeMux answers HEAD with the handler of GET, and GET /authorize creates codes.
			w.Header().Set("Allow", "GET, POST")
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		if len(r.URL.RawQuery) > maxInput {
			t.errorPage(w, http.StatusRequestURITooLong, "The query is too long.")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxInput)
		if err := r.ParseForm(); err != nil {
			t.errorPage(w, http.StatusBadRequest, "The request cannot be read: "+err.Error()+".")
			return
		}

		_, pattern := t.mux.Handler(r)
		t.log.add(r, pattern)

		intercept := t.faults.Load().Intercept
		if intercept != nil && intercept(w, r) {
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (t *Tenant) now() time.Time {
	if t.Now != nil {
		return t.Now()
	}
	return time.Now()
}

// url returns an absolute URL of the tenant.
func (t *Tenant) url(path string, query url.Values) string {
	if len(query) == 0 {
		return t.issuer + path
	}
	return t.issuer + path + "?" + query.Encode()
}
