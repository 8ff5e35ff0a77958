package chiauth0

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/chiauth0/auth/userprovider"
)

// HomeData is what the block "home" of Config.Pages is executed with.
type HomeData struct {
	// SignedIn says whether a user is signed in. Name is the best name there is: name, nickname,
	// e-mail or subject.
	SignedIn bool
	Name     string

	// User and Identity are zero if no user is signed in.
	User     userprovider.User
	Identity userprovider.Identity

	// LoginURL is opened, LogoutURL is posted to, and HomeURL is the application's home page.
	// HomeURL is empty if that is this page.
	LoginURL, LogoutURL, HomeURL string

	// Languages are the request's languages (Accept-Language), the most wanted first.
	Languages []string
}

// home says who is signed in. It is where Auth0 sends the browser after a logout, unless
// PostLogoutURL says otherwise. With CallbackURI "auth0" it is the callback as well.
func (a *auth) home(w http.ResponseWriter, r *http.Request) {
	if a.isLoggedOut(r.URL.Query()) {
		a.loggedOut(w, r)
		return
	}
	if a.callbackIsHome() {
		answer, err := parseCallback(r.URL.RawQuery)
		if err != nil || answer != (callbackAnswer{}) {
			a.callback(w, r)
			return
		}
	}
	data := HomeData{
		LoginURL: a.loginURL(""), LogoutURL: a.logoutURL(), Languages: languages(r),
	}
	if strings.TrimSuffix(a.settings.home, "/") != a.mount {
		data.HomeURL = a.settings.home
	}
	user, err := UserFrom(r.Context())
	switch {
	case err == nil:
		data.SignedIn, data.User = true, user
		data.Identity, _ = IdentityFrom(r.Context())
		data.Name = displayName(data.Identity)
	case !errors.Is(err, ErrNotSignedIn):
		a.fail(w, r, unavailable(err))
		return
	}
	if err := a.render(w, http.StatusOK, homePage, data); err != nil {
		a.fail(w, r, fmt.Errorf("chiauth0: the block \"home\" of Pages: %w", err))
	}
}

func displayName(i userprovider.Identity) string {
	for _, name := range []string{i.Name, i.Nickname, i.Email} {
		if name != "" {
			return name
		}
	}
	return i.Subject
}

// meAnswer is the answer of /me. The claims have their standard names (OpenID Connect Core, section
// 5.1).
type meAnswer struct {
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
}

// me is the signed-in user for programs.
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
	body, err := json.Marshal(meAnswer{
		ID: user.ID, Subject: i.Subject, Name: i.Name, Nickname: i.Nickname, Email: i.Email,
		EmailVerified: i.EmailVerified, Picture: i.Picture, Groups: i.Groups,
		OrgID: i.OrgID, OrgName: i.OrgName, Staff: user.Staff, Superuser: user.Superuser,
	})
	if err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}
