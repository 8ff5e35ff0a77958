package chiauth0test

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// ssoCookie is the tenant's single sign-on session. Cookies ignore ports, so the name must be none that an application
// on the same host has.
const ssoCookie = "chiauth0test_sso"

const sessionLifetime = 3 * 24 * time.Hour

// A session is a browser that has logged in to the tenant.
type session struct {
	email    string // the account's key
	sid      string
	authTime time.Time
	mfa      bool
}

// currentSession finds the browser's session and its user, unless the account has been deleted.
func (t *Tenant) currentSession(r *http.Request) (*session, User) {
	cookie, err := r.Cookie(ssoCookie)
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

// mustLogIn decides whether a session is good enough for what was asked.
func (t *Tenant) mustLogIn(a *authorization, session *session, user User) bool {
	age := t.now().Sub(session.authTime)
	tooOld := a.maxAge == 0 || a.maxAge > 0 && age > a.maxAge
	return a.fresh || tooOld || a.mfa && user.MFA && !session.mfa
}

func (t *Tenant) loginPage(w http.ResponseWriter, r *http.Request) {
	state := r.URL.Query().Get("state")
	if a := t.pendingLogin(w, state); a != nil {
		t.showLogin(w, http.StatusOK, a, state, a.loginHint, "")
	}
}

func (t *Tenant) login(w http.ResponseWriter, r *http.Request) {
	state := r.PostFormValue("state")
	a := t.pendingLogin(w, state)
	if a == nil {
		return
	}
	if r.PostFormValue("action") == "cancel" {
		t.endLogin(state)
		t.sendError(w, r, a, refuse("access_denied", "User did not authorize the request"))
		return
	}
	email, password := r.PostFormValue("username"), r.PostFormValue("password")
	t.mu.Lock()
	stored, found := t.users[userName(email)]
	if !found || stored.Password == "" || stored.Password != password {
		t.mu.Unlock()
		t.showLogin(w, http.StatusBadRequest, a, state, email, "Wrong email or password")
		return
	}
	user := stored.clone()
	t.mu.Unlock()
	t.endLogin(state)
	if user.Blocked {
		t.sendError(w, r, a, refuse("unauthorized", "user is blocked"))
		return
	}
	t.finish(w, r, a, t.startSession(w, r, user, a.mfa), user)
}

// pendingLogin finds the login that a page belongs to, or says that there is none.
func (t *Tenant) pendingLogin(w http.ResponseWriter, state string) *authorization {
	t.mu.Lock()
	a, found := t.logins.get(state, t.now())
	t.mu.Unlock()
	if !found {
		t.errorPage(w, http.StatusBadRequest, "This login is over or has expired. Go back to the application and start again.")
		return nil
	}
	return a
}

func (t *Tenant) endLogin(state string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.logins.drop(state)
}

// startSession gives the browser a new cookie at every login. The sid stays when the same user logs in again.
func (t *Tenant) startSession(w http.ResponseWriter, r *http.Request, user User, mfa bool) *session {
	now := t.now()
	started := &session{email: userName(user.Email), sid: rand.Text(), authTime: now, mfa: mfa && user.MFA}
	if old, _ := t.currentSession(r); old != nil && old.email == started.email {
		started.sid = old.sid
	}
	t.endSession(w, r)
	name := rand.Text() + rand.Text()
	t.mu.Lock()
	t.sessions.put(name, started, now, now.Add(sessionLifetime))
	t.mu.Unlock()
	t.setCookie(w, name, 0)
	return started
}

// endSession ends the browser's single sign-on session, if it has one.
func (t *Tenant) endSession(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(ssoCookie); err == nil {
		t.mu.Lock()
		t.sessions.drop(cookie.Value)
		t.mu.Unlock()
		t.setCookie(w, "", -1)
	}
}

func (t *Tenant) setCookie(w http.ResponseWriter, value string, maxAge int) {
	issuer, _ := url.Parse(t.issuer) // New has parsed it
	w.Header().Del("Set-Cookie")     // a login ends one session and starts another: one cookie is enough
	http.SetCookie(w, &http.Cookie{
		Name: ssoCookie, Value: value, Path: issuer.Path, MaxAge: maxAge,
		HttpOnly: true, Secure: issuer.Scheme == "https", SameSite: http.SameSiteLaxMode,
	})
}

func (t *Tenant) showLogin(w http.ResponseWriter, status int, a *authorization, state, email, message string) {
	page := page{
		Title: "Log in", Message: message, State: state, Email: email, Application: a.client.Name,
		Action: t.url("u/login", nil),
	}
	if a.org != nil {
		page.Organization = a.org.Name
	}
	if t.ListAccounts {
		t.mu.Lock()
		for _, user := range t.users {
			if user.Password != "" {
				page.Accounts = append(page.Accounts, user.clone())
			}
		}
		t.mu.Unlock()
		slices.SortFunc(page.Accounts, func(a, b User) int { return strings.Compare(a.Email, b.Email) })
	}
	t.render(w, status, "login", page)
}
