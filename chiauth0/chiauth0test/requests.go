package chiauth0test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// A Request is one that a [Tenant] has served.
type Request struct {
	Method string
	Path   string // relative to the issuer: "/oauth/token"

	// Form holds the parameters of query and body. Values that are secrets (codes, tokens,
	// assertions, passwords, the client secret, the PKCE verifier) are replaced by "…".
	Form url.Values

	// ClientAuth is the way in which a client authenticated: SecretPost, SecretBasic,
	// PrivateKeyJWT, or "" for none.
	ClientAuth string
}

// maxRequests limits the requests that a tenant keeps, so that its memory stays bounded.
const maxRequests = 1000

// Requests returns the requests for a path, oldest first. The path is relative to the issuer; ""
// returns all. A tenant keeps the last 1000 requests.
func (t *Tenant) Requests(path string) []Request { return t.log.matching(path) }

// RequestCount returns the number of requests for an endpoint since the tenant was created. The
// path is relative to the issuer, such as "/oauth/token". Requests that a fault answered count too.
func (t *Tenant) RequestCount(path string) int { return t.log.count(path) }

type requestLog struct {
	mu       sync.Mutex
	requests []Request
	counts   map[string]int // by the path of the endpoint
}

// add records a request. pattern is the endpoint's pattern, or empty for an unknown path.
func (l *requestLog) add(r *http.Request, pattern string) {
	request := Request{Method: r.Method, Path: r.URL.Path, Form: redacted(r.Form)}
	if _, _, basic := r.BasicAuth(); basic {
		request.ClientAuth = SecretBasic
	} else if r.PostForm.Has("client_assertion") {
		request.ClientAuth = PrivateKeyJWT
	} else if r.PostForm.Has("client_secret") {
		request.ClientAuth = SecretPost
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.requests) == maxRequests {
		l.requests = slices.Delete(l.requests, 0, 1)
	}
	l.requests = append(l.requests, request)
	if _, path, found := strings.Cut(pattern, " "); found {
		if l.counts == nil {
			l.counts = map[string]int{}
		}
		l.counts[path]++
	}
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

func (l *requestLog) count(path string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts[path]
}

var secretParameters = map[string]bool{
	"client_assertion": true, "client_secret": true, "code": true, "code_verifier": true,
	"id_token_hint": true, "password": true, "refresh_token": true, "request_uri": true,
	"token": true,
}

func redacted(form url.Values) url.Values {
	copied := url.Values{}
	for name, values := range form {
		if secretParameters[name] {
			values = slices.Repeat([]string{"…"}, len(values))
		}
		copied[name] = values
	}
	return copied
}
