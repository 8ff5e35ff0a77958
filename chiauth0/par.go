package chiauth0

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

var errNoPAR = errors.New("chiauth0: PushedAuthorization is set, and the tenant has no " +
	"pushed_authorization_request_endpoint: switch on Pushed Authorization Requests in the " +
	"advanced settings of the tenant at Auth0")

// authorizationURL returns where the browser goes to log in. With pushed authorization requests
// (RFC 9126), the parameters are sent to Auth0 by this process, and the URL refers to them.
func (a *auth) authorizationURL(
	ctx context.Context, meta *metadata, params url.Values,
) (string, error) {
	location, err := url.Parse(meta.AuthorizationEndpoint)
	if err != nil {
		return "", err
	}

	if a.PushedAuthorization || meta.RequirePAR {
		requestURI, err := a.pushAuthorization(ctx, meta, params)
		if err != nil {
			return "", err
		}
		params = url.Values{"client_id": {a.ClientID}, "request_uri": {requestURI}}
	}

	query := location.Query() // the endpoint may have parameters (RFC 6749, section 3.1)
	for name := range params {
		query.Set(name, params.Get(name))
	}
	location.RawQuery = query.Encode()

	return location.String(), nil
}

// pushAuthorization sends the parameters of a login to Auth0 and returns what they are called. The
// name is valid for 30 seconds.
func (a *auth) pushAuthorization(
	ctx context.Context, meta *metadata, params url.Values,
) (requestURI string, err error) {
	if meta.PAREndpoint == "" {
		return "", errNoPAR
	}

	status, body, err := a.postAsClient(ctx, meta.PAREndpoint, params)
	if err != nil {
		return "", fmt.Errorf("%w: pushed authorization request: %w", ErrUnavailable, err)
	}
	if status != http.StatusCreated && status != http.StatusOK {
		return "", fmt.Errorf("pushed authorization request: %w", tokenEndpointError(status, body))
	}

	var answer struct {
		RequestURI string `json:"request_uri"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.RequestURI == "" {
		return "", fmt.Errorf("%w: the answer to the pushed authorization request has no "+
			"request_uri", ErrUnavailable)
	}

	return answer.RequestURI, nil
}
