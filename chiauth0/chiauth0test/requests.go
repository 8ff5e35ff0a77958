package chiauth0test

import (
	"net/http"
	"net/url"
	"slices"
	"sync"
)

// A Request is one that a [Tenant] has served.
type Request struct {
	Method string
	Path   string // relative to the issuer: "/oauth/token"

	// Form holds the parameters of query and body. The values that are secrets (codes, tokens, passwords, the client
	// secret, the PKCE verifier) are replaced by "…".
	Form url.Values

	// ClientAuth says how a client authenticated: SecretPost, SecretBasic, or "" when it did not.
	ClientAuth string
}

// maxRequests is how many requests a tenant remembers, so that one that runs for months does not grow.
const maxRequests = 1000

// Requests are the requests for one path, oldest first, for assertions such as "one login, one request to /oauth/token".
// The path is relative to the issuer; "" means all. A tenant remembers the last 1000 requests.
func (t *Tenant) Requests(path string) []Request { return t.log.matching(path) }

type requestLog struct {
	mu       sync.Mutex
	requests []Request
}

func (l *requestLog) add(r *http.Request) {
	request := Request{Method: r.Method, Path: r.URL.Path, Form: url.Values{}}
	for name, values := range r.Form {
		if secretParameters[name] {
			values = slices.Repeat([]string{"…"}, len(values))
		}
		request.Form[name] = values
	}
	if _, _, basic := r.BasicAuth(); basic {
		request.ClientAuth = SecretBasic
	} else if r.PostForm.Has("client_secret") {
		request.ClientAuth = SecretPost
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.requests) == maxRequests {
		l.requests = slices.Delete(l.requests, 0, 1)
	}
	l.requests = append(l.requests, request)
}

func (l *requestLog) matching(path string) []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []Request
	for _, request := range l.requests {
		if path == "" || request.Path == path {
			found = append(found, request)
		}
	}
	return found
}

var secretParameters = map[string]bool{
	"client_secret": true, "code": true, "code_verifier": true, "id_token_hint": true, "password": true,
	"refresh_token": true, "token": true,
}
