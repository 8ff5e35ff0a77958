package chiauth0

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

type hostKey struct{}

// withHost puts the host of a request into its context. The session alone does not name the
// organization that it may be used for.
func (a *auth) withHost(next http.Handler) http.Handler {
	if len(a.origins) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := context.WithValue(r.Context(), hostKey{}, r.Host)
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

var errUnknownHost = errors.New("the host of the request is not known")

// checkHostOrganization returns an error if the identity of a session is of another organization
// than the host of the request. A browser sends a cookie with a Domain to several hosts.
func (a *auth) checkHostOrganization(ctx context.Context, orgID, orgName string) error {
	if len(a.origins) == 0 {
		return nil
	}
	host, _ := ctx.Value(hostKey{}).(string)
	_, organization, ok := a.matchHost(host)
	switch {
	case !ok:
		return errUnknownHost
	case organization != "" && !matchesOrganization(organization, orgID, orgName):
		return fmt.Errorf("the session is of the organization %q %q, and the host of %q",
			orgID, orgName, organization)
	}
	return nil
}

// organizationOf returns the organization that a login has to be of: the one that the host of the
// request names, or Config.Organization. It is empty if there is neither.
func (a *auth) organizationOf(r *http.Request) string {
	if len(a.origins) > 0 {
		if _, organization, ok := a.matchHost(r.Host); ok && organization != "" {
			return organization
		}
	}
	return a.Organization
}
