// Package chiauth0 adds logins with Auth0 to a chi application.
//
// Mount one router, wrap the routes that need a user, and read the user from the request:
//
//	cfg, err := chiauth0.ConfigFromEnv() // AUTH0_DOMAIN, AUTH0_CLIENT_ID, AUTH0_CLIENT_SECRET, …
//	if err != nil {
//		log.Fatal(err)
//	}
//	r := chi.NewRouter()
//	r.Use(chiauth0.LoadUser(cfg)) // optional: for pages that show who is signed in
//	r.Mount("/auth0", chiauth0.Router(cfg))
//	r.With(chiauth0.RequireLogin(cfg)).Get("/account", account)
//	r.With(chiauth0.RequireStaff(cfg)).Get("/admin", admin)
//	r.With(chiauth0.RequireBearer(cfg, "read:reports")).Get("/api/reports", reports)
//
// At start the log names the two URLs to register at Auth0.
//
// # How it works
//
// A login begins at the Router's /login, or at a guard, which redirects to /login and returns to
// the page afterwards. It makes no session. What the callback needs (state, nonce, PKCE verifier,
// the page to return to) is in an encrypted cookie, one for each login. Crawlers cost no memory,
// and logins in several tabs do not disturb each other.
//
// The callback opens that cookie, redeems the code and checks the ID token. The user provider
// creates or updates the local user. Then the session begins, with a new token. If a step fails,
// there is no session, and the page says what can be done.
//
// Config.SilentLogin signs returning users in on public pages behind [LoadUser], without a login
// page, if Auth0 has a session for the browser.
//
// Every other request reads the session from the store at most once, and asks the user provider for
// the user when a handler or a guard needs it. It makes no request to Auth0. While the store or the
// provider does not answer, guards answer 503; an outage signs no user out.
//
// # Sessions, users, errors
//
// Sessions are an scs.SessionManager that package sessionstores makes. They hold the application's
// own values as well. Users belong to the application: package userprovider says how they are
// found, and how claims become fields and roles. [UserFrom] returns the local user of a request,
// [UserAs] the same in the application's own type, and [IdentityFrom] what Auth0 says about it.
//
// Refusals are [Error] values with a [Code]. Built-in pages show them, or Config.Pages, or
// Config.ErrorHandler. Package chiauth0test has a stand-in tenant for integration tests; unit tests
// use [WithUser].
//
// # APIs
//
// [RequireBearer] protects the routes of an API with Auth0's access tokens (RFC 6750, RFC 9068),
// and [BearerFrom] returns what the token says. [RequireLoginOrBearer] admits the scripts of the
// own pages as well. Both need Config.Audience.
//
// # Several hosts
//
// Config.Origins serves an application on several hosts. The pattern
// "https://{organization}.app.example" stands for one host for each organization: logins there are
// logins to the organization, and the session of another organization is anonymous.
//
// # Operation
//
// [Config.Validate] finds faults in the settings, and [Check] tries them against Auth0, the session
// store and the user provider. [Event] lists the log lines that monitoring can rely on;
// Config.Events receives the same events for metrics and an audit log.
//
// Secrets are replaced on several nodes in three steps: see Config.Secrets. Secrets in files are
// read by [ConfigFromEnv].
//
// Requests to Auth0 are traced by the Transport of Config.HTTPClient. With OpenTelemetry:
//
//	cfg.HTTPClient = &http.Client{Transport: otelhttp.NewTransport(http.DefaultTransport)}
//
// # Security
//
// The package protects against:
//
//   - Forged and replayed logins: state, nonce and PKCE are always used (RFC 9700, sections 2.1 and
//     4.7), and ID tokens pass the checks of OpenID Connect Core 1.0, section 3.1.3.7, with one
//     algorithm.
//   - Session fixation: a login gives the session a new token.
//   - Open redirects after a login: only paths of this application are accepted (CWE-601).
//   - Account takeover by e-mail: users are found by issuer and subject only.
//   - Shared caches that hand out sessions (CVE-2025-48947), and scripts in error messages
//     (CVE-2021-32702).
//   - Forged headers: Config.BaseURL and Config.Origins say where the application is.
//     X-Forwarded-* is not read.
//   - Logouts and logins that other sites start, and those that browsers prefetch.
//
// Requests that change data in the application itself need protection against other sites: wrap the
// application in [net/http.CrossOriginProtection].
package chiauth0
