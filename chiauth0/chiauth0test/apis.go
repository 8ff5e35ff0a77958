package chiauth0test

import "slices"

// oidcScopes are granted to every login that asks for them.
var oidcScopes = []string{"openid", "profile", "email", "offline_access"}

// AddAPI registers an API, so that logins may ask for its audience. A login is granted those of the
// requested scopes that belong to OpenID Connect or are listed here. Other scopes are dropped
// silently, as at Auth0.
func (t *Tenant) AddAPI(audience string, scopes ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.apis[audience] = slices.Clone(scopes)
}

// AddConnection registers the name of a connection, so that logins may ask for it. Its users log in
// by e-mail and password. Username-Password-Authentication is registered from the start.
func (t *Tenant) AddConnection(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.connections[name] = true
}

// permissions returns those scopes of an API that a user holds. It is never nil.
func (t *Tenant) permissions(audience string, user User) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return intersect(t.apis[audience], user.Permissions)
}

// allowedScopes applies RBAC: it drops scopes of an API that the user does not hold.
func (t *Tenant) allowedScopes(scopes []string, user User) []string {
	if !t.RBAC {
		return scopes
	}
	return intersect(scopes, slices.Concat(oidcScopes, user.Permissions))
}

// intersect returns the elements of list that are in other, in the order of list.
func intersect(list, other []string) []string {
	common := []string{}
	for _, item := range list {
		if slices.Contains(other, item) && !slices.Contains(common, item) {
			common = append(common, item)
		}
	}
	return common
}
