package chiauth0_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

func TestOrganizationAskedFor(t *testing.T) {
	t.Parallel()
	const id, name = "org_ours", "ours"
	for _, test := range []struct {
		name           string
		asked          string
		orgID, orgName any // nil leaves it out
		ok             bool
	}{
		{"an id, and it is", id, id, name, true},
		{"an id, and no name", id, id, nil, true},
		{"an id, and another", id, "org_other", name, false},
		{"an id, and none", id, nil, name, false},
		{"an id, and null", id, verbatim("null"), name, false},
		{"an id, and a number", id, 1, name, false},
		{"an id, and a list of it", id, []string{id}, name, false},
		{"an id, and nothing in it", id, "", name, false},
		{"an id in another case", id, "ORG_OURS", name, false},
		{"an id, and it is in the name", id, nil, id, false},
		{"a name, and it is", name, id, name, true},
		{"a name, in another case", name, id, "OuRs", true},
		{"a name, and another", name, id, "other", false},
		{"a name, and none", name, id, nil, false},
		{"a name, and null", name, id, verbatim("null"), false},
		{"a name, and a number", name, id, 1, false},
		{"a name, and a list of it", name, id, []string{name}, false},
		{"a name, and nothing in it", name, id, "", false},
		{"a name, and it is in the id", name, name, nil, false},
	} {
		for _, configured := range []bool{true, false} {
			how := "asked for"
			if configured {
				how = "configured"
			}
			t.Run(""+how+" "+test.name, func(t *testing.T) {
				t.Parallel()
				a := newApp(t, func(c *chiauth0.Config) {
					if configured {
						c.Organization = test.asked
					}
				})
				a.tenant.AddOrganization(chiauth0test.Organization{ID: id, Name: name})
				a.tenant.AddUser(
					chiauth0test.User{
						Email:         ada,
						Password:      "password",
						Organizations: []string{id},
					},
				)
				a.tenant.Misbehave(chiauth0test.Faults{IDToken: func(token *chiauth0test.JWT) {
					delete(token.Claims, "org_id")
					delete(token.Claims, "org_name")
					if test.orgID != nil {
						token.Claims["org_id"] = test.orgID
					}
					if test.orgName != nil {
						token.Claims["org_name"] = test.orgName
					}
				}})
				b := a.browser()
				resp := b.login("/auth0/login?organization="+url.QueryEscape(test.asked), ada)
				if !test.ok {
					b.refused(resp, http.StatusBadRequest)
				} else if resp.StatusCode != http.StatusSeeOther {
					t.Errorf("answered %s: %s", resp.Status, a.log)
				}
			})
		}
	}
	t.Run("taken out on the way to the tenant", func(t *testing.T) {
		t.Parallel()
		a := newApp(t, func(c *chiauth0.Config) { c.Organization = id })
		a.tenant.AddOrganization(chiauth0test.Organization{ID: id, Name: name})
		b := a.browser()
		authorize := b.begin("/auth0/login")
		query := authorize.Query()
		query.Del("organization")
		authorize.RawQuery = query.Encode()
		b.refused(b.get(b.authorize(authorize, ada).String()), http.StatusBadRequest)
	})
}

// verbatim is JSON as it stands.
type verbatim string

func (v verbatim) MarshalJSON() ([]byte, error) { return []byte(v), nil }

func TestOrganizationList(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, asked string
		orgID       string // which one the user logs in to; "" for none
		list        []string
		ok          bool
	}{
		{"none asked for, and there is no list", "", "org_b", nil, true},
		{"none asked for, and it is listed by id", "", "org_a", []string{"org_x", "org_a"}, true},
		{"none asked for, and it is listed by name", "", "org_a", []string{"NAME-OF-org_a"}, true},
		{"none asked for, and it is not listed", "", "org_b", []string{"org_a"}, false},
		{"none asked for, none, and there is a list", "", "", []string{"org_a"}, false},
		{"the query asked, and it is listed", "org_a", "org_a", []string{"org_a"}, true},
		{"the query asked, and it is not listed", "org_b", "org_b", []string{"org_a"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, func(c *chiauth0.Config) { c.Organizations = test.list })
			a.tenant.AddOrganization(chiauth0test.Organization{ID: test.asked, Name: "any"})
			a.tenant.AddUser(
				chiauth0test.User{
					Email:         ada,
					Password:      "password",
					Organizations: []string{test.asked},
				},
			)
			a.tenant.Misbehave(chiauth0test.Faults{IDToken: func(token *chiauth0test.JWT) {
				if test.orgID != "" {
					token.Claims["org_id"] = test.orgID
					token.Claims["org_name"] = "name-of-" + test.orgID
				}
			}})
			b := a.browser()
			resp := b.login("/auth0/login?organization="+test.asked, ada)
			if !test.ok {
				b.refused(resp, http.StatusBadRequest)
			} else if resp.StatusCode != http.StatusSeeOther {
				t.Errorf("answered %s: %s", resp.Status, a.log)
			}
		})
	}
}
