package chiauth0

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/chiauth0/auth/internal/seal"
)

// maxState bounds the state of a callback that is opened at all.
const maxState = 4096

// A browser that keeps no cookies gets one restart. One that keeps some gets more: its cookies can
// be dropped again while its other tabs log in. From the second restart on, the browser is kept
// waiting a little: one of its other tabs is about to be signed in, and then no restart is needed.
const restartDelay = 200 * time.Millisecond

const (
	maxRestartsWithoutCookies = 1
	maxRestarts               = 5
)

// loginState is the state parameter (RFC 6749, section 10.12), sealed. It goes to Auth0 and back
// through the browser. The transaction cookie of the same ID proves that this browser began the
// login. Where the cookie is gone, the state says how to begin again: a browser that restores a
// dozen tabs begins more logins at once than there is room for in its cookies.
type loginState struct {
	ID       string  `json:"i"`
	Created  int64   `json:"c"`           // Unix seconds
	Origin   string  `json:"o,omitempty"` // where the login was begun, with Config.Origins
	ReturnTo string  `json:"u,omitempty"` // the page to return to
	Query    string  `json:"q,omitempty"` // the parameters of /login, to begin again
	Restarts int     `json:"r,omitempty"` // how often the cookie was gone
	StepUp   *stepUp `json:"p,omitempty"` // what a guard needs of the login
	Silent   bool    `json:"s,omitempty"` // see silent.go
}

func newLoginState(request loginRequest) loginState {
	return loginState{
		ID:       rand.Text(),
		Created:  time.Now().Unix(),
		ReturnTo: request.returnTo,
		Query:    request.query.Encode(),
		Restarts: request.restarts,
		StepUp:   request.stepUp,
		Silent:   request.silent,
	}
}

func (s *loginState) expired() bool {
	return time.Since(time.Unix(s.Created, 0)) > transactionValid
}

// canRestart reports whether a login whose cookie is gone begins again.
func (a *auth) canRestart(r *http.Request, s loginState) bool {
	if s.ID == "" || s.expired() {
		return false
	}
	if a.keepsCookies(r) {
		return s.Restarts < maxRestarts
	}
	return s.Restarts < maxRestartsWithoutCookies
}

// keepsCookies reports whether the browser has sent a cookie of another login.
func (a *auth) keepsCookies(r *http.Request) bool {
	if a.readLoop(r).Last != 0 {
		return true
	}
	return slices.ContainsFunc(a.transactionCookies(r, ""), func(other transactionInfo) bool {
		return other.opens
	})
}

func (a *auth) sealState(s loginState) (string, error) {
	plaintext, err := encodeJSON(s)
	if err != nil {
		return "", err
	}
	return a.transactions.SealString(plaintext, a.stateBinding()), nil
}

// openState opens the state of a callback. It reports false for one that this Config did not seal.
func (a *auth) openState(sealed string) (s loginState, ok bool) {
	if sealed == "" || len(sealed) > maxState {
		return loginState{}, false
	}
	plaintext, err := a.transactions.OpenString(sealed, a.stateBinding())
	if err != nil || json.Unmarshal(plaintext, &s) != nil || s.ID == "" {
		return loginState{}, false
	}
	return s, true
}

func (a *auth) stateBinding() []byte { return seal.Associated("state", string(a.binding)) }

// encodeJSON is json.Marshal without the escapes for HTML, which make six bytes of each & in a URL.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return b.Bytes(), err
}
