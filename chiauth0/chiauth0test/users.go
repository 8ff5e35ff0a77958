package chiauth0test

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

// A User is an account of the tenant.
type User struct {
	Email    string // typed on the login page, in any case; required
	Password string // an account without a password cannot log in
	Subject  string // sub; default: "auth0|" and a hash of the e-mail

	Name                  string // default: the e-mail, as at Auth0
	Nickname              string // default: the local part of the e-mail
	GivenName, FamilyName string
	Picture               string
	EmailVerified         bool

	// Blocked refuses the login as Auth0 does: error=unauthorized, "user is blocked".
	Blocked bool

	// MFA says that the user has a second factor. It counts as given when acr_values asks for
	// multi-factor authentication, and the ID token then carries acr and amr. Tokens of users
	// without a second factor never do.
	MFA bool

	// Organizations are the IDs of the organizations that the user is a member of.
	Organizations []string

	// Permissions are the scopes of APIs that the user holds. Tenant.RBAC applies them.
	Permissions []string

	// Claims are added to the ID token and to /userinfo, AccessTokenClaims to access tokens that
	// are JWTs, as an Auth0 Action does. They replace the tenant's own claims. A nil value removes
	// a claim.
	Claims, AccessTokenClaims map[string]any
}

// AddUser adds an account, or replaces the one with the same e-mail, and returns it with the
// defaults filled in. A replaced account takes effect with the next token. AddUser panics if Email
// is empty.
func (t *Tenant) AddUser(user User) User {
	if user.Email == "" {
		panic("chiauth0test: User.Email is empty: set it, because users log in with it")
	}
	key := accountKey(user.Email)
	hash := sha256.Sum256([]byte(key))
	local, _, _ := strings.Cut(user.Email, "@")

	user = user.clone()
	user.Subject = cmp.Or(user.Subject, "auth0|"+hex.EncodeToString(hash[:12]))
	user.Name = cmp.Or(user.Name, user.Email)
	user.Nickname = cmp.Or(user.Nickname, local)

	kept := user.clone()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.users[key] = &kept
	return user
}

// DeleteUser deletes an account, its tokens and its sessions at the tenant. An account that is
// added later with the same e-mail inherits none of them. Clients with a BackchannelLogoutURL get a
// logout token. DeleteUser does nothing if there is no such account.
func (t *Tenant) DeleteUser(email string) {
	key := accountKey(email)
	t.mu.Lock()
	delete(t.users, key)
	t.codes.removeFunc(func(c *code) bool { return c.email == key })
	t.accessTokens.removeFunc(func(g *accessGrant) bool { return g.email == key })
	t.refreshTokens.removeFunc(func(r *refreshToken) bool { return r.email == key })
	t.mu.Unlock()

	t.EndSessions(email)
}

func (u User) clone() User {
	u.Organizations = slices.Clone(u.Organizations)
	u.Permissions = slices.Clone(u.Permissions)
	u.Claims = maps.Clone(u.Claims)
	u.AccessTokenClaims = maps.Clone(u.AccessTokenClaims)
	return u
}

// accountKey returns the key of an account. Auth0 ignores the case of e-mails.
func accountKey(email string) string { return strings.ToLower(strings.TrimSpace(email)) }
