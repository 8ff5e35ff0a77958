package userprovider_test

import (
	"strings"
	"testing"

	"github.com/chiauth0/auth/userprovider"
)

func TestValidateReservedFields(t *testing.T) {
	for _, field := range []string{
		"id", "ID", "pk", "uid", "user_id", "UserID", "sub", "Subject", "iss", "issuer",
		"is\u017fuer",
		"password", "Password", "password_hash", "PasswordHash", "pass-word", "hashed_password",
		"active", "is_active", "IsActive", "is-active", "IS_ACTIVE", "disabled", "blocked",
		"staff", "is_staff", "isStaff", "superuser", "is_superuser", "super_user", "is_admin",
		"admin",
		"role", "roles", "permissions", "user_permissions", "groups",
		"is staff",
		"is.staff", `"is_staff"`, "`is_staff`", "is_sta\u200bff", "i\u017f_\u017ftaff", "P\u212a",
	} {
		for _, mapping := range []userprovider.Mapping{
			{Fields: map[string]string{field: "nickname"}},
			{AccessTokenFields: map[string]string{field: "nickname"}},
		} {
			err := mapping.Validate()
			if err == nil {
				t.Errorf("the field %q may be mapped", field)
				continue
			}
			for _, part := range []string{"no claim may write",
				`"nickname"`, "Mapping.", "AUTH0_", "; "} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the error for %q does not say %s: %v", field, part, err)
				}
			}
		}
	}
}

func TestValidateTakes(t *testing.T) {
	for _, mapping := range []userprovider.Mapping{
		{},
		{Fields: map[string]string{"email": "email"}},
		{Fields: map[string]string{"username": "nickname", "first_name": "given_name",
			"auth0_id": "sub"}},
		{Fields: map[string]string{"plan": "https://app.example/plan", "idea": "idea",
			"activity": "x", "rolex": "y"}},
		{Fields: map[string]string{"a": "name"}, AccessTokenFields: map[string]string{"b": "name"}},
		{GroupsField: "https://app.example/groups", StaffGroup: "site " +
			"editors", SuperuserGroup: "site editors"},
	} {
		if err := mapping.Validate(); err != nil {
			t.Errorf("%+v: %v", mapping, err)
		}
	}
}

func TestValidateRefuses(t *testing.T) {
	for _, test := range []struct {
		name    string
		mapping userprovider.Mapping
		want    []string
	}{
		{
			"a field without a name",
			userprovider.Mapping{Fields: map[string]string{"": "nickname"}},
			[]string{"Mapping.Fields", "AUTH0_USER_FIELD_MAPPING", `"nickname"`, "no name"},
		},
		{
			"a claim without a name",
			userprovider.Mapping{AccessTokenFields: map[string]string{"plan": " "}},
			[]string{"Mapping.AccessTokenFields", "AUTH0_ACCESS_TOKEN_CLAIM_MAPPING", `"plan"`,
				"no name"},
		},
		{
			"spaces around a field",
			userprovider.Mapping{Fields: map[string]string{" plan": "plan"}},
			[]string{`" plan"`, "spaces"},
		},
		{
			"spaces around a claim",
			userprovider.Mapping{Fields: map[string]string{"plan": "plan\n"}},
			[]string{`"plan\n"`, "spaces"},
		},
		{
			"a field mapped twice",
			userprovider.Mapping{
				Fields:            map[string]string{"plan": "claim1"},
				AccessTokenFields: map[string]string{"plan": "claim2"},
			},
			[]string{`"plan"`, `"claim1"`, `"claim2"`, "remove one"},
		},
		{
			"the e-mail from another claim",
			userprovider.Mapping{Fields: map[string]string{"email": "https://app.example/mail"}},
			[]string{`"email"`, `"https://app.example/mail"`, "remove it"},
		},
		{
			"the e-mail in another spelling",
			userprovider.Mapping{Fields: map[string]string{"E-Mail": "email"}},
			[]string{`"E-Mail"`, "remove it"},
		},
		{
			"the e-mail from the access token",
			userprovider.Mapping{AccessTokenFields: map[string]string{"email": "email"}},
			[]string{"Mapping.AccessTokenFields", `"email"`, "remove it"},
		},
		{
			"spaces around groups",
			userprovider.Mapping{GroupsField: " groups",
				StaffGroup: "editors ", SuperuserGroup: "\t"},
			[]string{"AUTH0_GROUPS_FIELD", `" groups"`, "AUTH0_STAFF_GROUP", `"editors "`,
				"AUTH0_SUPERUSER_GROUP", `"\t"`},
		},
		{
			"everything at once",
			userprovider.Mapping{
				Fields: map[string]string{"is_staff": "nickname", "id": "name",
					"email": "name", "": "x"},
				AccessTokenFields: map[string]string{"is_superuser": "scope"},
				StaffGroup:        " ",
			},
			[]string{`"is_staff"`, `"id"`, `"email"`, `"x"`, `"is_superuser"`, "StaffGroup"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.mapping.Validate()
			if err == nil {
				t.Fatal("no error")
			}
			for _, part := range test.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the error does not say %s: %v", part, err)
				}
			}
			for range 10 {
				if again := test.mapping.Validate(); again.Error() != err.Error() {
					t.Fatalf("the error is now this, now that:\n%v\n%v", err, again)
				}
			}
		})
	}
}

func TestWarnings(t *testing.T) {
	same := func(claims map[string]any) map[string]any { return claims }
	for _, test := range []struct {
		name    string
		mapping userprovider.Mapping
		warns   bool
	}{
		{"groups, by default", userprovider.Mapping{StaffGroup: "editors"}, true},
		{"groups", userprovider.Mapping{SuperuserGroup: "admins", GroupsField: "groups"}, true},
		{"roles", userprovider.Mapping{SuperuserGroup: "admins", GroupsField: "roles"}, true},
		{"permissions", userprovider.Mapping{StaffGroup: "editors", GroupsField: "permissions"},
			true},
		{"a URL",
			userprovider.Mapping{StaffGroup: "editors", GroupsField: "https://app.example/groups"},
			false},
		{"no roles", userprovider.Mapping{GroupsField: "groups"}, false},
		{"an Extract may make the claim",
			userprovider.Mapping{StaffGroup: "editors", Extract: same}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			warnings := test.mapping.Warnings(true)
			if (len(warnings) == 1) != test.warns || len(warnings) > 1 {
				t.Fatalf("the warnings are %q", warnings)
			}
			if test.warns && !strings.Contains(warnings[0], "https://app.example/groups") {
				t.Errorf("the warning does not name the remedy: %q", warnings[0])
			}
		})
	}
}
