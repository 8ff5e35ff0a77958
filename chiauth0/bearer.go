package chiauth0

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/chiauth0/auth/userprovider"
)

// A Bearer is what the verified access token of a request says.
type Bearer struct {
	// Issuer and Subject are iss and sub. The subject is a user, or for a client that acts for
	// itself, at Auth0, its ID followed by "@clients".
	Issuer  string
	Subject string

	// ClientID is the client that the token was issued to: client_id or azp.
	ClientID string

	// Scopes are the scopes of the token. Permissions is the claim permissions of Auth0's
	// role-based access control; it is nil if the token has none.
	Scopes      []string
	Permissions []string

	// OrgID and OrgName are the organization of the login.
	OrgID   string
	OrgName string

	// Claims are all claims. Numbers are json.Number. Read-only.
	Claims map[string]any
}

// Has reports whether the token grants a permission. The claim permissions decides if it is there,
// as it lists what the user may do. Without it the scopes decide.
func (b Bearer) Has(permission string) bool {
	if _, found := b.Claims["permissions"]; found {
		return slices.Contains(b.Permissions, permission)
	}
	return slices.Contains(b.Scopes, permission)
}

type bearerKey struct{}

// BearerFrom returns the access token of a request that [RequireBearer] or [RequireLoginOrBearer]
// has admitted. It reports false for a request that was admitted by its session.
func BearerFrom(ctx context.Context) (Bearer, bool) {
	bearer, ok := ctx.Value(bearerKey{}).(Bearer)
	return bearer, ok
}

// RequireBearer admits requests with an access token of Auth0 for Config.Audience that has all of
// the permissions (RFC 6750, RFC 9068). It is for the routes of an API:
//
//	r.With(chiauth0.RequireBearer(cfg, "read:reports")).Get("/api/reports", reports)
//
// It loads no session, sets no cookie, and needs no protection against cross-site requests. The
// handler reads the token with [BearerFrom]. Behind a user provider that is a
// userprovider.SubjectFinder, [UserFrom] returns the local user of the token, and the token of a
// user who is not active is refused.
//
// Errors are answered as RFC 6750, section 3.1, says: 400 for a malformed request, 401 for a
// missing or invalid token, 403 for a missing permission, each with WWW-Authenticate; and 503 while
// Auth0's keys or the user provider cannot be reached. Preflight requests have no token: put CORS
// middleware before this guard.
//
// RequireBearer panics with the error of [Config.Validate], and without an Audience.
func RequireBearer(cfg *Config, permissions ...string) func(http.Handler) http.Handler {
	a := cfg.init()
	a.needAudience("RequireBearer")
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := a.reachable(r); err != nil {
				a.fail(w, r, err)
				return
			}
			a.serveBearer(w, r, next, permissions)
		})
	}
}

// RequireLoginOrBearer admits what [RequireBearer] admits, and requests of signed-in users that
// have all of the permissions. It is for routes that serve the scripts of the own pages as well as
// other programs. A request with an access token is judged by the token alone, whatever cookies it
// has. Requests by cookie need protection against cross-site requests:
// [net/http.CrossOriginProtection].
func RequireLoginOrBearer(cfg *Config, permissions ...string) func(http.Handler) http.Handler {
	a := cfg.init()
	a.needAudience("RequireLoginOrBearer")
	if len(permissions) > 0 {
		a.needPermissions.Store(true)
	}
	bearer := RequireBearer(cfg, permissions...)
	login := require(cfg, "permissions", func(_ userprovider.User, i userprovider.Identity) bool {
		return hasAll(permissions, func(name string) bool {
			return slices.Contains(i.Permissions, name)
		})
	})
	return func(next http.Handler) http.Handler {
		byBearer, byLogin := bearer(next), login(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add("Vary", "Authorization")
			if hasBearer(r) {
				byBearer.ServeHTTP(w, r)
				return
			}
			byLogin.ServeHTTP(w, r)
		})
	}
}

