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
			t.Errorf("New(%q) is %q, want %q", issuer, got, want)
		}
	}
	for _, issuer := range []string{
		"", "localhost:9000", "/tenant", "ftp://localhost", "http://", "http://user@localhost", "http://localhost?a",
		"http://localhost#a", "http://[",
	} {
		if got := panics(func() { chiauth0test.New(issuer) }); !strings.Contains(got, fmt.Sprintf("%q", issuer)) {
			t.Errorf("New(%q) panicked with %q", issuer, got)
		}
	}
}

func TestRegistering(t *testing.T) {
	t.Parallel()
	tenant := chiauth0test.New("http://tenant.test")
	for want, register := range map[string]func(){
		`"/callback"`:     func() { tenant.AddClient(chiauth0test.Client{CallbackURLs: []string{"/callback"}}) },
		`"http:///"`:      func() { tenant.AddClient(chiauth0test.Client{LogoutURLs: []string{"http:///"}}) },
		`"http://a/#"`:    func() { tenant.AddClient(chiauth0test.Client{LogoutURLs: []string{"http://a/#"}}) },
		`"guess"`:         func() { tenant.AddClient(chiauth0test.Client{AuthMethods: []string{"guess"}}) },
		`"ES256"`:         func() { tenant.AddClient(chiauth0test.Client{SigningAlg: "ES256"}) },
		"User.Email":      func() { tenant.AddUser(chiauth0test.User{}) },
		`Name "Acme"`:     func() { tenant.AddOrganization(chiauth0test.Organization{Name: "Acme"}) },
		`Name ""`:         func() { tenant.AddOrganization(chiauth0test.Organization{}) },
		"no panic at all": func() { panic("no panic at all") },
	} {
		if got := panics(register); !strings.Contains(got, want) {
			t.Errorf("panicked with %q; want %s in it", got, want)
		}
	}
	client, other := tenant.AddClient(chiauth0test.Client{}), tenant.AddClient(chiauth0test.Client{})
	if client.ID == "" || len(client.Secret) < 32 || client.ID == other.ID || client.Secret == other.Secret {
		t.Errorf("defaults %+v and %+v", client, other)
	}
	user, another := tenant.AddUser(chiauth0test.User{Email: "Bob@Example.com"}), tenant.AddUser(chiauth0test.User{Email: ada})
	if user.Nickname != "Bob" || user.Name != "Bob@Example.com" || user.Subject == another.Subject {
		t.Errorf("defaults %+v", user)
	}
	if same := tenant.AddUser(chiauth0test.User{Email: "bob@example.com"}); same.Subject != user.Subject {
		t.Errorf("subject %s became %s", user.Subject, same.Subject)
	}
	org := tenant.AddOrganization(chiauth0test.Organization{Name: "acme"})
	if again := tenant.AddOrganization(org); !strings.HasPrefix(org.ID, "org_") || again.ID != org.ID {
		t.Errorf("organization %+v, then %+v", org, again)
	}
}

func panics(f func()) (message string) {
	defer func() { message = fmt.Sprint(recover()) }()
	f()
	return ""
}

// A tenant below a path of an application's own server, as its handler.
func TestEmbeddedBelowAPath(t *testing.T) {
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
	a := &app{t: t, tenant: tenant, browser: chiauth0test.NewBrowser(), verifier: strings.Repeat("v", 43)}
	a.client = tenant.AddClient(chiauth0test.Client{CallbackURLs: []string{callbackURL}})
	tenant.AddUser(chiauth0test.User{Email: ada, Password: "password"})
	if claims := a.idToken(nil); claims["iss"] != tenant.Issuer() {
		t.Errorf("claims %v", claims)
	}
	issuer, err := url.Parse(tenant.Issuer())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(a.browser.Jar.Cookies(issuer)); n != 1 {
		t.Errorf("%d cookies at %s", n, issuer)
	}
	issuer.Path = "/"
	if n := len(a.browser.Jar.Cookies(issuer)); n != 0 {
		t.Errorf("%d cookies for the rest of the server", n)
	}
}

