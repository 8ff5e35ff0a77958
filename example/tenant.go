package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/userprovider"
)

// groupsClaim is a URL because Auth0 drops custom claims with the name groups.
const groupsClaim = "https://app.example/groups"

// password is the password of all test accounts.
const password = "password"

type testAccount struct {
	Email, Name, Family string
	Role                string // for the login button
	About               string
	groups              []string
	permissions         []string // scopes of the reports API
	inactive            bool
	mfa                 bool // has a second factor
}

var testAccounts = []testAccount{
	{
		Email:  "user@example.com",
		Name:   "Uma",
		Family: "Usher",
		Role:   "user",
		About:  "no groups",
		groups: []string{},
	},
	{
		Email:  "staff@example.com",
		Name:   "Stella",
		Family: "Stafford",
		Role:   "staff",
		About:  "in the group staff, may read the reports",
		groups: []string{"staff"},

		permissions: []string{reportsPermission},
	},
	{
		Email:  "superuser@example.com",
		Name:   "Sunil",
		Family: "Superville",
		Role:   "superuser",
		About:  "in the groups staff and superusers, has a second factor",
		groups: []string{"staff", "superusers"},
		mfa:    true,
	},
	{
		Email:    "inactive@example.com",
		Name:     "Ina",
		Family:   "Active",
		Role:     "inactive",
		About:    "inactive in this application, refused at login",
		groups:   []string{},
		inactive: true,
	},
}

// A standIn is the stand-in tenant in this process.
type standIn struct {
	*chiauth0test.Tenant
	listener net.Listener
	inactive []chiauth0test.User // inactive in the application
}

// startTenant starts a stand-in tenant with the test accounts. The Config is that of its client,
// the application at baseURL.
func startTenant(
	ctx context.Context, addr, baseURL string,
) (*standIn, *chiauth0.Config, error) {
	listener, err := listen(ctx, "TENANT_ADDR", addr)
	if err != nil {
		return nil, nil, err
	}
	host := net.JoinHostPort(otherLoopback(baseURL), port(listener))
	tenant := &standIn{Tenant: newTenant("http://" + host + "/"), listener: listener}
	client := tenant.AddClient(clientAt([]string{baseURL}))
	for _, account := range testAccounts {
		user := tenant.AddUser(account.atTenant())
		if account.inactive {
			tenant.inactive = append(tenant.inactive, user)
		}
	}
	cfg := &chiauth0.Config{
		Domain:       tenant.Issuer(),
		ClientID:     client.ID,
		ClientSecret: client.Secret,
		BaseURL:      baseURL,
		Audience:     reportsAudience,
		Scopes:       loginScopes,
		Mapping: userprovider.Mapping{
			Fields: map[string]string{
				"first_name": "given_name",
				"last_name":  "family_name",
			},
			GroupsField:    groupsClaim,
			StaffGroup:     "staff",
			SuperuserGroup: "superusers",
		},
	}
	return tenant, cfg, nil
}

// loginScopes are what a login asks for. Users without the permission are not granted its scope.
var loginScopes = []string{"openid", "profile", "email", "offline_access", reportsPermission}

// newTenant returns a tenant with the reports API. Its access tokens have a short life, so that
// their refresh can be seen.
func newTenant(issuer string) *chiauth0test.Tenant {
	tenant := chiauth0test.New(issuer)
	tenant.ListAccounts = true
	tenant.RBAC = true
	tenant.AccessTokenLifetime = 5 * time.Minute
	tenant.AddAPI(reportsAudience, reportsPermission)
	return tenant
}

// clientAt returns the client of an application with one or more base URLs.
func clientAt(baseURLs []string) chiauth0test.Client {
	client := chiauth0test.Client{ID: "example", Name: "chiauth0 example"}
	for _, baseURL := range baseURLs {
		client.CallbackURLs = append(client.CallbackURLs, baseURL+"/auth0/callback")
		client.LogoutURLs = append(client.LogoutURLs, baseURL+"/auth0")
	}
	return client
}

func (a testAccount) atTenant() chiauth0test.User {
	return chiauth0test.User{
		MFA:           a.mfa,
		Email:         a.Email,
		EmailVerified: true,
		Password:      password,
		Name:          a.Name + " " + a.Family,
		GivenName:     a.Name,
		FamilyName:    a.Family,
		Permissions:   a.permissions,
		Claims:        map[string]any{groupsClaim: a.groups},
	}
}

// otherLoopback returns a loopback host name that differs from the application's. Cookies ignore
// ports, so only another host name gives the tenant its own cookies and makes the callback
// cross-site, as it is with Auth0.
func otherLoopback(baseURL string) string {
	if u, err := url.Parse(baseURL); err == nil && u.Hostname() == "localhost" {
		return "127.0.0.1"
	}
	return "localhost"
}

// announce prints the URL of the application and the test accounts.
func announce(w io.Writer, visit string, tenant *standIn) {
	fmt.Fprintf(w, "The example is ready: %s\n", visit)
	if tenant == nil {
		return
	}
	fmt.Fprintf(w, "\nAUTH0_DOMAIN is not set: users log in at a stand-in tenant, %s\n",
		tenant.Issuer())
	announceAccounts(w, testAccounts)
}

func announceAccounts(w io.Writer, accounts []testAccount) {
	fmt.Fprintf(w, "Test accounts, all with the password %q:\n", password)
	for _, account := range accounts {
		fmt.Fprintf(w, "  %-22s %s\n", account.Email, account.About)
	}
}
