package chiauth0test_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

func TestRequests(t *testing.T) {
	t.Parallel()
	t.Run("have method, parameters and client authentication", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tokens(nil)
		requests := a.tenant.Requests("/oauth/token")
		if len(requests) != 1 {
			t.Fatalf("got %v, want one request", requests)
		}
		got := requests[0]
		if got.Method != http.MethodPost || got.ClientAuth != chiauth0test.SecretPost {
			t.Errorf("request is %+v", got)
		}
		if kind := got.Form.Get("grant_type"); kind != "authorization_code" {
			t.Errorf("grant_type is %q", kind)
		}
	})
	t.Run("have no secrets", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		tokens := a.tokens(offline)
		a.mustRefresh(tokens["refresh_token"], nil)
		a.revoke(tokens["refresh_token"], nil)
		secrets := []any{a.client.Secret, "password", a.verifier, tokens["refresh_token"]}
		for _, request := range a.tenant.Requests("") {
			for name, values := range request.Form {
				for _, secret := range secrets {
					if values[0] == secret {
						t.Errorf("%s %s has a secret in %s", request.Method, request.Path, name)
					}
				}
			}
			if code := request.Form.Get("code"); code != "" && code != "…" {
				t.Errorf("%s has a code", request.Path)
			}
		}
	})
	t.Run("are limited to the last 1000", func(t *testing.T) {
		t.Parallel()
		tenant := chiauth0test.New("http://tenant.test")
		query := url.Values{"a": {"b"}}.Encode()
		for range 1100 {
			serve(tenant, http.MethodGet, "/v2/logout", query, "", "")
		}
		if got := len(tenant.Requests("")); got != 1000 {
			t.Errorf("%d requests are kept, want 1000", got)
		}
		if got := tenant.RequestCount("/v2/logout"); got != 1100 {
			t.Errorf("count is %d, want 1100", got)
		}
	})
}

func TestRequestCount(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	tokens := a.tokens(offline)
	a.mustRefresh(tokens["refresh_token"], nil)
	a.setFaults(chiauth0test.Faults{Intercept: func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}})
	a.refresh("x", nil)
	a.get(a.tenant.Issuer() + "unknown")
	for path, want := range map[string]int{
		"/authorize":   1,
		"/u/login":     2, // the page and its form
		"/oauth/token": 3,
		"/userinfo":    0,
		"/unknown":     0, // not an endpoint
	} {
		if got := a.tenant.RequestCount(path); got != want {
			t.Errorf("count of %s is %d, want %d", path, got, want)
		}
	}
}
