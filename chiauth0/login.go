package chiauth0

import (
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// login sends the browser to Auth0, with a transaction that the callback needs.
func (a *auth) login(w http.ResponseWriter, r *http.Request) {
	if isPreview(r) {
		refusePreview(w)
		return
	}
	if isFramed(r) {
		a.fail(w, r, newError(CodeNavigationRequired, ErrInvalidRequest))
		return
	}
	if a.onOtherHost(r) {
		a.moveToBase(w, r)
		return
	}
	request, err := a.parseLogin(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if !isNavigation(r) && !r.URL.Query().Has(continueParam) {
		a.loginFetched(w, r)
		return
	}
	if request.silent {
		a.startLogin(w, r, request)
		return
	}
	lost, loop := a.sessionLost(w, r)
	if loop {
		a.failLoop(w, r, request.returnTo)
		return
	}
	request.lost = lost
	a.startLogin(w, r, request)
}

// onOtherHost reports whether the request came to another name of this host, such as www. The
// transaction's cookie would not be there at the callback. After one redirect the host is taken as
// it is: a proxy that writes a host of its own would make the redirect a loop.
func (a *auth) onOtherHost(r *http.Request) bool {
	if a.base == nil || len(a.origins) > 0 || r.URL.Query().Has(movedParam) {
		return false
	}
	return normalHost(a.base.Scheme, r.Host) != a.base.Host
}

func (a *auth) moveToBase(w http.ResponseWriter, r *http.Request) {
	target := withQuery(a.base.String()+a.loginURL(""), movedParam+"&"+r.URL.RawQuery)
	if len(target) > maxLocation {
		a.fail(w, r, badRequest("next_url", r.URL.RawQuery, "is too long"))
		return
	}
	redirect(w, http.StatusFound, target)
}

// loginFetched answers a request for /login that is no navigation. A script cannot follow the
// redirect to Auth0. A service worker that fetches a page in the browser's place gets a page with a
// link; the link says that the next request comes from a click.
func (a *auth) loginFetched(w http.ResponseWriter, r *http.Request) {
	if !accepts(r, "text/html") || r.Header.Get("X-Requested-With") != "" {
		a.fail(w, r, newError(CodeNavigationRequired, ErrInvalidRequest))
		return
	}
	link := withQuery(a.mount+loginRoute, r.URL.RawQuery)
	a.renderContinue(w, r, withQuery(link, continueParam+"=1"), false)
}

// loginRequest is what the query of /login asks for.
type loginRequest struct {
	returnTo string
	query    url.Values // of the parameters that reach Auth0
	restarts int        // how often the transaction's cookie was gone
	lost     bool       // the session of an earlier login was gone
	stepUp   *stepUp    // what a guard needs, or nil
	silent   bool       // see silent.go
}

// passedOn are the parameters of /login that reach Auth0. Those that identify the client or protect
// the login are not among them.
var passedOn = []string{
	"connection", "login_hint", "screen_hint", "prompt", "max_age", "organization", "invitation",
	"ui_locales", "acr_values",
}

func (a *auth) parseLogin(r *http.Request) (loginRequest, error) {
	query := r.URL.Query()
	if iss := query.Get("iss"); iss != "" && withSlash(iss) != a.issuer {
		return loginRequest{}, badRequest(
			"iss",
			iss,
			"is not the tenant that this application uses",
		)
	}
	request := loginRequest{returnTo: a.openPage(query.Get(pageParam)), query: url.Values{}}
	if request.returnTo == "" {
		// target_link_uri: OpenID Connect Core, section 4.
		for _, name := range []string{nextParam, "next", "target_link_uri"} {
			if next := query.Get(name); next != "" {
				request.returnTo = a.returnTo(a.origin(r), next)
				break
			}
		}
	}
	for _, name := range passedOn {
		if value := query.Get(name); value != "" {
			request.query.Set(name, value)
		}
	}
	sealed, isStepUp := a.openStepUp(query.Get(stepUpParam))
	if isStepUp {
		request.query.Del("acr_values")
	}
	if err := a.checkConfigured(r, request.query, query.Get("organization_name")); err != nil {
		return loginRequest{}, err
	}
	if _, err := a.maxAge(request.query); err != nil {
		return loginRequest{}, err
	}
	if isStepUp {
		a.applyStepUp(&request, sealed)
	}
	request.silent = a.SilentLogin && !isStepUp && isSilent(query)
	return request, nil
}

// checkConfigured refuses a query that asks for something else than the Config. An invitation names
// its organization by ID and by name; either can be the configured one.
func (a *auth) checkConfigured(
	r *http.Request, query url.Values, organizationName string,
) error {
	for name, configured := range a.configured(r) {
		asked := query.Get(name)
		if asked == "" || asked == configured {
			continue
		}
		if name == "organization" && strings.EqualFold(organizationName, configured) {
			continue
		}
		return badRequest(name, asked, "is not the one that is configured")
	}
	return nil
}

// configured are the parameters that a query cannot change.
func (a *auth) configured(r *http.Request) map[string]string {
	configured := map[string]string{
		"organization": a.organizationOf(r),
		"connection":   a.Connection,
		"acr_values":   a.ACRValues,
	}
	maps.DeleteFunc(configured, func(_, value string) bool { return value == "" })
	return configured
}

// startLogin redirects to Auth0. Nothing is kept in this process.
func (a *auth) startLogin(w http.ResponseWriter, r *http.Request, request loginRequest) {
	fail := func(err error) { a.failLogin(w, r, request.silent, request.returnTo, err) }
	meta, err := a.provider.metadata(r.Context())
	if err != nil {
		e := unavailable(err)
		e.Message = "The login service cannot be reached at the moment. " + textTryAgain
		e.RetryURL = a.loginURL(request.returnTo)
		fail(e)
		return
	}
	query, t, err := a.authorizationRequest(r, request)
	if err != nil {
		fail(err)
		return
	}
	location, err := a.authorizationURL(r.Context(), meta, query)
	if err != nil {
		fail(a.loginFailed(err, request.returnTo))
		return
	}
	if len(location) > maxLocation {
		fail(badRequest(
			"organization, login_hint or another", request.query.Encode(), "is too long",
		))
		return
	}
	a.announceRedirectURI(r.Context(), t.RedirectURI)
	if err := a.saveTransaction(w, r, t, request.restarts > 0); err != nil {
		fail(err)
		return
	}
	if !isNavigation(r) {
		a.renderContinue(w, r, location, true)
		return
	}
	redirect(w, http.StatusFound, location)
}

// authorizationRequest builds the parameters of an authorization request (RFC 6749, section 4.1.1)
// and the transaction to check the answer with.
func (a *auth) authorizationRequest(
	r *http.Request, request loginRequest,
) (url.Values, transaction, error) {
	var err error
	state := newLoginState(request)
	state.Origin = a.stateOrigin(r)
	t := newTransaction(state.ID)
	t.RedirectURI = a.origin(r).String() + a.callbackPath
	t.Lost = request.lost

	query := url.Values{}
	for name, value := range a.AuthorizationParams {
		query.Set(name, value)
	}
	for name := range request.query {
		if _, fixed := a.AuthorizationParams[name]; !fixed || name == "prompt" {
			query.Set(name, request.query.Get(name))
		}
	}
	for name, value := range a.configured(r) {
		if request.query.Get(name) == "" {
			query.Set(name, value)
		}
	}
	checked := query
	if request.stepUp != nil { // stepUp.check judges what the guard has asked for
		checked = maps.Clone(query)
		checked.Del("max_age")
		checked.Set("acr_values", a.ACRValues)
	}
	if t.MaxAge, err = a.maxAge(checked); err != nil {
		return nil, t, err
	}
	t.Organization, t.ACRValues = query.Get("organization"), checked.Get("acr_values")
	if err := a.askMaxAge(query); err != nil {
		return nil, t, err
	}
	if organization := a.organizationOf(r); organization != "" {
		t.Organization = organization
	}
	sealed, err := a.sealState(state)
	if err != nil {
		return nil, t, err
	}

	query.Set("response_type", "code")
	query.Set("client_id", a.ClientID)
	query.Set("redirect_uri", t.RedirectURI)
	query.Set("scope", strings.Join(a.Scopes, " "))
	if a.Audience != "" {
		query.Set("audience", a.Audience)
	}
	query.Set("state", sealed)
	query.Set("nonce", t.Nonce)
	query.Set("code_challenge", oauth2.S256ChallengeFromVerifier(t.Verifier))
	query.Set("code_challenge_method", "S256")
	return query, t, nil
}

// askMaxAge sets max_age in the query of an authorization request.
func (a *auth) askMaxAge(query url.Values) error {
	least, err := a.maxAge(query)
	switch {
	case err != nil:
		return err
	case least != nil:
		query.Set("max_age", strconv.FormatInt(*least, 10))
	case a.asksAuthTime.Load():
		query.Set("max_age", strconv.Itoa(anyMaxAge))
	}
	return nil
}

// maxAge is the smaller one of what the query and the Config ask for, nil for neither. prompt=login
// asks for a fresh proof as well, and Auth0 says only with max_age when that was.
func (a *auth) maxAge(query url.Values) (*int64, error) {
	var least *int64
	ask := func(seconds int64) {
		if least == nil || seconds < *least {
			least = &seconds
		}
	}
	if raw := query.Get("max_age"); raw != "" {
		seconds, err := strconv.ParseInt(raw, 10, 32)
		if err != nil || seconds < 0 || raw[0] == '+' {
			return nil, badRequest("max_age", raw, "is not a whole number of seconds")
		}
		ask(seconds)
	}
	if a.MaxAge > 0 {
		ask(int64(a.MaxAge / time.Second))
	}
	for prompt := range strings.FieldsSeq(query.Get("prompt")) {
		if prompt == "login" {
			ask(0)
		}
	}
	return least, nil
}

func withSlash(issuer string) string { return strings.TrimSuffix(issuer, "/") + "/" }
