package chiauth0_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/alexedwards/scs/v2"
	"github.com/go-chi/chi/v5"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/memstore"
	"github.com/chiauth0/auth/userprovider"
)

const (
	ada   = "ada@example.com"
	grace = "grace@example.com"
)

// An app is an application with chiauth0 in it, a tenant with the accounts of Ada and Grace, and
// what a test may want to look at. Browsers, application and tenant talk through a network of their
// own, so that the application can be at an https URL, and the clock can be a test's: see inBubble.
type app struct {
	t      testing.TB
	tenant *chiauth0test.Tenant
	client chiauth0test.Client
	net    *network
	cfg    *chiauth0.Config
	base   string // BaseURL; http://localhost:8000 without one
	router *chi.Mux
	users  *userprovider.Memory
	store  *countingStore
	log    *logBuffer
}

// newApp starts an application at https://app.example. Each change edits the Config before its
// first use.
func newApp(t testing.TB, changes ...func(*chiauth0.Config)) *app {
	t.Helper()
	return newAppAt(t, chiauth0test.Start(t), changes...)
}

// newAppAt is newApp for a tenant of the test's own.
func newAppAt(t testing.TB, tenant *chiauth0test.Tenant, changes ...func(*chiauth0.Config)) *app {
	t.Helper()
	a := &app{
		t: t, tenant: tenant, net: &network{}, users: userprovider.NewMemory(),
		store: &countingStore{Store: memstore.New()}, log: &logBuffer{},
	}
	tenant.AddUser(
		chiauth0test.User{
			Email:         ada,
			Password:      "password",
			Name:          "Ada Lovelace",
			EmailVerified: true,
		},
	)
	tenant.AddUser(chiauth0test.User{Email: grace, Password: "password", Name: "Grace Hopper"})
	a.cfg = &chiauth0.Config{
		Domain:       tenant.Issuer(),
		ClientID:     "client-of-the-app",
		ClientSecret: "a secret of more than thirty-two bytes",
		BaseURL:      "https://app.example",
		Users:        a.users,
		Sessions:     sessionstores.New(a.store),
		HTTPClient:   &http.Client{Transport: a.net},
		Logger: slog.New(
			slog.NewTextHandler(a.log, &slog.HandlerOptions{Level: slog.LevelDebug}),
		),
	}
	for _, change := range changes {
		change(a.cfg)
	}
	a.base = "http://localhost:8000"
	if a.cfg.BaseURL != "" {
		a.base = a.cfg.BaseURL
	}
	a.client = tenant.AddClient(chiauth0test.Client{
		ID: a.cfg.ClientID, Secret: a.cfg.ClientSecret,
		CallbackURLs: []string{
			a.base + "/auth0/callback",
			a.base + "/auth0",
			a.base + "/custom/path",
		},
		LogoutURLs:  []string{a.base + "/auth0", a.base + "/"},
		AuthMethods: []string{chiauth0test.SecretPost, chiauth0test.SecretBasic},
	})
	a.router = routes(a.cfg)
	a.net.serve(tenant.Issuer(), tenant)
	a.net.serve(a.base, a.router)
	return a
}

// inBubble runs a test of this application in a synctest bubble: there, time passes when everybody
// waits.
func (a *app) inBubble(test func(t *testing.T)) {
	outer := a.t
	t, ok := outer.(*testing.T)
	if !ok {
		outer.Fatal("only a *testing.T has bubbles")
	}
	synctest.Test(t, func(t *testing.T) {
		a.t = t
		test(t)
	})
	a.t = outer
}

// routes is the application: the router, a page behind each guard, and two pages for everybody.
func routes(cfg *chiauth0.Config) *chi.Mux {
	r := chi.NewRouter()
	mount := cfg.MountPath
	if mount == "" {
		mount = "/auth0"
	}
	r.Mount(mount, chiauth0.Router(cfg))
	r.Method(http.MethodGet, "/custom/path", chiauth0.Callback(cfg))
	r.With(chiauth0.RequireLogin(cfg)).HandleFunc("/account", whoami)
	r.With(chiauth0.RequireLogin(cfg)).HandleFunc("/account/*", whoami)
	r.With(chiauth0.RequireStaff(cfg)).Get("/staff", whoami)
	r.With(chiauth0.RequireSuperuser(cfg)).Get("/superuser", whoami)
	r.With(chiauth0.RequireGroup(cfg, "editors")).Get("/editors", whoami)
	r.Group(func(r chi.Router) {
		r.Use(chiauth0.LoadUser(cfg))
		r.Get("/", whoami)
		if cfg.Sessions != nil {
			r.Get("/cart", cart(cfg.Sessions))
		}
	})
	return r
}

// whoami answers with the subject of the signed-in user.
func whoami(w http.ResponseWriter, r *http.Request) {
	identity, err := chiauth0.IdentityFrom(r.Context())
	if err != nil {
		fmt.Fprintf(w, "anonymous: %v", err)
		return
	}
	fmt.Fprintf(w, "hello %s", identity.Email)
}

// cart puts ?add= into the session, beside what chiauth0 keeps there, and answers with what is in
// it.
func cart(m *scs.SessionManager) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if add := r.FormValue("add"); add != "" {
			m.Put(r.Context(), "cart", add)
		}
		fmt.Fprintf(w, "cart: %s", m.GetString(r.Context(), "cart"))
	}
}

// sessions is how many sessions the store holds; the tokens' records are not counted.
func (a *app) sessions() int {
	a.t.Helper()
	all, err := a.store.All()
	if err != nil {
		a.t.Fatal(err)
	}
	n := 0
	for key := range all {
		if !strings.Contains(key, ":") { // neither an attachment nor a mark
			n++
		}
	}
	return n
}

