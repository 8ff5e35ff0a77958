package chiauth0

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/oauth2"
)

// An API is a resource server that the application calls on behalf of its users.
type API struct {
	// Audience is the identifier of the API at Auth0.
	Audience string

	// Scopes are asked for whenever a token for the API is requested.
	Scopes []string

	// URL is where the API is: tokens are sent to URLs that begin with it, and to no others. The
	// default is the Audience, if that is an https URL.
	URL string
}

var (
	// ErrNoRefreshToken says that a new access token is needed and the session has no refresh
	// token. Two settings give it one: offline_access among Config.Scopes (AUTH0_SCOPES), and
	// "Allow Offline Access" of the API at Auth0.
	ErrNoRefreshToken = errors.New("chiauth0: the session has no refresh token: add " +
		"offline_access to Scopes (AUTH0_SCOPES), and switch on Allow Offline Access of the API " +
		"at Auth0")

	// ErrWrongAudience says that Auth0 has issued the access token for another API. The refresh
	// token's policy at Auth0 (Multi-Resource Refresh Token) does not have the audience.
	ErrWrongAudience = errors.New("chiauth0: Auth0 has issued a token for another audience")

	// ErrSessionEnded says that the session has ended: Auth0 does not accept the refresh token any
	// more, or the user has logged out meanwhile. The user has to log in again.
	ErrSessionEnded = errors.New("chiauth0: the session has ended")
)

// A StepUpError says that Auth0 requires another factor before it issues a token for the audience.
// The session is not affected. Send the user to log in with acr_values.
type StepUpError struct {
	Audience string
	Err      error // the answer of Auth0
}

// Error implements error.
func (e *StepUpError) Error() string {
	return fmt.Sprintf("chiauth0: Auth0 requires another factor for a token for %q: %v",
		e.Audience, e.Err)
}

// Unwrap is for errors.As.
func (e *StepUpError) Unwrap() error { return e.Err }

// AccessToken returns an access token of the signed-in user, for the audience of one of Config.APIs
// or for Config.Audience, with all of the scopes. It returns a token that the session has, or gets
// a new one by the refresh token (RFC 6749, section 6) a minute before the old one expires.
//
// The refresh token is used by one request at a time, on all nodes that share the session store.
// The new one is saved before the access token is returned. Its Extra("scope") is what was granted.
// With cookie sessions, only the requests of one process are coordinated, and AccessToken returns
// sessionstores.ErrTooLate after the first byte of the response; give such an application a refresh
// token that does not rotate, or a rotation overlap of ten seconds.
//
// ctx is the context of a request behind [LoadUser] or a guard. Errors: [ErrNotSignedIn],
// [ErrNoRefreshToken], [ErrSessionEnded], [ErrWrongAudience], a *[StepUpError], [ErrUnavailable],
// or a *[ProviderError] of the token endpoint. While Auth0 is unavailable, a token that has not
// expired is returned.
func AccessToken(ctx context.Context, audience string, scopes ...string) (*oauth2.Token, error) {
	a, err := configOf(ctx)
	if err != nil {
		return nil, err
	}

	return a.accessToken(ctx, tokenRequest{audience: audience, scopes: scopes})
}

// TokenSource returns AccessToken as an [oauth2.TokenSource], for clients of APIs that take one. It
// works until the request ends.
//
// Do not give it to oauth2.NewClient: that client sends the token wherever a redirect leads. Use
// [HTTPClient].
func TokenSource(ctx context.Context, audience string, scopes ...string) oauth2.TokenSource {
	return tokenSource{ctx, audience, scopes}
}

type tokenSource struct {
	ctx      context.Context
	audience string
	scopes   []string
}

// Token implements oauth2.TokenSource.
func (s tokenSource) Token() (*oauth2.Token, error) {
	if err := s.ctx.Err(); err != nil {
		return nil, fmt.Errorf("chiauth0: TokenSource used after its request has ended: %w", err)
	}

	return AccessToken(s.ctx, s.audience, s.scopes...)
}

// configOf returns what the LoadUser or guard of a request was made for.
func configOf(ctx context.Context) (*auth, error) {
	u, ok := requestUserOf(ctx)
	if !ok || u.auth == nil {
		return nil, errNoUser
	}

	return u.auth, nil
}

// api returns the API of an audience.
func (a *auth) api(audience string) (API, error) {
	for _, api := range a.APIs {
		if api.Audience == audience {
			return api, nil
		}
	}
	if audience == a.Audience {
		return API{Audience: audience, URL: audience}, nil
	}

	return API{}, fmt.Errorf("chiauth0: the audience %q is not in Config.APIs: add it there",
		audience)
}

// checkAPIs finds faults of Config.APIs.
func (c *Config) checkAPIs(found *faults) {
	var seen []string
	for i := range c.APIs {
		api := &c.APIs[i]
		switch {
		case api.Audience == "":
			found.addf("APIs: number %d has no Audience: copy the identifier of the API at Auth0",
				i+1)
		case slices.Contains(seen, api.Audience):
			found.addf("APIs: the Audience %q is there twice", api.Audience)
		case api.URL != "":
			if _, err := parseAPIURL(api.URL); err != nil {
				found.addf("APIs: the URL of %q: %w", api.Audience, err)
			}
		}
		seen = append(seen, api.Audience)
	}
}

// warnAboutOfflineAccess logs that the tokens of Config.APIs cannot be renewed.
func (a *auth) warnAboutOfflineAccess() {
	if len(a.APIs) == 0 || slices.Contains(a.Scopes, "offline_access") {
		return
	}
	a.warnOnce("APIs are set without offline_access in Scopes (AUTH0_SCOPES): sessions have no " +
		"refresh token, and AccessToken fails when the access token of the login has expired")
}

// parseAPIURL returns the URL that tokens of an API are sent to.
func parseAPIURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("%q is not a URL such as https://api.example/v1/", maskURL(raw))
	case u.Scheme == "https":
		return u, nil
	case u.Scheme == "http" && isLoopback(u.Hostname()):
		return u, nil
	}

	return nil, fmt.Errorf("%q: tokens are sent over https only", raw)
}

// baseURL returns where the tokens of an API may be sent.
func (api *API) baseURL() (*url.URL, error) {
	raw := api.URL
	if raw == "" {
		raw = api.Audience
	}

	u, err := parseAPIURL(raw)
	if err != nil {
		return nil, fmt.Errorf("chiauth0: the API %q has no URL in Config.APIs: %w",
			api.Audience, err)
	}

	return u, nil
}

// covers reports whether a token for an API at base may be sent to u.
func covers(base, u *url.URL) bool {
	sameOrigin := u.Scheme == base.Scheme &&
		normalHost(u.Scheme, u.Host) == normalHost(base.Scheme, base.Host)
	if !sameOrigin || u.User != nil {
		return false
	}

	prefix := strings.TrimSuffix(base.EscapedPath(), "/")
	path := u.EscapedPath()
	if hasDotSegment(u.Path) {
		return false // a server could resolve it to a path elsewhere
	}

	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

func hasDotSegment(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}

	return false
}
