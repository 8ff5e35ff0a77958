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

// A refreshing is one exchange of a refresh token.
type refreshing struct {
	identity *userprovider.Identity
	request  *tokenRequest
	metadata *metadata
	tokens   tokenSet
	stored   []byte        // the tokens as they are stored while this process has the lock
	token    *oauth2.Token // another request has got it meanwhile
}

// beginRefresh waits until no other node refreshes, and takes the lock. It returns the token if
// another request has got it meanwhile. A lock of this process is left from a request that could
// not release it: only one request of this process gets here.
func (a *auth) beginRefresh(
	ctx context.Context, i *userprovider.Identity, req *tokenRequest,
) (*refreshing, error) {
	r := &refreshing{identity: i, request: req}
	for {
		tokens, stored, err := a.currentTokens(ctx, i)
		if err != nil {
			return r, err
		}

		now := time.Now()
		fresh := func(t *accessToken) bool { return t.fresh(now) }
		if token := tokens.find(req, fresh); token != nil {
			r.token = token.oauth2()
			return r, nil
		}
		if tokens.refreshToken == "" {
			return r, ErrNoRefreshToken
		}

		if now.Before(tokens.lock.until) && tokens.lock.owner != a.process {
			if err := sleep(ctx, refreshPoll); err != nil {
				return r, fmt.Errorf("%w: waiting for another node: %w", ErrUnavailable, err)
			}
			continue
		}

		tokens.lock = refreshLock{owner: a.process, until: now.Add(refreshLockTTL)}
		r.tokens = tokens
		r.stored = a.sealTokens(&tokens, i)
		locked, err := a.replaceTokens(ctx, stored, r.stored)
		if err != nil || locked {
			return r, err
		}
	}
}

// currentTokens returns the tokens as they are stored now.
func (a *auth) currentTokens(
	ctx context.Context, i *userprovider.Identity,
) (tokenSet, []byte, error) {
	tokens, stored, err := a.readTokens(ctx, i)
	switch {
	case err != nil:
		return tokenSet{}, nil, tokensError(err)
	case stored == nil:
		return tokenSet{}, nil, ErrSessionEnded
	}

	newer, ok := a.rotated.find(tokens.refreshToken)
	if !ok {
		return tokens, stored, nil
	}

	// This process has spent the stored refresh token: the store has not answered since, or it is
	// the cookie of a request that was sent before.
	sealed := a.sealTokens(&newer, i)
	if _, err := a.replaceTokens(ctx, stored, sealed); err != nil {
		return tokenSet{}, nil, err
	}

	return newer, sealed, nil
}

