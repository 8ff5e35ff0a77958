package userprovider_test

import (
	"strings"
	"testing"

	"github.com/chiauth0/auth/userprovider"
)

// wantParts checks that an error contains all parts.
func wantParts(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("there is no error, want one with %q", parts)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not contain %q: %v", part, err)
		}
	}
}

func TestFieldsThatNoClaimMayWrite(t *testing.T) {
	for _, field := range []string{
		"id", "ID", "pk", "uid", "user_id", "UserID", "sub", "Subject", "iss", "issuer",
		"is\u017fuer",
		"password", "Password", "password_hash", "PasswordHash", "pass-word", "hashed_password",
		"active", "is_active", "IsActive", "is-active", "IS_ACTIVE", "disabled", "blocked",
		"deleted_at", "is_deleted",
		"staff", "is_staff", "isStaff", "superuser", "is_superuser", "super_user", "is_admin",
		"admin", "superadmin",
		"is staff", "is.staff", `"is_staff"`, "`is_staff`", "is_sta\u200bff", "i\u017f_\u017ftaff",
		"P\u212a",
	} {
		for _, claim := range []string{"nickname", "https://app.example/claim", "/a/b"} {
			for _, mapping := range []userprovider.Mapping{
				{Fields: map[string]string{field: claim}},
				{AccessTokenFields: map[string]string{field: claim}},
			} {
				wantParts(t, mapping.Validate(),
					"no claim may write", `"`+claim+`"`, "Mapping.", "AUTH0_", "; ")
			}
		}
	}
}

// An Auth0 Action sets claims that are named by a URL. Users can edit parts of their profile.
func TestFieldsForRightsNeedAClaimNamedByAURL(t *testing.T) {
	for _, field := range []string{
		"role", "Role", "roles", "user_roles", "permission", "permissions", "user_permissions",
		"group", "groups", "user-groups", "ROLE\u017f",
	} {
		for claim, valid := range map[string]bool{
			"https://app.example/roles":          true,
			"http://app.example/roles":           true,
			"/https:~1~1app.example~1roles/0":    true,
			"nickname":                           false,
			"roles":                              false,
			"/roles/0":                           false,
			"/user_metadata/role":                false,
			"/user_metadata/https:~1~1a.example": false,
			"https://":                           false,
			"https:app.example/roles":            false,
			"urn:app:roles":                      false,
			"javascript://app.example/roles":     false,
			"app.example/roles":                  false,
		} {
			for _, mapping := range []userprovider.Mapping{
				{Fields: map[string]string{field: claim}},
				{AccessTokenFields: map[string]string{field: claim}},
			} {
				err := mapping.Validate()
				if valid && err != nil {
					t.Errorf("the field %q cannot be mapped to %q: %v", field, claim, err)
				}
				if !valid {
					wantParts(t, err, `"`+field+`"`, `"`+claim+`"`, "URL", "Mapping.StaffGroup")
				}
			}
		}
	}
}

func TestValidMappings(t *testing.T) {
	for _, mapping := range []userprovider.Mapping{
		{},
		{Fields: map[string]string{"email": "email"}},
		{Fields: map[string]string{"username": "nickname", "auth0_id": "sub"}},
		{Fields: map[string]string{"idea": "idea", "activity": "x", "rolex": "y", "grouping": "z"}},
		{Fields: map[string]string{"plan": "https://app.example/plan", "city": "/address/city"}},
		{Fields: map[string]string{"a": "/", "b": "/a~0b/~1/0", "c": "a~b"}},
		{Fields: map[string]string{"a": "name"}, AccessTokenFields: map[string]string{"b": "name"}},
		{GroupsField: "https://app.example/groups", StaffGroup: "site editors"},
		{GroupsField: "/realm_access/roles", SuperuserGroup: "/path/like/group"},
		{SessionClaims: []string{"department", "/address/country", "https://app.example/plan"}},
	} {
		if err := mapping.Validate(); err != nil {
			t.Errorf("%+v: %v", mapping, err)
		}
	}
}

func TestFaultyMappings(t *testing.T) {
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
			[]string{
				"Mapping.AccessTokenFields", "AUTH0_ACCESS_TOKEN_CLAIM_MAPPING", `"plan"`,
				"no name",
			},
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
			"a malformed pointer for a field",
			userprovider.Mapping{Fields: map[string]string{"plan": "/app~x/plan"}},
			[]string{`"/app~x/plan"`, "JSON Pointer", "~0"},
		},
		{
			"a malformed pointer for groups",
			userprovider.Mapping{GroupsField: "/groups~"},
			[]string{"AUTH0_GROUPS_FIELD", `"/groups~"`, "JSON Pointer"},
		},
		{
			"session claims",
			userprovider.Mapping{SessionClaims: []string{"", " a", "/~", "twice", "twice"}},
			[]string{"Mapping.SessionClaims", "no name", `" a"`, `"/~"`, `"twice" is there twice`},
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
			userprovider.Mapping{GroupsField: " groups", StaffGroup: "a ", SuperuserGroup: "\t"},
			[]string{
				"AUTH0_GROUPS_FIELD", `" groups"`, "AUTH0_STAFF_GROUP", `"a "`,
				"AUTH0_SUPERUSER_GROUP", `"\t"`,
			},
		},
		{
			"all at once",
			userprovider.Mapping{
				Fields: map[string]string{
					"is_staff": "nickname", "id": "name", "email": "name", "role": "name", "": "x",
				},
				AccessTokenFields: map[string]string{"is_superuser": "scope"},
				StaffGroup:        " ",
			},
			[]string{
				`"is_staff"`, `"id"`, `"email"`, `"role"`, `"x"`, `"is_superuser"`, "StaffGroup",
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.mapping.Validate()
			wantParts(t, err, test.want...)
			for range 10 {
				if again := test.mapping.Validate(); again.Error() != err.Error() {
					t.Fatalf("the order of the faults changes:\n%v\n%v", err, again)
				}
			}
		})
	}
}
