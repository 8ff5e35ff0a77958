// Package chiauth0 lets people log in to a chi application with Auth0.
//
// Mount one router, wrap the routes that need a user, and read the user from the request:
//
//	cfg, err := chiauth0.ConfigFromEnv() // AUTH0_DOMAIN, AUTH0_CLIENT_ID, AUTH0_CLIENT_SECRET, …
//	if err != nil {
//		log.Fatal(err)
//	}
//	r := chi.NewRouter()
//	r.Use(chiauth0.LoadUser(cfg)) // optional: who is it, if anyone?
//	r.Mount("/auth0", chiauth0.Router(cfg))
//	r.With(chiauth0.RequireLogin(cfg)).Get("/account", account)
//	r.With(chiauth0.RequireStaff(cfg)).Get("/admin", admin)
//
// The log names the two URLs to register at Auth0, letter by letter.
//
// # Three journeys
//
// A login begins at the Router's /login, or at a guard, which sends people there and brings them back. It makes no session:
// what the callback will need (state, nonce, PKCE verifier, the page to return to) travels in an encrypted cookie of its
// own, one for each login. So crawlers cost nothing, and two tabs do not get in each other's way.
//
// The callback opens that cookie, redeems the code and checks the ID token. Then it has the user provider create or update
// the local user, and only then begins a session, under a new token. Whatever fails on the way leaves no session, and a page
// that says what can be done.
//
// Every other request reads the session from the store, once, and asks the provider for the user when the handler or a
// guard wants to know. It never talks to Auth0. When the store or the provider does not answer, guards say 503: an outage
// signs nobody out.
//
// # Sessions, users, errors
//
// Sessions are an scs.SessionManager, made by package sessionstores, and hold the application's own values as well. Users
// are the application's: package userprovider says how they are found, and how claims become fields and roles. The local
// user behind a request is [UserFrom], in the application's own type [UserAs]; what Auth0 said about it is [IdentityFrom].
// Refusals are [Error] values, told apart by errors.Is with this package's variables, and shown by pages of ours or by
// Config.ErrorHandler. Package chiauth0test has a stand-in tenant for integration tests; for unit tests there is [WithUser].
//
// # What it protects against
//
//   - Forged and replayed logins: state, nonce and PKCE, always (RFC 9700, sections 2.1 and 4.7), and the checks of OpenID
//     Connect Core, section 3.1.3.7, with one pinned algorithm.
//   - Session fixation: a login gives the session a new token.
//   - Open redirects after a login: only paths of this application, by a strict rule (CWE-601).
//   - Account takeover by e-mail: users are found by issuer and subject, and by nothing else.
//   - Shared caches that hand out sessions (CVE-2025-48947), and scripts in error messages (CVE-2021-32702).
//   - Forged headers: Config.BaseURL alone says where the application is; X-Forwarded-* is not read.
//   - Logouts and logins that other sites start, and those that browsers prefetch.
//
// Requests that change something in the application itself want a guard of their own against other sites: wrap the
// application in [net/http.CrossOriginProtection].
package chiauth0
