package chiauth0

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/userprovider"
)

// Callback serves the way back from Auth0 at a path of the application's own:
//
//	cfg.CallbackURI = "/custom/path"
//	r.Method("GET", "/custom/path", chiauth0.Callback(cfg))
//
// The Router serves its /callback in any case. Callback panics with the error of [Config.Validate]
// if the Config has faults.
func Callback(cfg *Config) http.Handler {
	a := cfg.init()
	return a.private(a.loadUser(http.HandlerFunc(a.callback)))
}

// callback ends a login, in this order: the state opens, the transaction's cookie proves that this
// browser began the login, the transaction is marked used, the code is redeemed, the ID token is
// checked, the user is synchronised, and the session begins. A failure at any step leaves no
// session.
func (a *auth) callback(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		a.fail(w, r, newError(CodeMethodNotAllowed, ErrInvalidRequest))
		return
	}
	answer, err := parseCallback(r.URL.RawQuery)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if answer == (callbackAnswer{}) {
		a.goHome(w, r, "")
		return
	}
	state, ok := a.openState(answer.state)
	if !ok {
		a.strayCallback(w, r, answer, loginState{})
		return
	}
	if state.Origin != a.stateOrigin(r) {
		a.refuseOtherOrigin(w, r, state)
		return
	}
	t, ok := a.findTransaction(r, state.ID)
	if ok {
		a.setCookie(w, a.transactionCookie(t.ID), "", 0)
	}
	loggedOut := state.Silent && !a.hasSignedInBefore(r) // since the silent login began
	if !ok || t.expired() || loggedOut {
		a.strayCallback(w, r, answer, state)
		return
	}
	if !a.used.use(state.ID) {
		a.goHome(w, r, state.ReturnTo) // a duplicate of a request that is still being answered
		return
	}
	a.finishLogin(w, r, answer, state, t)
}

// finishLogin answers a callback of this browser's login.
func (a *auth) finishLogin(
	w http.ResponseWriter, r *http.Request, answer callbackAnswer, state loginState, t transaction,
) {
	user, login, err := a.signIn(r, t, answer, state.StepUp)
	if err == nil {
		err = a.saveLogin(w, r, state, t, user, login)
	}
	if err != nil {
		if a.repeatStepUp(w, r, state, err) {
			return
		}
		e := a.loginFailed(err, state.ReturnTo)
		subject := login.Identity.Subject
		e.Err = &refusal{error: e.Err, user: user.ID, subject: subject, ofLogin: true}
		a.failLogin(w, r, state.Silent, state.ReturnTo, e)
		return
	}

	a.emit(r.Context(), slog.LevelInfo, Event{
		Name: EventLogin, UserID: user.ID, Subject: login.Identity.Subject, NewUser: user.Created,
	})
	a.goHome(w, r, state.pageFor(&login.Identity))
}

// saveLogin saves the session. The other headers of the response are set before: a cookie session
// has to fit beside them.
func (a *auth) saveLogin(
	w http.ResponseWriter, r *http.Request, state loginState, t transaction,
	user userprovider.User, login userprovider.Login,
) error {
	h := w.Header()
	cookies := slices.Clone(h["Set-Cookie"])
	if !state.Silent {
		a.countLogin(w, r, t)
	}
	a.setHint(w, r, state)
	h.Set("Location", a.pageURL(r, state.pageFor(&login.Identity)))

	err := a.saveSession(r.Context(), user, login)
	if err != nil {
		h["Set-Cookie"] = cookies
		h.Del("Location")
	}

	return err
}

// goHome redirects to a page of this application, and to the home page for an empty one.
func (a *auth) goHome(w http.ResponseWriter, r *http.Request, page string) {
	redirect(w, http.StatusSeeOther, a.pageURL(r, page))
}

func (a *auth) pageURL(r *http.Request, page string) string {
	if page == "" {
		page = a.settings.home
	}

	return a.origin(r).String() + page
}

