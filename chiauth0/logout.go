package chiauth0

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"time"
)

// logoutDiscovery is how long a logout waits for discovery, where no login has needed it before.
const logoutDiscovery = 2 * time.Second

// maxLogoutHeader is the limit of the Location and of the cookies that a logout sets. The session
// cookie comes on top, and all of it has to fit into the 4 KB that a proxy reads by default.
const maxLogoutHeader = 3300

// logout ends the session here, whatever happens at Auth0, and then at Auth0.
func (a *auth) logout(w http.ResponseWriter, r *http.Request) {
	if !a.logoutAllowed(w, r) {
		return
	}
	ctx := context.WithoutCancel(r.Context())
	id, identity, err := a.sessionIdentity(ctx)
	if errors.Is(err, ErrUnavailable) {
		a.fail(w, r, unavailable(err)) // the session has not ended
		return
	}
	tokens, _, tokensErr := a.readTokens(ctx, &identity)
	if tokensErr != nil {
		a.Logger.WarnContext(ctx, "logout goes on without id_token_hint", "err", tokensErr)
	}
	if err := a.sessions.Destroy(ctx); err != nil {
		a.fail(w, r, unavailable(err))
		return
	}
	a.dropTransactions(w, r)
	if _, err := r.Cookie(a.loopCookie()); err == nil {
		a.endLoop(w)
	}
	a.dropHint(w, r)
	target := a.afterLogout(ctx, w, r, tokens.idToken, identity.SessionID)
	a.sendLogoutURL(w, r, target)
	if saved(ctx) {
		a.revokeRefreshToken(ctx, tokens.refreshToken)
	}
	if id != "" && saved(ctx) {
		a.emit(ctx, slog.LevelInfo, Event{Name: EventLogout, UserID: id, Subject: identity.Subject})
	}
}

// logoutAllowed reports whether a request may end the session, and answers it if not.
func (a *auth) logoutAllowed(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodPost {
		if err := a.crossOrigin.Check(r); err != nil {
			a.fail(w, r, newError(CodeCrossOrigin, err))
			return false
		}
		return true
	}
	if isPreview(r) {
		refusePreview(w)
		return false
	}
	if !isNavigation(r) && !accepts(r, "text/html") {
		e := newError(CodeNavigationRequired, ErrInvalidRequest)
		e.Message = "A logout by a script is a POST, with Accept: application/json."
		a.fail(w, r, e)
		return false
	}
	if !isNavigation(r) || a.linkedFromElsewhere(r) {
		a.renderConfirm(w, r)
		return false
	}
	return true
}

// linkedFromElsewhere reports whether a link, a frame or an image of another site led here. It may
// be meant, so a person decides.
func (a *auth) linkedFromElsewhere(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "cross-site", "same-site":
		return true
	case "":
		return a.foreignReferer(r) // a browser without Fetch Metadata
	}
	return false
}

func (a *auth) foreignReferer(r *http.Request) bool {
	raw := r.Header.Get("Referer")
	if raw == "" {
		return false
	}
	referer, err := url.Parse(raw)
	return err != nil || !isOrigin(referer, a.origin(r))
}

// sendLogoutURL redirects a page, and tells a script where to go: fetch cannot follow a redirect to
// another origin.
func (a *auth) sendLogoutURL(w http.ResponseWriter, r *http.Request, target string) {
	script := accepts(r, "application/json") && !accepts(r, "text/html")
	if r.Method != http.MethodPost || !script {
		redirect(w, http.StatusSeeOther, target)
		return
	}
	body, err := json.Marshal(map[string]string{"logout_url": target})
	if err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}

// afterLogout is where the browser goes next: to OpenID Connect RP-Initiated Logout if the tenant
// has it, to Auth0's older logout if it has not or cannot be asked, and to PostLogoutURL for
// another provider without a logout of its own.
func (a *auth) afterLogout(
	ctx context.Context, w http.ResponseWriter, r *http.Request, idToken, sid string,
) string {
	ctx, cancel := context.WithTimeout(ctx, logoutDiscovery)
	defer cancel()
	meta, err := a.provider.metadata(ctx)
	if err != nil {
		a.Logger.WarnContext(ctx, "logout at Auth0 without discovery", "err", err)
	}
	state, stateErr := a.sealLogoutState(r)
	if stateErr != nil {
		a.Logger.WarnContext(ctx, "logout goes on without state", "err", stateErr)
	}
	query := url.Values{"client_id": {a.ClientID}}
	if err != nil || meta.EndSessionEndpoint == "" {
		if err == nil && !a.provider.isAuth0() {
			return a.postLogoutURL(r)
		}
		returnTo := a.allowedLogoutURL(r)
		if state != "" { // Auth0 ignores the query when it compares returnTo
			returnTo = withQuery(returnTo, "state="+state)
		}
		query.Set("returnTo", returnTo)
		return a.logoutLocation(a.issuer+"v2/logout", query)
	}
	query.Set("post_logout_redirect_uri", a.allowedLogoutURL(r))
	if state != "" {
		query.Set("state", state)
	}
	if idToken != "" {
		query.Set("id_token_hint", idToken)
		location := a.logoutLocation(meta.EndSessionEndpoint, query)
		if len(location) <= min(maxLocation, maxLogoutHeader-cookieBytes(w)) {
			return location
		}
		query.Del("id_token_hint")
	}
	if sid != "" {
		query.Set("logout_hint", sid) // spares people the question whether they want to log out
	}
	return a.logoutLocation(meta.EndSessionEndpoint, query)
}

func cookieBytes(w http.ResponseWriter) int {
	bytes := 0
	for _, cookie := range w.Header()["Set-Cookie"] {
		bytes += len("Set-Cookie: \r\n") + len(cookie)
	}
	return bytes
}

// logoutLocation appends the query. Auth0's federated has no value and no equals sign.
func (a *auth) logoutLocation(endpoint string, query url.Values) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return a.issuer
	}
	own := u.Query()
	for name := range query {
		own.Set(name, query.Get(name))
	}
	u.RawQuery = own.Encode()
	if a.FederatedLogout {
		u.RawQuery += "&federated"
	}
	return u.String()
}
