package chiauth0_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// answerTokens makes the token endpoint answer with a status and a body.
func answerTokens(status int, body map[string]any) chiauth0test.Faults {
	return chiauth0test.Faults{TokenResponse: func(s *int, b map[string]any) {
		*s = status
		clear(b)
		maps.Copy(b, body)
	}}
}

// editTokens changes one value of a token answer.
func editTokens(name string, value any) chiauth0test.Faults {
	return chiauth0test.Faults{TokenResponse: func(_ *int, b map[string]any) { b[name] = value }}
}

// The token endpoint refuses the client: each login fails until the operator corrects a setting.
func TestTokenEndpointRefusesTheClient(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		code   string
	}{
		"Auth0's answer to a wrong secret": {401, "access_denied"},
		"invalid_client":                   {401, "invalid_client"},
		"invalid_client with 400":          {400, "invalid_client"},
		"unauthorized_client":              {403, "unauthorized_client"},
		"unsupported_grant_type":           {400, "unsupported_grant_type"},
		"invalid_grant with 401":           {401, "invalid_grant"},
		"401 without a code":               {401, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			body := map[string]any{"error": test.code, "error_description": "Unauthorized words"}
			if test.code == "" {
				delete(body, "error")
			}
			a.tenant.Misbehave(answerTokens(test.status, body))
			b := a.browser()
			resp := b.login("/auth0/login", ada)
			b.refused(resp, http.StatusBadGateway)
			if resp.Header.Get("Retry-After") != "" {
				t.Errorf("got Retry-After %q, want none", resp.Header.Get("Retry-After"))
			}
			for _, words := range []string{"Unauthorized words", "another account", "Try again"} {
				if strings.Contains(resp.body, words) {
					t.Errorf("the page says %q: %s", words, resp.body)
				}
			}
			log := a.log.String()
			for _, words := range []string{
				"level=ERROR", "AUTH0_CLIENT_SECRET", "AuthStyle", "code=client_rejected",
				"Unauthorized words", "provider_code=" + test.code,
			} {
				if !strings.Contains(log, words) && (test.code != "" || words != "provider_code=") {
					t.Errorf("the log lacks %q: %s", words, log)
				}
			}
		})
	}
}

func TestTokenType(t *testing.T) {
	t.Parallel()
	for _, tokenType := range []string{"Bearer", "bearer", "BEARER"} {
		a := newApp(t)
		a.tenant.Misbehave(editTokens("token_type", tokenType))
		a.browser().signIn(ada)
	}
	for _, tokenType := range []string{"DPoP", "mac", "N_A", "Bearer token"} {
		a := newApp(t)
		a.tenant.Misbehave(editTokens("token_type", tokenType))
		b := a.browser()
		b.refused(b.login("/auth0/login", ada), http.StatusBadRequest)
		if !strings.Contains(a.log.String(), "token_type") {
			t.Errorf("%s: the log lacks the reason: %s", tokenType, a.log)
		}
	}
}

func TestExpiresIn(t *testing.T) {
	t.Parallel()
	for _, value := range []any{
		nil, 0, -1, 3600, 3600.7, 0.5, "3600", "3600.5", " 3600 ", "", "soon", true, false, 1e15,
		1e300,
		[]int{1},
		map[string]int{"a": 1},
		"NaN", "Infinity",
	} {
		t.Run(fmt.Sprintf("%T %[1]v", value), func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.tenant.Misbehave(editTokens("expires_in", value))
			a.browser().signIn(ada)
		})
	}
}

func TestProviderErrorIsTyped(t *testing.T) {
	t.Parallel()
	var last lastError
	a := newApp(t, func(c *chiauth0.Config) { c.ErrorHandler = last.handle })
	a.tenant.Misbehave(answerTokens(403, map[string]any{"error": "invalid_grant"}))
	a.browser().login("/auth0/login?next_url=/account", ada)
	got := last.err
	if got.Code != chiauth0.CodeLoginFailed || got.ProviderCode != "invalid_grant" ||
		got.RetryURL != "/auth0/login?next_url=%2Faccount" {
		t.Errorf("got %+v, want login_failed with the provider's code and a link", got)
	}
}

// The token endpoint's description is for developers, for a refusal of the user as well.
func TestTokenEndpointRefusesTheUser(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.tenant.Misbehave(answerTokens(403, map[string]any{
		"error": "access_denied", "error_description": "developer words",
	}))
	b := a.browser()
	resp := b.login("/auth0/login?next_url=/account", ada)
	b.refused(resp, http.StatusForbidden)
	checkOffersOtherAccount(t, resp, "/auth0/login?prompt=login&next_url=%2Faccount")
	if strings.Contains(resp.body, "developer words") {
		t.Errorf("the page shows the description: %s", resp.body)
	}
	if !strings.Contains(a.log.String(), "developer words") {
		t.Errorf("the log lacks the description: %s", a.log)
	}
}
