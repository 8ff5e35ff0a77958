package chiauth0

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

func (a *auth) replaceTokens(ctx context.Context, old, data []byte) (bool, error) {
	replaced, err := sessionstores.ReplaceAttachment(ctx, a.sessions, old, data)
	if errors.Is(err, sessionstores.ErrUnavailable) {
		err = fmt.Errorf("%w: %w", ErrUnavailable, err)
	}

	return replaced, err
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
