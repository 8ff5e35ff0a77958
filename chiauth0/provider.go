package chiauth0

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	// upstreamTimeout bounds one request to the tenant, and one SyncUser.
	upstreamTimeout = 10 * time.Second

	// maxUpstreamBytes bounds one answer of the tenant.
	maxUpstreamBytes = 1 << 20

	// discoveryBackoff is how long a failed discovery is not repeated.
	discoveryBackoff = time.Second
)

// provider is the tenant: its metadata, which the first login fetches, and its keys. It is safe
// for concurrent use.
type provider struct {
	issuer string
	client *http.Client
	keys   *keySet

	// discovered is called after the first successful discovery.
	discovered func()

	known       atomic.Pointer[metadata]
	failure     atomic.Pointer[discoveryFailure]
	discovering singleflight.Group
}

// discoveryFailure is the latest failed discovery.
type discoveryFailure struct {
	at  time.Time
	err error
}

// metadata is the part of the discovery document that is used (OpenID Connect Discovery 1.0,
// section 3; RFC 9207, section 3; OpenID Connect RP-Initiated Logout 1.0, section 2.1).
type metadata struct {
	Issuer                string `json:"issuer"`
	AuthorizationEndpoint string `json:"authorization_endpoint"`
	TokenEndpoint         string `json:"token_endpoint"`
	JWKSURI               string `json:"jwks_uri"`
	EndSessionEndpoint    string `json:"end_session_endpoint"`
	MFAChallengeEndpoint  string `json:"mfa_challenge_endpoint"`
	RevocationEndpoint    string `json:"revocation_endpoint"`
	PAREndpoint           string `json:"pushed_authorization_request_endpoint"`
	RequirePAR            bool   `json:"require_pushed_authorization_requests"`
	IssuerInCallback      bool   `json:"authorization_response_iss_parameter_supported"`
}

func newProvider(issuer string, client *http.Client) *provider {
	p := &provider{issuer: issuer, client: upstreamClient(client)}
	p.keys = &keySet{fetch: p.fetchKeys}
	return p
}

func (p *provider) fetchKeys(ctx context.Context) ([]byte, error) {
	meta, err := p.metadata(ctx)
	if err != nil {
		return nil, err
	}
	return p.get(ctx, meta.JWKSURI)
}

// metadata returns the discovery document, which the first call fetches. Concurrent calls share
// one request. After a failure the next request waits for discoveryBackoff; until then all calls
// return the same error.
func (p *provider) metadata(ctx context.Context) (*metadata, error) {
	if meta := p.known.Load(); meta != nil {
		return meta, nil
	}
	discovered := p.discovering.DoChan("", func() (any, error) {
		// The request serves all callers, so the cancellation of one does not end it.
		return p.discoverOnce(context.WithoutCancel(ctx))
	})
	select {
	case result := <-discovered:
		if result.Err != nil {
			return nil, fmt.Errorf("%w: discovery: %w", ErrUnavailable, result.Err)
		}
		return result.Val.(*metadata), nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: discovery: %w", ErrUnavailable, ctx.Err())
	}
}

// discoverOnce makes the request, unless another call has made it since. Only one call runs at a
// time.
func (p *provider) discoverOnce(ctx context.Context) (*metadata, error) {
	if meta := p.known.Load(); meta != nil {
		return meta, nil
	}
	if failure := p.failure.Load(); failure != nil && time.Since(failure.at) < discoveryBackoff {
		return nil, failure.err
	}

	meta, err := p.discover(ctx)
	if err != nil {
		p.failure.Store(&discoveryFailure{at: time.Now(), err: err})
		return nil, err
	}
	p.known.Store(meta)
	p.discovered()
	return meta, nil
}

// discover fetches the discovery document and checks it.
func (p *provider) discover(ctx context.Context) (*metadata, error) {
	ctx, cancel := context.WithTimeout(ctx, upstreamTimeout)
	defer cancel()
	body, err := p.get(ctx, p.issuer+".well-known/openid-configuration")
	if err != nil {
		return nil, err
	}
	var meta metadata
	if err := json.Unmarshal(body, &meta); err != nil {
		return nil, fmt.Errorf("the discovery document is not valid JSON: %w", err)
	}

	// A missing final slash is accepted, no other difference (OpenID Connect Discovery 1.0,
	// section 4.3).
	if withSlash(meta.Issuer) != p.issuer {
		return nil, fmt.Errorf("the discovery document is of the issuer %q, not of %q: "+
			"correct Domain (AUTH0_DOMAIN)", meta.Issuer, p.issuer)
	}
	if err := p.checkEndpoints(&meta); err != nil {
		return nil, err
	}
	return &meta, nil
}

func (p *provider) checkEndpoints(meta *metadata) error {
	faults := []error{
		p.checkEndpoint("authorization_endpoint", meta.AuthorizationEndpoint),
		p.checkEndpoint("token_endpoint", meta.TokenEndpoint),
		p.checkEndpoint("jwks_uri", meta.JWKSURI),
	}
	for name, endpoint := range map[string]string{
		"end_session_endpoint":                  meta.EndSessionEndpoint,
		"revocation_endpoint":                   meta.RevocationEndpoint,
		"pushed_authorization_request_endpoint": meta.PAREndpoint,
	} {
		if endpoint != "" {
			faults = append(faults, p.checkEndpoint(name, endpoint))
		}
	}
	return errors.Join(faults...)
}

// checkEndpoint requires https. Plain http is accepted on loopback hosts if the issuer uses it.
func (p *provider) checkEndpoint(name, endpoint string) error {
	u, err := url.Parse(endpoint)
	if err == nil && u.Host != "" {
		if u.Scheme == "https" {
			return nil
		}
		issuerOverHTTP := strings.HasPrefix(p.issuer, "http:")
		if u.Scheme == "http" && issuerOverHTTP && isLoopback(u.Hostname()) {
			return nil
		}
	}
	return fmt.Errorf("the discovery document's %s %q is not an https URL", name, endpoint)
}

// isAuth0 reports whether the tenant is known to be one of Auth0's. An issuer under a custom
// domain is known by its discovery document.
func (p *provider) isAuth0() bool {
	if isAuth0Host(p.issuer) {
		return true
	}
	meta := p.known.Load()
	return meta != nil && meta.MFAChallengeEndpoint != ""
}

// isAuth0Host reports whether an issuer is on one of Auth0's own domains.
func isAuth0Host(issuer string) bool {
	u, err := url.Parse(issuer)
	return err == nil && strings.HasSuffix(strings.ToLower(u.Hostname()), ".auth0.com")
}

// get returns the body of a successful answer.
func (p *provider) get(ctx context.Context, location string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, location, nil)
	if err != nil {
		return nil, err
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", location, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", location, resp.Status)
	}
	return body, nil
}

// upstreamClient returns a copy of the configured client with a timeout and a limit on the size of
// answers. It follows no redirects: a 307 would send the client secret to another host.
func upstreamClient(configured *http.Client) *http.Client {
	client := http.Client{}
	if configured != nil {
		client = *configured
	}
	if client.Timeout <= 0 || client.Timeout > upstreamTimeout {
		client.Timeout = upstreamTimeout
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}
	client.Transport = limitedTransport{client.Transport}
	return &client
}

// limitedTransport limits the size of answers.
type limitedTransport struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t limitedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	next := t.next
	if next == nil {
		next = http.DefaultTransport
	}
	resp, err := next.RoundTrip(req)
	if err == nil {
		resp.Body = http.MaxBytesReader(nil, resp.Body, maxUpstreamBytes)
	}
	return resp, err
}
