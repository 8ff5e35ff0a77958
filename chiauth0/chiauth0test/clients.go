package chiauth0test

import (
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Ways in which a client authenticates at /oauth/token, /oauth/par and /oauth/revoke.
const (
	SecretPost    = "client_secret_post"  // RFC 6749, section 2.3.1
	SecretBasic   = "client_secret_basic" // RFC 6749, section 2.3.1
	PrivateKeyJWT = "private_key_jwt"     // RFC 7523, section 2.2
)

// Values of Client.OrganizationUsage.
const (
	OrganizationsAllowed  = "allow"
	OrganizationsDenied   = "deny"
	OrganizationsRequired = "require"
)

// organizationPlaceholder stands for the name of the login's organization in a callback URL.
const organizationPlaceholder = "{organization_name}"

// defaultAccessTokenLifetime is Auth0's default for APIs.
const defaultAccessTokenLifetime = 24 * time.Hour

// A Client is an application registered with the tenant ("Regular Web Application").
type Client struct {
	ID     string // default: random
	Secret string // default: random, 52 characters
	Name   string // shown on the login page; default: the ID

	// CallbackURLs and LogoutURLs are matched exactly, including the query (RFC 6749, section
	// 3.1.2.3). As at Auth0, a returnTo at /v2/logout may have a query that the registered URL
	// lacks. The URLs are absolute, without fragment.
	//
	// A callback URL may begin with https://{organization_name}. as at Auth0. It then matches the
	// logins to that organization.
	CallbackURLs, LogoutURLs []string

	// InitiateLoginURL is the application's login URL for invitations: see [Tenant.Invite].
	InitiateLoginURL string

	// BackchannelLogoutURL receives a logout token when a session of the tenant ends in which this
	// client got a code (OpenID Connect Back-Channel Logout 1.0). Empty: none is sent. Auth0
	// requires https and a public address.
	BackchannelLogoutURL string

	// AuthMethods are the ways in which the client may authenticate. The default is PrivateKeyJWT
	// if there are PublicKeys, otherwise SecretPost, which is Auth0's default.
	AuthMethods []string

	// PublicKeys verify the client assertions of PrivateKeyJWT. A key rotation needs two.
	PublicKeys []*rsa.PublicKey

	// SigningAlg signs ID tokens: RS256 (default), PS256 or HS256. Access tokens are always RS256.
	SigningAlg string

	// IDTokenLifetime defaults to 10 hours, AccessTokenLifetime to Tenant.AccessTokenLifetime.
	IDTokenLifetime, AccessTokenLifetime time.Duration

	// NonRotating keeps a refresh token valid after its use, and refresh answers have no new one.
	// By default refresh tokens rotate: each works once, and a second use revokes its family. In
	// Auth0, rotation is a setting of the client.
	NonRotating bool

	// RefreshOverlap is the time for which a spent refresh token still works, Auth0's "Rotation
	// Overlap Period". The default is zero.
	RefreshOverlap time.Duration

	// RefreshPolicies are the scopes, by audience, that a refresh may ask for beyond those of the
	// login, Auth0's "Multi-Resource Refresh Token". A refresh for an audience that is not listed
	// here silently gets a token for the audience of the login.
	RefreshPolicies map[string][]string

	// OrganizationUsage says whether logins may name an organization: OrganizationsAllowed
	// (default), OrganizationsDenied or OrganizationsRequired.
	OrganizationUsage string
}

// AddClient registers a client, or replaces the one with the same ID, and returns it with the
// defaults filled in. It panics if a field has an invalid value.
func (t *Tenant) AddClient(client Client) Client {
	client = client.clone()
	client.ID = cmp.Or(client.ID, rand.Text())
	client.Secret = cmp.Or(client.Secret, rand.Text()+rand.Text())
	client.Name = cmp.Or(client.Name, client.ID)
	client.SigningAlg = cmp.Or(client.SigningAlg, "RS256")
	client.IDTokenLifetime = cmp.Or(client.IDTokenLifetime, 10*time.Hour)
	client.OrganizationUsage = cmp.Or(client.OrganizationUsage, OrganizationsAllowed)
	if len(client.AuthMethods) == 0 {
		client.AuthMethods = []string{SecretPost}
		if len(client.PublicKeys) > 0 {
			client.AuthMethods = []string{PrivateKeyJWT}
		}
	}
	if err := client.validate(); err != nil {
		panic(fmt.Sprintf("chiauth0test: client %s: %v", client.ID, err))
	}

	kept := client.clone()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clients[client.ID] = &kept
	return client
}

func (c Client) clone() Client {
	c.CallbackURLs = slices.Clone(c.CallbackURLs)
	c.LogoutURLs = slices.Clone(c.LogoutURLs)
	c.AuthMethods = slices.Clone(c.AuthMethods)
	c.PublicKeys = slices.Clone(c.PublicKeys)
	c.RefreshPolicies = maps.Clone(c.RefreshPolicies)
	for audience, scopes := range c.RefreshPolicies {
		c.RefreshPolicies[audience] = slices.Clone(scopes)
	}
	return c
}

func (c Client) validate() error {
	if err := c.validateURLs(); err != nil {
		return err
	}
	methods := []string{SecretPost, SecretBasic, PrivateKeyJWT}
	for _, method := range c.AuthMethods {
		if !slices.Contains(methods, method) {
			return fmt.Errorf("AuthMethods has %q: want one of %q", method, methods)
		}
	}
	if slices.Contains(c.AuthMethods, PrivateKeyJWT) && len(c.PublicKeys) == 0 {
		return fmt.Errorf("AuthMethods has %q, but PublicKeys is empty: add a key", PrivateKeyJWT)
	}
	if algs := []string{"RS256", "PS256", "HS256"}; !slices.Contains(algs, c.SigningAlg) {
		return fmt.Errorf("SigningAlg is %q: want one of %q", c.SigningAlg, algs)
	}
	usages := []string{OrganizationsAllowed, OrganizationsDenied, OrganizationsRequired}
	if !slices.Contains(usages, c.OrganizationUsage) {
		return fmt.Errorf("OrganizationUsage is %q: want one of %q", c.OrganizationUsage, usages)
	}
	return nil
}

func (c Client) validateURLs() error {
	urls := slices.Clone(c.LogoutURLs)
	for _, callback := range c.CallbackURLs {
		urls = append(urls, withOrganization(callback, "organization"))
	}
	for _, optional := range []string{c.InitiateLoginURL, c.BackchannelLogoutURL} {
		if optional != "" {
			urls = append(urls, optional)
		}
	}
	for _, raw := range urls {
		u, err := url.Parse(raw)
		if err != nil || !u.IsAbs() || u.Host == "" || strings.Contains(raw, "#") {
			return fmt.Errorf("URL %q: want an absolute one without a fragment", raw)
		}
	}
	return nil
}

// withOrganization replaces the placeholder at the start of a callback URL's host.
func withOrganization(callback, name string) string {
	scheme, rest, found := strings.Cut(callback, "://"+organizationPlaceholder+".")
	if !found || strings.ContainsAny(scheme, ":/") {
		return callback
	}
	return scheme + "://" + name + "." + rest
}

// allowsCallback reports whether a redirect_uri is registered. organization is the name of the
// login's organization, or empty.
func (c Client) allowsCallback(redirectURI, organization string) bool {
	for _, callback := range c.CallbackURLs {
		expanded := withOrganization(callback, organization)
		if organization == "" && expanded != callback {
			continue
		}
		if expanded == redirectURI {
			return true
		}
	}
	return false
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

func (t *Tenant) accessTokenLifetime(client Client) time.Duration {
	return cmp.Or(client.AccessTokenLifetime, t.AccessTokenLifetime, defaultAccessTokenLifetime)
}
