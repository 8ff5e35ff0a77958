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
	upstreamTimeout  = 10 * time.Second
	maxUpstreamBytes = 1 << 20
)

// provider is what is known of the tenant: its metadata, from the first login on, and its keys.
type provider struct {
	issuer string
	client *http.Client
	keys   *keySet

	known    atomic.Pointer[metadata]
	learning singleflight.Group
}

// metadata is the part of the discovery document that we use (OpenID Connect Discovery, section 3; RFC 9207, section 3;
// OpenID Connect RP-Initiated Logout, section 2.1).
type metadata struct {
	Issuer                string `json:"issuer"`
	AuthorizationEndpoint string `json:"authorization_endpoint"`
	TokenEndpoint         string `json:"token_endpoint"`
	JWKSURI               string `json:"jwks_uri"`
	EndSessionEndpoint    string `json:"end_session_endpoint"`
	MFAChallengeEndpoint  string `json:"mfa_challenge_endpoint"` // Auth0 alone has it
	IssuerInCallback      bool   `json:"authorization_response_iss_parameter_supported"`
}

func newProvider(issuer, signingAlg string, client *http.Client) *provider {
	p := &provider{issuer: issuer, client: upstreamClient(client)}
	p.keys = &keySet{alg: signingAlg, fetch: func(ctx context.Context) ([]byte, error) {
		meta, err := p.metadata(ctx)
		if err != nil {
			return nil, err
		}
		return p.get(ctx, meta.JWKSURI)
	}}
	return p
}

// metadata returns what discovery says, asking at the first call. Callers at the same time wait for one request. A failure
// is not kept: the next caller tries again.
func (p *provider) metadata(ctx context.Context) (*metadata, error) {
	if meta := p.known.Load(); meta != nil {
		return meta, nil
	}
	learned := p.learning.DoChan("", func() (any, error) {
		// The request is everybody's: it must not end with the first one's.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), upstreamTimeout)
		defer cancel()
		meta, err := p.discover(ctx)
		if err == nil {
			p.known.Store(meta)
		}
		return meta, err
	})
	select {
	case result := <-learned:
		if result.Err != nil {
			return nil, fmt.Errorf("%w: discovery: %w", ErrUnavailable, result.Err)
		}
		return result.Val.(*metadata), nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: discovery: %w", ErrUnavailable, ctx.Err())
	}
}

func (p *provider) discover(ctx context.Context) (*metadata, error) {
	body, err := p.get(ctx, p.issuer+".well-known/openid-configuration")
	if err != nil {
		return nil, err
	}
	var meta metadata
	if err := json.Unmarshal(body, &meta); err != nil {
		return nil, fmt.Errorf("the discovery document is not valid: %w", err)
	}
	// The final slash is forgiven, nothing else (OpenID Connect Discovery, section 4.3).
	if withSlash(meta.Issuer) != p.issuer {
		return nil, fmt.Errorf("the discovery document is of the issuer %q, not of %q: correct Domain (AUTH0_DOMAIN)", meta.Issuer, p.issuer)
	}
	var faults []error
	for name, endpoint := range map[string]string{
		"authorization_endpoint": meta.AuthorizationEndpoint, "token_endpoint": meta.TokenEndpoint, "jwks_uri": meta.JWKSURI,
		"end_session_endpoint": meta.EndSessionEndpoint,
	} {
		if endpoint == "" && name == "end_session_endpoint" {
			continue
		}
		u, err := url.Parse(endpoint)
		if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || strings.HasPrefix(p.issuer, "https:")) {
			faults = append(faults, fmt.Errorf("the discovery document's %s %q is not an https URL", name, endpoint))
		}
	}
	return &meta, errors.Join(faults...)
}

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

// upstreamClient is a copy of the configured client that waits no longer than it should, reads no more than it should, and
// follows no redirect: a 307 would send the client secret on to wherever it points.
func upstreamClient(configured *http.Client) *http.Client {
	client := http.Client{}
	if configured != nil {
		client = *configured
	}
	if client.Timeout <= 0 || client.Timeout > upstreamTimeout {
		client.Timeout = upstreamTimeout
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client.Transport = limitedTransport{client.Transport}
	return &client
}

type limitedTransport struct{ next http.RoundTripper }

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
