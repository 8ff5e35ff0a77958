package chiauth0test

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	loginLifetime = time.Hour        // of a login page
	codeLifetime  = 10 * time.Minute // the maximum that RFC 6749, section 4.1.2, recommends
)

func (t *Tenant) authorize(w http.ResponseWriter, r *http.Request) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		t.errorPage(w, http.StatusBadRequest, "The query cannot be read: "+err.Error()+".")
		return
	}
	pushed := t.acceptsPushedRequests() && query.Has("request_uri")
	if pushed {
		var problem string
		if query, problem = t.takePushedRequest(query); problem != "" {
			t.errorPage(w, http.StatusBadRequest, problem)
			return
		}
	}
	a, problem := t.returnAddress(query)
	if problem != "" {
		t.errorPage(w, http.StatusBadRequest, problem)
		return
	}
	if t.RequirePushedRequests && !pushed {
		t.sendError(w, r, a, refuse("invalid_request",
			"Pushed Authorization Requests are required"))
		return
	}
	if refused := t.readAuthorization(a, query); refused != nil {
		t.sendError(w, r, a, refused)
		return
	}
	t.startLogin(w, r, a)
}

// startLogin answers from the browser's session at the tenant, or sends the browser to the login
// page.
func (t *Tenant) startLogin(w http.ResponseWriter, r *http.Request, a *authorization) {
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

// finish answers the application after a login: with a code, or with the reason for a refusal.
func (t *Tenant) finish(
	w http.ResponseWriter, r *http.Request, a *authorization, session *session, user User,
) {
	if user.Blocked {
		t.sendError(w, r, a, refuse("unauthorized", "user is blocked"))
		return
	}
	if a.org != nil && !t.admit(a, user) {
		t.sendError(w, r, a, refuse("access_denied",
			"user %s is not part of the %s organization", user.Subject, a.org.ID))
		return
	}

	g := &grant{
		clientID:     a.client.ID,
		email:        session.email,
		scopes:       a.scopes,
		audience:     a.audience,
		nonce:        a.nonce,
		org:          a.org,
		sid:          session.sid,
		authTime:     session.authTime,
		sessionEnd:   session.expires,
		tellAuthTime: a.maxAge >= 0,
		mfa:          session.mfa,
	}
	name := rand.Text() + rand.Text()
	t.mu.Lock()
	session.clients[a.client.ID] = true
	t.codes.put(name, &code{grant: g, redirectURI: a.redirectURI, challenge: a.challenge},
		t.now(), t.now().Add(codeLifetime))
	t.mu.Unlock()
	t.sendBack(w, r, a, url.Values{"code": {name}})
}

func (t *Tenant) sendError(w http.ResponseWriter, r *http.Request, a *authorization, e *refusal) {
	t.sendBack(w, r, a, url.Values{"error": {e.code}, "error_description": {e.description}})
}

// sendBack redirects to the application's callback.
func (t *Tenant) sendBack(
	w http.ResponseWriter, r *http.Request, a *authorization, answer url.Values,
) {
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

// addQuery appends to the query of a registered URL and changes nothing else of it.
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
