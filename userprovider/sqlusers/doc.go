// Package sqlusers keeps users in a table of the application's own, through database/sql and nothing else: the application
// brings the driver, the table and the type, and [New] makes a [userprovider.UserProvider] of them. It works with
// PostgreSQL and SQLite.
//
// The fields of a userprovider.Mapping are columns here. Every login writes them, and the roles that are mapped, and
// nothing if nothing changed; every request of a signed-in user that asks who it is reads one row by its key. What a
// column cannot hold just as it is, no login stores: the error names the column. Nothing from a claim is ever part of an
// SQL statement.
//
// Lists of users, and the switch that makes one inactive, are the application's: it has the table, and its scan function
// works with any query. Making a user inactive, or deleting one, signs them out at their next request.
//
// # Coming from Django
//
// An application that used django-auth0-authbackend keeps its auth_user table, where the username is the subject; the
// example of [New] under the name Django has the configuration. What it had is called:
//
//	AUTH0_DOMAIN, AUTH0_CLIENT_ID,           the environment variables of the same names, read by
//	AUTH0_CLIENT_SECRET, AUTH0_AUDIENCE,     chiauth0.ConfigFromEnv, or the fields of chiauth0.Config
//	AUTH0_SCOPES
//	AUTH0_CALLBACK_URI                       the same; takes the URL names below, a path or a full URL
//	AUTH0_USER_FIELD_MAPPING                 the same, as first_name=given_name,last_name=family_name
//	AUTH0_ACCESS_TOKEN_CLAIM_MAPPING         the same, in the same form
//	AUTH0_GROUPS_FIELD                       the same
//	AUTH0_STAFF_GROUP, AUTH0_SUPERUSER_GROUP the same
//	SECRET_KEY                               AUTH0_SECRET
//	LOGIN_REDIRECT_URL                       Config.HomeURL
//	AUTHENTICATION_BACKENDS                  Config.Users
//	SESSION_ENGINE                           Config.Sessions
//
//	auth0, at the mount                      /auth0/, Config.MountPath
//	auth0_login                              /auth0/login?next_url=…
//	auth0_callback                           /auth0/callback, Config.CallbackURI
//	auth0_logout                             /auth0/logout, Config.PostLogoutURL
//
//	@login_required                          r.With(chiauth0.RequireLogin(cfg))
//	@user_passes_test(lambda u: u.is_staff)  r.With(chiauth0.RequireStaff(cfg)), or RequireSuperuser, RequireGroup,
//	                                         and Require for a test of your own
//	AuthenticationMiddleware                 r.Use(chiauth0.LoadUser(cfg))
//	request.user                             chiauth0.UserFrom(ctx), chiauth0.UserAs[Account](ctx)
//	user.is_staff, user.is_superuser         User.Staff, User.Superuser
//	request.session["user"]                  chiauth0.IdentityFrom(ctx)
//
//	authenticate                             Provider.SyncUser
//	get_user                                 Provider.FindUser
//	get_user_info, overridden                Mapping.Extract, which gets and returns the ID token's claims
//	get_extra_defaults, overridden           a provider that wraps this one and adds to Login.Fields; for a new user's
//	                                         columns alone, Table.Defaults
//
// What is different, and why:
//
//   - A user is found by issuer and subject, not by the username alone: another tenant's auth0|1 is another person. A
//     table without an issuer column has one issuer pinned in [Table].Issuer.
//   - An inactive user is refused with 403, and one made inactive is signed out at the next request. The backend made
//     everybody active who logged in, so that nobody could be kept out; [Table].Reactivate does so again.
//   - Claims of the access token are mapped only if the token is a JWT that verifies: issuer, audience, signature,
//     expiry and subject. The backend decoded it and checked nothing.
//   - A role's column, the password's, the username's and the like cannot be mapped, and neither can a column that does
//     not exist or that cannot hold a claim. All this is an error at start, where the backend wrote or failed at login.
//   - A claim that is null leaves the field as it is; the backend wrote None, which most columns refuse.
//   - Auth0 drops custom claims called groups, so AUTH0_GROUPS_FIELD wants to be a URL; a warning at start says so.
//   - The mapping of claims is an application's and not a subclass's: a subclass with its own ACCESS_TOKEN_CLAIM_MAPPING
//     is a second Config.
//   - Logout takes no address to go to next, because Auth0 sends people only to URLs that are registered there.
//   - The e-mail is never a way to find somebody, here as there.
package sqlusers
