package chiauth0

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chiauth0/auth/internal/seal"
	"github.com/chiauth0/auth/userprovider"
)

// multiFactorPolicy is the authentication context class of multi-factor authentication at Auth0.
const multiFactorPolicy = "http://schemas.openid.net/pape/policies/2007/06/multi-factor"

// anyMaxAge is asked for by logins that do not limit the age. A provider has to send auth_time when
// max_age is in the request (OpenID Connect Core, section 2). It is ten years in seconds.
const anyMaxAge = 10 * 365 * 24 * 60 * 60

// RequireRecentLogin is [RequireLogin] for users who have entered their credentials within d, by
// the claim auth_time of the last login. A session without auth_time is too old. Once such a guard
// exists, every login asks Auth0 for auth_time by a large max_age.
//
// Other signed-in users have to log in again (RFC 9470):
//
//   - A request for a page is redirected to /login with max_age, and back to the page.
//   - A form that is posted gets a 403 page. Its link leads through the login back to the form:
//     to the page of the Referer, or else to a GET of the same address.
//   - A program gets 401 with the code insufficient_user_authentication, and WWW-Authenticate with
//     max_age.
//
// The session and its values are kept. If another user logs in, the values are removed, and the
// login ends at the home page. A login that does not fulfil the requirement ends with the code
// step_up_failed, and the session stays as it was.
//
// RequireRecentLogin panics with the error of [Config.Validate], and if d is less than a second.
func RequireRecentLogin(cfg *Config, d time.Duration) func(http.Handler) http.Handler {
	return requireStepUp(cfg, "RequireRecentLogin", d, false)
}

// RequireMFA is [RequireLogin] for users who have used multi-factor authentication at a login
// within the given time, by auth_time. The claims of the ID token that say so are amr with "mfa",
// and acr with "http://schemas.openid.net/pape/policies/2007/06/multi-factor".
//
// Other signed-in users get the answers of [RequireRecentLogin], with acr_values beside max_age.
// acr_values is the policy above, after the values of Config.ACRValues. An acr of Config.ACRValues
// does not count as multi-factor authentication.
//
// Auth0 evaluates acr_values in a post-login Action alone. The tenant needs one that calls
// api.multifactor.enable when event.transaction.acr_values contains the policy. Without it, the
// login ends with the code step_up_failed.
//
// RequireMFA panics with the error of [Config.Validate], and if within is less than a second.
func RequireMFA(cfg *Config, within time.Duration) func(http.Handler) http.Handler {
	return requireStepUp(cfg, "RequireMFA", within, true)
}

func requireStepUp(
	cfg *Config, name string, d time.Duration, mfa bool,
) func(http.Handler) http.Handler {
	a := cfg.init()
	if d < time.Second {
		panic(fmt.Errorf("chiauth0: %s(%v): the time has to be a second or more", name, d))
	}
	a.asksAuthTime.Store(true)
	guard := &stepUpGuard{auth: a, need: stepUp{MaxAge: int64(d / time.Second), MFA: mfa}}
	return a.guard(guardRule{allow: guard.allow, refuse: a.refuse, forbid: guard.forbid})
}

// stepUp is what a guard asks of a login. It is sealed into the link to /login and into state.
type stepUp struct {
	MaxAge  int64  `json:"m"`           // seconds
	MFA     bool   `json:"f,omitempty"` // multi-factor authentication
	Subject string `json:"s,omitempty"` // the user who is signed in
	Again   bool   `json:"a,omitempty"` // the first login was too old
}

// stepUpError says which requirement a login does not fulfil.
type stepUpError struct {
	reason string
	tooOld bool
}

func (e *stepUpError) Error() string { return "chiauth0: step-up failed: " + e.reason }

// check returns a *stepUpError if a login does not fulfil the requirements. It allows no leeway for
// an old auth_time, so that what passes the callback passes the guard.
func (s *stepUp) check(i *userprovider.Identity, now time.Time) error {
	age := now.Sub(i.AuthTime)
	switch {
	case s.MFA && !hasMFA(i):
		return &stepUpError{reason: fmt.Sprintf("acr_values %q was asked for, and neither acr %q "+
			"nor amr %q says so: add a post-login Action to the tenant that calls "+
			"api.multifactor.enable when event.transaction.acr_values contains it",
			multiFactorPolicy, i.ACR, i.AMR)}
	case i.AuthTime.IsZero():
		return &stepUpError{reason: fmt.Sprintf("max_age %d was asked for, and the ID token lacks "+
			"auth_time: check that no Action and no proxy removes it", s.MaxAge)}
	case age < -leeway:
		return &stepUpError{reason: fmt.Sprintf("auth_time %v is in the future: is the clock of "+
			"this machine right?", i.AuthTime.UTC())}
	case age > time.Duration(s.MaxAge)*time.Second:
		return &stepUpError{tooOld: true, reason: fmt.Sprintf("max_age %d was asked for, and "+
			"auth_time is %v ago: is the clock of this machine right?",
			s.MaxAge, age.Truncate(time.Second))}
	}
	return nil
}

// hasMFA reports whether a login has used multi-factor authentication (RFC 8176, section 2).
func hasMFA(i *userprovider.Identity) bool {
	return i.ACR == multiFactorPolicy || slices.Contains(i.AMR, "mfa")
}

// stepUpGuard is the rule of RequireRecentLogin and RequireMFA.
type stepUpGuard struct {
	*auth
	need stepUp
}

