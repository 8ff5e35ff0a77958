package chiauth0

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/alexedwards/scs/v2"
	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/userprovider"
)

// cookieSettings returns the manager that writes our cookies: Secure, and with the prefix that keeps neighbouring hosts
// from planting one (RFC 6265bis, section 4.1.3.2), wherever BaseURL allows it.
func (a *auth) cookieSettings(m *scs.SessionManager) *scs.SessionManager {
	sessions := *m
	sessions.ErrorFunc = a.sessionFailed
	sessions.Cookie.Secure = a.secure()
	if a.secure() && sessions.Cookie.Domain == "" && sessions.Cookie.Path == "/" && !strings.HasPrefix(sessions.Cookie.Name, "__") {
		sessions.Cookie.Name = "__Host-" + sessions.Cookie.Name
	}
	return &sessions
}

// signOut ends the session of somebody who may not have one any more.
func (a *auth) signOut(ctx context.Context, code, id string) error {
	a.emit(ctx, slog.LevelWarn, Event{Name: EventSessionEnded, Code: code, UserID: id})
	if err := a.sessions.Destroy(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return ErrNotSignedIn
}

// sessionIdentity returns who the session says is signed in. An identity of another issuer or client, from another Config
// on the same manager or from before a change of tenant, is nobody's.
func (a *auth) sessionIdentity(ctx context.Context) (id string, identity userprovider.Identity, err error) {
	encoded := a.sessions.GetString(ctx, identityField)
	if encoded == "" {
		if err := sessionstores.Err(ctx, a.sessions); err != nil {
			return "", identity, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		return "", identity, ErrNotSignedIn
	}
	clientID, id, identity, err := decodeIdentity(encoded)
	if err != nil || clientID != a.ClientID || withSlash(identity.Issuer) != a.issuer || id == "" {
		return "", userprovider.Identity{}, ErrNotSignedIn
	}
	return id, identity, nil
}

// beginSession writes who is signed in, under a new session token. What a visitor put into the session before logging in
// stays; what another user did, does not.
func (a *auth) beginSession(ctx context.Context, user userprovider.User, identity userprovider.Identity, token *oauth2.Token) error {
	m := a.sessions
	if encoded := m.GetString(ctx, identityField); encoded != "" {
		_, _, before, err := decodeIdentity(encoded)
		if err != nil || before.Issuer != identity.Issuer || before.Subject != identity.Subject {
			if err := m.Clear(ctx); err != nil {
				return fmt.Errorf("%w: %w", ErrUnavailable, err)
			}
		}
	}
	if err := sessionstores.Renew(ctx, m); err != nil {
		return err
	}
	if err := errors.Join(
		sessionstores.SetNames(ctx, m, a.sessionNames(user.ID, identity)...),
		a.saveTokens(ctx, identity, token),
	); err != nil {
		return err
	}
	m.Put(ctx, identityField, encodeIdentity(a.ClientID, user.ID, identity)) // last: a failure leaves nobody signed in
	return nil
}

// sessionNames are what the sessions of a login can be found by.
func (a *auth) sessionNames(userID string, i userprovider.Identity) []string {
	names := []string{a.sessionName("user", userID), a.sessionName("sub", i.Subject)}
	if i.SessionID != "" {
		names = append(names, a.sessionName("sid", i.SessionID))
	}
	return names
}

func (a *auth) sessionName(kind, id string) string {
	return fmt.Sprintf("%s %q %q", kind, a.issuer, id)
}
