package chiauth0

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/chiauth0/auth/internal/seal"
)

// logoutState is the state parameter of a logout (OpenID Connect RP-Initiated Logout 1.0, section
// 2), sealed. The Allowed Logout URLs of Auth0 have no placeholder for an organization, so a logout
// comes back to BaseURL, and from there to the origin where it was begun.
type logoutState struct {
	Origin  string `json:"o"`
	Created int64  `json:"c"` // Unix seconds
}

// logoutStateValid is how long a logout at Auth0 and at the provider behind it may take.
const logoutStateValid = time.Hour

// sealLogoutState returns the state of a logout. It is empty where none is needed: without
// Config.Origins, on the origin of BaseURL, and with Config.PostLogoutURL.
func (a *auth) sealLogoutState(r *http.Request) (string, error) {
	origin := a.stateOrigin(r)
	if origin == "" || origin == a.base.String() || a.postLogout != "" {
		return "", nil
	}
	plaintext, err := encodeJSON(logoutState{Origin: origin, Created: time.Now().Unix()})
	if err != nil {
		return "", err
	}
	return a.transactions.SealString(plaintext, a.logoutBinding()), nil
}

// openLogoutState returns the origin that a logout was begun on. It reports false for a value that
// this Config did not seal, an expired one, and an origin that is not in Config.Origins any more.
func (a *auth) openLogoutState(sealed string) (origin string, ok bool) {
	if sealed == "" || len(sealed) > maxState {
		return "", false
	}
	var s logoutState
	plaintext, err := a.transactions.OpenString(sealed, a.logoutBinding())
	if err != nil || json.Unmarshal(plaintext, &s) != nil {
		return "", false
	}
	if time.Since(time.Unix(s.Created, 0)) > logoutStateValid || !a.isOwnOrigin(s.Origin) {
		return "", false
	}
	return s.Origin, true
}

func (a *auth) logoutBinding() []byte { return seal.Associated("logout", string(a.binding)) }

// allowedLogoutURL is the URL that is registered at Auth0 for logouts.
func (a *auth) allowedLogoutURL(r *http.Request) string {
	if a.postLogout == "" && len(a.origins) > 0 {
		return a.base.String() + a.mountHome()
	}
	return a.postLogoutURL(r)
}

// isLoggedOut reports whether Auth0 sent a request for the Router's home after a logout. An answer
// to a login has a code or an error beside its state.
func (a *auth) isLoggedOut(query url.Values) bool {
	return len(a.origins) > 0 && query.Has("state") && !query.Has("code") && !query.Has("error")
}

// loggedOut redirects to the Router's home on the origin where a logout was begun, or to the home
// page of BaseURL.
func (a *auth) loggedOut(w http.ResponseWriter, r *http.Request) {
	target := a.base.String() + a.settings.home
	if origin, ok := a.openLogoutState(r.URL.Query().Get("state")); ok {
		target = origin + a.mountHome()
	}
	redirect(w, http.StatusSeeOther, target)
}
