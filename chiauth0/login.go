package chiauth0

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// login sends the browser to Auth0, with a transaction that the callback will need.
func (a *auth) login(w http.ResponseWriter, r *http.Request) {
	if !isNavigation(r) {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if a.base != nil && normalHost(a.base.Scheme, r.Host) != a.base.Host && !r.URL.Query().Has(movedParam) {
		// On www. or another name of this host the transaction's cookie would not be there at the callback.
		redirect(w, http.StatusFound, a.base.String()+a.loginURL("")+"?"+movedParam+"&"+r.URL.RawQuery)
		return
	}
	t, params, err := a.authorizationRequest(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if a.looping(w, r, t.ReturnTo) {
		return
	}
	meta, err := a.provider.metadata(r.Context())
	if err != nil {
		e := unavailable(err)
		e.Message, e.RetryURL = "The login service cannot be reached at the moment.", a.loginURL(t.ReturnTo)
		a.fail(w, r, e)
		return
	}
	a.announceRedirectURI(r.Context(), t.RedirectURI)
	if err := a.saveTransaction(w, r, t); err != nil {
		a.fail(w, r, err)
		return
	}
	location, err := url.Parse(meta.AuthorizationEndpoint)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	query := location.Query() // the endpoint may bring its own (RFC 6749, section 3.1)
	for name := range params {
		query.Set(name, params.Get(name))
	}
	location.RawQuery = query.Encode()
	redirect(w, http.StatusFound, location.String())
}

// movedParam says that the browser has been sent to BaseURL. If another Host still arrives, a proxy on the way writes its
// own: sending the browser there again would go on for ever.
const movedParam = "moved"

// isNavigation tells a person's click from what browsers and messengers fetch ahead of it. Those would leave a
// transaction behind each, and crowd out the one that is under way.
func isNavigation(r *http.Request) bool {
	h := r.Header
	mode := h.Get("Sec-Fetch-Mode")
	return r.Method != http.MethodHead && (mode == "" || mode == "navigate") &&
		!strings.Contains(h.Get("Sec-Purpose"), "prefetch") && !strings.Contains(h.Get("Purpose"), "prefetch")
}

// passedOn are the parameters of /login that reach Auth0. Nothing else does: not what identifies the client, nor what
// protects the login.
var passedOn = []string{
	"connection", "login_hint", "screen_hint", "prompt", "max_age", "organization", "invitation", "ui_locales", "acr_values",
}

// authorizationRequest reads /login's query into a transaction, and the parameters to send with it.
func (a *auth) authorizationRequest(r *http.Request) (transaction, url.Values, error) {
	query := r.URL.Query()
	t := newTransaction()
	t.RedirectURI = a.origin(r).String() + a.callbackPath
	next := query.Get("next_url")
	if next == "" {
		next = query.Get("target_link_uri") // OpenID Connect Core, section 4
	}
	t.ReturnTo = a.returnTo(a.origin(r), next)
	if iss := query.Get("iss"); iss != "" && withSlash(iss) != a.issuer {
		return t, nil, badRequest("iss", iss, "is not the tenant that this application uses")
	}

	params := url.Values{}
	for _, name := range passedOn {
		if value := query.Get(name); value != "" {
			params.Set(name, value)
		}
	}
	for name, value := range map[string]string{
		"organization": a.Organization, "connection": a.Connection, "acr_values": a.ACRValues,
	} {
		if value == "" {
			continue
		}
		if asked := params.Get(name); asked != "" && asked != value {
			return t, nil, badRequest(name, asked, "is not the one that is configured")
		}
		params.Set(name, value)
	}
	maxAge, err := a.maxAge(params)
	if err != nil {
		return t, nil, err
	}
	if maxAge != nil {
		params.Set("max_age", strconv.FormatInt(*maxAge, 10))
	}
	t.MaxAge, t.Organization, t.ACRValues = maxAge, params.Get("organization"), params.Get("acr_values")

	params.Set("response_type", "code")
	params.Set("client_id", a.ClientID)
	params.Set("redirect_uri", t.RedirectURI)
	params.Set("scope", strings.Join(a.Scopes, " "))
	if a.Audience != "" {
		params.Set("audience", a.Audience)
	}
	params.Set("state", t.State)
	params.Set("nonce", t.Nonce)
	params.Set("code_challenge", oauth2.S256ChallengeFromVerifier(t.Verifier))
	params.Set("code_challenge_method", "S256")
	return t, params, nil
}

// maxAge is the smaller one of what the query and the Config ask for, nil for neither. prompt=login asks for a fresh
// proof as well, and only with max_age does Auth0 say when that was.
func (a *auth) maxAge(params url.Values) (*int64, error) {
	var least *int64
	ask := func(seconds int64) {
		if least == nil || seconds < *least {
			least = &seconds
		}
	}
	if raw := params.Get("max_age"); raw != "" {
		seconds, err := strconv.ParseInt(raw, 10, 32)
		if err != nil || seconds < 0 || raw[0] == '+' {
			return nil, badRequest("max_age", raw, "is not a whole number of seconds")
		}
		ask(seconds)
	}
	if a.MaxAge > 0 {
		ask(int64(a.MaxAge / time.Second))
	}
	for prompt := range strings.FieldsSeq(params.Get("prompt")) {
		if prompt == "login" {
			ask(0)
		}
	}
	return least, nil
}

func badRequest(name, value, why string) *Error {
	return &Error{
		Status: http.StatusBadRequest, Code: "invalid_request",
		Message: fmt.Sprintf("The parameter %s of this link %s.", name, why),
		Err:     fmt.Errorf("%w: %s %q %s", ErrInvalidRequest, name, value, why),
	}
}

func withSlash(issuer string) string { return strings.TrimSuffix(issuer, "/") + "/" }
