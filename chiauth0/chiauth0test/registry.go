package chiauth0test

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

// How a client authenticates at /oauth/token (RFC 6749, section 2.3.1).
const (
	SecretPost  = "client_secret_post"
	SecretBasic = "client_secret_basic"
)

// A Client is an application registered with the tenant ("Regular Web Application").
type Client struct {
	ID     string // default: random
	Secret string // default: random, 52 characters
	Name   string // on the login page; default: the ID

	// CallbackURLs and LogoutURLs are matched exactly, query and all (RFC 6749, section 3.1.2.3; Auth0 forgives the query
	// of a logout URL). They are absolute and have no fragment.
	CallbackURLs, LogoutURLs []string

	// AuthMethods are the ways in which this client may authenticate. Default: SecretPost alone, as Auth0's own.
	AuthMethods []string

	// SigningAlg signs ID tokens: RS256 (default), PS256 or HS256. Access tokens are always RS256.
	SigningAlg string

	// IDTokenLifetime defaults to 10 hours, AccessTokenLifetime to 24 hours.
	IDTokenLifetime, AccessTokenLifetime time.Duration
}

// AddClient registers a client, or replaces the one of the same ID, and returns it with the defaults filled in. It panics
// when a URL, an AuthMethod or the SigningAlg is none that a client can have.
func (t *Tenant) AddClient(client Client) Client {
	client.ID = cmp.Or(client.ID, rand.Text())
	client.Secret = cmp.Or(client.Secret, rand.Text()+rand.Text())
	client.Name = cmp.Or(client.Name, client.ID)
	client.SigningAlg = cmp.Or(client.SigningAlg, "RS256")
	client.IDTokenLifetime = cmp.Or(client.IDTokenLifetime, 10*time.Hour)
	client.AccessTokenLifetime = cmp.Or(client.AccessTokenLifetime, 24*time.Hour)
	client = client.clone()
	if len(client.AuthMethods) == 0 {
		client.AuthMethods = []string{SecretPost}
	}
	for _, raw := range slices.Concat(client.CallbackURLs, client.LogoutURLs) {
		if u, err := url.Parse(raw); err != nil || !u.IsAbs() || u.Host == "" || strings.Contains(raw, "#") {
			panic(fmt.Sprintf("chiauth0test: client %s: URL %q: want an absolute one without a fragment", client.ID, raw))
		}
	}
	for _, method := range client.AuthMethods {
		if method != SecretPost && method != SecretBasic {
			panic(fmt.Sprintf("chiauth0test: client %s: AuthMethod %q: want SecretPost or SecretBasic", client.ID, method))
		}
	}
	if !slices.Contains([]string{"RS256", "PS256", "HS256"}, client.SigningAlg) {
		panic(fmt.Sprintf("chiauth0test: client %s: SigningAlg %q: want RS256, PS256 or HS256", client.ID, client.SigningAlg))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	kept := client.clone()
	t.clients[client.ID] = &kept
	return client
}

func (c Client) clone() Client {
	c.CallbackURLs, c.LogoutURLs = slices.Clone(c.CallbackURLs), slices.Clone(c.LogoutURLs)
	c.AuthMethods = slices.Clone(c.AuthMethods)
	return c
}

// A User is an account of the tenant.
type User struct {
	Email    string // what is typed on the login page, in any case; needed
	Password string // an account without one cannot log in
	Subject  string // sub; default: "auth0|" and a hash of the e-mail

	Name                  string // default: the e-mail, as at Auth0
	Nickname              string // default: the e-mail's local part
	GivenName, FamilyName string
	Picture               string
	EmailVerified         bool

	// Blocked refuses the login as Auth0 does: error=unauthorized, "user is blocked".
	Blocked bool

	// MFA says that the user has a second factor. When acr_values asks for multi-factor it counts as given, and the ID
	// token's amr says so; other users' tokens do not.
	MFA bool

	// Organizations are the IDs of those that the user is a member of.
	Organizations []string

	// Claims are added to the ID token and /userinfo, AccessTokenClaims to access tokens that are JWTs, as an Auth0 Action
	// does. They win over the tenant's own; a nil value removes the claim.
	Claims, AccessTokenClaims map[string]any
}

// AddUser adds an account, or replaces the one of the same e-mail, and returns it with the defaults filled in. What a
// replaced account had is felt from the next token on. AddUser panics when Email is empty.
func (t *Tenant) AddUser(user User) User {
	if user.Email == "" {
		panic("chiauth0test: User.Email is empty: set it, it is what a person logs in with")
	}
	name := userName(user.Email)
	hash := sha256.Sum256([]byte(name))
	local, _, _ := strings.Cut(user.Email, "@")
	user.Subject = cmp.Or(user.Subject, "auth0|"+hex.EncodeToString(hash[:12]))
	user.Name = cmp.Or(user.Name, user.Email)
	user.Nickname = cmp.Or(user.Nickname, local)
	user = user.clone()
	t.mu.Lock()
	defer t.mu.Unlock()
	kept := user.clone()
	t.users[name] = &kept
	return user
}

// DeleteUser deletes an account, its single sign-on sessions and its tokens. An account of the same e-mail that is added
// later inherits none of them. Deleting none is fine.
func (t *Tenant) DeleteUser(email string) {
	name := userName(email)
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.users, name)
	t.sessions.dropFunc(func(s *session) bool { return s.email == name })
	t.codes.dropFunc(func(c *code) bool { return c.email == name })
	t.accessTokens.dropFunc(func(g *accessGrant) bool { return g.email == name })
	t.refreshTokens.dropFunc(func(r *refreshToken) bool { return r.email == name })
}

func (u User) clone() User {
	u.Organizations = slices.Clone(u.Organizations)
	u.Claims, u.AccessTokenClaims = maps.Clone(u.Claims), maps.Clone(u.AccessTokenClaims)
	return u
}

// userName is an e-mail as the key of an account: Auth0 does not tell upper from lower case.
func userName(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// An Organization is one of Auth0's Organizations.
type Organization struct {
	ID          string   // begins with "org_"; default: random
	Name        string   // lower case; may stand in place of the ID in a login; needed
	Invitations []string // tickets with which one more user each becomes a member
}

// AddOrganization adds an organization, or replaces the one of the same ID, and returns it with the defaults filled in. It
// panics when Name is empty or not in lower case.
func (t *Tenant) AddOrganization(org Organization) Organization {
	if org.Name == "" || org.Name != strings.ToLower(org.Name) {
		panic(fmt.Sprintf("chiauth0test: Organization.Name %q: want a name in lower case", org.Name))
	}
	org.ID = cmp.Or(org.ID, "org_"+rand.Text()[:16])
	org.Invitations = slices.Clone(org.Invitations)
	t.mu.Lock()
	defer t.mu.Unlock()
	kept := org
	kept.Invitations = slices.Clone(org.Invitations)
	t.organizations = slices.DeleteFunc(t.organizations, func(o *Organization) bool { return o.ID == org.ID })
	t.organizations = append(t.organizations, &kept)
	return org
}

// AddAPI registers an API, so that logins may ask for its audience. Of the scopes asked for, those of OpenID Connect and
// these are granted; the rest is dropped silently, as at Auth0.
func (t *Tenant) AddAPI(audience string, scopes ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.apis[audience] = slices.Clone(scopes)
}

// AddConnection makes a name known that logins may then give as their connection. Whatever it is called, people log in with
// e-mail and password. Username-Password-Authentication is known from the start.
func (t *Tenant) AddConnection(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.connections[name] = true
}
