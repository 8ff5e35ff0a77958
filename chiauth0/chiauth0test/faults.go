package chiauth0test

import (
	"net/http"
	"net/url"
)

// Faults are ways for a [Tenant] to misbehave. Each hook that is not nil edits what the tenant is about to send; the zero
// Faults is a tenant that behaves. Hooks are called by the requests being served, so by several at once when there are
// several.
//
//	tenant.Misbehave(chiauth0test.Faults{IDToken: func(token *chiauth0test.JWT) {
//		token.Claims["aud"] = "somebody else"
//	}})
type Faults struct {
	// Intercept may answer any request in the tenant's place, and then returns true: with a 500, a redirect, garbage,
	// a body without end, or after waiting for r.Context().Done(). r.URL.Path is relative to the issuer ("/oauth/token"),
	// and r.Form has been read.
	Intercept func(w http.ResponseWriter, r *http.Request) bool

	// Discovery edits /.well-known/openid-configuration.
	Discovery func(doc map[string]any)

	// Callback edits the query of an authorization response, that is of the redirect to the application's callback. It
	// sees errors too. A login is denied, as by an Auth0 Action, by deleting code and setting error to access_denied.
	Callback func(query url.Values)

	// IDToken and AccessToken edit a token before it is signed. An access token is a JWT only when the login asked for an
	// audience; the hook is not called for an opaque one.
	IDToken, AccessToken func(token *JWT)

	// TokenResponse edits an answer of /oauth/token, errors included, after the tokens in it were signed. What a code or
	// a refresh token was good for has been used up by then.
	TokenResponse func(status *int, body map[string]any)
}

// Misbehave makes the tenant misbehave from the next request on, in these ways and no others: Misbehave(Faults{}) makes it
// behave again.
func (t *Tenant) Misbehave(faults Faults) { t.faults.Store(&faults) }