func (a *auth) replaceTokens(ctx context.Context, old, data []byte) (bool, error) {
	replaced, err := sessionstores.ReplaceAttachment(ctx, a.sessions, old, data)
	if errors.Is(err, sessionstores.ErrUnavailable) {
		err = fmt.Errorf("%w: %w", ErrUnavailable, err)
	}

	return replaced, err
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

// saveRefreshed stores the tokens in place of those that were locked. A store that does not answer
// is tried again until the lock expires: the refresh token that it has is spent.
func (a *auth) saveRefreshed(
	ctx context.Context, r *refreshing, tokens *tokenSet,
) (saved bool, err error) {
	sealed := a.sealTokens(tokens, r.identity)
	for {
		saved, err = a.replaceTokens(ctx, r.stored, sealed)
		if !errors.Is(err, ErrUnavailable) || !time.Now().Before(r.tokens.lock.until) {
			return saved, err
		}
		a.Logger.WarnContext(ctx, "refreshed tokens not saved yet, trying again", "err", err)
		time.Sleep(saveRetry)
	}
}

// discardRefreshed is for tokens whose session has ended, or has had a new login, while they were
// requested. Nothing refers to them, so they are revoked.
func (a *auth) discardRefreshed(ctx context.Context, tokens *tokenSet) error {
	a.revokeRefreshToken(ctx, tokens.refreshToken)
	return ErrSessionEnded
}

// endRefreshed ends a session whose refreshed tokens are not acceptable.
func (a *auth) endRefreshed(ctx context.Context, tokens *tokenSet, cause error) error {
	a.Logger.ErrorContext(ctx, "refreshed tokens refused, session ended", "err", cause)
	a.revokeRefreshToken(ctx, tokens.refreshToken)
	if err := a.endSession(ctx); err != nil {
		return err
	}

	return fmt.Errorf("%w: %w", ErrSessionEnded, cause)
}

// endSession ends the session at once: the response may have begun.
func (a *auth) endSession(ctx context.Context) error {
	err := a.sessions.Destroy(ctx)
	if errors.Is(err, sessionstores.ErrTooLate) {
		err = sessionstores.Revoke(ctx, a.sessions)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}

	return nil
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

// releaseRefresh gives the lock back after a failure. If that fails, the lock expires.
func (a *auth) releaseRefresh(ctx context.Context, r *refreshing) {
	tokens := r.tokens
	tokens.lock = refreshLock{}
	if _, err := a.replaceTokens(ctx, r.stored, a.sealTokens(&tokens, r.identity)); err != nil {
		a.Logger.WarnContext(ctx, "lock of a refresh not released", "err", err)
	}
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

// refreshScopes asks for openid as well, so that the answer has a new ID token.
func (a *auth) refreshScopes(req *tokenRequest) []string {
	scopes := slices.Clone(req.scopes)
	if !slices.Contains(scopes, "openid") {
		scopes = append(scopes, "openid")
	}

	return scopes
}

// checkRefreshed checks a new ID token against the one of the login (OpenID Connect Core, section
// 12.2).
func (a *auth) checkRefreshed(
	ctx context.Context, r *refreshing, answer *tokenAnswer,
) (claims map[string]any, err error) {
	if answer.IDToken == "" {
		return nil, nil
	}

	token, claims, err := a.verifyJWT(ctx, r.metadata, answer.IDToken, a.ClientID, a.SigningAlg)
	if err != nil {
		return nil, err
	}
	for _, err := range []error{
		checkIssuedAt(token, time.Now()),
		a.checkAuthorizedParty(token, claims),
		checkNoLogoutToken(claims),
	} {
		if err != nil {
			return nil, err
		}
	}
	if token.Subject != r.identity.Subject {
		return nil, invalidToken("the refreshed sub is not that of the login")
	}

	before := unverifiedClaims(r.tokens.idToken)
	for _, name := range []string{"azp", "org_id", "org_name", "auth_time", "nonce"} {
		old, had := before[name]
		now, has := claims[name]
		mustStay := name == "org_id" || name == "org_name"
		if (has || mustStay) && had && fmt.Sprint(old) != fmt.Sprint(now) {
			return nil, invalidToken("the refreshed %s is not that of the login", name)
		}
	}

	return claims, nil
}

// syncRefreshed maps the claims of a new ID token and updates the user, if SyncOnRefresh is set.
// The roles are then as fresh as the token.
func (a *auth) syncRefreshed(
	ctx context.Context, i *userprovider.Identity, claims map[string]any,
) error {
	if !a.SyncOnRefresh || claims == nil {
		return nil
	}

	login, _ := a.Mapping.Apply(claims, nil)
	keepAuthentication(&login.Identity, i)
	user, err := a.syncUser(ctx, login)
	switch {
	case errors.Is(err, userprovider.ErrRefused):
		a.Logger.WarnContext(ctx, "user refused at a refresh, session ended",
			"subject", i.Subject, "err", err)
		if err := a.endSession(ctx); err != nil {
			return err
		}
		return fmt.Errorf("%w: %w", ErrSessionEnded, err)
	case err != nil:
		a.Logger.WarnContext(ctx, "user not updated at a refresh", "subject", i.Subject, "err", err)
		return nil
	}

	before, _ := decodeIdentity(a.sessions.GetString(ctx, identityField))
	a.putIdentity(ctx, user.ID, login.Identity, before.ceiling)

	return nil
}

// keepAuthentication keeps what the login has said about the authentication. Auth0 leaves it out of
// refreshed ID tokens, and a refresh neither grants nor takes away a second factor.
func keepAuthentication(refreshed, login *userprovider.Identity) {
	refreshed.ACR = login.ACR
	refreshed.AMR = login.AMR
	refreshed.AuthTime = login.AuthTime
	refreshed.Permissions = login.Permissions
	if refreshed.SessionID == "" {
		refreshed.SessionID = login.SessionID
	}
}

// sleep waits, or returns the error of the context.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()

	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
