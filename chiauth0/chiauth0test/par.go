package chiauth0test

import (
	"crypto/rand"
	"maps"
	"net/http"
	"net/url"
	"time"
)

// requestURIPrefix begins every request_uri (RFC 9126, section 2.2).
const requestURIPrefix = "urn:ietf:params:oauth:request_uri:"

// pushedRequestLifetime is Auth0's.
const pushedRequestLifetime = 30 * time.Second

// A pushedRequest is the parameters of a login that a client sent to /oauth/par.
type pushedRequest struct {
	clientID string
	form     url.Values
}

func (t *Tenant) acceptsPushedRequests() bool {
	return t.PushedRequests || t.RequirePushedRequests
}

// pushRequest serves /oauth/par (RFC 9126). A request that /authorize would refuse is refused here.
func (t *Tenant) pushRequest(w http.ResponseWriter, r *http.Request) {
	if !t.acceptsPushedRequests() {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	client, failed := t.authenticate(w, r)
	if failed != nil {
		writeTokenError(w, failed)
		return
	}
	form := loginParameters(r.PostForm, client)
	if failed := t.checkPushedRequest(form); failed != nil {
		writeTokenError(w, failed)
		return
	}

	uri := requestURIPrefix + rand.Text() + rand.Text()
	now := t.now()
	t.mu.Lock()
	pushed := &pushedRequest{clientID: client.ID, form: form}
	t.pushedRequests.put(uri, pushed, now, now.Add(pushedRequestLifetime))
	t.mu.Unlock()
	writeJSON(w, http.StatusCreated, map[string]any{
		"request_uri": uri,
		"expires_in":  int64(pushedRequestLifetime / time.Second),
	})
}

// loginParameters removes the parameters that authenticate the client.
func loginParameters(form url.Values, client Client) url.Values {
	kept := maps.Clone(form)
	for _, name := range []string{"client_secret", "client_assertion", "client_assertion_type"} {
		delete(kept, name)
	}
	kept.Set("client_id", client.ID)
	return kept
}

func (t *Tenant) checkPushedRequest(form url.Values) *tokenError {
	if form.Has("request_uri") { // RFC 9126, section 2.1
		return failure(http.StatusBadRequest, "invalid_request", "request_uri cannot be pushed")
	}
	a, problem := t.returnAddress(form)
	if problem != "" {
		return failure(http.StatusBadRequest, "invalid_request", "%s", problem)
	}
	if refused := t.readAuthorization(a, form); refused != nil {
		return failure(http.StatusBadRequest, refused.code, "%s", refused.description)
	}
	return nil
}

// takePushedRequest returns the parameters behind a request_uri, which works once. The query may
// contain client_id and request_uri only, so that nothing in it looks effective.
func (t *Tenant) takePushedRequest(query url.Values) (form url.Values, problem string) {
	for name, values := range query {
		if name != "client_id" && name != "request_uri" {
			return nil, "The parameter " + name + " is not pushed. " +
				"Push it, or send client_id and request_uri only."
		}
		if len(values) > 1 {
			return nil, "The parameter " + name + " appears more than once."
		}
	}

	t.mu.Lock()
	defer t.mu.Unlock()
	pushed, found := t.pushedRequests.take(query.Get("request_uri"), t.now())
	if !found || pushed.clientID != query.Get("client_id") {
		return nil, "The request_uri is unknown, has expired, has been used, or belongs to " +
			"another client."
	}
	return pushed.form, ""
}
