package chiauth0test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// logoutV2 serves Auth0's own logout, with the parameters client_id and returnTo. federated has no
// effect, because the tenant has no social connections. A refused request ends no session.
func (t *Tenant) logoutV2(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	target := query.Get("returnTo")
	client, known := t.client(query.Get("client_id"))
	if query.Has("client_id") && !known {
		t.errorPage(w, http.StatusBadRequest,
			fmt.Sprintf("Unknown client: %q.", query.Get("client_id")))
		return
	}
	if target != "" && !client.allowsReturnTo(target) {
		t.errorPage(w, http.StatusBadRequest, fmt.Sprintf("The returnTo %q is not in the list of "+
			"allowed logout URLs of client %q.", target, client.ID))
		return
	}
	if target == "" && len(client.LogoutURLs) > 0 {
		target = client.LogoutURLs[0]
	}
	t.endSession(w, r)
	t.afterLogout(w, r, target)
}

// allowsReturnTo reports whether a returnTo is registered, as it is or without its query.
func (c Client) allowsReturnTo(target string) bool {
	withoutQuery, _, _ := strings.Cut(target, "?")
	return slices.Contains(c.LogoutURLs, target) || slices.Contains(c.LogoutURLs, withoutQuery)
}

// logoutOIDC serves OpenID Connect RP-Initiated Logout 1.0. A request that names the session in
// id_token_hint or logout_hint ends it. Another request might come from any page, so the user is
// asked for confirmation, as at Auth0.
func (t *Tenant) logoutOIDC(w http.ResponseWriter, r *http.Request) {
	if t.NoEndSession {
		http.NotFound(w, r)
		return
	}
	target, sid, problem := t.readLogout(r.Form)
	if problem != "" {
		t.errorPage(w, http.StatusBadRequest, problem)
		return
	}

	session, _ := t.currentSession(r)
	confirmed := r.PostForm.Get("confirm") == "yes" // PostForm excludes the query
	if session != nil && session.sid != sid && !confirmed {
		t.render(w, http.StatusOK, "logout", page{
			Title:  "Log out",
			Action: t.url("oidc/logout", nil),
			Fields: r.Form,
		})
		return
	}
	t.endSession(w, r)
	t.afterLogout(w, r, target)
}

// readLogout returns the URL to go to after a logout, if there is one, and the sid that the request
// names.
func (t *Tenant) readLogout(form url.Values) (target, sid, problem string) {
	clientID, sid := form.Get("client_id"), form.Get("logout_hint")
	if hint := form.Get("id_token_hint"); hint != "" {
		claims, err := t.readHint(hint)
		if err != nil {
			return "", "", "The id_token_hint is not an ID token of this tenant: " +
				err.Error() + "."
		}
		if clientID != "" && clientID != claims.Audience {
			return "", "", "The id_token_hint was issued to another client than client_id."
		}
		clientID, sid = claims.Audience, claims.SessionID
	}
	client, known := t.client(clientID)
	if clientID != "" && !known {
		return "", "", fmt.Sprintf("Unknown client: %q.", clientID)
	}

	target = form.Get("post_logout_redirect_uri")
	if target == "" {
		return "", sid, ""
	}
	if !slices.Contains(client.LogoutURLs, target) {
		return "", "", fmt.Sprintf("The post_logout_redirect_uri %q is not in the list of allowed "+
			"logout URLs of client %q.", target, client.ID)
	}
	if state := form.Get("state"); state != "" {
		target = addQuery(target, url.Values{"state": {state}})
	}
	return target, sid, ""
}

func (t *Tenant) afterLogout(w http.ResponseWriter, r *http.Request, target string) {
	if target == "" {
		t.render(w, http.StatusOK, "message", page{
			Title:   "Logged out",
			Message: "You are logged out.",
		})
		return
	}
	redirect(w, r, target)
}
