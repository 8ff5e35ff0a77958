package chiauth0

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/userprovider"
)

const (
	// refreshLockTTL is how long other nodes wait for the node that refreshes. It is over twice the
	// time-out of a request to Auth0.
	refreshLockTTL = 25 * time.Second

	// refreshPoll is how often a node looks whether the tokens of another one are there.
	refreshPoll = 50 * time.Millisecond

	// saveRetry is how long to wait before a save that has failed is tried again.
	saveRetry = 500 * time.Millisecond
)

// accessToken returns an access token that the session has, or gets a new one.
func (a *auth) accessToken(ctx context.Context, req tokenRequest) (*oauth2.Token, error) {
	api, err := a.api(req.audience)
	if err != nil {
		return nil, err
	}
	for _, scope := range api.Scopes {
		if !slices.Contains(req.scopes, scope) {
			req.scopes = append(slices.Clip(req.scopes), scope)
		}
	}

	_, identity, err := a.sessionIdentity(ctx)
	if err != nil {
		return nil, err
	}
	tokens, stored, err := a.readTokens(ctx, &identity)
	switch {
	case err != nil:
		return nil, tokensError(err)
	case stored == nil:
		return nil, a.noTokens(ctx)
	}

	now := time.Now()
	fresh := func(t *accessToken) bool { return t.fresh(now) }
	if token := tokens.find(&req, fresh); token != nil {
		return token.oauth2(), nil
	}

	token, err := a.refresh(ctx, &identity, &req)
	if !errors.Is(err, ErrUnavailable) {
		return token, err
	}

	valid := func(t *accessToken) bool { return !t.expired(now) }
	if token := tokens.find(&req, valid); token != nil {
		a.Logger.WarnContext(ctx, "access token not refreshed, the old one is used", "err", err)
		return token.oauth2(), nil
	}

	return nil, err
}

// errNoTokens is for a signed-in user whose tokens are not stored.
var errNoTokens = fmt.Errorf("%w (no tokens are stored with the session: a cookie session has no "+
	"room for them, see HeaderBytes of its store)", ErrNoRefreshToken)

// noTokens returns why a session has no tokens. Those that it refers to are revoked with it.
func (a *auth) noTokens(ctx context.Context) error {
	id, err := sessionstores.AttachmentID(ctx, a.sessions)
	switch {
	case err != nil:
		return tokensError(err)
	case id != "":
		return ErrSessionEnded
	}

	return errNoTokens
}

// tokensError tells an outage of the session store apart from tokens that cannot be read.
func tokensError(err error) error {
	if errors.Is(err, sessionstores.ErrUnavailable) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}

	return fmt.Errorf("%w (the stored tokens cannot be read: %w)", ErrNoRefreshToken, err)
}

// refresh exchanges the refresh token. In this process, requests of one session wait for each
// other. Across nodes, a lock that is stored with the tokens does the same.
func (a *auth) refresh(
	ctx context.Context, i *userprovider.Identity, req *tokenRequest,
) (*oauth2.Token, error) {
	session, err := sessionstores.AttachmentID(ctx, a.sessions)
	if err != nil {
		return nil, err
	}
	if err := sessionstores.CanReplaceAttachment(ctx, a.sessions); err != nil {
		return nil, err
	}

	unlock, err := a.refreshing.lock(ctx, session)
	if err != nil {
		return nil, fmt.Errorf("%w: waiting for another request: %w", ErrUnavailable, err)
	}
	defer unlock()

	// The lock is held for one request to Auth0, so discovery comes first.
	meta, err := a.provider.metadata(ctx)
	if err != nil {
		return nil, err
	}
	for {
		r, err := a.beginRefresh(ctx, i, req)
		r.metadata = meta
		if err != nil || r.token != nil {
			return r.token, err
		}

		// From here on the new tokens have to be saved, also if the client disconnects.
		token, again, err := a.finishRefresh(context.WithoutCancel(ctx), r)
		if !again {
			return token, err
		}
	}
}

