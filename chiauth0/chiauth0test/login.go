package chiauth0test

import (
	"net/http"
	"slices"
	"strings"
)

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

	email := r.PostFormValue("username")
	user, correct := t.checkPassword(email, r.PostFormValue("password"))
	if !correct {
		t.showLogin(w, http.StatusBadRequest, a, state, email, "Wrong email or password")
		return
	}
	t.endLogin(state)
	if user.Blocked {
		t.sendError(w, r, a, refuse("unauthorized", "user is blocked"))
		return
	}
	t.finish(w, r, a, t.startSession(w, r, user, a.mfa), user)
}

func (t *Tenant) checkPassword(email, password string) (user User, correct bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	stored, found := t.users[accountKey(email)]
	if !found || stored.Password == "" || stored.Password != password {
		return User{}, false
	}
	return stored.clone(), true
}

// pendingLogin returns the login that a page belongs to. If there is none, it shows an error page
// and returns nil.
func (t *Tenant) pendingLogin(w http.ResponseWriter, state string) *authorization {
	t.mu.Lock()
	a, found := t.logins.get(state, t.now())
	t.mu.Unlock()
	if !found {
		t.errorPage(w, http.StatusBadRequest,
			"This login has ended or expired. Go back to the application and start again.")
		return nil
	}
	return a
}

func (t *Tenant) endLogin(state string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.logins.remove(state)
}

func (t *Tenant) showLogin(
	w http.ResponseWriter, status int, a *authorization, state, email, message string,
) {
	page := page{
		Title:       "Log in",
		Message:     message,
		State:       state,
		Email:       email,
		Application: a.client.Name,
		Action:      t.url("u/login", nil),
	}
	if a.org != nil {
		page.Organization = a.org.Name
	}
	if t.ListAccounts {
		page.Accounts = t.accounts()
	}
	t.render(w, status, "login", page)
}

// accounts returns the accounts that can log in, by e-mail.
func (t *Tenant) accounts() []User {
	t.mu.Lock()
	defer t.mu.Unlock()
	var accounts []User
	for _, user := range t.users {
		if user.Password != "" {
			accounts = append(accounts, user.clone())
		}
	}
	slices.SortFunc(accounts, func(a, b User) int { return strings.Compare(a.Email, b.Email) })
	return accounts
}
