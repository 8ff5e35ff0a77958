package cluster_test

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alexedwards/scs/v2"
	"github.com/go-chi/chi/v5"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/cookiestore"
	"github.com/chiauth0/auth/sessionstores/memstore"
)

const nginxConfig = `daemon off;
master_process off;
pid %[1]s/pid;
error_log stderr;
events { worker_connections 64; }
http {
access_log off;
client_body_temp_path %[1]s/client_body;
proxy_temp_path %[1]s/proxy;
fastcgi_temp_path %[1]s/fastcgi;
uwsgi_temp_path %[1]s/uwsgi;
scgi_temp_path %[1]s/scgi;
%[2]s
}
`

// startNginx starts nginx with the blocks of an http section, which listen on addr.
func startNginx(t *testing.T, addr, blocks string) *process {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	conf := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf(nginxConfig, dir, blocks)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}

	p := launch(t, nil, program, "-c", conf, "-p", dir, "-e", "stderr")
	until(t, "nginx listens", func() bool {
		if out := p.output.String(); strings.Contains(out, "[emerg]") {
			t.Fatal(out)
		}
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return false
		}
		conn.Close()
		return true
	})
	return p
}

// defaultProxy is an nginx with default buffers: it answers 502 if the headers of an answer exceed
// 4 KB, and 400 if one header of a request exceeds 8 KB.
const defaultProxy = `server {
	listen %s;
	location / {
		proxy_pass %s;
		proxy_set_header Host $host;
	}
}`

// A proxiedApp is an application behind defaultProxy.
type proxiedApp struct {
	t       *testing.T
	url     string
	tenant  *chiauth0test.Tenant
	browser *http.Client
	proxy   *process
}

// startProxied starts the application. The ID tokens have a claim of claimBytes bytes.
func startProxied(t *testing.T, store scs.Store, claimBytes int) *proxiedApp {
	t.Helper()
	addr := "127.0.0.1:" + freePort(t)
	app := &proxiedApp{
		t:       t,
		url:     "http://" + addr,
		tenant:  startTenant(t),
		browser: chiauth0test.NewBrowser(),
	}
	claims := map[string]any{"https://app.example/padding": strings.Repeat("p", claimBytes)}
	app.tenant.AddUser(chiauth0test.User{
		Email: "ada@example.com", Password: "password", Name: "Ada Lovelace", Claims: claims,
	})
	client := app.tenant.AddClient(chiauth0test.Client{
		CallbackURLs: []string{app.url + "/auth0/callback"},
		LogoutURLs:   []string{app.url + "/auth0"},
	})
	backend := httptest.NewServer(proxiedHandler(&chiauth0.Config{
		Domain:       app.tenant.Issuer(),
		ClientID:     client.ID,
		ClientSecret: client.Secret,
		BaseURL:      app.url,
		Sessions:     sessionstores.New(store),
		Logger:       slog.New(slog.DiscardHandler),
	}))
	t.Cleanup(backend.Close)
	app.proxy = startNginx(t, addr, fmt.Sprintf(defaultProxy, addr, backend.URL))
	return app
}

// proxiedHandler is an application with a guarded page and a form that fills the session.
func proxiedHandler(cfg *chiauth0.Config) http.Handler {
	r := chi.NewRouter()
	r.Mount("/auth0", chiauth0.Router(cfg))
	guarded := r.With(chiauth0.RequireLogin(cfg))
	guarded.Get("/account", func(w http.ResponseWriter, r *http.Request) {
		identity, err := chiauth0.IdentityFrom(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, identity.Email)
	})
	guarded.Post("/cart", func(_ http.ResponseWriter, r *http.Request) {
		cfg.Sessions.Put(r.Context(), "cart", r.PostFormValue("cart"))
	})
	return r
}

// checkFlow logs in, opens a guarded page, logs out and opens the page again. Each answer is the
// application's own.
func (a *proxiedApp) checkFlow() {
	a.t.Helper()
	a.signIn()
	a.checkAccount(http.StatusOK)
	a.checkLogout()
	a.checkAccount(http.StatusFound)
}

// checkLogout logs out. From then on, the browser does not follow redirects.
func (a *proxiedApp) checkLogout() {
	a.t.Helper()
	a.browser.CheckRedirect = func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}
	status, body := post(a.t, a.browser, a.url+"/auth0/logout", nil)
	if status != http.StatusSeeOther {
		a.t.Errorf("/auth0/logout: got %d %.80s, want 303\nnginx: %s",
			status, body, a.proxy.output.String())
	}
}

// signIn logs in for a page with a long query, which the login request and its cookie contain.
func (a *proxiedApp) signIn() {
	a.t.Helper()
	page := a.url + "/account?q=" + strings.Repeat("q", 480)
	resp, err := a.tenant.SignIn(a.browser, page, "ada@example.com")
	if err != nil {
		a.t.Fatalf("login: %v\nnginx: %s", err, a.proxy.output.String())
	}
	if body := read(a.t, resp); resp.StatusCode != http.StatusOK || body != "ada@example.com" {
		a.t.Fatalf("the login ended with %s at %s, want the page of ada@example.com\nnginx: %s",
			resp.Status, resp.Request.URL.Path, a.proxy.output.String())
	}
}

func (a *proxiedApp) checkAccount(want int) {
	a.t.Helper()
	if status, body := get(a.t, a.browser, a.url+"/account"); status != want {
		a.t.Errorf("/account: got %d %.80s, want %d\nnginx: %s",
			status, body, want, a.proxy.output.String())
	}
}

// claimSizes are sizes of one claim of the ID token. The session and the logout request contain
// the token or parts of it.
var claimSizes = []int{0, 800, 1600, 2000, 2400, 3000}

func TestMemorySessionsBehindDefaultNginx(t *testing.T) {
	needsServers(t)
	for _, size := range claimSizes {
		t.Run(fmt.Sprintf("claim of %d bytes", size), func(t *testing.T) {
			t.Parallel()
			startProxied(t, memstore.New(), size).checkFlow()
		})
	}
}

func TestCookieSessionsBehindDefaultNginx(t *testing.T) {
	needsServers(t)
	for _, size := range claimSizes {
		t.Run(fmt.Sprintf("claim of %d bytes", size), func(t *testing.T) {
			t.Parallel()
			startProxied(t, cookiestore.New(cookieSecret), size).checkFlow()
		})
	}
}

// A cookie session that grows until a write is refused still passes nginx: the guarded page and
// the logout work.
func TestFullCookieSessionBehindDefaultNginx(t *testing.T) {
	needsServers(t)
	app := startProxied(t, cookiestore.New(cookieSecret), 0)
	app.signIn()
	refused := false
	for size := 500; size <= 10_000; size += 500 {
		form := map[string][]string{"cart": {strings.Repeat("c", size)}}
		status, body := post(t, app.browser, app.url+"/cart", form)
		switch status {
		case http.StatusOK:
		case http.StatusInternalServerError, http.StatusServiceUnavailable:
			refused = true
		default:
			t.Fatalf("a cart of %d bytes: got %d %.80s, want 200 or the application's error\n"+
				"nginx: %s", size, status, body, app.proxy.output.String())
		}
		app.checkAccount(http.StatusOK)
	}
	if !refused {
		t.Error("a cart of 10,000 bytes was accepted, want an error")
	}
	app.checkLogout()
}
