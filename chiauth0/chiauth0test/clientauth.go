package chiauth0test

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"slices"
)

// unauthorized is Auth0's answer to an unknown client, a wrong secret, and a way of authenticating
// that the client is not registered for.
var unauthorized = failure(http.StatusUnauthorized, "access_denied", "Unauthorized")

// authenticate returns the client that sends a request. The client authenticates in one of the ways
// that it is registered for, and in no second way (RFC 6749, section 2.3).
func (t *Tenant) authenticate(w http.ResponseWriter, r *http.Request) (Client, *tokenError) {
	client, failed := t.readClient(r)
	if failed != nil && failed.status == http.StatusUnauthorized {
		if r.Header.Get("Authorization") != "" { // RFC 6749, section 5.2
			w.Header().Set("WWW-Authenticate", `Basic realm="chiauth0test"`)
		}
	}
	return client, failed
}

func (t *Tenant) readClient(r *http.Request) (Client, *tokenError) {
	for name, values := range r.PostForm {
		if len(values) > 1 {
			return Client{}, failure(http.StatusBadRequest, "invalid_request",
				"Parameter %s appears more than once", name)
		}
	}
	if r.URL.RawQuery != "" { // servers and proxies log URLs
		return Client{}, failure(http.StatusBadRequest, "invalid_request",
			"Parameters must be in the body")
	}

	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	basicID, basicSecret, basic := r.BasicAuth()
	asserted := r.PostForm.Has("client_assertion") || r.PostForm.Has("client_assertion_type")
	if moreThanOne(basic, secret != "", asserted) {
		return Client{}, failure(http.StatusBadRequest, "invalid_request",
			"The client authenticated in two ways")
	}
	switch {
	case asserted:
		return t.checkAssertion(r.PostForm)
	case basic:
		return t.checkBasic(id, basicID, basicSecret)
	}
	return t.checkSecret(id, secret, SecretPost)
}

func moreThanOne(conditions ...bool) bool {
	met := 0
	for _, condition := range conditions {
		if condition {
			met++
		}
	}
	return met > 1
}

// checkBasic decodes the form encoding of the header (RFC 6749, section 2.3.1). A client_id in the
// body must be the same.
func (t *Tenant) checkBasic(formID, rawID, rawSecret string) (Client, *tokenError) {
	id, err := url.QueryUnescape(rawID)
	if err != nil {
		return Client{}, unauthorized
	}
	secret, err := url.QueryUnescape(rawSecret)
	if err != nil {
		return Client{}, unauthorized
	}
	if formID != "" && formID != id {
		return Client{}, unauthorized
	}
	return t.checkSecret(id, secret, SecretBasic)
}

func (t *Tenant) checkSecret(id, secret, method string) (Client, *tokenError) {
	client, known := t.client(id)
	if !known || !slices.Contains(client.AuthMethods, method) {
		return Client{}, unauthorized
	}
	if subtle.ConstantTimeCompare([]byte(client.Secret), []byte(secret)) != 1 {
		return Client{}, unauthorized
	}
	return client, nil
}
