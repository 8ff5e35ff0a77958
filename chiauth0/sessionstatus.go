package chiauth0

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

// sessionStatus is the answer of GET /session, for the scripts of a page.
type sessionStatus struct {
	SignedIn      bool   `json:"signed_in"`
	ExpiresIn     int64  `json:"expires_in,omitempty"`      // seconds, at the latest
	IdleExpiresIn int64  `json:"idle_expires_in,omitempty"` // seconds, without another request
	AuthTime      int64  `json:"auth_time,omitempty"`       // Unix seconds
	LogoutURL     string `json:"logout_url,omitempty"`      // for a POST
}

// session says how long the session lasts. It does not extend it.
func (a *auth) session(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	deadline, idle, err := sessionstores.Expiry(ctx, a.sessions)
	if err != nil {
		a.fail(w, r, unavailable(err))
		return
	}

	var status sessionStatus
	identity, err := IdentityFrom(ctx)
	switch {
	case err == nil:
		status = sessionStatus{
			SignedIn:      true,
			ExpiresIn:     seconds(time.Until(deadline)),
			IdleExpiresIn: seconds(time.Until(idle)),
			LogoutURL:     a.mount + "/logout",
		}
		if !identity.AuthTime.IsZero() {
			status.AuthTime = identity.AuthTime.Unix()
		}
	case !errors.Is(err, ErrNotSignedIn):
		a.fail(w, r, unavailable(err))
		return
	}

	body, err := json.Marshal(status)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}

// seconds rounds a duration up. It is at least one: a session that is about to end still exists.
func seconds(d time.Duration) int64 {
	return max(1, int64((d+time.Second-1)/time.Second))
}

// Alive reports whether the session of a request still exists, and still signs its user in. It is
// for responses that last, such as server-sent events and WebSockets: end them when it reports
// false. It asks the session store at most once a second, and not the user provider. ctx is the
// context of a request behind [LoadUser] or a guard.
//
// [ErrUnavailable] says that the store did not answer.
func Alive(ctx context.Context) (bool, error) {
	a, err := configOf(ctx)
	if err != nil {
		return false, err
	}

	_, _, err = a.sessionIdentity(ctx)
	switch {
	case errors.Is(err, ErrNotSignedIn):
		return false, nil
	case err != nil:
		return false, err
	}

	alive, err := sessionstores.Alive(ctx, a.sessions)
	if err != nil {
		return false, unavailable(err)
	}

	return alive, nil
}
