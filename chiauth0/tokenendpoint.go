package chiauth0

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A tokenAnswer is a successful answer of the token endpoint (RFC 6749, section 5.1).
type tokenAnswer struct {
	AccessToken  string          `json:"access_token"`
	TokenType    string          `json:"token_type"`
	ExpiresIn    json.RawMessage `json:"expires_in"`
	RefreshToken string          `json:"refresh_token"`
	IDToken      string          `json:"id_token"`
	Scope        string          `json:"scope"`
	Resource     string          `json:"resource"`
}

// accessToken returns the access token of an answer. It returns ErrWrongAudience if the token says
// that it is for another API: Auth0 ignores an audience that is not in the refresh token's policy.
func (t *tokenAnswer) accessToken(req *tokenRequest) (accessToken, error) {
	scope := t.Scope
	if scope == "" {
		scope = strings.Join(req.scopes, " ")
	}

	issued := time.Now()
	token := accessToken{
		audience: req.audience,
		scope:    scope,
		token:    t.AccessToken,
		issued:   issued,
	}
	if seconds, ok := wholeSeconds(t.ExpiresIn); ok {
		token.expiry = issued.Add(time.Duration(seconds) * time.Second)
	}

	if got, wrong := t.otherAudience(req.audience); wrong {
		return accessToken{}, fmt.Errorf("%w: it is for %q, and %q was asked for: add the API to "+
			"the refresh token policy of the application at Auth0",
			ErrWrongAudience, got, req.audience)
	}

	return token, nil
}

// otherAudience returns the audience of a token that is not for the one that was asked for.
func (t *tokenAnswer) otherAudience(want string) (got any, wrong bool) {
	if t.Resource != "" && t.Resource != want {
		return t.Resource, true
	}
	if want == "" {
		return nil, false
	}

	claims := unverifiedClaims(t.AccessToken)
	switch aud := claims["aud"].(type) {
	case string:
		return aud, aud != want
	case []any:
		return aud, !slices.Contains(aud, any(want))
	}

	return nil, false // an opaque token
}

// unverifiedClaims returns the claims of a JWT without checking its signature, or nil.
func unverifiedClaims(jwt string) map[string]any {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return nil
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil
	}

	var claims map[string]any
	decoder := json.NewDecoder(strings.NewReader(string(payload)))
	decoder.UseNumber()
	if decoder.Decode(&claims) != nil {
		return nil
	}

	return claims
}

// postToken sends a grant to the token endpoint. The error is a *ProviderError if the answer names
// one, and ErrUnavailable otherwise.
func (a *auth) postToken(
	ctx context.Context, endpoint string, form url.Values,
) (*tokenAnswer, error) {
	status, body, err := a.postAsClient(ctx, endpoint, form)
	if err != nil {
		return nil, fmt.Errorf("%w: token endpoint: %w", ErrUnavailable, err)
	}
	if status != http.StatusOK {
		return nil, tokenEndpointError(status, body)
	}

	var answer tokenAnswer
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("%w: the answer of the token endpoint is not JSON", ErrUnavailable)
	}
	switch {
	case answer.AccessToken == "":
		return nil, fmt.Errorf("%w: the token endpoint has sent no access token", ErrUnavailable)
	case answer.TokenType != "" && !strings.EqualFold(answer.TokenType, "Bearer"):
		return nil, invalidToken("token_type %.40q is not Bearer", answer.TokenType)
	}

	return &answer, nil
}

// tokenEndpointError returns the error of an answer. 429 and 5xx are outages, whatever they say.
func tokenEndpointError(status int, body []byte) error {
	var refused struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}
	unreadable := json.Unmarshal(body, &refused) != nil || refused.Code == ""
	if status >= 500 || status == http.StatusTooManyRequests || unreadable {
		return fmt.Errorf("%w: the token endpoint answered %d", ErrUnavailable, status)
	}

	answered := newProviderError(refused.Code, refused.Description)
	answered.tokenEndpoint = true
	answered.status = status

	return answered
}

// postAsClient sends a form to an endpoint of Auth0 that authenticates the client (RFC 6749,
// section 2.3.1).
func (a *auth) postAsClient(
	ctx context.Context, endpoint string, form url.Values,
) (status int, body []byte, err error) {
	if err := a.authenticateClient(form); err != nil {
		return 0, nil, err
	}
	content := strings.NewReader(form.Encode())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, content)
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	a.setClientHeader(r)

	resp, err := a.provider.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)

	return resp.StatusCode, body, err
}

// revocationTimeout bounds the revocation of a refresh token.
const revocationTimeout = 2 * time.Second

// revokeRefreshToken revokes a refresh token at Auth0 (RFC 7009), and with it its family. A failure
// is logged.
func (a *auth) revokeRefreshToken(ctx context.Context, token string) {
	if token == "" {
		return
	}

	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), revocationTimeout)
	defer cancel()

	meta, err := a.provider.metadata(ctx)
	if err == nil && meta.RevocationEndpoint == "" {
		return // the provider does not revoke
	}
	if err == nil {
		form := url.Values{"token": {token}, "token_type_hint": {"refresh_token"}}
		var status int
		status, _, err = a.postAsClient(ctx, meta.RevocationEndpoint, form)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("the revocation endpoint answered %d", status)
		}
	}
	if err != nil {
		a.Logger.WarnContext(ctx, "refresh token not revoked", "err", err)
	}
}
