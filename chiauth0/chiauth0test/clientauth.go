package chiauth0test

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"slices"
)

// authenticate finds out which client asks (RFC 6749, section 2.3.1): with its secret in the form or in the
// Authorization header, as the client is registered, and never in both.
func (t *Tenant) authenticate(w http.ResponseWriter, r *http.Request) (Client, *tokenError) {
	for name, values := range r.PostForm {
		if len(values) > 1 {
			return Client{}, &tokenError{http.StatusBadRequest, "invalid_request", "Parameter " + name + " is there more than once"}
		}
	}
	if len(r.URL.RawQuery) > 0 { // secrets in a URL end up in logs
		return Client{}, &tokenError{http.StatusBadRequest, "invalid_request", "Parameters belong in the body"}
	}
	id, secret, method := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret"), SecretPost
	if rawID, rawSecret, basic := r.BasicAuth(); basic {
		if secret != "" {
			return Client{}, &tokenError{http.StatusBadRequest, "invalid_request", "The client authenticated in two ways"}
		}
		formID := id
		method = SecretBasic
		var errID, errSecret error
		id, errID = url.QueryUnescape(rawID)
		secret, errSecret = url.QueryUnescape(rawSecret)
		if errID != nil || errSecret != nil || (formID != "" && formID != id) {
			id = ""
		}
	}
	t.mu.Lock()
	client, found := t.clients[id]
	t.mu.Unlock()
	if !found || subtle.ConstantTimeCompare([]byte(client.Secret), []byte(secret)) != 1 ||
		!slices.Contains(client.AuthMethods, method) {
		if r.Header.Get("Authorization") != "" {
			w.Header().Set("WWW-Authenticate", `Basic realm="chiauth0test"`)
		}
		return Client{}, &tokenError{http.StatusUnauthorized, "invalid_client", "Unknown client, wrong secret, or a way of " +
			"authenticating (" + method + ") that the client is not registered for"}
	}
	return client.clone(), nil
}
