package chiauth0

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// maxLogoutURL is how long the way to Auth0's logout may get: longer ones are refused by servers in between.
const maxLogoutURL = 4000

// logoutPatience is how long a logout waits for discovery, where no login has needed it before.
const logoutPatience = 2 * time.Second

// logout ends the session here, whatever becomes of the rest, and then at Auth0.
func (a *auth) logout(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		if err := a.crossOrigin.Check(r); err != nil {
			a.fail(w, r, &Error{
				Status: http.StatusForbidden, Code: "cross_origin", Message: "Another site asked to sign you out.", Err: err,
			})
			return
		}
	} else if !isNavigation(r) {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	} else if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
		// A link or an image elsewhere. It may be meant, so a person decides.
		a.render(w, http.StatusOK, "confirm", map[string]string{"Action": a.mount + "/logout", "Home": a.settings.home})
		return
	}

	ctx := context.WithoutCancel(r.Context())
	id, identity, err := a.sessionIdentity(ctx)
	if errors.Is(err, ErrUnavailable) {
		a.fail(w, r, unavailable(err)) // nothing was ended: do not say so
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
	a.setCookie(w, attemptsCookie, "", 0)
	if id != "" {
		a.Logger.InfoContext(ctx, "logged out", "user", id, "subject", identity.Subject)
	}
	redirect(w, http.StatusSeeOther, a.endSessionURL(ctx, r, tokens.idToken, identity.SessionID))
}

// endSessionURL is where the session at Auth0 ends: by OpenID Connect RP-Initiated Logout if the tenant has it, by Auth0's
// older way if not, or if we cannot ask.
func (a *auth) endSessionURL(ctx context.Context, r *http.Request, idToken, sid string) string {
	patient, cancel := context.WithTimeout(ctx, logoutPatience)
	defer cancel()
	meta, err := a.provider.metadata(patient)
	if err != nil {
		a.Logger.WarnContext(ctx, "logout at Auth0 without discovery", "err", err)
	}
	query := url.Values{"client_id": {a.ClientID}}
	if err != nil || meta.EndSessionEndpoint == "" {
		query.Set("returnTo", a.postLogoutURL(r))
		return a.withFederated(a.issuer+"v2/logout", query)
	}
	query.Set("post_logout_redirect_uri", a.postLogoutURL(r))
	if idToken != "" {
		query.Set("id_token_hint", idToken)
	}
	location := a.withFederated(meta.EndSessionEndpoint, query)
	if len(location) > maxLogoutURL {
		query.Del("id_token_hint")
		if sid != "" {
			query.Set("logout_hint", sid)
		}
		location = a.withFederated(meta.EndSessionEndpoint, query)
	}
	return location
}

// withFederated appends the query. Auth0's federated has no value, and must come without an equals sign.
func (a *auth) withFederated(endpoint string, query url.Values) string {
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