// finishRefresh asks Auth0 and saves the answer. again says that another request has changed the
// tokens meanwhile.
func (a *auth) finishRefresh(
	ctx context.Context, r *refreshing,
) (token *oauth2.Token, again bool, err error) {
	answer, err := a.requestRefresh(ctx, r)
	if err != nil {
		return a.refreshFailed(ctx, r, err)
	}

	spent := r.tokens.refreshToken
	tokens := r.tokens
	tokens.lock = refreshLock{}
	if answer.RefreshToken != "" {
		tokens.refreshToken = answer.RefreshToken
	}

	claims, err := a.checkRefreshed(ctx, r, answer)
	switch {
	case errors.Is(err, ErrUnavailable), errors.Is(err, errStaleKeys):
		a.Logger.WarnContext(ctx, "refreshed ID token not verified, the old one is kept",
			"subject", r.identity.Subject, "err", err)
		answer.IDToken = ""
	case err != nil:
		return nil, false, a.endRefreshed(ctx, &tokens, err)
	}
	if answer.IDToken != "" {
		tokens.idToken = answer.IDToken
	}

	access, audienceErr := answer.accessToken(r.request)
	if audienceErr == nil {
		tokens.add(access, time.Now())
	}

	a.rotated.add(spent, tokens)
	saved, err := a.saveRefreshed(ctx, r, &tokens)
	if err != nil {
		return nil, false, err
	}
	if !saved {
		a.rotated.remove(spent)
		return nil, false, a.discardRefreshed(ctx, &tokens)
	}
	a.Logger.DebugContext(ctx, "tokens refreshed",
		"subject", r.identity.Subject, "audience", r.request.audience)
	if err := a.syncRefreshed(ctx, r.identity, claims); err != nil {
		return nil, false, err
	}
	if audienceErr != nil {
		return nil, false, audienceErr
	}

	return access.oauth2(), false, nil
}

// refreshFailed decides by the error of the token endpoint, whatever its status is.
func (a *auth) refreshFailed(
	ctx context.Context, r *refreshing, cause error,
) (token *oauth2.Token, again bool, err error) {
	var refused *ProviderError
	if !errors.As(cause, &refused) {
		a.releaseRefresh(ctx, r)
		return nil, false, cause
	}

	switch refused.Code {
	case "invalid_grant":
		changed, err := a.changedMeanwhile(ctx, r)
		if err != nil || changed {
			return nil, changed, err
		}
		a.Logger.WarnContext(ctx, "refresh token refused, session ended",
			"subject", r.identity.Subject, "err", refused, "description", refused.Description)
		if err := a.endSession(ctx); err != nil {
			return nil, false, err
		}
		return nil, false, fmt.Errorf("%w: %w", ErrSessionEnded, refused)

	case "mfa_required":
		cause = &StepUpError{Audience: r.request.audience, Err: refused}

	case "invalid_client", "unauthorized_client":
		a.Logger.ErrorContext(ctx, "refresh refused: check ClientSecret (AUTH0_CLIENT_SECRET), "+
			"AuthStyle and the grant types of the application at Auth0",
			"err", refused, "description", refused.Description)
	}
	a.releaseRefresh(ctx, r)

	return nil, false, cause
}

// changedMeanwhile reports whether another request has stored other tokens since this one has taken
// the lock.
func (a *auth) changedMeanwhile(ctx context.Context, r *refreshing) (bool, error) {
	tokens, _, err := a.currentTokens(ctx, r.identity)
	if err != nil {
		return false, err
	}

	return tokens.refreshToken != r.tokens.refreshToken, nil
}

// requestRefresh sends the refresh token to Auth0. A request that has timed out may have been
// processed; it is not repeated.
func (a *auth) requestRefresh(ctx context.Context, r *refreshing) (*tokenAnswer, error) {
	form := url.Values{
		"grant_type":    {"refresh_token"},
		"refresh_token": {r.tokens.refreshToken},
	}
	if r.request.audience != "" && r.request.audience != a.Audience {
		form.Set("audience", r.request.audience)
	}
	if len(r.request.scopes) > 0 {
		form.Set("scope", strings.Join(a.refreshScopes(r.request), " "))
	}

	return a.postToken(ctx, r.metadata.TokenEndpoint, form)
}
