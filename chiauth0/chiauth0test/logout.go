package chiauth0test

import (
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// logoutV2 is Auth0's own logout: client_id, returnTo, and federated, which changes nothing here since accounts come from
// nowhere else. A refused one ends nothing.
func (t *Tenant) logoutV2(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	target := query.Get("returnTo")
	client, known := t.client(query.Get("client_id"))
	switch {
	case query.Has("client_id") && !known:
		t.errorPage(w, http.StatusBadRequest, fmt.Sprintf("Unknown client: %q.", query.Get("client_id")))
		return
	case target != "" && !slices.Contains(client.LogoutURLs, target):
		t.errorPage(w, http.StatusBadRequest, fmt.Sprintf(
			"The returnTo %q is not in the list of allowed logout URLs of client %q.", target, client.ID))
		return
	case target == "" && len(client.LogoutURLs) > 0:
		target = client.LogoutURLs[0]
	}
	t.endSession(w, r)
	t.afterLogout(w, r, target)
}

// logoutOIDC is OpenID Connect RP-Initiated Logout 1.0. A request that does not prove, by id_token_hint or logout_hint, that
// it knows the session it ends has the person asked, as at Auth0: else any page could log people out.
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
	confirmed := r.PostForm.Get("confirm") == "yes" // a link has no PostForm
	if session != nil && session.sid != sid && !confirmed {
		t.render(w, http.StatusOK, "logout", page{Title: "Log out", Action: t.url("oidc/logout", nil), Fields: r.Form})
		return
	}
	t.endSession(w, r)
	t.afterLogout(w, r, target)
}

// readLogout finds where a logout leads, "" for nowhere, and the sid that it names.
func (t *Tenant) readLogout(form url.Values) (target, sid, problem string) {
	clientID, sid := form.Get("client_id"), form.Get("logout_hint")
	if hint := form.Get("id_token_hint"); hint != "" {
		claims, err := t.readHint(hint)
		if err != nil {
			return "", "", "The id_token_hint is no ID token of this tenant: " + err.Error() + "."
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
		return "", "", fmt.Sprintf("The post_logout_redirect_uri %q is not in the list of allowed logout URLs of client %q.",
			target, client.ID)
	}
	if state := form.Get("state"); state != "" {
		target = addQuery(target, url.Values{"state": {state}})
	}
	return target, sid, ""
}

type hintClaims struct {
	Issuer    string `json:"iss"`
	Audience  string `json:"aud"`
	SessionID string `json:"sid"`
}

// readHint verifies an ID token but not its expiry: logging out late is fine.
func (t *Tenant) readHint(hint string) (hintClaims, error) {
	signed, err := jose.ParseSignedCompact(hint, []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.HS256})
	if err != nil {
		return hintClaims{}, err
	}
	// The payload names the client, whose secret is the key of an HS256 signature.
	var claims hintClaims
	if err := json.Unmarshal(signed.UnsafePayloadWithoutVerification(), &claims); err != nil {
		return hintClaims{}, err
	}
	if claims.Issuer != t.issuer {
		return hintClaims{}, fmt.Errorf("its iss is %q", claims.Issuer)
	}
	if _, err := signed.Verify(t.hintKey(signed.Signatures[0].Header, claims)); err != nil {
		return hintClaims{}, err
	}
	return claims, nil
}

func (t *Tenant) hintKey(header jose.Header, claims hintClaims) any {
	if header.Algorithm == string(jose.HS256) {
		client, _ := t.client(claims.Audience)
		return macKey(client.Secret)
	}
	for _, key := range t.keys.published() {
		if key.id == header.KeyID {
			return key.Public()
		}
	}
	return (*rsa.PublicKey)(nil)
}

func (t *Tenant) client(id string) (client Client, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	stored, known := t.clients[id]
	if !known {
		return Client{}, false
	}
	return stored.clone(), true
}

func (t *Tenant) afterLogout(w http.ResponseWriter, r *http.Request, target string) {
	if target == "" {
		t.render(w, http.StatusOK, "message", page{Title: "Logged out", Message: "You are logged out."})
		return
	}
	redirect(w, r, target)
}
