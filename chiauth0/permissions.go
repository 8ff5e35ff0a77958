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
	a := cfg.init()
	a.needAudience("RequirePermission")
	a.needPermissions.Store(true)
	hasPermission := func(_ userprovider.User, i userprovider.Identity) bool {
		return slices.Contains(i.Permissions, name)
	}
	return require(cfg, "permission "+name, hasPermission)
}

// RequireOrganization is [RequireLogin] for users who logged in to one of the organizations, given
// by their IDs ("org_…") or names. With one organization, a user who asks for a page with a session
// of another organization, or of none, is sent to the login of the right one. With several, or for
// a request that is not for a page, such a user gets 403.
//
// RequireOrganization panics with the error of [Config.Validate], and without an organization.
func RequireOrganization(cfg *Config, organizations ...string) func(http.Handler) http.Handler {
	a := cfg.init()
	if len(organizations) == 0 || slices.Contains(organizations, "") {
		panic("chiauth0: RequireOrganization without an organization: name at least one")
	}
	a.warnAboutOrganizations(organizations)
	guard := &organizationGuard{auth: a, organizations: slices.Clone(organizations)}
	return a.guard(guardRule{allow: guard.allow, refuse: guard.refuse, forbid: guard.forbid})
}

// organizationGuard is the rule of RequireOrganization.
type organizationGuard struct {
	*auth
	organizations []string
}

func (g *organizationGuard) allow(_ userprovider.User, i userprovider.Identity) bool {
	return slices.ContainsFunc(g.organizations, func(organization string) bool {
		return isOrganization(organization, i)
	})
}

func (g *organizationGuard) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, ErrNotSignedIn) && g.canLogIn(r) {
		g.sendToLogin(w, r)
		return
	}
	g.auth.refuse(w, r, err)
}

func (g *organizationGuard) forbid(
	w http.ResponseWriter, r *http.Request, u userprovider.User, i userprovider.Identity,
) {
	if g.canLogIn(r) {
		g.sendToLogin(w, r)
		return
	}
	g.auth.forbid(w, r, "organization", u, i)
}

// canLogIn reports whether there is one login that a person can be sent to. A host that names an
// organization has no login to another one.
func (g *organizationGuard) canLogIn(r *http.Request) bool {
	if g.organizationOf(r) != g.Organization {
		return false
	}
	return len(g.organizations) == 1 && wantsPage(r)
}

// sendToLogin redirects to the login of the organization. It ends in a session of that
// organization, or in a refusal, so that it cannot loop.
func (g *organizationGuard) sendToLogin(w http.ResponseWriter, r *http.Request) {
	query := "organization=" + url.QueryEscape(g.organizations[0])
	login := withQuery(g.loginURL(askedPage(r)), query)
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
