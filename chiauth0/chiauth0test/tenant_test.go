package chiauth0test_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

func TestNew(t *testing.T) {
	t.Parallel()
	for issuer, want := range map[string]string{
		"http://localhost:9000":        "http://localhost:9000/",
		"https://login.example.com/":   "https://login.example.com/",
		"http://localhost:8000/tenant": "http://localhost:8000/tenant/",
	} {
		if got := chiauth0test.New(issuer).Issuer(); got != want {
			t.Errorf("New(%q).Issuer() is %q, want %q", issuer, got, want)
		}
	}
	for _, issuer := range []string{
		"", "localhost:9000", "/tenant", "ftp://localhost", "http://", "http://user@localhost",
		"http://localhost?a", "http://localhost#a", "http://[",
	} {
		got := panics(func() { chiauth0test.New(issuer) })
		if !strings.Contains(got, fmt.Sprintf("%q", issuer)) {
			t.Errorf("New(%q) panics with %q, want a message that names the issuer", issuer, got)
		}
	}
}

// newUnstarted returns an application whose tenant is not served by a network.
func newUnstarted(t *testing.T, tenant *chiauth0test.Tenant) *app {
	a := &app{t: t, tenant: tenant, verifier: strings.Repeat("v", 43)}
	a.client = tenant.AddClient(chiauth0test.Client{CallbackURLs: []string{callbackURL}})
	a.addUser(chiauth0test.User{})
	return a
}

func TestTenantBelowAPath(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(nil)
	tenant := chiauth0test.New("http://" + server.Listener.Addr().String() + "/tenant")
	mux := http.NewServeMux()
	mux.Handle("/tenant/", tenant)
	server.Config.Handler = mux
	server.Start()
	t.Cleanup(server.Close)
	if _, err := oidc.NewProvider(t.Context(), tenant.Issuer()); err != nil {
		t.Fatal(err)
	}

	a := newUnstarted(t, tenant)
	a.browser = chiauth0test.NewBrowser()
	wantClaims(t, a.idToken(nil), map[string]any{"iss": tenant.Issuer()})
	issuer, err := url.Parse(tenant.Issuer())
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{issuer.Path: 1, "/": 0} {
		issuer.Path = path
		if got := len(a.browser.Jar.Cookies(issuer)); got != want {
			t.Errorf("%d cookies at %s, want %d", got, issuer, want)
		}
	}
}

func TestCookieIsSecureWithHTTPS(t *testing.T) {
	t.Parallel()
	tenant := chiauth0test.New("https://tenant.test")
	a := newUnstarted(t, tenant)
	query := a.authorizeForm(nil).Encode()
	answer := serve(tenant, http.MethodGet, "/authorize", query, "", "")
	location, err := url.Parse(answer.Header().Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{
		"state": location.Query()["state"], "username": {ada}, "password": {"password"},
	}
	answer = serve(tenant, http.MethodPost, "/u/login", "", form.Encode(), "")
	if got := answer.Header().Get("Set-Cookie"); !strings.Contains(got, "; Secure") {
		t.Errorf("cookie is %q, want Secure", got)
	}
}

func TestInvalidRequests(t *testing.T) {
	t.Parallel()
	tenant := chiauth0test.New("http://tenant.test")
	long := strings.Repeat("a", 16<<10+1)
	for name, test := range map[string]struct {
		method, path, query, body string
		status                    int
	}{
		"HEAD":             {http.MethodHead, "/authorize", "", "", 405},
		"POST /authorize":  {http.MethodPost, "/authorize", "", "", 405},
		"GET /oauth/token": {http.MethodGet, "/oauth/token", "", "", 405},
		"unknown path":     {http.MethodGet, "/dbconnections/signup", "", "", 404},
		"long query":       {http.MethodGet, "/v2/logout", long, "", 414},
		"long body":        {http.MethodPost, "/oauth/token", "", long, 400},
		"broken body":      {http.MethodPost, "/u/login", "", "%zz", 400},
	} {
		got := serve(tenant, test.method, test.path, test.query, test.body, "")
		wantStatus(t, name, got.Code, test.status)
	}
}

// Without a network, a tenant uses the clock of testing/synctest.
func TestClockOfSynctest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := chiauth0test.New("http://tenant.test")
		query := newUnstarted(t, tenant).authorizeForm(nil).Encode()
		cookie := signedIn(t, tenant, query)
		for _, want := range []string{callbackURL, tenant.Issuer()} {
			answer := serve(tenant, http.MethodGet, "/authorize", query, "", cookie)
			if got := answer.Header().Get("Location"); !strings.HasPrefix(got, want) {
				t.Errorf("redirected to %s, want %s", got, want)
			}
			time.Sleep(3 * 24 * time.Hour)
		}
	})
}

// The tenant of this test has a request that a fault holds up and a delivery that is not answered.
func TestStartStopsItsGoroutines(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("tenant", func(t *testing.T) {
		a := newApp(t)
		a.updateClient(func(c *chiauth0test.Client) {
			c.BackchannelLogoutURL = a.tenant.Issuer() // answers 405
		})
		a.tokens(nil)
		a.logout()
		held := make(chan struct{})
		a.setFaults(chiauth0test.Faults{
			Intercept: func(_ http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == "/userinfo" {
					close(held)
				}
				<-r.Context().Done()
				return true
			},
		})
		go func() {
			if resp, err := http.Get(a.tenant.Issuer() + "userinfo"); err == nil {
				resp.Body.Close()
				t.Errorf("got %s, want no answer", resp.Status)
			}
		}()
		<-held
	})
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	deadline := time.Now().Add(5 * time.Second)
	for runtime.NumGoroutine() > before {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<16)
			stacks = stacks[:runtime.Stack(stacks, true)]
			t.Fatalf("%d goroutines, want %d:\n%s", runtime.NumGoroutine(), before, stacks)
		}
		runtime.Gosched()
	}
}
