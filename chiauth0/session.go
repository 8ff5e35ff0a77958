package chiauth0

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/userprovider"
)

// useSessions prepares the session manager for this Config. It changes the manager itself, so that
// an application that mounts sessionstores.Middleware in front of the Router has the same cookie.
//
// The cookie is Secure, and has the prefix that keeps other hosts of the domain from setting it
// (RFC 6265bis, section 4.1.3.2), where BaseURL allows it. Its default name is different for each
// Config, so that two applications on one host do not use the same cookie.
func (a *auth) useSessions() {
	m := a.Sessions
	m.ErrorFunc = a.sessionFailed
	m.Cookie.Secure = a.secure()
	if m.Cookie.Name == sessionstores.DefaultCookieName {
		m.Cookie.Name += "_" + a.cookieSuffix()
	}

	hostOnly := m.Cookie.Domain == "" && m.Cookie.Path == "/"
	if a.secure() && hostOnly && !strings.HasPrefix(m.Cookie.Name, "__") {
		m.Cookie.Name = "__Host-" + m.Cookie.Name
	}

	sessionstores.SetLogger(m, a.Logger)
	a.sessions = m
	a.load = a.middleware()
}

// cookieSuffix is different for each issuer, client and mount path.
func (a *auth) cookieSuffix() string {
	sum := sha256.Sum256(a.binding)
	return hex.EncodeToString(sum[:4])
}

// middleware serves the session and the user of a request.
func (a *auth) middleware() func(http.Handler) http.Handler {
	session := sessionstores.Middleware(a.sessions)
	return func(next http.Handler) http.Handler {
		return a.withHost(session(a.withRequestUser(next)))
	}
}

// sessionIdentity returns who is signed in according to the session. The session of another Config,
// which has another issuer, client or mount path, is anonymous here. So is a session of another
// organization than the one that the host names.
func (a *auth) sessionIdentity(
	ctx context.Context,
) (userID string, i userprovider.Identity, err error) {
	encoded, err := sessionstores.GetString(ctx, a.sessions, identityField)
	switch {
	case errors.Is(err, sessionstores.ErrUnavailable):
		return "", i, fmt.Errorf("%w: %w", ErrUnavailable, err)
	case err != nil:
		return "", i, err
	case encoded == "":
		return "", i, ErrNotSignedIn
	}

	s, ok := decodeIdentity(encoded)
	if !ok || !a.owns(&s) || s.ended(time.Now()) {
		return "", i, ErrNotSignedIn
	}
	err = a.checkHostOrganization(ctx, s.identity.OrgID, s.identity.OrgName)
	if err != nil {
		return "", i, fmt.Errorf("%w: %w", ErrNotSignedIn, err)
	}

	return s.userID, s.identity, nil
}

// owns reports whether a session was begun by this Config.
func (a *auth) owns(s *signedIn) bool {
	return s.clientID == a.ClientID &&
		s.mount == a.mount &&
		withSlash(s.identity.Issuer) == a.issuer &&
		s.userID != ""
}

// signOut ends the session of a user who may not have one any more.
func (a *auth) signOut(ctx context.Context, code, userID string) error {
	a.emit(ctx, slog.LevelWarn, Event{Name: EventSessionEnded, Code: code, UserID: userID})
	if err := a.sessions.Destroy(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}

	return ErrNotSignedIn
}

