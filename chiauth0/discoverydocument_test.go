package chiauth0_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

const (
	discoveryPath = "/.well-known/openid-configuration"
	keysPath      = "/.well-known/jwks.json"
	tokenPath     = "/oauth/token"
)

// answerAt makes the tenant answer the requests for one path with a handler.
func (a *app) answerAt(path string, answer http.HandlerFunc) {
	a.tenant.Misbehave(chiauth0test.Faults{
		Intercept: func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != path {
				return false
			}
			answer(w, r)
			return true
		},
	})
}

// loginFailsAt logs in while the answers for one path are bad.
func (b *browser) loginFailsAt(path string) *response {
	b.app.t.Helper()
	if path == discoveryPath {
		return b.get("/auth0/login")
	}
	return b.login("/auth0/login", ada)
}

func answerText(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }
}

func answerStatus(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// TestBadUpstream has bad answers of a tenant at each of its URLs. Each is an outage: no user is
// signed in, and the visitor is not blamed.
func TestBadUpstream(t *testing.T) {
	t.Parallel()
	elsewhere := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/", code)
		}
	}
	large := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		answerText(`{"access_token":"a","padding":"`+strings.Repeat("x", 1<<20)+`"}`)(w, r)
	}
	for name, answer := range map[string]http.HandlerFunc{
		"500":                  answerStatus(http.StatusInternalServerError),
		"429":                  answerStatus(http.StatusTooManyRequests),
		"204":                  answerStatus(http.StatusNoContent),
		"nothing":              answerText(""),
		"a page":               answerText("<html>captive portal</html>"),
		"JSON null":            answerText("null"),
		"a JSON list":          answerText("[]"),
		"over 1 MiB":           large,
		"a redirect":           elsewhere(http.StatusTemporaryRedirect),
		"a permanent redirect": elsewhere(http.StatusPermanentRedirect),
	} {
		for _, path := range []string{discoveryPath, keysPath, tokenPath} {
			t.Run(path+" answers "+name, func(t *testing.T) {
				t.Parallel()
				a := newApp(t)
				a.inBubble(func(t *testing.T) {
					evil := func(_ http.ResponseWriter, r *http.Request) {
						t.Errorf("the redirect was followed, with %d parameters", len(r.PostForm))
					}
					a.net.serve("https://evil.example", http.HandlerFunc(evil))
					a.answerAt(path, answer)
					b := a.browser()
					resp := b.loginFailsAt(path)
					b.refused(resp, http.StatusServiceUnavailable)
					if resp.Header.Get("Retry-After") == "" {
						t.Error("Retry-After is missing")
					}

					a.tenant.Misbehave(chiauth0test.Faults{})
					time.Sleep(time.Second) // while the discovery backs off
					a.browser().signIn(ada)
				})
			})
		}
	}
}

func TestTimeoutOfUpstream(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		path             string
		configured, want time.Duration
	}{
		"discovery, no timeout":        {discoveryPath, 0, 10 * time.Second},
		"discovery, a longer timeout":  {discoveryPath, time.Hour, 10 * time.Second},
		"discovery, a shorter timeout": {discoveryPath, 3 * time.Second, 3 * time.Second},
		"keys":                         {keysPath, time.Hour, 10 * time.Second},
		"token":                        {tokenPath, time.Hour, 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, func(c *chiauth0.Config) { c.HTTPClient.Timeout = test.configured })
			a.inBubble(func(t *testing.T) {
				a.answerAt(test.path, func(_ http.ResponseWriter, r *http.Request) {
					<-r.Context().Done()
				})
				b, began := a.browser(), time.Now()
				resp := b.loginFailsAt(test.path)
				if took := time.Since(began); took != test.want {
					t.Errorf("the answer took %v, want %v", took, test.want)
				}
				b.refused(resp, http.StatusServiceUnavailable)
			})
		})
	}
}

func TestHTTPClientIsNotChanged(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.browser().signIn(ada)
	c := a.cfg.HTTPClient
	if c.Timeout != 0 || c.CheckRedirect != nil || c.Transport != http.RoundTripper(a.net) {
		t.Errorf("HTTPClient is now %+v", c)
	}
}

func TestDiscoveryDocument(t *testing.T) {
	t.Parallel()
	set := func(name string, value any) func(map[string]any) {
		return func(doc map[string]any) { doc[name] = value }
	}
	drop := func(name string) func(map[string]any) {
		return func(doc map[string]any) { delete(doc, name) }
	}
	for name, test := range map[string]struct {
		edit     func(doc map[string]any)
		accepted bool
	}{
		"unchanged":                    {func(map[string]any) {}, true},
		"without end_session_endpoint": {drop("end_session_endpoint"), true},
		"without token_endpoint":       {drop("token_endpoint"), false},
		"without jwks_uri":             {drop("jwks_uri"), false},
		"without issuer":               {drop("issuer"), false},
		"of another issuer":            {set("issuer", "https://evil.example/"), false},
		"token_endpoint over http": {
			set("token_endpoint", "http://tenant.example/token"), false,
		},
		"token_endpoint over http on loopback": {
			set("token_endpoint", "http://localhost/token"), false,
		},
		"token_endpoint that is a number": {set("token_endpoint", 1), false},
		"authorization_endpoint over http": {
			set("authorization_endpoint", "http://tenant.example/authorize"), false,
		},
		"authorization_endpoint that is a script": {
			set("authorization_endpoint", "javascript:alert(1)"), false,
		},
		"authorization_endpoint that is a path": {
			set("authorization_endpoint", "/authorize"), false,
		},
		"jwks_uri over http": {
			set("jwks_uri", "http://tenant.example/jwks"), false,
		},
		"end_session_endpoint over http": {
			set("end_session_endpoint", "http://tenant.example/logout"), false,
		},
		"over 1 MiB":  {set("padding", strings.Repeat("x", 1<<20)), false},
		"under 1 MiB": {set("padding", strings.Repeat("x", 1<<19)), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAppAt(t, chiauth0test.New("https://tenant.example/"))
			a.tenant.Misbehave(chiauth0test.Faults{Discovery: test.edit})
			want := http.StatusServiceUnavailable
			if test.accepted {
				want = http.StatusFound
			}
			if resp := a.browser().get("/auth0/login"); resp.StatusCode != want {
				t.Errorf("got %s, Location %q, want %d: %s",
					resp.Status, resp.location(), want, a.log)
			}
		})
	}
}

// An issuer over http is a test on this machine. Its endpoints are on this machine as well.
func TestDiscoveryDocumentOverHTTP(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string]int{
		"http://localhost:9000/oauth/token":      http.StatusFound,
		"https://tenant.example/oauth/token":     http.StatusFound,
		"http://tenant.example:9000/oauth/token": http.StatusServiceUnavailable,
	} {
		t.Run(endpoint, func(t *testing.T) {
			t.Parallel()
			a := newAppAt(t, chiauth0test.New("http://localhost:9000/"))
			a.tenant.Misbehave(chiauth0test.Faults{Discovery: func(doc map[string]any) {
				doc["token_endpoint"] = endpoint
			}})
			if resp := a.browser().get("/auth0/login"); resp.StatusCode != want {
				t.Errorf("got %s, want %d: %s", resp.Status, want, a.log)
			}
		})
	}
}
