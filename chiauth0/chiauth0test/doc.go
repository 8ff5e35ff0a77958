// Package chiauth0test is a strict stand-in for an Auth0 tenant, for tests and demonstrations.
//
// It serves Auth0's URLs over HTTP, from /authorize and the login page to /oauth/token and
// /v2/logout, so that the application under test runs as it does in production. An integration
// test of an application that uses chiauth0:
//
//	func TestAccountPage(t *testing.T) {
//		tenant := chiauth0test.Start(t)
//		tenant.AddUser(chiauth0test.User{Email: "ada@example.com", Password: "password"})
//
//		app := httptest.NewUnstartedServer(nil)
//		base := "http://" + app.Listener.Addr().String()
//		client := tenant.AddClient(chiauth0test.Client{
//			CallbackURLs: []string{base + "/auth0/callback"},
//		})
//		app.Config.Handler = newApp(&chiauth0.Config{
//			Domain:       tenant.Issuer(),
//			ClientID:     client.ID,
//			ClientSecret: client.Secret,
//			BaseURL:      base,
//		})
//		app.Start()
//		defer app.Close()
//
//		browser := chiauth0test.NewBrowser()
//		resp, err := tenant.SignIn(browser, base+"/account", "ada@example.com")
//		// resp is the account page as Ada sees it.
//	}
//
// The package does not depend on chiauth0. It serves any application that logs in by the
// authorization code flow with PKCE.
//
// # Checks
//
// The tenant checks the client and its authentication, redirect and logout URLs (exact match),
// PKCE with S256, organization, audience and connection. Codes and rotated refresh tokens work
// once; a second use revokes the tokens of that login. Some mistakes that Auth0 tolerates are
// refused, so that tests find them.
//
// # Optional behavior
//
// Fields of [Tenant], [Client] and [User] switch on what an application may need beyond the login.
// Their zero values leave it off:
//
//   - access tokens: Tenant.AccessTokenLifetime, Tenant.OpaqueAccessTokens, Tenant.RBAC;
//   - refresh tokens: Client.NonRotating, Client.RefreshOverlap, Client.RefreshPolicies,
//     Tenant.MFAAudiences; [Tenant.RefreshCounts] reports what happened;
//   - client authentication: Client.AuthMethods, Client.PublicKeys;
//   - pushed authorization requests: Tenant.PushedRequests, Tenant.RequirePushedRequests;
//   - sessions: Tenant.SessionCeiling, Client.BackchannelLogoutURL, [Tenant.EndSessions];
//   - multi-factor authentication: User.MFA, Tenant.NoMFAAction;
//   - organizations: [Tenant.AddOrganization], [Tenant.Invite], Client.OrganizationUsage,
//     Tenant.OrganizationIDsOnly.
//
// # Faults
//
// [Tenant.Misbehave] makes the tenant send wrong, forged or broken answers, or none.
// [Tenant.SendLogoutToken] sends logout tokens made by hand, and [LogoutTokenFaults] lists the
// faulty ones that an application must refuse.
//
// # Limits
//
// The tenant does not implement sign-up (screen_hint is accepted), consent (always given), social
// connections (their users log in by password), or other flows and response modes. It keeps
// passwords in plain text and everything in memory. Run it on loopback only.
package chiauth0test
