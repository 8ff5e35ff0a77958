package chiauth0test

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	loginLifetime = time.Hour        // how long a login page stays good
	codeLifetime  = 10 * time.Minute // the most that RFC 6749, section 4.1.2, recommends
)

// multiFactor is the acr value with which Auth0 is asked for a second factor.
const multiFactor = "http://schemas.openid.net/pape/policies/2007/06/multi-factor"

// An authorization is one request for a login, checked.
type authorization struct {
	client      Client
	redirectURI string
	state       string
	nonce       string
	challenge   string // the PKCE challenge, S256
	scopes      []string
	audience    string
	org         *Organization // nil: none was asked for
	invitation  string
	loginHint   string
	maxAge      time.Duration // negative: not asked for
	mfa         bool          // a second factor was asked for
	silent      bool          // prompt=none
	fresh       bool          // the user has to log in, whatever session there is
}

// A refusal is an error that goes back to the application (RFC 6749, section 4.1.2.1).
type refusal struct{ code, description string }

// refuse quotes what was sent with apostrophes and leaves out what error_description may not contain (RFC 6749, appendix
// A.8).
func refuse(code, format string, args ...any) *refusal {
	return &refusal{code, strings.Map(func(r rune) rune {
		switch {
		case r == '"' || r == '\\':
			return '\''
		case r < ' ' || r > '~':
			return -1
		}
		return r
	}, fmt.Sprintf(format, args...))}
}

func (t *Tenant) authorize(w http.ResponseWriter, r *http.Request) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		t.errorPage(w, http.StatusBadRequest, "The query cannot be read: "+err.Error()+".")
		return
	}
	a, problem := t.returnAddress(query)
	if problem != "" {
		t.errorPage(w, http.StatusBadRequest, problem)
		return
	}
	if refused := t.readAuthorization(a, query); refused != nil {
		t.sendError(w, r, a, refused)
		return
	}
	session, user := t.currentSession(r)
	if session != nil && !t.mustLogIn(a, session, user) {
		t.finish(w, r, a, session, user)
		return
	}
	if a.silent {
		t.sendError(w, r, a, refuse("login_required", "Login required"))
		return
	}
	state := rand.Text()
	t.mu.Lock()
	t.logins.put(state, a, t.now(), t.now().Add(loginLifetime))
	t.mu.Unlock()
	redirect(w, r, t.url("u/login", url.Values{"state": {state}}))
}

// returnAddress finds out who asks and where the answer goes. Until that is certain nobody is redirected anywhere
// (RFC 6749, section 4.1.2.1): the problem is told to the person.
func (t *Tenant) returnAddress(query url.Values) (a *authorization, problem string) {
	id, redirectURI := query.Get("client_id"), query.Get("redirect_uri")
	if len(query["client_id"]) > 1 || len(query["redirect_uri"]) > 1 {
		return nil, "client_id or redirect_uri is there more than once."
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	client, found := t.clients[id]
	if !found {
		return nil, fmt.Sprintf("Unknown client: %q. Register it with AddClient.", id)
	}
	if !slices.Contains(client.CallbackURLs, redirectURI) {
		return nil, fmt.Sprintf("Callback URL mismatch. The redirect_uri %q is not in the list of allowed callback URLs of "+
			"client %q.", redirectURI, id)
	}
	return &authorization{client: client.clone(), redirectURI: redirectURI, state: query.Get("state")}, ""
}

func (t *Tenant) readAuthorization(a *authorization, query url.Values) *refusal {
	for name, values := range query {
		if len(values) > 1 { // RFC 6749, section 3.1
			return refuse("invalid_request", "Parameter %s is there more than once", name)
		}
	}
	if kind := query.Get("response_type"); kind != "code" {
		return refuse("unsupported_response_type", "response_type %q: only code is supported", kind)
	}
	if mode := query.Get("response_mode"); mode != "" && mode != "query" {
		return refuse("invalid_request", "response_mode %q: only query is supported", mode)
	}
	for _, name := range []string{"request", "request_uri"} { // OpenID Connect Core, section 6
		if query.Has(name) {
			return refuse(name+"_not_supported", "Parameter %s is not supported", name)
		}
	}
	a.nonce, a.loginHint = query.Get("nonce"), query.Get("login_hint")
	a.mfa = slices.Contains(strings.Fields(query.Get("acr_values")), multiFactor)
	return cmp.Or(
		a.readChallenge(query),
		a.readPrompt(query),
		t.readScope(a, query),
		t.readOrganization(a, query),
	)
}

// readChallenge insists on PKCE with S256 (RFC 7636; RFC 9700, section 2.1.1).
func (a *authorization) readChallenge(query url.Values) *refusal {
	if method := query.Get("code_challenge_method"); method != "S256" {
		return refuse("invalid_request", "code_challenge_method %q: PKCE with S256 is required", method)
	}
	a.challenge = query.Get("code_challenge")
	if hash, err := base64.RawURLEncoding.DecodeString(a.challenge); err != nil || len(hash) != 32 {
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
		case "consent": // the tenant's own applications never have to ask
		default:
			return refuse("invalid_request", "prompt %q is not known", prompt)
		}
	}
	if a.silent && len(prompts) > 1 {
		return refuse("invalid_request", "prompt none goes with no other")
	}
	a.maxAge = -1
	if query.Has("max_age") {
		seconds, err := strconv.ParseUint(query.Get("max_age"), 10, 31)
		if err != nil {
			return refuse("invalid_request", "max_age %q is not a number of seconds", query.Get("max_age"))
		}
		a.maxAge = time.Duration(seconds) * time.Second
	}
	return nil
}