func (a *auth) needAudience(guard string) {
	if a.Audience == "" {
		panic(fmt.Errorf("chiauth0: %s needs Audience (AUTH0_AUDIENCE): set it to the identifier "+
			"of the API at Auth0", guard))
	}
}

func hasAll(names []string, has func(string) bool) bool {
	for _, name := range names {
		if !has(name) {
			return false
		}
	}
	return true
}

// serveBearer verifies the token of a request and calls next.
func (a *auth) serveBearer(
	w http.ResponseWriter, r *http.Request, next http.Handler, permissions []string,
) {
	w.Header().Set("Cache-Control", noStore)
	bearer, err := a.readBearer(r)
	if err == nil && !hasAll(permissions, bearer.Has) {
		err = errInsufficientScope
	}
	var user *requestUser
	if err == nil {
		user, err = a.bearerUser(r.Context(), bearer)
	}
	if err != nil {
		a.refuseBearer(w, r, bearer, permissions, err)
		return
	}
	user.Context = context.WithValue(r.Context(), bearerKey{}, bearer)
	next.ServeHTTP(w, r.WithContext(user))
}

// bearerKeysBackoff is the least time between two requests for the tenant's keys while there are
// none: any client can send a token.
const bearerKeysBackoff = time.Second

// readBearer verifies the token of a request.
func (a *auth) readBearer(r *http.Request) (Bearer, error) {
	token, err := bearerToken(r)
	if err != nil {
		return Bearer{}, err
	}
	meta, err := a.provider.metadata(r.Context())
	if err != nil {
		return Bearer{}, err
	}
	claims, err := a.verifyAPIToken(r.Context(), meta, token, bearerKeysBackoff)
	if err != nil {
		return Bearer{}, err
	}
	return bearerOf(claims), nil
}

func bearerOf(claims map[string]any) Bearer {
	text := func(name string) string {
		value, _ := claims[name].(string)
		return value
	}
	bearer := Bearer{
		Issuer:   text("iss"),
		Subject:  text("sub"),
		ClientID: text("client_id"), // RFC 9068, section 2.2
		Scopes:   strings.Fields(text("scope")),
		OrgID:    text("org_id"),
		OrgName:  text("org_name"),
		Claims:   claims,
	}
	if bearer.ClientID == "" {
		bearer.ClientID = text("azp") // Auth0's own profile
	}
	permissions, _ := claims["permissions"].([]any)
	for _, permission := range permissions {
		if name, ok := permission.(string); ok {
			bearer.Permissions = append(bearer.Permissions, name)
		}
	}
	return bearer
}

// bearerUser returns the local user of a token, which UserFrom then returns. The user of a session
// that the request has as well is hidden.
func (a *auth) bearerUser(ctx context.Context, b Bearer) (*requestUser, error) {
	anonymous := &requestUser{auth: a, found: &foundUser{err: ErrNotSignedIn}}
	finder, ok := a.Users.(userprovider.SubjectFinder)
	if !ok {
		return anonymous, nil
	}
	lookup := &lazyTimeout{Context: ctx, timeout: a.UserTimeout}
	defer lookup.cancel()
	user, err := finder.FindSubject(lookup, b.Issuer, b.Subject)
	switch {
	case errors.Is(err, userprovider.ErrNotFound):
		return anonymous, nil
	case err != nil:
		return nil, fmt.Errorf("%w: user provider: %w", ErrUnavailable, err)
	case !user.Active:
		return nil, fmt.Errorf("%w: user %q is not active", errBearerRefused, user.ID)
	}
	found := &foundUser{user: user, identity: bearerIdentity(b)}
	return &requestUser{auth: a, found: found}, nil
}

// bearerIdentity is what the token says about the user. An access token has no profile claims.
func bearerIdentity(b Bearer) userprovider.Identity {
	return userprovider.Identity{
		Issuer: b.Issuer, Subject: b.Subject, OrgID: b.OrgID, OrgName: b.OrgName,
		Permissions: b.Permissions,
	}
}
