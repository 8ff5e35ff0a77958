package chiauth0

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/chiauth0/auth/userprovider"
)

// RequirePermission is [RequireLogin] for users with a permission of Auth0's role-based access
// control; other signed-in users get 403. The permissions are the claim permissions of the access
// token at the last login. Auth0 adds it for an Audience whose API has the settings "Enable RBAC"
// and "Add Permissions in the Access Token".
//
// RequirePermission panics with the error of [Config.Validate], and without an Audience.
func RequirePermission(cfg *Config, name string) func(http.Handler) http.Handler {
	a := cfg.use()
	a.needAudience("RequirePermission")
	return Require(cfg, func(_ userprovider.User, i userprovider.Identity) bool {
		return slices.Contains(i.Permissions, name)
	})
}

// RequireOrganization is [RequireLogin] for users who logged in to one of the organizations, given
// by their IDs ("org_…") or names. With one organization, a user who asks for a page with a session
// of another organization, or of none, is sent to the login of the right one. With several, or for
// a request that is not for a page, such a user gets 403.
//
// RequireOrganization panics with the error of [Config.Validate], and without an organization.
func RequireOrganization(cfg *Config, organizations ...string) func(http.Handler) http.Handler {
	a := cfg.use()
	if len(organizations) == 0 || slices.Contains(organizations, "") {
		panic("chiauth0: RequireOrganization without an organization: name at least one")
	}
	a.warnAboutOrganizations(organizations)
	guard := &organizationGuard{auth: a, organizations: slices.Clone(organizations)}
	return func(next http.Handler) http.Handler {
		return LoadUser(cfg)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			guard.serve(w, r, next)
		}))
	}
}

type organizationGuard struct {
	*auth
	organizations []string
}

func (g *organizationGuard) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	w.Header().Set("Cache-Control", "private, no-store")
	identity, err := IdentityFrom(r.Context())
	if err != nil && !errors.Is(err, ErrNotSignedIn) {
		g.refuse(w, r, err)
		return
	}
	if err == nil && g.admits(identity) {
		next.ServeHTTP(w, r)
		return
	}
	if err == nil {
		err = ErrForbidden
	}
	if len(g.organizations) > 1 || !wantsPage(r) {
		g.refuse(w, r, err)
		return
	}
	g.sendToLogin(w, r)
}

func (g *organizationGuard) admits(i userprovider.Identity) bool {
	return slices.ContainsFunc(g.organizations, func(organization string) bool {
		return matchesOrganization(organization, i.OrgID, i.OrgName)
	})
}

// sendToLogin redirects to the login of the organization. It ends in a session of that
// organization, or in a refusal, so that it cannot loop.
func (g *organizationGuard) sendToLogin(w http.ResponseWriter, r *http.Request) {
	login := g.loginURL(askedPage(r)) + "&organization=" + url.QueryEscape(g.organizations[0])
	redirect(w, http.StatusFound, g.origin(r).String()+login)
}

// warnAboutOrganizations logs that the Config refuses the members of all organizations that a
// guard admits. An ID and a name cannot be compared, so then there is no warning.
func (a *auth) warnAboutOrganizations(organizations []string) {
	admitted := a.Organizations
	if a.Organization != "" {
		admitted = []string{a.Organization}
	}
	if len(admitted) == 0 {
		return
	}
	for _, x := range admitted {
		for _, y := range organizations {
			if !differentOrganizations(x, y) {
				return
			}
		}
	}
	a.warnOnce(fmt.Sprintf("RequireOrganization(%q) refuses all users: Organization and "+
		"Organizations admit %q alone", organizations, admitted))
}

// differentOrganizations reports whether two IDs or two names stand for different organizations.
func differentOrganizations(x, y string) bool {
	if strings.HasPrefix(x, "org_") != strings.HasPrefix(y, "org_") {
		return false
	}
	return !strings.EqualFold(x, y)
}

// askedPage is the page that a request asks for, as the server received it.
func askedPage(r *http.Request) string {
	if r.RequestURI != "" {
		return r.RequestURI
	}
	return r.URL.RequestURI()
}