func (g *stepUpGuard) allow(_ userprovider.User, i userprovider.Identity) bool {
	return g.need.check(&i, time.Now()) == nil
}

func (g *stepUpGuard) forbid(
	w http.ResponseWriter, r *http.Request, u userprovider.User, i userprovider.Identity,
) {
	if wantsPage(r) {
		login := g.stepUpURL(r, &g.need, &i, askedPage(r))
		redirect(w, http.StatusFound, g.origin(r).String()+login)
		return
	}

	reason := g.need.check(&i, time.Now())
	e := newError(CodeInsufficientAuthentication, &refusal{
		error: errors.Join(ErrForbidden, reason), user: u.ID, subject: i.Subject, rule: "step-up",
	})
	e.RetryURL = g.stepUpURL(r, &g.need, &i, g.formPage(r))
	if fromPerson(r) {
		e.Status = http.StatusForbidden
	} else {
		w.Header().Set("WWW-Authenticate", g.challenge(r))
	}
	g.fail(w, r, e)
}

// formPage is the page that a form was posted from. Without a Referer of this application it is a
// GET of the address that was posted to.
func (g *stepUpGuard) formPage(r *http.Request) string {
	if page := g.returnTo(g.origin(r), r.Referer()); page != "" {
		return page
	}
	asked := *r
	asked.Method = http.MethodGet
	return askedPage(&asked)
}

// challenge is the value of WWW-Authenticate (RFC 9470, section 3), with the scheme of
// auth.unauthorized.
func (g *stepUpGuard) challenge(r *http.Request) string {
	origin := g.origin(r).String()
	challenge := fmt.Sprintf("Cookie realm=%q, form-action=%q, cookie-name=%q, "+
		"error=\"insufficient_user_authentication\", "+
		"error_description=\"A different authentication level is required\", max_age=\"%d\"",
		origin, origin+g.loginURL(""), g.sessions.Cookie.Name, g.need.MaxAge)
	if g.need.MFA {
		challenge += fmt.Sprintf(", acr_values=%q", g.mfaValues())
	}
	return challenge
}

// mfaValues is the acr_values of a login with multi-factor authentication.
func (a *auth) mfaValues() string {
	values := strings.Fields(a.ACRValues)
	if !slices.Contains(values, multiFactorPolicy) {
		values = append(values, multiFactorPolicy)
	}
	return strings.Join(values, " ")
}

// stepUpPage is the sealed part of a link to /login.
type stepUpPage struct {
	StepUp stepUp `json:"s"`
	Page   string `json:"p,omitempty"`
}

// stepUpURL is the login that fulfils what a guard needs, and ends on page. The requirements and
// the page are sealed: the query cannot lower them. The user stays in the organization.
func (a *auth) stepUpURL(
	r *http.Request, need *stepUp, i *userprovider.Identity, page string,
) string {
	sealed := stepUpPage{StepUp: *need, Page: shortPage(page)}
	sealed.StepUp.Subject = i.Subject
	plaintext, err := encodeJSON(sealed)
	if err != nil {
		return a.loginURL(page)
	}

	query := "max_age=" + strconv.FormatInt(need.MaxAge, 10)
	if need.MFA {
		query += "&acr_values=" + url.QueryEscape(a.mfaValues())
	}
	if i.OrgID != "" && a.organizationOf(r) == "" {
		query += "&organization=" + url.QueryEscape(i.OrgID)
	}
	query += "&" + stepUpParam + "=" + a.transactions.SealString(plaintext, a.stepUpBinding())
	return withQuery(a.mount+loginRoute, query)
}

// openStepUp opens what stepUpURL has sealed. It reports false for anything else.
func (a *auth) openStepUp(value string) (p stepUpPage, ok bool) {
	if value == "" || len(value) > maxState {
		return stepUpPage{}, false
	}
	plaintext, err := a.transactions.OpenString(value, a.stepUpBinding())
	if err != nil || json.Unmarshal(plaintext, &p) != nil {
		return stepUpPage{}, false
	}
	return p, true
}

func (a *auth) stepUpBinding() []byte { return seal.Associated("step-up", string(a.binding)) }

// applyStepUp makes a login ask for what a guard needs.
func (a *auth) applyStepUp(request *loginRequest, sealed stepUpPage) {
	request.stepUp = &sealed.StepUp
	request.returnTo = sealed.Page
	request.query.Set("max_age", strconv.FormatInt(sealed.StepUp.MaxAge, 10))
	if sealed.StepUp.MFA {
		request.query.Set("acr_values", a.mfaValues())
	}
}

// repeatStepUp begins the login of a step-up once more if the first one is too old by this clock.
// Auth0 measures max_age by its own clock. The second login asks for the credentials in any case.
func (a *auth) repeatStepUp(
	w http.ResponseWriter, r *http.Request, state loginState, err error,
) (repeated bool) {
	failed, ok := errors.AsType[*stepUpError](err)
	if !ok || !failed.tooOld || state.StepUp.Again {
		return false
	}
	query, err := url.ParseQuery(state.Query)
	if err != nil {
		return false
	}

	query.Set("max_age", "0")
	again := *state.StepUp
	again.Again = true
	a.startLogin(w, r, loginRequest{returnTo: state.ReturnTo, query: query, stepUp: &again})
	return true
}

// pageFor is the page that a login of a user ends on. The page of a step-up is that of the user who
// was signed in.
func (s *loginState) pageFor(i *userprovider.Identity) string {
	if s.StepUp != nil && s.StepUp.Subject != i.Subject {
		return ""
	}
	return s.ReturnTo
}
