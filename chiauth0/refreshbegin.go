package chiauth0

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/userprovider"
)

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

// releaseRefresh gives the lock back after a failure. If that fails, the lock expires.
func (a *auth) releaseRefresh(ctx context.Context, r *refreshing) {
	tokens := r.tokens
	tokens.lock = refreshLock{}
	if _, err := a.replaceTokens(ctx, r.stored, a.sealTokens(&tokens, r.identity)); err != nil {
		a.Logger.WarnContext(ctx, "lock of a refresh not released", "err", err)
	}
}
