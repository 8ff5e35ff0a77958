package chiauth0test

import (
	"encoding/json"
	"net/http"
)

func (t *Tenant) discovery(w http.ResponseWriter, _ *http.Request) {
	doc := map[string]any{
		"issuer":                                t.issuer,
		"authorization_endpoint":                t.url("authorize", nil),
		"token_endpoint":                        t.url("oauth/token", nil),
		"userinfo_endpoint":                     t.url("userinfo", nil),
		"jwks_uri":                              t.url(".well-known/jwks.json", nil),
		"revocation_endpoint":                   t.url("oauth/revoke", nil),
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"response_types_supported":              []string{"code"},
		"response_modes_supported":              []string{"query"},
		"grant_types_supported":                 []string{"authorization_code", "refresh_token"},
		"code_challenge_methods_supported":      []string{"S256"},
		"subject_types_supported":               []string{"public"},
		"token_endpoint_auth_methods_supported": []string{SecretPost, SecretBasic},
		"id_token_signing_alg_values_supported": []string{"HS256", "RS256", "PS256"},
		"claims_supported": []string{
			"aud", "auth_time", "email", "email_verified", "exp", "family_name", "given_name", "iat", "iss", "name",
			"nickname", "picture", "sub",
		},
		"request_parameter_supported":     false,
		"request_uri_parameter_supported": false,
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
	if err != nil { // only a fault's hook can put in what JSON cannot hold
		http.Error(w, "chiauth0test: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(encoded)
}
