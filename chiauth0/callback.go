package chiauth0

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/userprovider"
)

// Callback serves the way back from Auth0 at a path of the application's own:
//
//	cfg.CallbackURI = "/custom/path"
//	r.Method("GET", "/custom/path", chiauth0.Callback(cfg))
//
// The Router serves its /callback in any case. Callback panics with the error of [Config.Validate] if the Config has
// faults.
func Callback(cfg *Config) http.Handler {
	a := cfg.use()
	return a.private(LoadUser(cfg)(http.HandlerFunc(a.back)))
}

// back ends a login. In this order: the state opens a transaction of this browser; the transaction is marked used; the code
// is redeemed; the ID token is checked; the user is synchronised; and only then a session begins. Whatever fails on the
// way leaves none.
func (a *auth) back(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	answer, err := parseCallback(r.URL.RawQuery)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if answer == (callbackAnswer{}) {
		redirect(w, http.StatusSeeOther, a.origin(r).String()+a.settings.home)
		return
	}
	t, ok := a.findTransaction(r, answer.state)
	if !ok || t.expired() {
		a.strayCallback(w, r, answer.state, t)
		return
	}
	a.setCookie(w, a.transactionCookie(t.State), "", 0)
	if !a.used.use(t.State) {
		a.goHome(w, r, t.ReturnTo) // doubled while the first one is under way
		return
	}
	a.attempted(w, r)

	user, identity, err := a.signIn(r, t, answer)
	if err != nil {
		a.fail(w, r, a.loginFailed(err, t))
		return
	}
	a.Logger.InfoContext(r.Context(), "login succeeded", "user", user.ID, "subject", identity.Subject)
	a.goHome(w, r, t.ReturnTo)
}

func (a *auth) goHome(w http.ResponseWriter, r *http.Request, path string) {
	if path == "" {
		path = a.settings.home
	}
	redirect(w, http.StatusSeeOther, a.origin(r).String()+path)
}

// strayCallback answers one that belongs to no login under way. It changes nothing: a link with error=… that somebody else
// made must not sign anybody out. Somebody who is signed in has gone back to an old page, and is shown a new one.
func (a *auth) strayCallback(w http.ResponseWriter, r *http.Request, state string, t transaction) {
	if t.State != "" {
		a.setCookie(w, a.transactionCookie(t.State), "", 0)
	}
	switch _, _, err := a.sessionIdentity(r.Context()); {
	case err == nil:
		a.goHome(w, r, t.ReturnTo)
		return
	case errors.Is(err, ErrUnavailable):
		a.fail(w, r, unavailable(err))
		return
	}
	a.fail(w, r, &Error{
		Status: http.StatusBadRequest, Code: "invalid_state", RetryURL: a.loginURL(t.ReturnTo),
		Message: "This login has expired, or was begun in another browser.",
		Err:     fmt.Errorf("%w (state of %d bytes, found: %t)", ErrInvalidState, len(state), t.State != ""),
	})
}

// callbackAnswer is what Auth0 put into the callback's query.
type callbackAnswer struct{ state, code, err, description, issuer string }

func parseCallback(rawQuery string) (callbackAnswer, error) {
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return callbackAnswer{}, badCallback(fmt.Errorf("%w: the callback's query is malformed", ErrInvalidRequest))
	}
	for _, name := range []string{"state", "code", "error", "error_description", "iss"} {
		if len(query[name]) > 1 { // RFC 6749, section 3.1
			return callbackAnswer{}, badCallback(fmt.Errorf("%w: the callback has %s more than once", ErrInvalidRequest, name))
		}
	}
	answer := callbackAnswer{state: query.Get("state"), code: query.Get("code"), err: query.Get("error")}
	if answer == (callbackAnswer{}) {
		return answer, nil
	}
	answer.description, answer.issuer = query.Get("error_description"), query.Get("iss")
	return answer, nil
}

func badCallback(err error) *Error {
	return &Error{Status: http.StatusBadRequest, Code: "invalid_request", Message: "This address is not complete.", Err: err}
}

// signIn makes a session of a callback whose transaction has opened.
func (a *auth) signIn(r *http.Request, t transaction, answer callbackAnswer) (userprovider.User, userprovider.Identity, error) {
	var nobody userprovider.User
	var identity userprovider.Identity
	ctx := r.Context()
	if err := sessionstores.Err(ctx, a.sessions); err != nil {
		return nobody, identity, err // before the code is spent
	}
	meta, err := a.provider.metadata(ctx)
	if err != nil {
		return nobody, identity, err
	}
	// Another provider's answer must not be taken for this one's (RFC 9207, section 2.4).
	if answer.issuer != meta.Issuer && (answer.issuer != "" || meta.IssuerInCallback) {
		return nobody, identity, invalidToken("iss %q in the callback is not %q", answer.issuer, meta.Issuer)
	}
	if answer.err != "" {
		return nobody, identity, &ProviderError{Code: answer.err, Description: answer.description}
	}
	if answer.code == "" {
		return nobody, identity, fmt.Errorf("%w: the callback has neither code nor error", ErrInvalidRequest)
	}
	token, err := a.exchange(ctx, meta, t, answer.code)
	if err != nil {
		return nobody, identity, err
	}
	login, err := a.readLogin(ctx, meta, t, token)
	if err != nil {
		return nobody, identity, err
	}

	// From here on a closed browser must not leave half a login behind.
	ctx = context.WithoutCancel(ctx)
	user, err := a.syncUser(ctx, login)
	if err != nil {
		return nobody, identity, err
	}
	return user, login.Identity, a.beginSession(ctx, user, login.Identity, token)
}

// exchange redeems the code. It is the one request to Auth0 that a login costs.
func (a *auth) exchange(ctx context.Context, meta *metadata, t transaction, code string) (*oauth2.Token, error) {
	config := oauth2.Config{
		ClientID: a.ClientID, ClientSecret: a.ClientSecret, RedirectURL: t.RedirectURI,
		Endpoint: oauth2.Endpoint{TokenURL: meta.TokenEndpoint, AuthStyle: a.AuthStyle},
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, a.provider.client)
	token, err := config.Exchange(ctx, code, oauth2.VerifierOption(t.Verifier))
	var refused *oauth2.RetrieveError
	switch {
	case err == nil:
		return token, nil
	case errors.As(err, &refused) && refused.ErrorCode != "" && refused.Response.StatusCode < 500 &&
		refused.Response.StatusCode != http.StatusTooManyRequests:
		// The error in place of err: x/oauth2's text holds the whole answer.
		return nil, fmt.Errorf("token endpoint: %w", &ProviderError{Code: refused.ErrorCode, Description: refused.ErrorDescription})
	case errors.As(err, &refused):
		return nil, fmt.Errorf("%w: the token endpoint answered %s", ErrUnavailable, refused.Response.Status)
	default:
		return nil, fmt.Errorf("%w: token endpoint: %w", ErrUnavailable, err)
	}
}

// readLogin checks the tokens and applies the mapping.
func (a *auth) readLogin(ctx context.Context, meta *metadata, t transaction, token *oauth2.Token) (userprovider.Login, error) {
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

func (a *auth) syncUser(ctx context.Context, login userprovider.Login) (userprovider.User, error) {
	ctx, cancel := context.WithTimeout(ctx, upstreamTimeout)
	defer cancel()
	user, err := a.Users.SyncUser(ctx, login)
	switch {
	case errors.Is(err, userprovider.ErrRefused), errors.Is(err, userprovider.ErrConflict):
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
