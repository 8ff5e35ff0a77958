package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/userprovider"
)

// groupsClaim is a URL because Auth0 silently drops custom claims that are called groups.
const groupsClaim = "https://app.example/groups"

// password is that of every test account.
const password = "password"

type testAccount struct {
	Email, Name, Family, About string
	groups                     []string
	inactive                   bool
}

var testAccounts = []testAccount{
	{Email: "user@example.com", Name: "Uma", Family: "Usher", About: "an ordinary user", groups: []string{}},
	{Email: "staff@example.com", Name: "Stella", Family: "Stafford", About: "in the group “staff”", groups: []string{"staff"}},
	{
		Email: "superuser@example.com", Name: "Sunil", Family: "Superville", About: "in the groups “staff” and “superusers”",
		groups: []string{"staff", "superusers"},
	},
	{
		Email: "inactive@example.com", Name: "Ina", Family: "Active", About: "switched off in this application: refused at login",
		groups: []string{}, inactive: true,
	},
}

// A standIn is the tenant that people log in at when AUTH0_DOMAIN is not set.
type standIn struct {
	*chiauth0test.Tenant
	listener net.Listener
	inactive []chiauth0test.User // whom the application must not let in
}

// startTenant listens for a stand-in tenant with the test accounts and returns it, and the Config of its one client: the
// application at baseURL.
func startTenant(ctx context.Context, addr, baseURL string) (*standIn, *chiauth0.Config, error) {
	listener, err := listen(ctx, "TENANT_ADDR", addr)
	if err != nil {
		return nil, nil, err
	}
	tenant := &standIn{newTenant("http://" + net.JoinHostPort(otherLoopback(baseURL), port(listener)) + "/"), listener, nil}
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
		Mapping: userprovider.Mapping{
			Fields:         map[string]string{"first_name": "given_name", "last_name": "family_name"},
			GroupsField:    groupsClaim,
			StaffGroup:     "staff",
			SuperuserGroup: "superusers",
		},
	}
	return tenant, cfg, nil
}

func newTenant(issuer string) *chiauth0test.Tenant {
	tenant := chiauth0test.New(issuer)
	tenant.ListAccounts = true
	return tenant
}

// clientAt is the client of an application that browsers reach under each of the URLs.
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
		Email:         a.Email,
		EmailVerified: true,
		Password:      password,
		Name:          a.Name + " " + a.Family,
		GivenName:     a.Name,
		FamilyName:    a.Family,
		Claims:        map[string]any{groupsClaim: a.groups},
	}
}

// otherLoopback is a loopback host name that is not the application's. Cookies ignore ports: only under another name do
// tenant and application have separate jars and is a login as cross-site as with Auth0.
func otherLoopback(baseURL string) string {
	if u, err := url.Parse(baseURL); err == nil && u.Hostname() == "localhost" {
		return "127.0.0.1"
	}
	return "localhost"
}

// announce says that the application is ready, and who can log in.
func announce(w io.Writer, visit string, tenant *standIn) {
	fmt.Fprintf(w, "The example is ready: %s\n", visit)
	if tenant == nil {
		return
	}
	fmt.Fprintf(w, "\nAUTH0_DOMAIN is not set: people log in at a stand-in tenant inside this process, %s\n", tenant.Issuer())
	announceAccounts(w, testAccounts)
}

func announceAccounts(w io.Writer, accounts []testAccount) {
	fmt.Fprintf(w, "Test accounts, each with the password %q:\n", password)
	for _, account := range accounts {
		fmt.Fprintf(w, "  %-22s %s\n", account.Email, account.About)
	}
}
