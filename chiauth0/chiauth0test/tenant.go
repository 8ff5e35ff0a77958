package chiauth0test

import (
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

// A Tenant is a stand-in for one Auth0 tenant: an [http.Handler] that serves Auth0's URLs below its issuer. Make one with
// [Start] or [New].
//
// The exported fields are settings. Set them before the first request. All methods are safe for concurrent use, while
// requests are served too.
type Tenant struct {
	// ListAccounts shows every account and its password on the login page, for demonstrations.
	ListAccounts bool

	// CallbackIssuer adds iss to every authorization response and announces that in the discovery document
	// (RFC 9207). Auth0 does not do so by default.
	CallbackIssuer bool

	// NoEndSession leaves end_session_endpoint out of the discovery document and /oidc/logout unserved, as in Auth0
	// tenants made before November 2023. /v2/logout stays.
	NoEndSession bool

	// AccessTokenHash adds at_hash to ID tokens (OpenID Connect Core, section 3.1.3.6). Auth0 does not do so.
	AccessTokenHash bool

	// Now is the tenant's clock. nil means [time.Now].
	Now func() time.Time

	issuer string
	keys   keyring
	faults atomic.Pointer[Faults]
	log    requestLog
	routes http.Handler

	mu            sync.Mutex // guards everything below
	users         map[string]*User
	clients       map[string]*Client
	apis          map[string][]string // audience to its scopes
	connections   map[string]bool
	organizations []*Organization
	logins        shelf[*authorization] // by the state of the login page
	sessions      shelf[*session]       // by the single sign-on cookie
	codes         shelf[*code]
	accessTokens  shelf[*accessGrant]
	refreshTokens shelf[*refreshToken]
}

// New makes a tenant to be embedded in any server. issuer is the absolute http or https URL at which that server shows the
// tenant to browsers and applications; the final slash, which every Auth0 issuer has, is added when it is missing. An issuer
// with a path is fine: the handler expects that path in the requests, so mount it without [http.StripPrefix].
//
// A tenant starts without clients and accounts. It holds no resources beyond memory and starts no goroutine. New panics
// when issuer is not such a URL.
func New(issuer string) *Tenant {
	u, err := url.Parse(issuer)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.RawQuery != "" ||
		u.Fragment != "" {
		panic(fmt.Sprintf("chiauth0test: issuer %q: want an absolute http or https URL such as http://localhost:9000/", issuer))
	}
	t := &Tenant{
		issuer:      strings.TrimSuffix(u.String(), "/") + "/",
		users:       map[string]*User{},
		clients:     map[string]*Client{},
		apis:        map[string][]string{},
		connections: map[string]bool{"Username-Password-Authentication": true},
	}
	t.faults.Store(&Faults{})
	t.routes = t.serve(t.mux())
	if prefix := strings.TrimSuffix(u.Path, "/"); prefix != "" {
		t.routes = http.StripPrefix(prefix, t.routes)
	}
	return t
}

// Start makes a tenant that listens on a loopback port of its own until the test ends.
func Start(tb testing.TB) *Tenant {
	tb.Helper()
	server := httptest.NewUnstartedServer(nil)
	t := New("http://" + server.Listener.Addr().String() + "/")
	server.Config.Handler = t
	server.Start()
	tb.Cleanup(func() {
		server.CloseClientConnections() // or a request that a fault holds up would hold up the end of the test
		server.Close()
		t.keys.release()
	})
	return t
}

// Issuer is the tenant's issuer: its URL, with a final slash. An application under test takes it in place of its
// AUTH0_DOMAIN.
func (t *Tenant) Issuer() string { return t.issuer }

// ServeHTTP serves the tenant's URLs.
func (t *Tenant) ServeHTTP(w http.ResponseWriter, r *http.Request) { t.routes.ServeHTTP(w, r) }

func (t *Tenant) mux() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", t.discovery)
	mux.HandleFunc("GET /.well-known/jwks.json", t.jwks)
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
	// The login form and the logout question change state by POST. A page of another origin must not be able to send
	// them. /oauth/* is no business of browsers, so the check harms nothing there.
	return http.NewCrossOriginProtection().Handler(mux)
}

// maxInput bounds a request's query and its body, in bytes: the log keeps them. The largest honest one is a logout with an
// ID token in it.
const maxInput = 16 << 10

// serve reads the form first, so that the log and a fault see it, and so that net/http notices a client that gives up
// while a fault holds its request up.
func (t *Tenant) serve(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			// ServeMux would answer it like GET, and GET /authorize makes codes.
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
		t.log.add(r)
		if intercept := t.faults.Load().Intercept; intercept != nil && intercept(w, r) {
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

// url is an absolute URL of the tenant.
func (t *Tenant) url(path string, query url.Values) string {
	if len(query) == 0 {
		return t.issuer + path
	}
	return t.issuer + path + "?" + query.Encode()
}
