package chiauth0test

import (
	"net/http"
	"net/url"
)

// Faults are ways for a [Tenant] to misbehave. Each hook that is not nil edits what the tenant is
// about to send. The zero Faults has no effect. Requests call the hooks concurrently.
//
//	tenant.Misbehave(chiauth0test.Faults{IDToken: func(token *chiauth0test.JWT) {
//		token.Claims["aud"] = "another client"
//	}})
type Faults struct {
	// Intercept may answer a request in place of the tenant and then returns true. It may send a
	// 500, a redirect, garbage or an endless body, or wait for r.Context().Done(). r.URL.Path is
	// relative to the issuer ("/oauth/token"), and r.Form is parsed.
	Intercept func(w http.ResponseWriter, r *http.Request) bool

	// Discovery edits /.well-known/openid-configuration.
	Discovery func(doc map[string]any)

	// Callback edits the query of an authorization response, which is a redirect to the
	// application's callback. It is also called for errors. To refuse a login as an Auth0 Action
	// does, delete code and set error to access_denied.
	Callback func(query url.Values)

	// IDToken and AccessToken edit a token before it is signed. AccessToken is called for JWTs
	// only: see Tenant.OpaqueAccessTokens.
	IDToken, AccessToken func(token *JWT)

	// LogoutToken edits the logout tokens that are sent when a session ends.
	LogoutToken func(token *JWT)

	// TokenResponse edits an answer of /oauth/token, errors included, after its tokens were signed
	// and the code or refresh token was spent. To send an odd expires_in, set it to a string, a
	// Boolean, a fraction or a [encoding/json.RawMessage], or delete it.
	TokenResponse func(status *int, body map[string]any)
}

// Misbehave replaces the tenant's faults, beginning with the next request. Misbehave(Faults{}) ends
// all faults.
func (t *Tenant) Misbehave(faults Faults) { t.faults.Store(&faults) }