func (t *Tenant) readScope(a *authorization, query url.Values) *refusal {
	asked := strings.Fields(query.Get("scope"))
	if !slices.Contains(asked, "openid") {
		return refuse("invalid_scope", "scope %q lacks openid", query.Get("scope"))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	known := []string{"openid", "profile", "email", "offline_access"}
	if a.audience = query.Get("audience"); a.audience != "" {
		scopes, found := t.apis[a.audience]
		if !found {
			return refuse("access_denied", "Service not found: %s", a.audience)
		}
		known = append(known, scopes...)
	}
	for _, scope := range asked {
		if slices.Contains(known, scope) && !slices.Contains(a.scopes, scope) {
			a.scopes = append(a.scopes, scope)
		}
	}
	if connection := query.Get("connection"); connection != "" && !t.connections[connection] {
		return refuse("invalid_request", "the connection %q was not found", connection)
	}
	return nil
}

func (t *Tenant) readOrganization(a *authorization, query url.Values) *refusal {
	name := query.Get("organization")
	a.invitation = query.Get("invitation")
	if name == "" {
		if a.invitation != "" {
			return refuse("invalid_request", "invitation goes with organization")
		}
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.IndexFunc(t.organizations, func(o *Organization) bool {
		return o.ID == name || o.Name == strings.ToLower(name)
	})
	if i < 0 {
		return refuse("invalid_request", "the organization %q was not found", name)
	}
	a.org = t.organizations[i]
	if a.invitation != "" && !slices.Contains(a.org.Invitations, a.invitation) {
		return refuse("invalid_request", "the invitation was not found or has been used")
	}
	return nil
}

// finish answers the application for a user who is logged in: with a code, or with the reason why there is none.
func (t *Tenant) finish(w http.ResponseWriter, r *http.Request, a *authorization, session *session, user User) {
	if user.Blocked {
		t.sendError(w, r, a, refuse("unauthorized", "user is blocked"))
		return
	}
	if a.org != nil && !t.isMember(a, user) {
		t.sendError(w, r, a, refuse("access_denied", "user %s is not part of the %s organization", user.Subject, a.org.ID))
		return
	}
	name := rand.Text() + rand.Text()
	t.mu.Lock()
	t.codes.put(name, &code{
		redirectURI: a.redirectURI,
		challenge:   a.challenge,
		grant: &grant{
			clientID: a.client.ID, email: session.email, scopes: a.scopes, audience: a.audience, nonce: a.nonce, org: a.org,
			sid: session.sid, authTime: session.authTime, sayAuthTime: a.maxAge >= 0, mfa: session.mfa,
		},
	}, t.now(), t.now().Add(codeLifetime))
	t.mu.Unlock()
	t.sendBack(w, r, a, url.Values{"code": {name}})
}

// isMember also redeems the invitation that the login came with.
func (t *Tenant) isMember(a *authorization, user User) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if slices.Contains(user.Organizations, a.org.ID) {
		return true
	}
	i := slices.Index(a.org.Invitations, a.invitation)
	stored, found := t.users[userName(user.Email)]
	if a.invitation == "" || i < 0 || !found {
		return false
	}
	a.org.Invitations = slices.Delete(a.org.Invitations, i, i+1)
	stored.Organizations = append(stored.Organizations, a.org.ID)
	return true
}

func (t *Tenant) sendError(w http.ResponseWriter, r *http.Request, a *authorization, refused *refusal) {
	t.sendBack(w, r, a, url.Values{"error": {refused.code}, "error_description": {refused.description}})
}

// sendBack redirects to the application's callback.
func (t *Tenant) sendBack(w http.ResponseWriter, r *http.Request, a *authorization, answer url.Values) {
	if a.state != "" {
		answer.Set("state", a.state)
	}
	if t.CallbackIssuer {
		answer.Set("iss", t.issuer)
	}
	if edit := t.faults.Load().Callback; edit != nil {
		edit(answer)
	}
	redirect(w, r, addQuery(a.redirectURI, answer))
}

// addQuery adds to the query that a registered URL may have of its own, and changes nothing else of it.
func addQuery(registered string, query url.Values) string {
	if len(query) == 0 {
		return registered
	}
	if strings.Contains(registered, "?") {
		return registered + "&" + query.Encode()
	}
	return registered + "?" + query.Encode()
}

func redirect(w http.ResponseWriter, r *http.Request, target string) {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, target, http.StatusFound)
}
