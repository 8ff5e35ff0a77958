package chiauth0test_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// newOrganization returns an application and an organization that Ada is a member of.
func newOrganization(t *testing.T) (*app, chiauth0test.Organization) {
	t.Helper()
	a := newApp(t)
	org := a.tenant.AddOrganization(chiauth0test.Organization{Name: "acme"})
	a.addUser(chiauth0test.User{Organizations: []string{org.ID}})
	return a, org
}

func TestOrganizationLogin(t *testing.T) {
	t.Parallel()
	t.Run("a member logs in by ID and by name", func(t *testing.T) {
		t.Parallel()
		a, org := newOrganization(t)
		for _, name := range []string{org.ID, "acme", "ACME"} {
			claims := a.idToken(edits{"organization": name})
			wantClaims(t, claims, map[string]any{"org_id": org.ID, "org_name": "acme"})
		}
	})
	t.Run("a login without organization has no claims of it", func(t *testing.T) {
		t.Parallel()
		a, _ := newOrganization(t)
		wantClaims(t, a.idToken(nil), map[string]any{"org_id": nil, "org_name": nil})
	})
	t.Run("another user is refused", func(t *testing.T) {
		t.Parallel()
		a, org := newOrganization(t)
		a.addUser(chiauth0test.User{})
		query := a.login(edits{"organization": org.ID})
		wantCallbackError(t, query, "access_denied", "is not part of the "+org.ID)
	})
	t.Run("an unknown organization is refused", func(t *testing.T) {
		t.Parallel()
		query := newApp(t).login(edits{"organization": "org_unknown"})
		wantCallbackError(t, query, "invalid_request", "org_unknown")
	})
	t.Run("OrganizationIDsOnly refuses names and leaves org_name out", func(t *testing.T) {
		t.Parallel()
		a, org := newOrganization(t)
		a.tenant.OrganizationIDsOnly = true
		wantCallbackError(t, a.login(edits{"organization": "acme"}), "invalid_request", "acme")
		claims := a.idToken(edits{"organization": org.ID})
		wantClaims(t, claims, map[string]any{"org_id": org.ID, "org_name": nil})
	})
}

func TestOrganizationUsage(t *testing.T) {
	t.Parallel()
	t.Run("a client that denies organizations", func(t *testing.T) {
		t.Parallel()
		a, org := newOrganization(t)
		a.updateClient(func(c *chiauth0test.Client) {
			c.OrganizationUsage = chiauth0test.OrganizationsDenied
		})
		a.code(nil)
		wantCallbackError(t, a.login(edits{"organization": org.ID}), "invalid_request",
			"parameter organization is not allowed for this client")
	})
	t.Run("a client that requires organizations", func(t *testing.T) {
		t.Parallel()
		a, org := newOrganization(t)
		a.updateClient(func(c *chiauth0test.Client) {
			c.OrganizationUsage = chiauth0test.OrganizationsRequired
		})
		a.code(edits{"organization": org.ID})
		wantCallbackError(t, a.login(nil), "invalid_request",
			"parameter organization is required for this client")
	})
}

func TestOrganizationPlaceholderInCallbackURL(t *testing.T) {
	t.Parallel()
	a, org := newOrganization(t)
	a.tenant.AddOrganization(chiauth0test.Organization{Name: "other"})
	a.updateClient(func(c *chiauth0test.Client) {
		c.CallbackURLs = []string{"https://{organization_name}.app.test/callback"}
	})
	for _, test := range []struct {
		organization, redirectURI string
		allowed                   bool
	}{
		{org.ID, "https://acme.app.test/callback", true},
		{"acme", "https://acme.app.test/callback", true},
		{"acme", "https://other.app.test/callback", false},
		{"other", "https://acme.app.test/callback", false},
		{"acme", "https://evil.acme.app.test/callback", false},
		{"acme", "https://{organization_name}.app.test/callback", false},
		{"", "https://acme.app.test/callback", false},
		{"", "https://.app.test/callback", false},
		{"", "https://{organization_name}.app.test/callback", false},
	} {
		resp, _ := a.get(a.authorizeURL(edits{
			"organization": test.organization,
			"redirect_uri": test.redirectURI,
		}))
		if got := resp.StatusCode == http.StatusFound; got != test.allowed {
			t.Errorf("organization %q, redirect_uri %s: allowed is %v, want %v",
				test.organization, test.redirectURI, got, test.allowed)
		}
	}
}

func TestOrganizationPlaceholderInQueryIsLiteral(t *testing.T) {
	t.Parallel()
	a, _ := newOrganization(t)
	a.updateClient(func(c *chiauth0test.Client) {
		c.CallbackURLs = []string{"http://app.test/?next=http://{organization_name}.test"}
	})
	resp, _ := a.get(a.authorizeURL(edits{
		"organization": "acme",
		"redirect_uri": "http://app.test/?next=http://acme.test",
	}))
	wantErrorPage(t, resp)
}

func TestInvitation(t *testing.T) {
	t.Parallel()
	invited := func(t *testing.T) (*app, chiauth0test.Organization, url.Values) {
		t.Helper()
		a := newApp(t)
		org := a.tenant.AddOrganization(chiauth0test.Organization{Name: "acme"})
		a.updateClient(func(c *chiauth0test.Client) {
			c.InitiateLoginURL = "https://app.test/login?from=mail"
		})
		link, err := url.Parse(a.tenant.Invite(a.client.ID, org.ID))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(link.String(), "https://app.test/login?from=mail&") {
			t.Errorf("link is %s", link)
		}
		return a, org, link.Query()
	}
	t.Run("the link names the organization by ID and name", func(t *testing.T) {
		t.Parallel()
		_, org, query := invited(t)
		if query.Get("organization") != org.ID || query.Get("organization_name") != "acme" {
			t.Errorf("query is %v", query)
		}
	})
	t.Run("makes one user a member, once", func(t *testing.T) {
		t.Parallel()
		a, org, query := invited(t)
		login := edits{"organization": org.ID, "invitation": query.Get("invitation")}
		wantClaims(t, a.idToken(login), map[string]any{"org_id": org.ID})
		a.code(edits{"organization": org.ID})
		wantCallbackError(t, a.login(login), "invalid_request", "invitation")
	})
	t.Run("a forged invitation is refused", func(t *testing.T) {
		t.Parallel()
		a, org, _ := invited(t)
		query := a.login(edits{"organization": org.ID, "invitation": "forged"})
		wantCallbackError(t, query, "invalid_request", "invitation")
	})
	t.Run("an invitation without organization is refused", func(t *testing.T) {
		t.Parallel()
		a, _, query := invited(t)
		answer := a.login(edits{"invitation": query.Get("invitation")})
		wantCallbackError(t, answer, "invalid_request", "organization")
	})
	t.Run("tickets of Organization.Invitations work", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		org := a.tenant.AddOrganization(chiauth0test.Organization{
			Name: "acme", Invitations: []string{"ticket"},
		})
		a.code(edits{"organization": org.ID, "invitation": "ticket"})
	})
	t.Run("Invite panics without InitiateLoginURL or organization", func(t *testing.T) {
		t.Parallel()
		a, org, _ := invited(t)
		a.addOther()
		for want, invite := range map[string]func(){
			`client "other"`:          func() { a.tenant.Invite("other", org.ID) },
			`client "unknown"`:        func() { a.tenant.Invite("unknown", org.ID) },
			`organization "org_none"`: func() { a.tenant.Invite(a.client.ID, "org_none") },
		} {
			if got := panics(invite); !strings.Contains(got, want) {
				t.Errorf("panic %q, want one that contains %s", got, want)
			}
		}
	})
}
