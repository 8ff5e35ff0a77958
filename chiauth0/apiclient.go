package chiauth0

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// HTTPClient returns a client that calls an API with the access token of the signed-in user. The
// audience is that of one of Config.APIs, or Config.Audience.
//
// The client sends the token only to URLs that begin with the URL of the API, over https or to a
// loopback host. A request to another URL is an error, and a redirect that leads to one is not
// followed. If the API answers 401 with the error invalid_token (RFC 6750, section 3.1), the client
// gets a new token and sends the request once more, unless its body cannot be read again.
//
// The client works until the request of ctx ends. Its errors are those of [AccessToken], wrapped in
// a *url.Error.
func HTTPClient(ctx context.Context, audience string, scopes ...string) *http.Client {
	t := &apiTransport{
		ctx:     ctx,
		request: tokenRequest{audience: audience, scopes: scopes},
		next:    http.DefaultTransport,
	}

	return &http.Client{Transport: t, CheckRedirect: t.checkRedirect}
}

// apiTransport adds the access token to the requests of an API.
type apiTransport struct {
	ctx     context.Context // of the request that the token is for
	request tokenRequest
	next    http.RoundTripper
}

// base returns the Config of the request, and where the API is.
func (t *apiTransport) base() (*auth, *url.URL, error) {
	a, err := configOf(t.ctx)
	if err != nil {
		return nil, nil, err
	}
	api, err := a.api(t.request.audience)
	if err != nil {
		return nil, nil, err
	}
	base, err := api.baseURL()

	return a, base, err
}

// checkRedirect follows a redirect within the API.
func (t *apiTransport) checkRedirect(r *http.Request, via []*http.Request) error {
	_, base, err := t.base()
	switch {
	case err != nil:
		return err
	case !covers(base, r.URL) || len(via) >= 10:
		return http.ErrUseLastResponse
	}

	return nil
}

// RoundTrip implements http.RoundTripper.
func (t *apiTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.roundTrip(r)
	if err != nil && resp == nil && r.Body != nil {
		_ = r.Body.Close() // as the contract of RoundTripper asks
	}

	return resp, err
}

func (t *apiTransport) roundTrip(r *http.Request) (*http.Response, error) {
	if err := t.ctx.Err(); err != nil {
		return nil, fmt.Errorf("chiauth0: HTTPClient used after its request has ended: %w", err)
	}
	a, base, err := t.base()
	if err != nil {
		return nil, err
	}
	if !covers(base, r.URL) {
		return nil, fmt.Errorf("chiauth0: no token is sent to %s: it is not below %s, the URL of "+
			"the API %q in Config.APIs", originOf(r.URL), base, t.request.audience)
	}

	token, err := a.accessToken(t.ctx, t.request)
	if err != nil {
		return nil, err
	}
	resp, err := t.next.RoundTrip(withBearer(r, token.AccessToken))
	if err != nil || !rejectsToken(resp) {
		return resp, err
	}

	again, ok := repeatable(r)
	if !ok {
		return resp, nil
	}
	renewed := t.request
	renewed.rejected = token.AccessToken
	token, refreshErr := a.accessToken(t.ctx, renewed)
	if refreshErr != nil {
		a.Logger.WarnContext(t.ctx, "access token that an API rejects not refreshed",
			"err", refreshErr)
		return resp, nil
	}

	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxUpstreamBytes))
	_ = resp.Body.Close()

	return t.next.RoundTrip(withBearer(again, token.AccessToken))
}

func withBearer(r *http.Request, token string) *http.Request {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+token)

	return r
}

// rejectsToken reports whether an API says that the token is expired, revoked or malformed.
func rejectsToken(resp *http.Response) bool {
	if resp.StatusCode != http.StatusUnauthorized {
		return false
	}

	for _, challenge := range resp.Header.Values("WWW-Authenticate") {
		if strings.Contains(challenge, "invalid_token") {
			return true
		}
	}

	return false
}

// repeatable returns a request that can be sent again.
func repeatable(r *http.Request) (again *http.Request, ok bool) {
	if r.Body == nil || r.Body == http.NoBody {
		return r, true
	}
	if r.GetBody == nil {
		return nil, false
	}

	body, err := r.GetBody()
	if err != nil {
		return nil, false
	}
	again = r.Clone(r.Context())
	again.Body = body

	return again, true
}

func originOf(u *url.URL) string {
	return u.Scheme + "://" + u.Host
}