func TestCookieIsSecureOverHTTPS(t *testing.T) {
	t.Parallel()
	tenant := chiauth0test.New("https://tenant.test")
	a := &app{t: t, tenant: tenant, verifier: strings.Repeat("v", 43)}
	a.client = tenant.AddClient(chiauth0test.Client{CallbackURLs: []string{callbackURL}})
	tenant.AddUser(chiauth0test.User{Email: ada, Password: "password"})
	_, query, _ := strings.Cut(a.authorizeURL(nil), "?")
	location, err := url.Parse(serve(tenant, http.MethodGet, "/authorize", query, "", "").Header().Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"state": location.Query()["state"], "username": {ada}, "password": {"password"}}
	answer := serve(tenant, http.MethodPost, "/u/login", "", form.Encode(), "")
	if cookie := answer.Header().Get("Set-Cookie"); !strings.Contains(cookie, "; Secure") {
		t.Errorf("cookie %q", cookie)
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	tenant := chiauth0test.New("http://tenant.test")
	long := strings.Repeat("a", 16<<10+1)
	for name, test := range map[string]struct {
		method, path, query, body string
		status                    int
	}{
		"HEAD":             {http.MethodHead, "/authorize", "", "", http.StatusMethodNotAllowed},
		"POST /authorize":  {http.MethodPost, "/authorize", "", "", http.StatusMethodNotAllowed},
		"GET /oauth/token": {http.MethodGet, "/oauth/token", "", "", http.StatusMethodNotAllowed},
		"unknown path":     {http.MethodGet, "/dbconnections/signup", "", "", http.StatusNotFound},
		"long query":       {http.MethodGet, "/v2/logout", long, "", http.StatusRequestURITooLong},
		"long body":        {http.MethodPost, "/oauth/token", "", long, http.StatusBadRequest},
		"broken body":      {http.MethodPost, "/u/login", "", "%zz", http.StatusBadRequest},
	} {
		if got := serve(tenant, test.method, test.path, test.query, test.body, ""); got.Code != test.status {
			t.Errorf("%s: answered %d, want %d", name, got.Code, test.status)
		}
	}
}

// Without a network, a tenant runs on the false clock of testing/synctest.
func TestClockOfABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := chiauth0test.New("http://tenant.test")
		a := &app{t: t, tenant: tenant, verifier: strings.Repeat("v", 43)}
		a.client = tenant.AddClient(chiauth0test.Client{CallbackURLs: []string{callbackURL}})
		tenant.AddUser(chiauth0test.User{Email: ada, Password: "password"})
		_, query, _ := strings.Cut(a.authorizeURL(nil), "?")
		cookie := signedIn(t, tenant, query)
		for _, want := range []string{callbackURL, tenant.Issuer()} {
			answer := serve(tenant, http.MethodGet, "/authorize", query, "", cookie)
			if got := answer.Header().Get("Location"); !strings.HasPrefix(got, want) {
				t.Errorf("sent to %s, want %s", got, want)
			}
			time.Sleep(3 * 24 * time.Hour)
		}
	})
}

// No goroutine outlives the test that Start was called in, not even that of a request that a fault holds up.
func TestStartLeavesNothingBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("tenant", func(t *testing.T) {
		a := newApp(t)
		a.tokens(nil)
		held := make(chan struct{})
		a.tenant.Misbehave(chiauth0test.Faults{Intercept: func(_ http.ResponseWriter, r *http.Request) bool {
			close(held)
			<-r.Context().Done()
			return true
		}})
		go func() {
			if resp, err := http.Get(a.tenant.Issuer()); err == nil {
				resp.Body.Close()
				t.Errorf("answered %s", resp.Status)
			}
		}()
		<-held
	})
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
		}
	}
}