// strayCallback answers a callback that belongs to no login in progress of this browser. It changes
// no session: a link with error=… that a stranger made must not sign a user out. state is empty if
// the one of the callback did not open.
func (a *auth) strayCallback(
	w http.ResponseWriter, r *http.Request, answer callbackAnswer, state loginState,
) {
	_, identity, err := a.sessionIdentity(r.Context())
	if errors.Is(err, ErrUnavailable) {
		e := unavailable(err)
		e.RetryURL = a.loginURL(state.ReturnTo)
		a.failLogin(w, r, state.Silent, state.ReturnTo, e)
		return
	}
	signedIn := err == nil
	switch {
	case signedIn && a.used.has(state.ID):
		a.goHome(w, r, "") // the back button
	case signedIn:
		a.goHome(w, r, state.pageFor(&identity))
	case state.Silent:
		a.goHome(w, r, state.ReturnTo)
	case a.canRestart(r, state):
		a.restartLogin(w, r, state)
	default:
		e := newError(
			CodeInvalidState,
			fmt.Errorf("%w (state of %d bytes, opened: %t, restarts: %d)",
				ErrInvalidState, len(answer.state), state.ID != "", state.Restarts),
		)
		e.RetryURL = a.loginURL(state.ReturnTo)
		if state.Restarts > 0 {
			e.Message += " Your browser may not be keeping this site's cookies."
		}
		a.fail(w, r, e)
	}
}

// restartLogin begins a login again whose cookie is gone. The new state counts the attempts.
func (a *auth) restartLogin(w http.ResponseWriter, r *http.Request, state loginState) {
	query, err := url.ParseQuery(state.Query)
	if err != nil {
		a.fail(w, r, newError(CodeInvalidState, ErrInvalidState))
		return
	}
	query.Del("invitation") // good for one login
	if state.Restarts > 0 {
		select {
		case <-time.After(restartDelay):
		case <-r.Context().Done():
			return
		}
	}
	a.startLogin(w, r, loginRequest{
		returnTo: state.ReturnTo, query: query, restarts: state.Restarts + 1, stepUp: state.StepUp,
	})
}

// callbackAnswer is what Auth0 put into the callback's query.
type callbackAnswer struct{ state, code, err, description, issuer string }

func parseCallback(rawQuery string) (callbackAnswer, error) {
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return callbackAnswer{}, newError(CodeInvalidRequest,
			fmt.Errorf("%w: the callback's query is malformed", ErrInvalidRequest))
	}
	for _, name := range []string{"state", "code", "error", "error_description", "iss"} {
		if len(query[name]) > 1 { // RFC 6749, section 3.1
			return callbackAnswer{}, newError(CodeInvalidRequest,
				fmt.Errorf("%w: the callback has %s more than once", ErrInvalidRequest, name))
		}
	}
	answer := callbackAnswer{
		state: query.Get("state"), code: query.Get("code"), err: query.Get("error"),
	}
	if answer == (callbackAnswer{}) {
		return answer, nil
	}
	answer.description, answer.issuer = query.Get("error_description"), query.Get("iss")
	return answer, nil
}

// signIn begins the session of a callback. Where it fails after the ID token was checked, it still
// returns who tried to log in.
func (a *auth) signIn(
	r *http.Request, t transaction, answer callbackAnswer, need *stepUp,
) (user userprovider.User, login userprovider.Login, err error) {
	ctx := r.Context()
	if err := sessionstores.LoadError(ctx, a.sessions); err != nil {
		return user, login, err // before the code is spent
	}
	meta, err := a.provider.metadata(ctx)
	if err != nil {
		return user, login, err
	}
	if err := answer.check(meta); err != nil {
		return user, login, err
	}
	token, err := a.exchange(ctx, meta, t, answer.code)
	if err != nil {
		return user, login, err
	}
	login, err = a.readLogin(ctx, meta, t, token)
	if err != nil {
		return user, login, err
	}

	if need != nil {
		if err := need.check(&login.Identity, time.Now()); err != nil {
			return user, login, err
		}
	}

	// From here on a closed browser must not leave half a login behind.
	ctx = context.WithoutCancel(ctx)
	user, err = a.syncUser(ctx, login)
	if err != nil {
		return user, login, err
	}

	err = a.beginSession(ctx, user, &login, token)
	return user, login, err
}

// check returns an error unless the answer has a code of this provider.
func (c callbackAnswer) check(meta *metadata) error {
	// Another provider's answer must not be taken for this one's (RFC 9207, section 2.4).
	if c.issuer != meta.Issuer && (c.issuer != "" || meta.IssuerInCallback) {
		return invalidToken("iss %q in the callback is not %q", cut(c.issuer), meta.Issuer)
	}
	if c.err != "" {
		return newProviderError(c.err, c.description)
	}
	if c.code == "" {
		return fmt.Errorf("%w: the callback has neither code nor error", ErrInvalidRequest)
	}
	return nil
}
