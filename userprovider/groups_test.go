package userprovider_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/chiauth0/auth/userprovider"
)

func TestGroups(t *testing.T) {
	roles := userprovider.Mapping{StaffGroup: "editors"}
	for _, test := range []struct {
		name    string
		claim   any
		want    []string
		warning string // empty means none
	}{
		{"a list", []any{"readers", "editors"}, []string{"readers", "editors"}, ""},
		{"one string is one group", "editors", []string{"editors"}, ""},
		{"a string is not split", "editors, readers", []string{"editors, readers"}, ""},
		{
			"a list with entries of other types",
			[]any{1.0, "editors", nil, []any{"admins"}, map[string]any{"name": "admins"}},
			[]string{"editors"},
			"not a string",
		},
		{"null", nil, nil, "missing or null"},
		{"a Boolean", true, nil, "not a list"},
		{"a number", 7.0, nil, "not a list"},
		{"an empty list", []any{}, nil, ""},
		{"an empty name", []any{"", "editors"}, []string{"editors"}, ""},
		{"strings that Extract returns", []string{"editors", ""}, []string{"editors"}, ""},
		{
			"the keys of an object",
			map[string]any{"editors": map[string]any{"2345": "corp.example"}, "admins": []any{}},
			[]string{"admins", "editors"},
			"",
		},
		{
			"an object of other values",
			map[string]any{"editors": false, "admins": true, "a": nil, "b": "editors", "c": 1.0},
			nil, "neither an object nor a list",
		},
		{
			"an object of mixed values",
			map[string]any{"editors": map[string]any{}, "admins": true},
			[]string{"editors"},
			"neither an object nor a list",
		},
		{"an empty object", map[string]any{}, nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			claims := map[string]any{"groups": test.claim}
			login, warnings := roles.Apply(claims, nil)
			if !slices.Equal(login.Identity.Groups, test.want) {
				t.Errorf("the groups are %q, want %q", login.Identity.Groups, test.want)
			}
			wantRole(t, "Staff", login.Staff, new(slices.Contains(test.want, "editors")))
			wantRole(t, "Superuser", login.Superuser, nil)
			wantWarning(t, warnings, test.warning)
			_, warnings = userprovider.Mapping{}.Apply(claims, nil)
			wantWarning(t, warnings, "")
		})
	}
}

func wantRole(t *testing.T, name string, got, want *bool) {
	t.Helper()
	switch {
	case got == nil && want == nil:
	case got == nil || want == nil:
		t.Errorf("%s is set: %t, want %t", name, got != nil, want != nil)
	case *got != *want:
		t.Errorf("%s is %t, want %t", name, *got, *want)
	}
}

func wantWarning(t *testing.T, warnings []string, part string) {
	t.Helper()
	if part == "" {
		if len(warnings) > 0 {
			t.Errorf("the warnings are %q, want none", warnings)
		}
		return
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], part) {
		t.Errorf("the warnings are %q, want one with %q", warnings, part)
	}
}

func TestGroupNamesMatchExactly(t *testing.T) {
	roles := userprovider.Mapping{StaffGroup: "editors"}
	for _, group := range []string{
		"Editors", "editors ", " editors", "editor", "editors2", "*", "editors\x00",
		"editors\u200b", "editors\u00a0",
	} {
		login, _ := roles.Apply(map[string]any{"groups": []any{group}}, nil)
		wantRole(t, "Staff", login.Staff, new(false))
	}
}

func TestGroupsFieldMayBeAPointer(t *testing.T) {
	claims := map[string]any{
		"realm_access": map[string]any{"roles": []any{"editors"}},
		"resource_access": map[string]any{
			"my-client": map[string]any{"roles": map[string]any{"editors": map[string]any{}}},
		},
		"https://app.example/meta": map[string]any{"groups": "editors"},
	}
	for pointer, want := range map[string]bool{
		"/realm_access/roles":                 true,
		"/realm_access/roles/0":               true,
		"/resource_access/my-client/roles":    true,
		"/https:~1~1app.example~1meta/groups": true,
		"/realm_access":                       false, // an object whose key is not the group
		"/realm_access/groups":                false,
		"realm_access/roles":                  false,
		"realm_access.roles":                  false,
	} {
		mapping := userprovider.Mapping{GroupsField: pointer, StaffGroup: "editors"}
		if err := mapping.Validate(); err != nil {
			t.Errorf("%s: %v", pointer, err)
		}
		login, _ := mapping.Apply(claims, nil)
		wantRole(t, pointer, login.Staff, new(want))
	}
}

// Entra ID leaves out the groups of a user who is in too many, and refers to an API in place of
// them. The user is not known to be in no group, so that no role is revoked.
func TestWithheldGroupsLeaveRolesAsTheyAre(t *testing.T) {
	overage := map[string]any{
		"_claim_names":   map[string]any{"groups": "src1"},
		"_claim_sources": map[string]any{"src1": "https://graph.example"},
	}
	for name, test := range map[string]struct {
		field    string
		claims   map[string]any
		withheld bool
	}{
		"_claim_names":              {"", overage, true},
		"_claim_names, a pointer":   {"/groups", overage, true},
		"hasgroups":                 {"", map[string]any{"hasgroups": true}, true},
		"hasgroups as a string":     {"", map[string]any{"hasgroups": "true"}, true},
		"hasgroups false":           {"", map[string]any{"hasgroups": false}, false},
		"another claim is withheld": {"roles", overage, false},
		"_claim_names of another type": {
			"", map[string]any{"_claim_names": []any{"groups"}}, false,
		},
		"no groups": {"", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			mapping := userprovider.Mapping{
				GroupsField: test.field, StaffGroup: "editors", SuperuserGroup: "admins",
			}
			login, warnings := mapping.Apply(ada(test.claims), nil)
			if len(login.Identity.Groups) != 0 {
				t.Errorf("the groups are %q, want none", login.Identity.Groups)
			}
			if test.withheld {
				wantRole(t, "Staff", login.Staff, nil)
				wantRole(t, "Superuser", login.Superuser, nil)
				wantWarning(t, warnings, "is withheld")
				return
			}
			wantRole(t, "Staff", login.Staff, new(false))
			wantWarning(t, warnings, "missing or null")
		})
	}

	t.Run("groups that are there decide", func(t *testing.T) {
		claims := ada(overage)
		claims["groups"] = []any{"editors"}
		login, warnings := userprovider.Mapping{StaffGroup: "editors"}.Apply(claims, nil)
		wantRole(t, "Staff", login.Staff, new(true))
		wantWarning(t, warnings, "")
	})
}
