package chiauth0

import (
	"fmt"
	"slices"
	"sync"

	"github.com/chiauth0/auth/userprovider"
)

// warnings are the lines about probable mistakes that were logged, each once.
type warnings struct {
	mu     sync.Mutex
	logged map[string]bool
	groups []string // the groups that guards ask for
}

// warnOnce logs a warning, unless it was logged before.
func (a *auth) warnOnce(warning string) {
	a.warnings.mu.Lock()
	defer a.warnings.mu.Unlock()
	if a.warnings.logged[warning] {
		return
	}
	if a.warnings.logged == nil {
		a.warnings.logged = map[string]bool{}
	}
	a.warnings.logged[warning] = true
	a.Logger.Warn("chiauth0: " + warning)
}

// warnAboutRole logs that no user can have the role that a guard asks for. The users in memory get
// their roles from groups alone; other providers may have other sources.
func (a *auth) warnAboutRole(guard, field, group string) {
	_, inMemory := a.Users.(*userprovider.Memory)
	if !inMemory || group != "" {
		return
	}
	a.warnOnce(fmt.Sprintf("%s refuses all users: Mapping.%s is not set, and the users in memory "+
		"get roles from groups alone; set it to a group, or set Users to a provider that stores "+
		"roles", guard, field))
}

// warnAboutGroup logs that no user can be in the group that a guard asks for.
func (a *auth) warnAboutGroup(name string) {
	a.warnings.mu.Lock()
	a.warnings.groups = append(a.warnings.groups, name)
	a.warnings.mu.Unlock()
	a.warnAboutClaims()
}

// guardedGroups returns the groups that guards name.
func (a *auth) guardedGroups() []string {
	a.warnings.mu.Lock()
	defer a.warnings.mu.Unlock()

	return slices.Clone(a.warnings.groups)
}

// warnAboutClaims logs that Auth0 drops the claim that roles and groups are read from. Whether a
// custom domain is one of Auth0's is known after discovery, so it is called again then.
func (a *auth) warnAboutClaims() {
	if !a.provider.isAuth0() {
		return
	}
	for _, warning := range a.Mapping.Warnings(true) {
		a.warnOnce(warning)
	}
	reason := a.Mapping.GroupsWarning()
	if reason == "" {
		return
	}
	a.warnings.mu.Lock()
	groups := slices.Clone(a.warnings.groups)
	a.warnings.mu.Unlock()
	for _, group := range groups {
		a.warnOnce(fmt.Sprintf("RequireGroup(%q) refuses all users: %s", group, reason))
	}
}
