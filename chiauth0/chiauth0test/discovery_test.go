package chiauth0test_test

import (
	"net/http"
	"slices"
	"testing"
)

func (a *app) discovery() map[string]any {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet,
		a.tenant.Issuer()+".well-known/openid-configuration", http.NoBody)
	if err != nil {
		a.t.Fatal(err)
	}
	status, doc := a.do(req)
	if status != http.StatusOK {
		a.t.Fatalf("discovery answered %d", status)
	}
	return doc
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	t.Run("a new tenant", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		doc := a.discovery()
		for name, path := range map[string]string{
			"issuer":                 "",
			"authorization_endpoint": "authorize",
			"token_endpoint":         "oauth/token",
			"revocation_endpoint":    "oauth/revoke",
			"userinfo_endpoint":      "userinfo",
			"end_session_endpoint":   "oidc/logout",
			"mfa_challenge_endpoint": "mfa/challenge", // Auth0 is recognized by it
		} {
			if want := a.tenant.Issuer() + path; doc[name] != want {
				t.Errorf("%s is %v, want %s", name, doc[name], want)
			}
		}
		for _, name := range []string{
			"pushed_authorization_request_endpoint", "require_pushed_authorization_requests",
			"authorization_response_iss_parameter_supported",
		} {
			if doc[name] != nil {
				t.Errorf("%s is %v, want it absent", name, doc[name])
			}
		}
		methods, _ := doc["token_endpoint_auth_methods_supported"].([]any)
		if !slices.Contains(methods, "private_key_jwt") {
			t.Errorf("token_endpoint_auth_methods_supported is %v", methods)
		}
		if doc["backchannel_logout_supported"] != true {
			t.Errorf("backchannel_logout_supported is %v", doc["backchannel_logout_supported"])
		}
	})
	t.Run("NoEndSession removes the endpoint", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.NoEndSession = true
		if got := a.discovery()["end_session_endpoint"]; got != nil {
			t.Errorf("end_session_endpoint is %v, want it absent", got)
		}
		resp, _ := a.get(a.tenant.Issuer() + "oidc/logout")
		wantStatus(t, "/oidc/logout", resp.StatusCode, http.StatusNotFound)
	})
}
