package chiauth0test

import (
	"cmp"
	"crypto/rand"
	"maps"
	"net/http"
	"net/url"
	"time"
)

// sessionCookie names the cookie of the tenant's single sign-on session. Cookies ignore ports, so
// the name must differ from those of an application on the same host.
const sessionCookie = "chiauth0test_sso"

// defaultSessionLifetime is the lifetime of a session without Tenant.SessionCeiling.
const defaultSessionLifetime = 3 * 24 * time.Hour

// A session is a browser's login to the tenant. Tenant.mu guards clients; the rest is constant.
type session struct {
	email    string // the account's key
	subject  string
	sid      string
	authTime time.Time
	expires  time.Time
	mfa      bool
	clients  map[string]bool // IDs of the clients that got a code
}

// currentSession returns the browser's session and its user. It returns nil if there is no session
// or its account has been deleted.
func (t *Tenant) currentSession(r *http.Request) (*session, User) {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return nil, User{}
	}

	t.mu.Lock()
	defer t.mu.Unlock()
	session, found := t.sessions.get(cookie.Value, t.now())
	if !found {
		return nil, User{}
	}
	user, found := t.users[session.email]
	if !found {
		return nil, User{}
	}
	return session, user.clone()
}

// mustLogIn reports whether a session does not satisfy a request for a login.
func (t *Tenant) mustLogIn(a *authorization, session *session, user User) bool {
	age := t.now().Sub(session.authTime)
	tooOld := a.maxAge == 0 || (a.maxAge > 0 && age > a.maxAge)
	lacksMFA := a.mfa && user.MFA && !session.mfa
	return a.fresh || tooOld || lacksMFA
}

// startSession sets a new cookie at every login. The sid stays if the same user logs in again. A
// session of another user ends.
func (t *Tenant) startSession(
	w http.ResponseWriter, r *http.Request, user User, mfa bool,
) *session {
	now := t.now()
	started := &session{
		email:    accountKey(user.Email),
		subject:  user.Subject,
		sid:      rand.Text(),
		authTime: now,
		expires:  now.Add(cmp.Or(t.SessionCeiling, defaultSessionLifetime)),
		mfa:      mfa && user.MFA,
		clients:  map[string]bool{},
	}
	name := rand.Text() + rand.Text()

	t.mu.Lock()
	old := t.removeSession(r)
	if old != nil && old.email == started.email {
		started.sid = old.sid
		started.clients = old.clients
		old = nil
	}
	t.sessions.put(name, started, now, started.expires)
	t.mu.Unlock()

	t.announceLogout(old)
	t.setSessionCookie(w, name, 0)
	return started
}

// endSession ends the browser's session, if there is one.
func (t *Tenant) endSession(w http.ResponseWriter, r *http.Request) {
	if _, err := r.Cookie(sessionCookie); err != nil {
		return
	}
	t.mu.Lock()
	ended := t.removeSession(r)
	t.mu.Unlock()
	t.announceLogout(ended)
	t.setSessionCookie(w, "", -1)
}

// removeSession removes the browser's session and returns it, or nil. The caller holds t.mu.
func (t *Tenant) removeSession(r *http.Request) *session {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return nil
	}
	removed, _ := t.sessions.take(cookie.Value, t.now())
	return removed
}

// EndSessions ends all sessions of an account at the tenant, as an administrator does. Clients with
// a BackchannelLogoutURL get a logout token for each. Refresh tokens stay valid, as at Auth0.
func (t *Tenant) EndSessions(email string) {
	key := accountKey(email)
	t.mu.Lock()
	var ended []*session
	for _, s := range t.sessions.live(t.now()) {
		if s.email == key {
			ended = append(ended, s)
		}
	}
	t.sessions.removeFunc(func(s *session) bool { return s.email == key })
	t.mu.Unlock()

	for _, s := range ended {
		t.announceLogout(s)
	}
}

// clientsOf returns the IDs of the clients that got a code in a session.
func (t *Tenant) clientsOf(s *session) map[string]bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(s.clients)
}

func (t *Tenant) setSessionCookie(w http.ResponseWriter, value string, maxAge int) {
	issuer, _ := url.Parse(t.issuer) // New has parsed it
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: value, Path: issuer.Path, MaxAge: maxAge,
		HttpOnly: true, Secure: issuer.Scheme == "https", SameSite: http.SameSiteLaxMode,
	})
}
