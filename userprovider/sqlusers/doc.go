// Package sqlusers keeps users in a table of the application, through database/sql. The application
// brings the driver, the table and the type of its users, and [New] makes a
// [userprovider.UserProvider] of them. It works with PostgreSQL and SQLite.
//
// The fields of a userprovider.Mapping are columns of the table. Every login writes them, and the
// roles that are mapped, if something changed. Every request that asks for its user reads one row
// by its key. A login whose values the columns cannot hold exactly is refused, and the error names
// the field. SQL statements contain nothing that comes from a claim.
//
// The application lists users and makes them inactive with its own queries: it owns the table, and
// its scan function works with any query. A user who is made inactive or deleted is signed out at
// the next request.
//
// # Connections
//
// New takes a *sql.DB of any driver, or another [Querier]. Every statement is its own transaction,
// and needs a pool of connections.
//
//   - pgx with a pool: stdlib.OpenDBFromPool(pool) of github.com/jackc/pgx/v5/stdlib returns a
//     *sql.DB for a *pgxpool.Pool. SetMaxIdleConns(0), which it sets, must stay. Scan a column of
//     an array type into pgtype.NewMap().SQLScanner(&list).
//   - PgBouncer: with pool_mode=transaction or statement, prepared statements need version 1.21 and
//     max_prepared_statements. Without them, set default_query_exec_mode=exec in the data source
//     name of pgx, or binary_parameters=yes in that of lib/pq.
//   - Read replicas: SyncUser must reach the primary. FindUser and FindSubject may read from a
//     replica, but then a login can be invisible to the request that follows it, which ends the new
//     session. A Querier that sends statements beginning with SELECT to a replica must therefore
//     wait for its own writes.
//   - A restart or a failover of PostgreSQL closes connections. Statements that fail because of it
//     are repeated, at most five times within 160 ms, and so are serialization failures, deadlocks
//     and plans that a migration made invalid. While the server does not accept connections, logins
//     fail with an error that has no kind: an outage.
//   - SQLite: set a busy timeout, or simultaneous logins fail at once. With
//     mode=memory&cache=shared, a busy timeout does not help: use a file, or SetMaxOpenConns(1).
//
// # GORM, sqlc and other libraries
//
// They and this package can use the same table and the same pool.
//
//   - GORM: pass the *sql.DB that db.DB() returns. gorm.Model's column deleted_at marks deleted
//     users, and [Columns].DeletedAt uses it by default. Let Scan read the columns of the model, or
//     let it read the ID alone and load the model where it is needed.
//   - gorm.io/plugin/soft_delete marks deleted users by a number that is not NULL. Set
//     Columns.DeletedAt to NoColumn, and make Active a generated column, such as
//     active boolean GENERATED ALWAYS AS (deleted_at = 0) STORED.
//   - sqlc: Scan returns the struct that sqlc generates, and Select lists its columns in order.
//   - Row-level security: a policy for the role of the connection works. A policy that reads a
//     setting needs it on every connection, as in options=-c%20app.tenant=acme.
//
// A table with users from before Auth0 needs a nullable issuer and subject. To link such a user by
// hand, write issuer and subject into the row. A provider that links users by e-mail must at least
// check Identity.EmailVerified; it then trusts every connection of the tenant to verify e-mails.
//
// # Coming from Django
//
// An application that used django-auth0-authbackend keeps its auth_user table, in which the
// username is the subject. The example Django of [New] has the configuration. The names correspond
// as follows:
//
//	AUTH0_DOMAIN, AUTH0_CLIENT_ID,           the same environment variables, which
//	AUTH0_CLIENT_SECRET, AUTH0_AUDIENCE,     chiauth0.ConfigFromEnv reads, or the
//	AUTH0_SCOPES                             fields of chiauth0.Config
//	AUTH0_CALLBACK_URI                       the same; a URL name of the list below,
//	                                         a path or a full URL
//	AUTH0_USER_FIELD_MAPPING                 the same, in the form
//	                                         first_name=given_name,last_name=family_name
//	AUTH0_ACCESS_TOKEN_CLAIM_MAPPING         the same, in the same form
//	AUTH0_GROUPS_FIELD                       the same
//	AUTH0_STAFF_GROUP, AUTH0_SUPERUSER_GROUP the same
//	SECRET_KEY                               AUTH0_SECRET
//	LOGIN_REDIRECT_URL                       Config.HomePath
//	AUTHENTICATION_BACKENDS                  Config.Users
//	SESSION_ENGINE                           Config.Sessions
//
//	auth0, at the mount                      /auth0/, Config.MountPath
//	auth0_login                              /auth0/login?next_url=…
//	auth0_callback                           /auth0/callback, Config.CallbackURI
//	auth0_logout                             /auth0/logout, Config.PostLogoutURL
//
//	@login_required                          r.With(chiauth0.RequireLogin(cfg))
//	@user_passes_test(lambda u: u.is_staff)  r.With(chiauth0.RequireStaff(cfg)), or
//	                                         RequireSuperuser, RequireGroup, and
//	                                         Require for a test of your own
//	AuthenticationMiddleware                 r.Use(chiauth0.LoadUser(cfg))
//	request.user                             chiauth0.UserFrom(ctx),
//	                                         chiauth0.UserAs[Account](ctx)
//	user.is_staff, user.is_superuser         User.Staff, User.Superuser
//	request.session["user"]                  chiauth0.IdentityFrom(ctx)
//
//	authenticate                             Provider.SyncUser
//	get_user                                 Provider.FindUser
//	get_user_info, overridden                Mapping.Extract
//	get_extra_defaults, overridden           a provider that wraps this one and adds to
//	                                         Login.Fields, which may read
//	                                         Login.AccessTokenClaims; Table.Defaults
//	                                         for the columns of a new user
//
// The behaviour differs as follows:
//
//   - A user is found by issuer and subject, since auth0|1 of another tenant is another person. A
//     table without an issuer column accepts the one issuer in [Table].Issuer.
//   - An inactive user is refused with 403, and a user who is made inactive is signed out at the
//     next request. The backend made every user active who logged in. [Table].Reactivate does so.
//   - Claims of the access token are mapped only if the token is a JWT whose issuer, audience,
//     signature, expiry and subject verify. The backend decoded it without checks.
//   - The columns of roles, of the password and of the username cannot be mapped, and neither can a
//     column that does not exist or cannot hold a claim. Each is an error at start.
//   - A claim that is null leaves the field as it is. The backend wrote None.
//   - Auth0 drops custom claims called groups, so that AUTH0_GROUPS_FIELD should be a URL. A
//     warning at start tells so.
//   - The mapping of claims belongs to the Config. A subclass with its own
//     ACCESS_TOKEN_CLAIM_MAPPING becomes a second Config.
//   - Logout has no parameter for the next page, since Auth0 redirects only to registered URLs.
package sqlusers
