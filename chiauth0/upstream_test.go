package chiauth0_test

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

func TestTokenEndpointRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		status int
		body   map[string]any
		want   int
		code   chiauth0.Code
	}{
		{
			"invalid_grant with Auth0's 403", 403,
			map[string]any{"error": "invalid_grant"},
			400,
			chiauth0.CodeLoginFailed,
		},
		{
			"invalid_grant with 200", 200,
			map[string]any{"error": "invalid_grant"},
			400,
			chiauth0.CodeLoginFailed,
		},
		{
			"access_denied by an Action", 403,
			map[string]any{"error": "access_denied", "error_description": "not <b>today"},
			403,
			"access_denied",
		},
		{
			"the client is not allowed to", 403,
			map[string]any{"error": "unauthorized_client"},
			502, chiauth0.CodeClientRejected,
		},
		{
			"a rate limit", 429,
			map[string]any{"error": "too_many_requests"},
			503,
			"temporarily_unavailable",
		},
		{
			"an error of the tenant's", 500,
			map[string]any{"error": "server_error"},
			503,
			"temporarily_unavailable",
		},
		{
			"an error without a name", 400,
			map[string]any{"message": "secret words"},
			503,
			"temporarily_unavailable",
		},
		{"no access token", 200, map[string]any{}, 503, "temporarily_unavailable"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var last lastError
			handlers := []func(http.ResponseWriter, *http.Request, *chiauth0.Error){
				nil,
				last.handle,
			}
			for _, handler := range handlers {
				a := newApp(t, func(c *chiauth0.Config) { c.ErrorHandler = handler })
				a.tenant.Misbehave(
					chiauth0test.Faults{TokenResponse: func(status *int, body map[string]any) {
						*status = test.status
						clear(body)
						maps.Copy(body, test.body)
					}},
				)
				b := a.browser()
				resp := b.login("/auth0/login", ada)
				b.refused(resp, test.want)
				if strings.Contains(resp.body, "<b>") ||
					strings.Contains(a.log.String(), "secret words") {
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
	t.Run("whatever expires_in is, the login ends", func(t *testing.T) {
		t.Parallel()
		for _, value := range []any{nil, 0, -1, "3600", 1e15} {
			a := newApp(t)
			a.tenant.Misbehave(
				chiauth0test.Faults{
					TokenResponse: func(_ *int, body map[string]any) { body["expires_in"] = value },
				},
			)
			a.browser().signIn(ada)
		}
	})
	t.Run(
		"the code is redeemed with the redirect_uri and the verifier of this login",
		func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			var sent url.Values
			a.tenant.Misbehave(
				chiauth0test.Faults{Intercept: func(_ http.ResponseWriter, r *http.Request) bool {
					if r.URL.Path == "/oauth/token" {
						sent = r.PostForm
					}
					return false
				}},
			)
			a.browser().signIn(ada)
			if sent.Get("redirect_uri") != "https://app.example/auth0/callback" ||
				len(sent.Get("code_verifier")) < 43 ||
				sent.Get("grant_type") != "authorization_code" {
				t.Errorf(
					"sent were %d parameters, redirect_uri %q",
					len(sent),
					sent.Get("redirect_uri"),
				)
			}
		},
	)
}
