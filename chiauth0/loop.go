package chiauth0

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A session cookie that the browser does not keep makes a loop of login, single sign-on, callback and guard that only ends
// at Auth0's rate limit, for everybody. So the browser carries the times of its latest callbacks, and a third login within
// a minute that still finds no session is a page instead of a redirect.
const (
	attemptsCookie = "chiauth0_attempts"
	attemptsWindow = time.Minute
	attemptsFree   = 2
)

func (a *auth) attempts(r *http.Request) []string {
	c, err := r.Cookie(attemptsCookie)
	if err != nil || len(c.Value) > 64 {
		return nil
	}
	var recent []string
	for at := range strings.SplitSeq(c.Value, ".") {
		seconds, err := strconv.ParseInt(at, 10, 64)
		if age := time.Since(time.Unix(seconds, 0)); err == nil && age < attemptsWindow && age > -attemptsWindow {
			recent = append(recent, at)
		}
	}
	return recent
}

// attempted counts a callback that belonged to a login of this browser.
func (a *auth) attempted(w http.ResponseWriter, r *http.Request) {
	recent := append(a.attempts(r), strconv.FormatInt(time.Now().Unix(), 10))
	recent = recent[max(0, len(recent)-attemptsFree):]
	a.setCookie(w, attemptsCookie, strings.Join(recent, "."), attemptsWindow)
}

// looping answers in place of a login that would go round in circles.
func (a *auth) looping(w http.ResponseWriter, r *http.Request, returnTo string) bool {
	if len(a.attempts(r)) < attemptsFree {
		return false
	}
	if _, _, err := a.sessionIdentity(r.Context()); err == nil {
		return false // signed in: asking for another login is no loop
	}
	again := a.loginURL(returnTo)
	if r.URL.Query().Has("again") { // a person clicked
		a.setCookie(w, attemptsCookie, "", 0)
		return false
	}
	if strings.Contains(again, "?") {
		again += "&again=1"
	} else {
		again += "?again=1"
	}
	a.fail(w, r, &Error{
		Status: http.StatusTooManyRequests, Code: "login_loop", RetryURL: again,
		Message: "You have logged in several times within a minute, and are still not signed in. " +
			"Your browser may not be keeping this site's cookies.",
		Err: ErrInvalidState,
	})
	return true
}
