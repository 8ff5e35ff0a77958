package chiauth0

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode"
)

// matchHost returns the origin that a Host header stands for, and the organization that it names,
// if it does. It reports false for a host that is neither BaseURL's nor one of Origins. BaseURL and
// Origins without a placeholder come first: their hosts name no organization.
func (s *settings) matchHost(host string) (origin *url.URL, organization string, ok bool) {
	if s.base == nil || strings.ContainsFunc(host, notASCII) {
		return nil, "", false
	}
	host = normalHost(s.base.Scheme, host)
	if host == s.base.Host {
		return s.base, "", true
	}
	for _, rule := range s.origins {
		if origin, organization, ok := rule.match(host); ok {
			return origin, organization, true
		}
	}
	return nil, "", false
}

// notASCII reports whether strings.ToLower can turn a character into a letter of ASCII.
func notASCII(c rune) bool { return c > unicode.MaxASCII }

// isOwnOrigin reports whether an origin is BaseURL or one of Config.Origins.
func (s *settings) isOwnOrigin(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil {
		return false
	}
	own, _, ok := s.matchHost(u.Host)
	return ok && own.String() == origin
}

// checkHost refuses a request for a host that is not in Config.Origins (RFC 9110, section 15.5.20).
func (a *auth) checkHost(r *http.Request) error {
	if _, _, ok := a.matchHost(r.Host); ok {
		return nil
	}
	return newError(CodeMisdirected, fmt.Errorf("%w: the host %q is neither the one of BaseURL "+
		"(APP_BASE_URL) nor one of Origins (APP_ORIGINS): add its origin, or let the proxy pass "+
		"the Host header on", ErrInvalidRequest, cut(r.Host)))
}

// stateOrigin returns the origin that is sealed into the state of a login or a logout. It is empty
// without Config.Origins: then there is one origin.
func (a *auth) stateOrigin(r *http.Request) string {
	if len(a.origins) == 0 {
		return ""
	}
	return a.origin(r).String()
}

// refuseOtherOrigin answers a callback whose login was begun on another origin. It begins no login
// again, and its link does not name the page: the page is of the other origin.
func (a *auth) refuseOtherOrigin(w http.ResponseWriter, r *http.Request, state loginState) {
	e := newError(CodeInvalidState, fmt.Errorf("%w: the login was begun at %q",
		ErrInvalidState, state.Origin))
	e.RetryURL = a.loginURL("")
	a.fail(w, r, e)
}
