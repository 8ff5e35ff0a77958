package chiauth0test

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// multiFactor is the acr value that asks Auth0 for a second factor.
const multiFactor = "http://schemas.openid.net/pape/policies/2007/06/multi-factor"

// An authorization is a valid request for a login.
type authorization struct {
	client      Client
	redirectURI string
	state       string
	nonce       string
	challenge   string // the PKCE challenge, S256
	scopes      []string
	audience    string
	org         *Organization // nil: none was requested
	invitation  string
	loginHint   string
	maxAge      time.Duration // negative: not requested
	mfa         bool          // a second factor was requested
	silent      bool          // prompt=none
	fresh       bool          // the user must log in even if there is a session
}

// A refusal is an error that goes back to the application (RFC 6749, section 4.1.2.1).
type refusal struct{ code, description string }

func refuse(code, format string, args ...any) *refusal {
	return &refusal{code, cleanDescription(fmt.Sprintf(format, args...))}
}

// cleanDescription replaces quotes by apostrophes and removes the characters that
// error_description may not contain (RFC 6749, appendix A.8).
func cleanDescription(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"' || r == '\\':
			return '\''
		case r < ' ' || r > '~':
			return -1
		}
		return r
	}, text)
}

// returnAddress reads the client and the redirect_uri. If one of them is invalid, the browser is
// not redirected (RFC 6749, section 4.1.2.1), and problem is shown on a page.
func (t *Tenant) returnAddress(query url.Values) (a *authorization, problem string) {
	id, redirectURI := query.Get("client_id"), query.Get("redirect_uri")
	if len(query["client_id"]) > 1 || len(query["redirect_uri"]) > 1 {
		return nil, "client_id or redirect_uri appears more than once."
	}

	t.mu.Lock()
	defer t.mu.Unlock()
	client, found := t.clients[id]
	if !found {
		return nil, fmt.Sprintf("Unknown client: %q. Register it with AddClient.", id)
	}
	var orgName string
	if org := t.organization(query.Get("organization")); org != nil {
		orgName = org.Name
	}
	if !client.allowsCallback(redirectURI, orgName) {
		return nil, fmt.Sprintf("Callback URL mismatch. The redirect_uri %q is not in the list of "+
			"allowed callback URLs of client %q.", redirectURI, id)
	}
	a = &authorization{
		client:      client.clone(),
		redirectURI: redirectURI,
		state:       query.Get("state"),
	}
	return a, ""
}

func (t *Tenant) readAuthorization(a *authorization, query url.Values) *refusal {
	for name, values := range query {
		if len(values) > 1 { // RFC 6749, section 3.1
			return refuse("invalid_request", "Parameter %s appears more than once", name)
		}
	}
	if kind := query.Get("response_type"); kind != "code" {
		return refuse("unsupported_response_type",
			"response_type %q: only code is supported", kind)
	}
	if mode := query.Get("response_mode"); mode != "" && mode != "query" {
		return refuse("invalid_request", "response_mode %q: only query is supported", mode)
	}
	for _, name := range []string{"request", "request_uri"} { // OpenID Connect Core 1.0, section 6
		if query.Has(name) {
			return refuse(name+"_not_supported", "Parameter %s is not supported", name)
		}
	}

	a.nonce, a.loginHint = query.Get("nonce"), query.Get("login_hint")
	asked := strings.Fields(query.Get("acr_values"))
	a.mfa = !t.NoMFAAction && slices.Contains(asked, multiFactor)
	return cmp.Or(
		a.readChallenge(query),
		a.readPrompt(query),
		a.readMaxAge(query),
		t.readScope(a, query),
		t.readOrganization(a, query),
	)
}

// readChallenge requires PKCE with S256 (RFC 7636; RFC 9700, section 2.1.1).
func (a *authorization) readChallenge(query url.Values) *refusal {
	if method := query.Get("code_challenge_method"); method != "S256" {
		return refuse("invalid_request",
			"code_challenge_method %q: PKCE with S256 is required", method)
	}
	a.challenge = query.Get("code_challenge")
	hash, err := base64.RawURLEncoding.DecodeString(a.challenge)
	if err != nil || len(hash) != 32 {
		return refuse("invalid_request", "code_challenge is not an S256 challenge")
	}
	return nil
}

func (a *authorization) readPrompt(query url.Values) *refusal {
	prompts := strings.Fields(query.Get("prompt"))
	for _, prompt := range prompts {
		switch prompt {
		case "none":
			a.silent = true
		case "login", "select_account":
			a.fresh = true
		case "consent": // the tenant's own applications do not ask for consent
		default:
			return refuse("invalid_request", "prompt %q is unknown", prompt)
		}
	}
	if a.silent && len(prompts) > 1 {
		return refuse("invalid_request", "prompt none excludes other values")
	}
	return nil
}

func (a *authorization) readMaxAge(query url.Values) *refusal {
	a.maxAge = -1
	if !query.Has("max_age") {
		return nil
	}
	seconds, err := strconv.ParseUint(query.Get("max_age"), 10, 31)
	if err != nil {
		return refuse("invalid_request",
			"max_age %q is not a number of seconds", query.Get("max_age"))
	}
	a.maxAge = time.Duration(seconds) * time.Second
	return nil
}

func (t *Tenant) readScope(a *authorization, query url.Values) *refusal {
	asked := strings.Fields(query.Get("scope"))
	if !slices.Contains(asked, "openid") {
		return refuse("invalid_scope", "scope %q lacks openid", query.Get("scope"))
	}

	t.mu.Lock()
	defer t.mu.Unlock()
	a.audience = query.Get("audience")
	apiScopes, found := t.apis[a.audience]
	if a.audience != "" && !found {
		return refuse("access_denied", "Service not found: %s", a.audience)
	}
	a.scopes = intersect(asked, slices.Concat(oidcScopes, apiScopes))

	connection := query.Get("connection")
	if connection != "" && !t.connections[connection] {
		return refuse("invalid_request", "the connection %q was not found", connection)
	}
	return nil
}
