package chiauth0

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"
)

// Proxy returns a handler that forwards the requests of a page's scripts to an API, with the access
// token of the signed-in user. The scripts never have the token (OAuth 2.0 for Browser-Based
// Applications, section 6.1). Mount it behind a guard:
//
//	orders := chiauth0.Proxy(cfg, "https://orders.example/")
//	r.With(chiauth0.RequireLogin(cfg)).Mount("/api/orders", orders)
//
// The target is the URL of one of Config.APIs, or begins with it. The path below the mount is
// appended to it; a request for the mount itself is forwarded with a final slash.
//
// The Cookie and Authorization headers of the browser are not forwarded, and Set-Cookie of the API
// is not sent back. A request that changes something has to come from a page of this origin. One
// that only reads has to as well, or have the header X-Requested-With: browsers do not add it to a
// request of another site. WebSocket connections are forwarded. A 401 of the API is answered with
// one attempt to get a new token, if the request has no body, and then with 401.
//
// Proxy panics if no API has the target.
func Proxy(cfg *Config, target string) http.Handler {
	a := cfg.init()
	u, err := parseAPIURL(target)
	if err != nil {
		panic(fmt.Errorf("chiauth0: Proxy: %w", err))
	}
	api, err := a.apiAt(u)
	if err != nil {
		panic(err)
	}

	p := &apiProxy{auth: a, target: u, audience: api.Audience}
	return LoadUser(cfg)(http.HandlerFunc(p.serve))
}

// apiAt returns the API that a URL belongs to.
func (a *auth) apiAt(u *url.URL) (API, error) {
	apis := append([]API{{Audience: a.Audience}}, a.APIs...)
	for _, api := range apis {
		base, err := api.baseURL()
		if err == nil && covers(base, u) {
			return api, nil
		}
	}

	return API{}, fmt.Errorf(
		"chiauth0: Proxy: no API in Config.APIs has a URL that %s begins with",
		u,
	)
}

type apiProxy struct {
	auth     *auth
	target   *url.URL
	audience string
}

func (p *apiProxy) serve(w http.ResponseWriter, r *http.Request) {
	if !p.fromOwnPage(r) {
		e := newError(
			CodeCrossOrigin,
			errCrossOriginProxy,
		)
		e.Message = "This request comes from another site."
		p.auth.fail(w, r, e)
		return
	}
	path, ok := pathBelowMount(r)
	if !ok {
		p.auth.fail(w, r, badRequest("path", r.URL.Path, "leads out of the API"))
		return
	}

	transport := &apiTransport{
		ctx:     r.Context(),
		request: tokenRequest{audience: p.audience},
		next:    http.DefaultTransport,
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(out *httputil.ProxyRequest) {
			out.Out.URL.Path, out.Out.URL.RawPath = path.Path, path.RawPath
			out.SetURL(p.target)
			out.Out.Header.Del("Cookie")
			out.Out.Header.Del("Authorization")
		},
		Transport: transport,
		ModifyResponse: func(resp *http.Response) error {
			resp.Header.Del("Set-Cookie")
			if rejectsToken(resp) {
				return errRejected
			}
			return nil
		},
		ErrorHandler: p.fail,
	}
	proxy.ServeHTTP(w, r)
}

var errCrossOriginProxy = errors.New("chiauth0: Proxy: the request comes from another origin")

var errRejected = errors.New("chiauth0: the API does not accept the access token")

// fromOwnPage reports whether a request was made by a page of this origin, or by no page.
func (p *apiProxy) fromOwnPage(r *http.Request) bool {
	if err := p.auth.crossOrigin.Check(r); err != nil {
		return false
	}

	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return true
	}

	return r.Header.Get("X-Requested-With") != ""
}

// pathBelowMount returns the path that the router has left. ok is false if a server could resolve
// it to a path outside of the target.
func pathBelowMount(r *http.Request) (*url.URL, bool) {
	left := rawPath(r.URL)
	if rctx := chi.RouteContext(r.Context()); rctx != nil && rctx.RoutePath != "" {
		left = rctx.RoutePath
	}

	path, err := url.PathUnescape(left)
	if err != nil || hasDotSegment(path) || strings.ContainsAny(path, "\\\x00") {
		return nil, false
	}

	return &url.URL{Path: path, RawPath: left}, true
}

// fail answers a request that did not reach the API.
func (p *apiProxy) fail(w http.ResponseWriter, r *http.Request, err error) {
	a := p.auth
	switch {
	case errors.Is(err, ErrNotSignedIn),
		errors.Is(err, ErrSessionEnded),
		errors.Is(err, errRejected):
		a.unauthorized(w, r, err)
	case errors.Is(err, ErrUnavailable):
		a.fail(w, r, unavailable(err))
	default:
		e := newError(CodeProviderError, fmt.Errorf("chiauth0: Proxy to %s: %w", p.target, err))
		e.Message = "The service behind this address does not answer."
		a.fail(w, r, e)
	}
}
