// Package chiauth0test is a strict stand-in for an Auth0 tenant, to be embedded in tests and demonstrations.
//
// It serves Auth0's URLs, from /authorize and the login page to /oauth/token and /v2/logout, over real HTTP, so that the
// application under test runs exactly as it is shipped. An integration test of an application that uses chiauth0:
//
//	func TestAccountPage(t *testing.T) {
//		tenant := chiauth0test.Start(t)
//		tenant.AddUser(chiauth0test.User{Email: "ada@example.com", Password: "password"})
//
//		app := httptest.NewUnstartedServer(nil)
//		base := "http://" + app.Listener.Addr().String()
//		client := tenant.AddClient(chiauth0test.Client{CallbackURLs: []string{base + "/auth0/callback"}})
//		app.Config.Handler = newApp(&chiauth0.Config{
//			Domain: tenant.Issuer(), ClientID: client.ID, ClientSecret: client.Secret, BaseURL: base,
//		})
//		app.Start()
//		defer app.Close()
//
//		resp, err := tenant.SignIn(chiauth0test.NewBrowser(), base+"/account", "ada@example.com")
//		// resp is the account page, seen by Ada.
//	}
//
// Nothing in it is specific to chiauth0: any application that logs in by the authorization code flow with PKCE will do.
//
// # What it checks
//
// Everything that can be checked: the client, how it authenticates and its secret, redirect and logout URLs
// (exactly), PKCE with S256, the organization, audience and connection asked for. Codes and refresh tokens are good once; a
// second use revokes what the first got. A mistake that Auth0 forgives is refused here, so that it is found early.
//
// Left out are what the application cannot see or this flow does not use: signing up (screen_hint is accepted), consent
// (always given), social connections (they log in by password), other flows and response modes.
//
// # Misbehaving
//
// [Tenant.Misbehave] makes it send wrong, forged, broken or no answers, to test what the application makes of them.
//
// It is for tests and demonstrations on loopback. It keeps passwords in plain text and everything in memory.
package chiauth0test
