package chiauth0

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/userprovider"
)

const (
	maxBackchannelBody = 64 << 10
	maxLogoutToken     = 8 << 10

	// backchannelTimeout is how long a back-channel logout may take. Auth0 waits for five seconds.
	backchannelTimeout = 2 * time.Second

	// maxLogoutTokenAge is how old a logout token may be. OpenID Connect Back-Channel Logout,
	// section 2.6, leaves it to the client.
	maxLogoutTokenAge = 10 * time.Minute

	// logoutMarkTTL is how long a logout is remembered for logins that are in progress. It is
	// longer than a login can take.
	logoutMarkTTL = transactionValid + maxLogoutTokenAge
)

// backchannelLogout ends the sessions that a logout token names (OpenID Connect Back-Channel Logout
// 1.0). It is called by Auth0 and not by a browser: no session is loaded, and no cookie is set.
//
// The answer is 200 if the sessions are ended, also if there were none (section 2.7). It is 400 if
// the token is not valid, after which Auth0 does not try again, and 503 if something here or the
// signing keys are not available.
func (a *auth) backchannelLogout(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), backchannelTimeout)
	defer cancel()

	token, err := a.readLogoutToken(ctx, w, r)
	if err == nil {
		err = a.endByLogoutToken(ctx, token)
	}

	switch {
	case err == nil:
		w.WriteHeader(http.StatusOK)
	case errors.Is(err, errLogoutToken):
		a.Logger.WarnContext(ctx, "back-channel logout refused", "err", err)
		writeOAuthError(w, http.StatusBadRequest, "invalid_request", err)
	default:
		a.Logger.ErrorContext(ctx, "back-channel logout failed", "err", err)
		w.Header().Set("Retry-After", "5")
		writeOAuthError(w, http.StatusServiceUnavailable, "temporarily_unavailable",
			errors.New("the sessions could not be ended at the moment"))
	}
}

func writeOAuthError(w http.ResponseWriter, status int, code string, err error) {
	body, marshalErr := json.Marshal(map[string]string{
		"error": code, "error_description": err.Error(),
	})
	if marshalErr != nil {
		w.WriteHeader(status)
		return
	}

	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// endByLogoutToken ends the sessions of the token's sid, or those of its subject if it has no sid.
func (a *auth) endByLogoutToken(ctx context.Context, t *logoutToken) error {
	used := a.sessionName("jti", t.id)
	seen, err := sessionstores.Mark(ctx, a.sessions, used)
	if err != nil {
		return err
	}
	if seen != nil {
		return nil // sent twice
	}

	kinds := map[string]string{"sid": t.sid}
	if t.sid == "" || a.BackchannelLogoutAll && t.subject != "" {
		kinds["sub"] = t.subject
	}
	for kind, id := range kinds {
		if id == "" {
			continue
		}
		if err := a.endAndMark(ctx, a.sessionName(kind, id), t.issued); err != nil {
			return err
		}
	}

	// The token is noted when the sessions are ended, so that it can be sent again after a failure.
	err = sessionstores.SetMark(ctx, a.sessions, used, []byte{1}, 2*maxLogoutTokenAge)
	if err != nil {
		return err
	}
	a.Logger.InfoContext(ctx, "back-channel logout",
		"subject", t.subject, "sid", t.sid, "trace_id", t.traceID)

	return nil
}

// endAndMark ends the sessions of a name. A login that is in progress finds the mark, which is set
// first, or is found by RevokeAll.
func (a *auth) endAndMark(ctx context.Context, name string, issued time.Time) error {
	at := strconv.AppendInt(nil, issued.Unix(), 10)
	err := sessionstores.SetMark(ctx, a.sessions, "logout "+name, at, logoutMarkTTL)
	if err != nil {
		return err
	}

	return sessionstores.RevokeAll(ctx, a.sessions, name)
}

// loggedOutMeanwhile reports whether Auth0 has ended the session of a login since its ID token was
// issued. It is asked after the new session is saved: whatever comes later finds the session.
func (a *auth) loggedOutMeanwhile(
	ctx context.Context, i *userprovider.Identity, issued time.Time,
) (bool, error) {
	if !a.BackchannelLogout {
		return false, nil
	}

	if i.SessionID != "" {
		mark, err := sessionstores.Mark(
			ctx,
			a.sessions,
			"logout "+a.sessionName("sid", i.SessionID),
		)
		if err != nil || mark != nil {
			return mark != nil, err
		}
	}

	mark, err := sessionstores.Mark(ctx, a.sessions, "logout "+a.sessionName("sub", i.Subject))
	if err != nil || mark == nil {
		return false, err
	}
	at, err := strconv.ParseInt(string(mark), 10, 64)
	if err != nil {
		return false, fmt.Errorf("chiauth0: malformed mark of a back-channel logout: %w", err)
	}

	return issued.Unix() <= at, nil
}

// checkBackchannel finds a session store that no logout from Auth0 would reach.
func (c *Config) checkBackchannel(found *faults) {
	if !c.BackchannelLogout || c.Sessions == nil {
		return
	}

	if err := sessionstores.CanRevokeAll(c.Sessions); err != nil {
		found.addf(
			"BackchannelLogout: %w; use memstore or redisstore, "+
				"or set Revocations of the cookiestore",
			err,
		)
	}
}
