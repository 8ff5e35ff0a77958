package chiauth0test

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// An Organization is one of Auth0's Organizations.
type Organization struct {
	ID          string   // begins with "org_"; default: random
	Name        string   // lower case; a login may give it in place of the ID; required
	Invitations []string // tickets; each makes one user a member
}

// AddOrganization adds an organization, or replaces the one with the same ID, and returns it with
// the defaults filled in. It panics if Name is empty or not in lower case.
func (t *Tenant) AddOrganization(org Organization) Organization {
	if org.Name == "" || org.Name != strings.ToLower(org.Name) {
		panic(fmt.Sprintf("chiauth0test: Organization.Name %q: want a name in lower case",
			org.Name))
	}
	org.ID = cmp.Or(org.ID, "org_"+rand.Text()[:16])
	org.Invitations = slices.Clone(org.Invitations)

	kept := org
	kept.Invitations = slices.Clone(org.Invitations)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.organizations = slices.DeleteFunc(t.organizations, func(o *Organization) bool {
		return o.ID == org.ID
	})
	t.organizations = append(t.organizations, &kept)
	return org
}

// Invite creates an invitation to an organization and returns the link that Auth0 sends by e-mail:
// the client's InitiateLoginURL with the parameters invitation, organization and
// organization_name. The invitation makes one user a member. Invite panics if the client or the
// organization does not exist or the client has no InitiateLoginURL.
func (t *Tenant) Invite(clientID, organizationID string) string {
	client, known := t.client(clientID)
	if !known || client.InitiateLoginURL == "" {
		panic(fmt.Sprintf("chiauth0test: invite: client %q is unknown or has no InitiateLoginURL",
			clientID))
	}
	ticket := rand.Text()

	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.IndexFunc(t.organizations, func(o *Organization) bool {
		return o.ID == organizationID
	})
	if i < 0 {
		panic(fmt.Sprintf("chiauth0test: invite: organization %q is unknown", organizationID))
	}
	org := t.organizations[i]
	org.Invitations = append(org.Invitations, ticket)
	return addQuery(client.InitiateLoginURL, url.Values{
		"invitation":        {ticket},
		"organization":      {org.ID},
		"organization_name": {org.Name},
	})
}

// organization finds an organization by ID or name. It returns nil if there is none. The caller
// holds t.mu.
func (t *Tenant) organization(idOrName string) *Organization {
	for _, org := range t.organizations {
		if org.ID == idOrName {
			return org
		}
		if !t.OrganizationIDsOnly && org.Name == strings.ToLower(idOrName) {
			return org
		}
	}
	return nil
}

// readOrganization reads the parameters organization and invitation of a login.
func (t *Tenant) readOrganization(a *authorization, query url.Values) *refusal {
	name := query.Get("organization")
	a.invitation = query.Get("invitation")
	if refused := a.client.checkOrganizationUsage(name); refused != nil {
		return refused
	}
	if name == "" {
		if a.invitation != "" {
			return refuse("invalid_request", "parameter invitation requires organization")
		}
		return nil
	}

	t.mu.Lock()
	defer t.mu.Unlock()
	a.org = t.organization(name)
	if a.org == nil {
		return refuse("invalid_request", "the organization %q was not found", name)
	}
	if a.invitation != "" && !slices.Contains(a.org.Invitations, a.invitation) {
		return refuse("invalid_request", "the invitation was not found or has been used")
	}
	return nil
}

// checkOrganizationUsage answers with Auth0's own texts.
func (c Client) checkOrganizationUsage(organization string) *refusal {
	if organization != "" && c.OrganizationUsage == OrganizationsDenied {
		return refuse("invalid_request", "parameter organization is not allowed for this client")
	}
	if organization == "" && c.OrganizationUsage == OrganizationsRequired {
		return refuse("invalid_request", "parameter organization is required for this client")
	}
	return nil
}

// admit reports whether a user may log in to the organization of a login. It redeems the login's
// invitation, which makes the user a member.
func (t *Tenant) admit(a *authorization, user User) bool {
	if slices.Contains(user.Organizations, a.org.ID) {
		return true
	}

	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.Index(a.org.Invitations, a.invitation)
	stored, found := t.users[accountKey(user.Email)]
	if a.invitation == "" || i < 0 || !found {
		return false
	}
	a.org.Invitations = slices.Delete(a.org.Invitations, i, i+1)
	stored.Organizations = append(stored.Organizations, a.org.ID)
	return true
}
