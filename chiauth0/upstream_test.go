package chiauth0_test

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// C16: what a tenant may do to those who ask it, at each of its three URLs. No answer of this kind signs anybody in, or
// is taken for a fault of the visitor's.
func TestBadUpstream(t *testing.T) {
	t.Parallel()
	const discovery, keys, token = "/.well-known/openid-configuration", "/.well-known/jwks.json", "/oauth/token"
	answers := map[string]func(w http.ResponseWriter, r *http.Request){
		"500":         func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"429":         func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "{}", http.StatusTooManyRequests) },
		"204":         func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"nothing":     func(http.ResponseWriter, *http.Request) {},
		"a page":      func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>captive portal</html>")) },
		"JSON null":   func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("null")) },
		"a JSON list": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("[]")) },
		"over 1 MiB": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"access_token":"a","padding":"` + strings.Repeat("x", 1<<20) + `"}`))
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/", http.StatusTemporaryRedirect)
		},
		"a permanent redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/", http.StatusPermanentRedirect)
		},
	}
	for name, answer := range answers {
		for _, path := range []string{discovery, keys, token} {
			t.Run("C16: "+path+" answers "+name, func(t *testing.T) {
				t.Parallel()
				a := newApp(t)
				a.net.serve("https://evil.example", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					t.Errorf("the redirect was followed, with %v", r.PostForm)
				}))
				a.tenant.Misbehave(chiauth0test.Faults{Intercept: func(w http.ResponseWriter, r *http.Request) bool {
					if r.URL.Path == path {
						answer(w, r)
					}
					return r.URL.Path == path
				}})
				b := a.browser()
				var resp *response
				if path == discovery {
					resp = b.get("/auth0/login")
				} else {
					resp = b.login("/auth0/login", ada)
				}
				b.refused(resp, http.StatusServiceUnavailable)
				if resp.Header.Get("Retry-After") == "" {
					t.Error("no Retry-After")
				}
				a.tenant.Misbehave(chiauth0test.Faults{})
				a.browser().signIn(ada) // nothing of it is kept
			})
		}
	}
	for _, path := range []string{discovery, keys, token} {
		t.Run("C16: "+path+" is waited for 10 s", func(t *testing.T) {
			t.Parallel()
			a := newApp(t, func(c *chiauth0.Config) { c.HTTPClient.Timeout = time.Hour })
			a.inBubble(func(t *testing.T) {
				a.tenant.Misbehave(chiauth0test.Faults{Intercept: func(_ http.ResponseWriter, r *http.Request) bool {
					if r.URL.Path == path {
						<-r.Context().Done()
					}
					return r.URL.Path == path
				}})
				b, began := a.browser(), time.Now()
				var resp *response
				if path == discovery {
					resp = b.get("/auth0/login")
				} else {
					resp = b.login("/auth0/login", ada)
				}
				if took := time.Since(began); took != 10*time.Second {
					t.Errorf("it took %v", took)
				}
				b.refused(resp, http.StatusServiceUnavailable)
			})
		})
	}
	t.Run("C16: a shorter timeout of HTTPClient counts", func(t *testing.T) {
		t.Parallel()
		a := newApp(t, func(c *chiauth0.Config) { c.HTTPClient.Timeout = 3 * time.Second })
		a.inBubble(func(t *testing.T) {
			a.tenant.Misbehave(chiauth0test.Faults{Intercept: func(_ http.ResponseWriter, r *http.Request) bool {
				<-r.Context().Done()
				return true
			}})
			began := time.Now()
			a.browser().get("/auth0/login")
			if took := time.Since(began); took != 3*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	})
	t.Run("C16: HTTPClient itself stays as it is", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.browser().signIn(ada)
		if c := a.cfg.HTTPClient; c.Timeout != 0 || c.CheckRedirect != nil || c.Transport != http.RoundTripper(a.net) {
			t.Errorf("now it is %+v", c)
		}
	})
}

func TestDiscoveryDocument(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		edit func(doc map[string]any)
		ok   bool
	}{
		{"C16: as it is", func(map[string]any) {}, true},
		{"C16: without end_session_endpoint", func(doc map[string]any) { delete(doc, "end_session_endpoint") }, true},
		{"C16: a token_endpoint over http", func(doc map[string]any) { doc["token_endpoint"] = "http://tenant.example/oauth/token" }, false},
		{"C16: an authorization_endpoint over http", func(doc map[string]any) { doc["authorization_endpoint"] = "http://tenant.example/authorize" }, false},
		{"C16: a jwks_uri over http", func(doc map[string]any) { doc["jwks_uri"] = "http://tenant.example/jwks" }, false},
		{"C16: an end_session_endpoint over http", func(doc map[string]any) { doc["end_session_endpoint"] = "http://tenant.example/logout" }, false},
		{"C16: an authorization_endpoint that is a script", func(doc map[string]any) { doc["authorization_endpoint"] = "javascript:alert(1)" }, false},
		{"C16: an authorization_endpoint that is a path", func(doc map[string]any) { doc["authorization_endpoint"] = "/authorize" }, false},
		{"C16: no token_endpoint", func(doc map[string]any) { delete(doc, "token_endpoint") }, false},
		{"C16: no jwks_uri", func(doc map[string]any) { delete(doc, "jwks_uri") }, false},
		{"C16: a number for a token_endpoint", func(doc map[string]any) { doc["token_endpoint"] = 1 }, false},
		{"C16: another issuer's", func(doc map[string]any) { doc["issuer"] = "https://evil.example/" }, false},
		{"C16: over 1 MiB", func(doc map[string]any) { doc["padding"] = strings.Repeat("x", 1<<20) }, false},
		{"C16: under 1 MiB", func(doc map[string]any) { doc["padding"] = strings.Repeat("x", 1<<19) }, true},
		{"C16: no issuer", func(doc map[string]any) { delete(doc, "issuer") }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tenant := chiauth0test.New("https://tenant.example/")
			a := newAppAt(t, tenant)
			tenant.Misbehave(chiauth0test.Faults{Discovery: test.edit})
			resp := a.browser().get("/auth0/login")
			if want := map[bool]int{true: http.StatusFound, false: http.StatusServiceUnavailable}[test.ok]; resp.StatusCode != want {
				t.Errorf("answered %s to %q, want %d: %s", resp.Status, resp.location(), want, a.log)
			}
		})
	}
}

func TestTokenEndpointRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		status int
		body   map[string]any
		want   int
		code   chiauth0.Code
	}{
		{"C4: invalid_grant with Auth0's 403", 403, map[string]any{"error": "invalid_grant"}, 400, "invalid_grant"},
		{"C4: invalid_grant with 200", 200, map[string]any{"error": "invalid_grant"}, 400, "invalid_grant"},
		{"C4: access_denied by an Action", 403, map[string]any{"error": "access_denied", "error_description": "not <b>today"}, 403, "access_denied"},
		{"C4: the client is not allowed to", 403, map[string]any{"error": "unauthorized_client"}, 502, "unauthorized_client"},
		{"C4: a rate limit", 429, map[string]any{"error": "too_many_requests"}, 503, "temporarily_unavailable"},
		{"C4: an error of the tenant's", 500, map[string]any{"error": "server_error"}, 503, "temporarily_unavailable"},
		{"C4: an error without a name", 400, map[string]any{"message": "secret words"}, 503, "temporarily_unavailable"},
		{"C4: no access token", 200, map[string]any{}, 503, "temporarily_unavailable"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var last lastError
			for _, handler := range []func(http.ResponseWriter, *http.Request, *chiauth0.Error){nil, last.handle} {
				a := newApp(t, func(c *chiauth0.Config) { c.ErrorHandler = handler })
				a.tenant.Misbehave(chiauth0test.Faults{TokenResponse: func(status *int, body map[string]any) {
					*status = test.status
					clear(body)
					maps.Copy(body, test.body)
				}})
				b := a.browser()
				resp := b.login("/auth0/login", ada)
				b.refused(resp, test.want)
				if strings.Contains(resp.body, "<b>") || strings.Contains(a.log.String(), "secret words") {
					t.Errorf("the page says %s, the log %s", resp.body, a.log)
				}
			}
			if last.err.Code != test.code {
				t.Errorf("the code is %q, want %q", last.err.Code, test.code)
			}
			var answered *chiauth0.ProviderError
			if errors.As(last.err, &answered) == (test.want == 503) {
				t.Errorf("the error is %v", last.err)
			}
		})
	}
	t.Run("T4: whatever expires_in is, the login ends", func(t *testing.T) {
		t.Parallel()
		for _, value := range []any{nil, 0, -1, "3600", 1e15} {
			a := newApp(t)
			a.tenant.Misbehave(chiauth0test.Faults{TokenResponse: func(_ *int, body map[string]any) { body["expires_in"] = value }})
			a.browser().signIn(ada)
		}
	})
	t.Run("C6: the code is redeemed with the redirect_uri and the verifier of this login", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		var sent url.Values
		a.tenant.Misbehave(chiauth0test.Faults{Intercept: func(_ http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/oauth/token" {
				sent = r.PostForm
			}
			return false
		}})
		a.browser().signIn(ada)
		if sent.Get("redirect_uri") != "https://app.example/auth0/callback" || len(sent.Get("code_verifier")) < 43 ||
			sent.Get("grant_type") != "authorization_code" {
			t.Errorf("sent were %d parameters, redirect_uri %q", len(sent), sent.Get("redirect_uri"))
		}
	})
}
