package userprovider

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Warnings returns what is valid but probably not intended, one sentence each, for the log at
// start. auth0 tells whether the tokens come from Auth0: other providers send claims such as groups
// and roles.
func (m Mapping) Warnings(auth0 bool) []string {
	if !auth0 {
		return nil
	}
	if !m.hasRoles() && m.GroupsField == "" {
		return nil
	}
	if warning := m.GroupsWarning(); warning != "" {
		return []string{warning}
	}
	return nil
}

// GroupsWarning returns why tokens of Auth0 cannot have the claim of GroupsField, or "" if they
// can. Roles, and guards that require a group, then refuse every user. An Extract may compute the
// claim, so that there is no warning with one.
func (m Mapping) GroupsWarning() string {
	if m.Extract != nil {
		return ""
	}
	name := topLevelName(m.groupsField())
	var reason string
	switch {
	case slices.Contains(restrictedClaims, name):
		reason = "custom claims of this name"
	case isAuth0Namespace(name):
		reason = "custom claims in a namespace of its own"
	default:
		return ""
	}
	return fmt.Sprintf("groups are read from the claim %q, but Auth0 silently drops %s: no user "+
		"is in a group, and no user gets a role; set the claim under a URL of your own in an "+
		"Auth0 Action, such as https://app.example/groups, and name it in Mapping.GroupsField "+
		"(AUTH0_GROUPS_FIELD)",
		m.groupsField(), reason)
}

// restrictedClaims are names that an Auth0 Action cannot set and that could be meant to hold groups
// (Auth0's documentation, "Create Custom Claims", General restrictions).
var restrictedClaims = []string{"groups", "roles", "permissions", "entitlements"}

// isAuth0Namespace reports whether a claim's name is under a URL or URN that Auth0 reserves
// (Auth0's documentation, "Create Custom Claims", Namespaced guidelines).
func isAuth0Namespace(name string) bool {
	if name == "urn:auth0" || strings.HasPrefix(name, "urn:auth0:") {
		return true
	}
	if !isURL(name) {
		return false
	}
	u, err := url.Parse(name)
	if err != nil {
		return false
	}
	host := strings.ToLower(u.Hostname())
	for _, domain := range []string{"auth0.com", "webtask.io", "webtask.run"} {
		if host == domain || strings.HasSuffix(host, "."+domain) {
			return true
		}
	}
	return false
}
