package chiauth0

import (
	"encoding/json"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// ceilingMargin is how long before the session of the tenant a session ends here.
const ceilingMargin = 30 * time.Second

// maxCeiling bounds session_expiry. A larger number is no number of seconds.
const maxCeiling = 1e10

// sessionCeiling returns when the session of a login ends at the latest, by the claim
// session_expiry of the ID token. It returns the zero time if the claim is missing, or no number
// of seconds.
func sessionCeiling(claims map[string]any) time.Time {
	number, ok := claims["session_expiry"].(json.Number)
	if !ok {
		return time.Time{}
	}
	expiry, err := number.Float64()
	if err != nil || !(expiry > 0 && expiry < maxCeiling) {
		return time.Time{}
	}

	return time.Unix(int64(expiry), 0).Add(-ceilingMargin)
}

// checkSessionCeiling refuses a login whose session has ended already, also by the time of the ID
// token.
func checkSessionCeiling(token *oidc.IDToken, claims map[string]any, now time.Time) error {
	ceiling := sessionCeiling(claims)
	if ceiling.IsZero() || ceiling.After(token.IssuedAt) && ceiling.After(now) {
		return nil
	}

	return invalidToken("session_expiry %v is less than 30 s after iat %v, or after %v, the time "+
		"of this machine: the tenant's session ends too soon",
		claims["session_expiry"], token.IssuedAt.Unix(), now.Unix())
}

// ended reports whether the session of the tenant has ended. The deadline of the session says the
// same, unless a handler has moved it with RenewToken or SetDeadline.
func (s *signedIn) ended(now time.Time) bool {
	return !s.ceiling.IsZero() && !now.Before(s.ceiling)
}
