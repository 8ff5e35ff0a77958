package userprovider_test

import (
	"strings"
	"testing"

	"github.com/chiauth0/auth/userprovider"
)

func TestWarningsAboutGroupsThatAuth0Drops(t *testing.T) {
	for field, drops := range map[string]bool{
		"":                                    true, // groups
		"groups":                              true,
		"roles":                               true,
		"permissions":                         true,
		"entitlements":                        true,
		"/groups":                             true,
		"/roles/0":                            true,
		"/permissions/app":                    true,
		"https://auth0.com/groups":            true,
		"https://tenant.eu.auth0.com/roles":   true,
		"https://AUTH0.com/roles":             true,
		"http://x.webtask.io/roles":           true,
		"https://webtask.run/roles":           true,
		"/https:~1~1auth0.com~1meta/roles":    true,
		"urn:auth0:groups":                    true,
		"https://app.example/groups":          false,
		"https://notauth0.com/groups":         false,
		"https://auth0.com.app.example/roles": false,
		"/https:~1~1app.example~1meta/roles":  false,
		"/realm_access/roles":                 false,
		"my_groups":                           false,
		"app/groups":                          false,
		"cognito:groups":                      false,
	} {
		mapping := userprovider.Mapping{StaffGroup: "editors", GroupsField: field}
		part := ""
		if drops {
			part = "https://app.example/groups"
		}
		wantWarning(t, mapping.Warnings(true), part)
		wantWarning(t, mapping.Warnings(false), "")
		if warns := mapping.GroupsWarning() != ""; warns != drops {
			t.Errorf("GroupsField %q has a warning: %t, want %t", field, warns, drops)
		}
	}
}

func TestWarningsNeedGroupsToBeUsed(t *testing.T) {
	same := func(claims map[string]any) map[string]any { return claims }
	for name, test := range map[string]struct {
		mapping userprovider.Mapping
		warns   bool
	}{
		"a role":                    {userprovider.Mapping{SuperuserGroup: "admins"}, true},
		"GroupsField alone":         {userprovider.Mapping{GroupsField: "groups"}, true},
		"nothing":                   {userprovider.Mapping{}, false},
		"Extract may add the claim": {userprovider.Mapping{StaffGroup: "a", Extract: same}, false},
	} {
		t.Run(name, func(t *testing.T) {
			warnings := test.mapping.Warnings(true)
			if warns := len(warnings) == 1; warns != test.warns {
				t.Errorf("the warnings are %q, want one: %t", warnings, test.warns)
			}
			for _, warning := range warnings {
				if !strings.Contains(warning, "silently drops") {
					t.Errorf("the warning does not contain %q: %s", "silently drops", warning)
				}
			}
		})
	}
}