// A browser keeps cookies and follows no redirect by itself.
type browser struct {
	app *app
	*http.Client
}

func (a *app) browser() *browser {
	jar, _ := cookiejar.New(nil) // no options, no error
	return &browser{
		a,
		&http.Client{
			Jar:       jar,
			Transport: a.net,
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse
			},
		},
	}
}

// A response has been read to its end.
type response struct {
	*http.Response
	body string
}

func (r *response) location() string { return r.Header.Get("Location") }

// get makes one request for a page, as a person's navigation. target is a path of the application
// or a URL; headers are names and values in turn.
func (b *browser) get(target string, headers ...string) *response {
	b.app.t.Helper()
	return b.do(http.MethodGet, target, headers...)
}

func (b *browser) do(method, target string, headers ...string) *response {
	b.app.t.Helper()
	resp, err := b.try(b.app.t.Context(), method, target, headers...)
	if err != nil {
		b.app.t.Fatal(err)
	}
	return resp
}

// try is do for a request that may fail, or be given up.
func (b *browser) try(
	ctx context.Context,
	method, target string,
	headers ...string,
) (*response, error) {
	if strings.HasPrefix(target, "/") {
		target = b.app.base + target
	}
	req, err := http.NewRequestWithContext(ctx, method, target, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "text/html,*/*;q=0.8")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		}
	}
	resp, err := b.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return &response{resp, string(body)}, err
}

// begin opens a login and returns where it leads: the tenant's /authorize.
func (b *browser) begin(loginPath string) *url.URL {
	b.app.t.Helper()
	resp := b.get(loginPath)
	location, err := resp.Location()
	if err != nil || resp.StatusCode != http.StatusFound ||
		!strings.HasPrefix(location.String(), b.app.tenant.Issuer()+"authorize?") {
		b.app.t.Fatalf(
			"GET %s answered %s, Location %q, %s",
			loginPath,
			resp.Status,
			resp.location(),
			resp.body,
		)
	}
	return location
}

// authorize does the tenant's half of a login, and returns the callback's URL without requesting
// it.
func (b *browser) authorize(authorizeURL *url.URL, email string) *url.URL {
	b.app.t.Helper()
	callback, err := b.app.tenant.Authorize(b.Client, authorizeURL.String(), email)
	if err != nil {
		b.app.t.Fatal(err)
	}
	return callback
}

// login goes through a whole login up to the callback, and returns the callback's answer.
func (b *browser) login(loginPath, email string) *response {
	b.app.t.Helper()
	return b.get(b.authorize(b.begin(loginPath), email).String())
}

// signIn is login, which has to succeed.
func (b *browser) signIn(email string) {
	b.app.t.Helper()
	if resp := b.login("/auth0/login", email); resp.StatusCode != http.StatusSeeOther {
		b.app.t.Fatalf("login answered %s: %s\n%s", resp.Status, resp.body, b.app.log)
	}
	if got := b.whoami(); got != "hello "+email {
		b.app.t.Fatalf("after the login: %q, want to be %s", got, email)
	}
}

// whoami is what the public page says about this browser: "hello" and an e-mail, or "anonymous" and
// why.
func (b *browser) whoami() string {
	b.app.t.Helper()
	return b.get("/").body
}

// cookies are what the browser would send to the application, by name.
func (b *browser) cookies() map[string]string {
	u, err := url.Parse(b.app.base)
	if err != nil {
		b.app.t.Fatal(err)
	}
	found := map[string]string{}
	for _, c := range b.Jar.Cookies(u) {
		found[c.Name] = c.Value
	}
	return found
}

// sessionCookie is the value of the session cookie, "" if there is none.
func (b *browser) sessionCookie() string {
	for name, value := range b.cookies() {
		plain := strings.TrimPrefix(name, "__Host-")
		suffix, ok := strings.CutPrefix(plain, sessionstores.DefaultCookieName)
		if ok && !strings.HasSuffix(suffix, "_idle") && !strings.HasSuffix(suffix, "_attachment") {
			return value
		}
	}
	return ""
}

// A network is an http.RoundTripper that serves every request in the process, by its URL's scheme
// and host.
type network struct {
	mu       sync.Mutex
	handlers map[string]http.Handler
	before   func(*http.Request) // called for each request, if it is set
}

// serve answers requests for the origin of u with h.
func (n *network) serve(u string, h http.Handler) {
	origin, err := url.Parse(u)
	if err != nil {
		panic(err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.handlers == nil {
		n.handlers = map[string]http.Handler{}
	}
	n.handlers[origin.Scheme+"://"+origin.Host] = h
}

func (n *network) RoundTrip(req *http.Request) (*http.Response, error) {
	n.mu.Lock()
	h := n.handlers[req.URL.Scheme+"://"+req.URL.Host]
	before := n.before
	n.mu.Unlock()
	if before != nil {
		before(req)
	}
	if h == nil {
		return nil, fmt.Errorf("no server listens at %s", req.URL.Host)
	}
	if req.Body != nil {
		defer req.Body.Close()
	}
	r := req.Clone(req.Context())
	if r.Host == "" {
		r.Host = req.URL.Host
	}
	r.RequestURI, r.RemoteAddr = req.URL.RequestURI(), "192.0.2.1:1234"
	var err error
	if r.URL, err = url.ParseRequestURI(r.RequestURI); err != nil {
		return nil, err
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	resp := w.Result()
	resp.Request = req
	return resp, nil
}

// A logBuffer is what the application has logged.
type logBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.String()
}
