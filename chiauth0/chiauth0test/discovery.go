package chiauth0test

import (
	"encoding/json"
	"net/http"
)

// discovery serves the document that Auth0 serves, reduced to what the tenant implements.
// mfa_challenge_endpoint has no handler. Applications recognize Auth0 by it.
func (t *Tenant) discovery(w http.ResponseWriter, _ *http.Request) {
	doc := map[string]any{
		"issuer":                 t.issuer,
		"authorization_endpoint": t.url("authorize", nil),
		"token_endpoint":         t.url("oauth/token", nil),
		"userinfo_endpoint":      t.url("userinfo", nil),
		"jwks_uri":               t.url(".well-known/jwks.json", nil),
		"revocation_endpoint":    t.url("oauth/revoke", nil),
		"mfa_challenge_endpoint": t.url("mfa/challenge", nil),

		"scopes_supported":         oidcScopes,
		"response_types_supported": []string{"code"},
		"response_modes_supported": []string{"query"},
		"grant_types_supported":    []string{"authorization_code", "refresh_token"},
		"subject_types_supported":  []string{"public"},
		"claims_supported": []string{
			"aud", "auth_time", "email", "email_verified", "exp", "family_name", "given_name",
			"iat", "iss", "name", "nickname", "picture", "sub",
		},

		"code_challenge_methods_supported": []string{"S256"},
		"token_endpoint_auth_methods_supported": []string{
			SecretPost, SecretBasic, PrivateKeyJWT,
		},
		"token_endpoint_auth_signing_alg_values_supported": assertionAlgorithms,
		"id_token_signing_alg_values_supported": []string{
			"HS256", "RS256", "PS256",
		},
		"request_parameter_supported":          false,
		"request_uri_parameter_supported":      false,
		"backchannel_logout_supported":         true,
		"backchannel_logout_session_supported": true,
	}
	if t.acceptsPushedRequests() {
		doc["pushed_authorization_request_endpoint"] = t.url("oauth/par", nil)
		doc["require_pushed_authorization_requests"] = t.RequirePushedRequests
	}
	if !t.NoEndSession {
		doc["end_session_endpoint"] = t.url("oidc/logout", nil)
	}
	if t.CallbackIssuer {
		doc["authorization_response_iss_parameter_supported"] = true
	}
	if edit := t.faults.Load().Discovery; edit != nil {
		edit(doc)
	}
	writeJSON(w, http.StatusOK, doc)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	encoded, err := json.Marshal(body)
	if err != nil { // a fault's hook set a value that is not JSON
		http.Error(w, "chiauth0test: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(encoded)
}