// beginSession writes who is signed in, under a new session token. What an anonymous visitor has
// put into the session is kept. What another user has put into it is removed.
//
// A login of the same user keeps the refresh token if Auth0 has not sent another one.
func (a *auth) beginSession(
	ctx context.Context, user userprovider.User, login *userprovider.Login, token *oauth2.Token,
) error {
	m := a.sessions
	i := login.Identity
	former, err := a.formerRefreshToken(ctx, &i)
	if err != nil {
		return err
	}
	if a.belongsToAnother(ctx, i) {
		if err := m.Clear(ctx); err != nil {
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
	}

	if err := sessionstores.Renew(ctx, m, a.sessionNames(user.ID, i)...); err != nil {
		return err
	}
	if err := a.saveTokens(ctx, &i, token, former); err != nil {
		return err
	}
	ceiling := sessionCeiling(login.Claims)
	if !ceiling.IsZero() && ceiling.Before(m.Deadline(ctx)) {
		m.SetDeadline(ctx, ceiling)
	}
	a.putIdentity(ctx, user.ID, i, ceiling)

	return nil
}

// putIdentity writes who is signed in into the session.
func (a *auth) putIdentity(
	ctx context.Context, userID string, i userprovider.Identity, ceiling time.Time,
) {
	a.sessions.Put(ctx, identityField, encodeIdentity(&signedIn{
		clientID: a.ClientID, mount: a.mount, userID: userID, ceiling: ceiling, identity: i,
	}))
}

// dropGroups keeps only the groups that a guard or the mapping names. It reports whether that
// makes the identity smaller.
func (a *auth) dropGroups(i *userprovider.Identity) bool {
	named := append(a.guardedGroups(), a.Mapping.StaffGroup, a.Mapping.SuperuserGroup)
	before := len(i.Groups)
	i.Groups = slices.DeleteFunc(slices.Clone(i.Groups), func(group string) bool {
		return !slices.Contains(named, group)
	})

	return len(i.Groups) < before
}

// saveSession saves the session of a login, so that the login is known to have succeeded before it
// is reported. A logout that Auth0 has sent meanwhile wins.
func (a *auth) saveSession(
	ctx context.Context, user userprovider.User, login userprovider.Login,
) error {
	err := sessionstores.Save(ctx, a.sessions)
	if errors.Is(err, sessionstores.ErrTooLarge) && a.dropGroups(&login.Identity) {
		a.Logger.WarnContext(ctx, "groups that no guard names are not kept, the session cookie "+
			"would be too large", "user", user.ID, "kept", len(login.Identity.Groups))
		a.putIdentity(ctx, user.ID, login.Identity, sessionCeiling(login.Claims))
		err = sessionstores.Save(ctx, a.sessions)
	}
	if err != nil {
		err = errors.Join(saveError(err), sessionstores.Discard(ctx, a.sessions))
		if u, ok := requestUserOf(ctx); ok {
			u.unsaved(err)
		}
		return err
	}

	issued, _ := numericDate(login.Claims["iat"])
	ended, err := a.loggedOutMeanwhile(ctx, &login.Identity, issued)
	switch {
	case err == nil && !ended:
		return nil
	case err == nil:
		err = fmt.Errorf("%w: Auth0 has ended the session during the login", ErrInvalidToken)
	}
	if revokeErr := sessionstores.Revoke(ctx, a.sessions); revokeErr != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, revokeErr)
	}

	return err
}

// saveError tells an outage of the store apart from a session that cannot be saved.
func saveError(err error) error {
	if errors.Is(err, sessionstores.ErrUnavailable) || errors.Is(err, sessionstores.ErrGone) {
		return fmt.Errorf("%w: session not saved: %w", ErrUnavailable, err)
	}

	return fmt.Errorf("chiauth0: session not saved: %w", err)
}

// belongsToAnother reports whether the session has an identity other than i, or is of another
// organization than the one that the host names.
func (a *auth) belongsToAnother(ctx context.Context, i userprovider.Identity) bool {
	encoded := a.sessions.GetString(ctx, identityField)
	if encoded == "" {
		return false
	}

	before, ok := decodeIdentity(encoded)
	if !ok || before.identity.Issuer != i.Issuer || before.identity.Subject != i.Subject {
		return true
	}
	err := a.checkHostOrganization(ctx, before.identity.OrgID, before.identity.OrgName)
	return err != nil
}

// sessionNames returns the names that the sessions of a login are indexed under.
func (a *auth) sessionNames(userID string, i userprovider.Identity) []string {
	names := []string{a.sessionName("user", userID), a.sessionName("sub", i.Subject)}
	if i.SessionID != "" {
		names = append(names, a.sessionName("sid", i.SessionID))
	}

	return names
}

// sessionName is different for each Config, so that one Config does not revoke sessions of another.
func (a *auth) sessionName(kind, id string) string {
	return fmt.Sprintf("%s %q %q %q %q", kind, a.issuer, a.ClientID, a.mount, id)
}
