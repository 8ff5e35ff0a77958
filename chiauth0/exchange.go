package chiauth0

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/userprovider"
)

// exchange redeems the code (RFC 6749, section 4.1.3). It is the one request to Auth0 that a login
// costs.
func (a *auth) exchange(
	ctx context.Context, meta *metadata, t transaction, code string,
) (*oauth2.Token, error) {
	config := oauth2.Config{
		ClientID: a.ClientID, ClientSecret: a.ClientSecret, RedirectURL: t.RedirectURI,
		Endpoint: oauth2.Endpoint{TokenURL: meta.TokenEndpoint, AuthStyle: a.AuthStyle},
	}
	client := *a.provider.client
	client.Transport = tokenTransport{client.Transport}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, &client)
	options := []oauth2.AuthCodeOption{oauth2.VerifierOption(t.Verifier)}
	if a.ClientKey != nil {
		assertion, err := a.assertionOptions(&config)
		if err != nil {
			return nil, err
		}
		options = append(options, assertion...)
	}
	token, err := config.Exchange(ctx, code, options...)
	if err != nil {
		return nil, exchangeError(err)
	}
	// A token of another type needs a proof beside it that this client does not make.
	if token.TokenType != "" && !strings.EqualFold(token.TokenType, "Bearer") {
		return nil, invalidToken("token_type %q is not Bearer", cut(token.TokenType))
	}
	return token, nil
}

// assertionOptions authenticates the client of an exchange by private_key_jwt.
func (a *auth) assertionOptions(config *oauth2.Config) ([]oauth2.AuthCodeOption, error) {
	config.ClientSecret = ""
	config.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	form := url.Values{}
	if err := a.authenticateClient(form); err != nil {
		return nil, err
	}

	var options []oauth2.AuthCodeOption
	for name := range form {
		options = append(options, oauth2.SetAuthURLParam(name, form.Get(name)))
	}

	return options, nil
}

// exchangeError keeps x/oauth2's error out of the log: its text holds the whole answer.
func exchangeError(err error) error {
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		return fmt.Errorf("%w: token endpoint: %w", ErrUnavailable, err)
	}
	status := refused.Response.StatusCode
	if status >= 500 || status == http.StatusTooManyRequests {
		return fmt.Errorf("%w: the token endpoint answered %d", ErrUnavailable, status)
	}
	if refused.ErrorCode == "" && status != http.StatusUnauthorized {
		return fmt.Errorf("%w: the token endpoint answered %d", ErrUnavailable, status)
	}
	answered := newProviderError(refused.ErrorCode, refused.ErrorDescription)
	answered.tokenEndpoint, answered.status = true, status
	return answered
}

// tokenTransport repairs expires_in in the answers of a token endpoint. x/oauth2 refuses an answer
// whose expires_in is a fraction, an empty string or a Boolean. One that says nothing is left out.
type tokenTransport struct{ next http.RoundTripper }

func (t tokenTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		return resp, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body) // the limit is upstreamClient's
	if err != nil {
		return nil, err
	}
	body = repairExpiry(body)
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return resp, nil
}

func repairExpiry(body []byte) []byte {
	var answer map[string]json.RawMessage
	if json.Unmarshal(body, &answer) != nil || answer["expires_in"] == nil {
		return body
	}
	seconds, ok := wholeSeconds(answer["expires_in"])
	if ok {
		answer["expires_in"] = json.RawMessage(strconv.FormatInt(seconds, 10))
	} else {
		delete(answer, "expires_in")
	}
	repaired, err := json.Marshal(answer)
	if err != nil {
		return body
	}
	return repaired
}

// wholeSeconds reads a number, or a string that holds one.
func wholeSeconds(raw json.RawMessage) (int64, bool) {
	text := string(raw)
	var quoted string
	if json.Unmarshal(raw, &quoted) == nil {
		text = quoted
	}
	seconds, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(seconds >= 1 && seconds <= math.MaxInt32) { // NaN fails as well
		return 0, false
	}
	return int64(seconds), true
}

// readLogin checks the tokens and applies the mapping.
func (a *auth) readLogin(
	ctx context.Context, meta *metadata, t transaction, token *oauth2.Token,
) (userprovider.Login, error) {
	idToken, _ := token.Extra("id_token").(string)
	claims, err := a.verifyIDToken(ctx, meta, t, idToken, token.AccessToken)
	if err != nil {
		return userprovider.Login{}, err
	}
	subject, _ := claims["sub"].(string)
	accessClaims := a.accessTokenClaims(ctx, meta, token.AccessToken, subject)
	login, warnings := a.Mapping.Apply(claims, accessClaims)
	for _, warning := range warnings {
		a.Logger.WarnContext(ctx, warning, "subject", login.Identity.Subject)
	}
	return login, nil
}

func (a *auth) syncUser(
	ctx context.Context, login userprovider.Login,
) (userprovider.User, error) {
	ctx, cancel := context.WithTimeout(ctx, upstreamTimeout)
	defer cancel()
	user, err := a.Users.SyncUser(ctx, login)
	switch {
	case isUserFault(err):
		return user, err
	case err != nil:
		return user, fmt.Errorf("%w: user provider: %w", ErrUnavailable, err)
	case user.ID == "":
		return user, errors.New("chiauth0: the user provider returned a user without an ID")
	case !user.Active:
		return user, fmt.Errorf("%w: user %q is not active", userprovider.ErrRefused, user.ID)
	}
	return user, nil
}

// isUserFault reports whether a user provider has refused a login. Other errors are outages.
func isUserFault(err error) bool {
	return errors.Is(err, userprovider.ErrRefused) || errors.Is(err, userprovider.ErrConflict) ||
		errors.Is(err, userprovider.ErrInvalid) || errors.Is(err, userprovider.ErrMisconfigured)
}
