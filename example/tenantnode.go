package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// tenantSettings are the environment variables of a stand-in tenant with its own process.
type tenantSettings struct {
	addr     string   // TENANT_ADDR: where to listen; default localhost:9000
	issuer   string   // TENANT_ISSUER: its URL for browsers and nodes; default where it listens
	secret   string   // AUTH0_CLIENT_SECRET: of the client "example"; required
	baseURLs []string // APP_BASE_URL: URLs of the application; default http://localhost:8000
}

// readTenantSettings reads and checks the environment. As in readSettings, a tenant that other
// machines can reach needs DEMO=1.
func readTenantSettings(getenv func(string) string) (tenantSettings, error) {
	set := tenantSettings{
		addr:     cmp.Or(getenv("TENANT_ADDR"), "localhost:9000"),
		issuer:   getenv("TENANT_ISSUER"),
		secret:   getenv("AUTH0_CLIENT_SECRET"),
		baseURLs: splitList(cmp.Or(getenv("APP_BASE_URL"), "http://localhost:8000")),
	}
	demo, err := readDemo(getenv)
	faults := []error{err}
	if !demo {
		faults = append(faults,
			exposed("TENANT_ADDR", set.addr, addrHost(set.addr)),
			exposed("TENANT_ISSUER", set.issuer, urlHost(set.issuer)))
	}
	if set.secret == "" {
		faults = append(faults, errors.New("AUTH0_CLIENT_SECRET is not set: "+
			"use the same value for the tenant and the nodes of the application"))
	}
	for i, baseURL := range set.baseURLs {
		set.baseURLs[i] = strings.TrimSuffix(baseURL, "/")
	}
	return set, errors.Join(faults...)
}

// runTenant serves the stand-in tenant until ctx ends.
func runTenant(ctx context.Context, getenv func(string) string, stdout io.Writer) error {
	set, err := readTenantSettings(getenv)
	if err != nil {
		return err
	}
	listener, err := listen(ctx, "TENANT_ADDR", set.addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	tenant := newTenant(cmp.Or(set.issuer, browserURL(set.addr, listener)))
	client := clientAt(set.baseURLs)
	client.Secret = set.secret
	client = tenant.AddClient(client)
	var accounts []testAccount
	for _, account := range testAccounts {
		if account.inactive {
			continue // users are inactive in a node's database, which this process does not have
		}
		tenant.AddUser(account.atTenant())
		accounts = append(accounts, account)
	}

	fmt.Fprintf(stdout, "The stand-in tenant is ready: %s\n\n", tenant.Issuer())
	fmt.Fprintln(stdout, "Environment of the nodes, with the same AUTH0_CLIENT_SECRET:")
	for _, setting := range nodeSettings(tenant.Issuer(), client.ID) {
		fmt.Fprintln(stdout, "  "+setting)
	}
	announceAccounts(stdout, accounts)
	return serve(ctx, listener, tenant)
}

// nodeSettings is the environment of a node whose users log in at this tenant. It corresponds to
// the Config of startTenant.
func nodeSettings(issuer, clientID string) []string {
	return []string{
		"AUTH0_DOMAIN=" + issuer,
		"AUTH0_CLIENT_ID=" + clientID,
		"AUTH0_AUDIENCE=" + reportsAudience,
		"AUTH0_SCOPES=" + strings.Join(loginScopes, ","),
		"AUTH0_USER_FIELD_MAPPING=first_name=given_name,last_name=family_name",
		"AUTH0_GROUPS_FIELD=" + groupsClaim,
		"AUTH0_STAFF_GROUP=staff",
		"AUTH0_SUPERUSER_GROUP=superusers",
	}
}
