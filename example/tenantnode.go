package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// tenantSettings is what the environment says to a stand-in tenant that is a process of its own.
type tenantSettings struct {
	addr     string   // TENANT_ADDR: where to listen; localhost:9000 by default
	issuer   string   // TENANT_ISSUER: under which URL browsers and nodes alike reach it; where it listens by default
	secret   string   // AUTH0_CLIENT_SECRET: that of its one client, "example"; required, as the nodes have to know it
	baseURLs []string // APP_BASE_URL: the application's origins, divided by commas; http://localhost:8000 by default
}

// readTenantSettings reads them and refuses, as readSettings does, to let strangers in without DEMO=1.
func readTenantSettings(getenv func(string) string) (tenantSettings, error) {
	set := tenantSettings{
		addr:     cmp.Or(getenv("TENANT_ADDR"), "localhost:9000"),
		issuer:   getenv("TENANT_ISSUER"),
		secret:   getenv("AUTH0_CLIENT_SECRET"),
		baseURLs: list(cmp.Or(getenv("APP_BASE_URL"), "http://localhost:8000")),
	}
	demo, err := readDemo(getenv)
	if !demo {
		err = errors.Join(err, exposed("TENANT_ADDR", set.addr, addrHost(set.addr)), exposed("TENANT_ISSUER", set.issuer, urlHost(set.issuer)))
	}
	if set.secret == "" {
		err = errors.Join(err, errors.New("AUTH0_CLIENT_SECRET is not set: the nodes of the application and their tenant share it"))
	}
	for i, baseURL := range set.baseURLs {
		set.baseURLs[i] = strings.TrimSuffix(baseURL, "/")
	}
	return set, err
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
			continue // a node's database decides that, and this process knows none
		}
		tenant.AddUser(account.atTenant())
		accounts = append(accounts, account)
	}

	fmt.Fprintf(stdout, "The stand-in tenant is ready: %s\n\nThe nodes want this in their environment, and its AUTH0_CLIENT_SECRET:\n",
		tenant.Issuer())
	for _, setting := range nodeSettings(tenant.Issuer(), client.ID) {
		fmt.Fprintln(stdout, "  "+setting)
	}
	announceAccounts(stdout, accounts)
	return serve(ctx, listener, tenant)
}

// nodeSettings is the environment that sends a node's users to this tenant, as startTenant's Config does in one process.
func nodeSettings(issuer, clientID string) []string {
	return []string{
		"AUTH0_DOMAIN=" + issuer,
		"AUTH0_CLIENT_ID=" + clientID,
		"AUTH0_USER_FIELD_MAPPING=first_name=given_name,last_name=family_name",
		"AUTH0_GROUPS_FIELD=" + groupsClaim,
		"AUTH0_STAFF_GROUP=staff",
		"AUTH0_SUPERUSER_GROUP=superusers",
	}
}
