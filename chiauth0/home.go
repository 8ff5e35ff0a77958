package chiauth0

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/chiauth0/auth/userprovider"
)

// HomeData is what Config.HomeTemplate is executed with.
type HomeData struct {
	SignedIn            bool
	Name                string // the best name there is: name, nickname, e-mail or subject
	User                userprovider.User
	Identity            userprovider.Identity
	LoginURL, LogoutURL string // GET the one, POST to the other
}

// home says who is signed in. With CallbackURI "auth0" it is the callback too.
func (a *auth) home(w http.ResponseWriter, r *http.Request) {
	if strings.TrimSuffix(a.callbackPath, "/") == a.mount { // chi serves it with and without the slash
		if answer, err := parseCallback(r.URL.RawQuery); err != nil || answer != (callbackAnswer{}) {
			a.back(w, r)
			return
		}
	}
	data := HomeData{LoginURL: a.loginURL(""), LogoutURL: a.mount + "/logout"}
	user, err := UserFrom(r.Context())
	if err == nil {
		data.SignedIn, data.User = true, user
		data.Identity, _ = IdentityFrom(r.Context())
		data.Name = displayName(data.Identity)
	} else if !errors.Is(err, ErrNotSignedIn) {
		a.fail(w, r, unavailable(err))
		return
	}
	var page bytes.Buffer
	if err := a.HomeTemplate.Execute(&page, data); err != nil {
		a.fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	if a.HomeTemplate == ownHome {
		h.Set("Content-Security-Policy", contentSecurityPolicy)
	}
	_, _ = w.Write(page.Bytes())
}

func displayName(i userprovider.Identity) string {
	for _, name := range []string{i.Name, i.Nickname, i.Email} {
		if name != "" {
			return name
		}
	}
	return i.Subject
}

// me is the signed-in user for programs. The claims have their standard names (OpenID Connect Core, section 5.1).
func (a *auth) me(w http.ResponseWriter, r *http.Request) {
	user, err := UserFrom(r.Context())
	if errors.Is(err, ErrNotSignedIn) {
		a.unauthorized(w, r, err)
		return
	}
	if err != nil {
		a.fail(w, r, unavailable(err))
		return
	}
	i, _ := IdentityFrom(r.Context())
	body, err := json.Marshal(struct {
		ID            string   `json:"id"`
		Subject       string   `json:"sub"`
		Name          string   `json:"name,omitempty"`
		Nickname      string   `json:"nickname,omitempty"`
		Email         string   `json:"email,omitempty"`
		EmailVerified bool     `json:"email_verified"`
		Picture       string   `json:"picture,omitempty"`
		Groups        []string `json:"groups,omitempty"`
		OrgID         string   `json:"org_id,omitempty"`
		OrgName       string   `json:"org_name,omitempty"`
		Staff         bool     `json:"staff"`
		Superuser     bool     `json:"superuser"`
	}{
		user.ID, i.Subject, i.Name, i.Nickname, i.Email, i.EmailVerified, i.Picture, i.Groups, i.OrgID, i.OrgName,
		user.Staff, user.Superuser,
	})
	if err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}
