package userprovider_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/chiauth0/auth/userprovider"
)

func TestFieldsFollowTheirClaims(t *testing.T) {
	mapping := userprovider.Mapping{
		Fields: map[string]string{
			"name":  "name",
			"email": "email",
			"city":  "/address/locality",
			"team":  "/https:~1~1app.example~1meta/teams/0",
		},
		AccessTokenFields: map[string]string{"plan": "plan", "tier": "/app/tier"},
	}
	for name, test := range map[string]struct {
		claims, accessToken, want map[string]any
	}{
		"null counts as missing": {
			map[string]any{"name": nil, "email": nil, "address": nil},
			map[string]any{"plan": nil},
			map[string]any{},
		},
		"empty and false are values": {
			map[string]any{"name": ""},
			map[string]any{"plan": false},
			map[string]any{"name": "", "plan": false},
		},
		"pointers": {
			map[string]any{
				"address":                  map[string]any{"locality": "London"},
				"https://app.example/meta": map[string]any{"teams": []any{"a", "b"}},
			},
			map[string]any{"app": map[string]any{"tier": "1"}},
			map[string]any{"city": "London", "team": "a", "tier": "1"},
		},
		"no claims": {nil, nil, map[string]any{}},
		"each token has its own mapping": {
			map[string]any{"plan": "gold"},
			map[string]any{"name": "Mallory", "email": "mallory@app.example"},
			map[string]any{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			login, warnings := mapping.Apply(test.claims, test.accessToken)
			if !maps.Equal(login.Fields, test.want) {
				t.Errorf("the fields are %v, want %v", login.Fields, test.want)
			}
			wantWarning(t, warnings, "")
			if !reflect.DeepEqual(login.AccessTokenClaims, test.accessToken) {
				t.Errorf("the claims of the access token are %v, want %v",
					login.AccessTokenClaims, test.accessToken)
			}
		})
	}
}

func TestEmailOfAnotherTypeIsReported(t *testing.T) {
	login, warnings := userprovider.Mapping{}.Apply(
		map[string]any{"email": []any{"a@b.example"}}, nil)
	if len(login.Fields) != 0 {
		t.Errorf("the fields are %v, want none", login.Fields)
	}
	wantWarning(t, warnings, `"email" is []interface {}, not a string`)
}

func TestFieldNames(t *testing.T) {
	mapping := userprovider.Mapping{
		Fields:            map[string]string{"name": "name", "email": "email"},
		AccessTokenFields: map[string]string{"plan": "plan"},
	}
	want := []string{"email", "name", "plan"}
	if got := mapping.FieldNames(); !slices.Equal(got, want) {
		t.Errorf("FieldNames is %q, want %q", got, want)
	}
	if got := (userprovider.Mapping{}).FieldNames(); !slices.Equal(got, []string{"email"}) {
		t.Errorf("FieldNames of the zero Mapping is %q, want email", got)
	}
}

func TestRolesOfAMapping(t *testing.T) {
	for _, want := range [][2]bool{{false, false}, {true, false}, {false, true}, {true, true}} {
		var mapping userprovider.Mapping
		if want[0] {
			mapping.StaffGroup = "editors"
		}
		if want[1] {
			mapping.SuperuserGroup = "admins"
		}
		staff, superuser := mapping.Roles()
		if staff != want[0] || superuser != want[1] {
			t.Errorf("Roles of %+v is %t, %t, want %t, %t",
				mapping, staff, superuser, want[0], want[1])
		}
	}
}

func identityOf(claims map[string]any) userprovider.Identity {
	login, _ := userprovider.Mapping{}.Apply(claims, nil)
	return login.Identity
}

func TestExtractCannotChangeTheIdentity(t *testing.T) {
	claims := ada(map[string]any{
		"org_id": "org_1", "sid": "session-1", "auth_time": 1700000000.0, "email_verified": false,
		"acr": "1", "amr": []any{"pwd"}, "department": "Engines",
		"nested": map[string]any{"list": []any{"a", map[string]any{"b": "c"}}},
	})
	before := fmt.Sprint(claims)
	mapping := userprovider.Mapping{SessionClaims: []string{"department"}}
	honest, _ := mapping.Apply(claims, nil)

	mapping.Extract = func(claims map[string]any) map[string]any {
		nested := claims["nested"].(map[string]any)["list"].([]any)
		nested[0], nested[1].(map[string]any)["b"] = "changed", "changed"
		for claim := range claims {
			claims[claim] = "changed"
		}
		claims["email_verified"], claims["auth_time"] = true, 1800000000.0
		return claims
	}
	login, _ := mapping.Apply(claims, nil)
	if !reflect.DeepEqual(login.Identity, honest.Identity) {
		t.Errorf("the identity is %+v, want %+v", login.Identity, honest.Identity)
	}
	if fmt.Sprint(claims) != before || fmt.Sprint(login.Claims) != before {
		t.Errorf("the verified claims are %v, want %v", claims, before)
	}
	if login.Fields["email"] != "changed" {
		t.Errorf("the field email is %v, want the result of Extract", login.Fields["email"])
	}
}

func TestExtractMayReturnNothing(t *testing.T) {
	mapping := userprovider.Mapping{
		Fields:     map[string]string{"name": "name"},
		StaffGroup: "editors",
		Extract:    func(map[string]any) map[string]any { return nil },
	}
	login, warnings := mapping.Apply(ada(map[string]any{"groups": "editors"}), nil)
	if len(login.Fields) != 0 || login.Identity.Subject != "auth0|ada" {
		t.Errorf("the login is %+v, want no fields and the subject auth0|ada", login)
	}
	wantRole(t, "Staff", login.Staff, new(false))
	wantWarning(t, warnings, "missing or null")
}

func TestExtractMayGetNothing(t *testing.T) {
	mapping := userprovider.Mapping{
		Extract: func(claims map[string]any) map[string]any { return claims },
	}
	if login, _ := mapping.Apply(nil, nil); len(login.Fields) != 0 {
		t.Errorf("the fields are %v, want none", login.Fields)
	}
}

func TestExtractDoesNotGetTheAccessToken(t *testing.T) {
	mapping := userprovider.Mapping{
		AccessTokenFields: map[string]string{"plan": "plan"},
		Extract: func(map[string]any) map[string]any {
			return map[string]any{"plan": "made up"}
		},
	}
	login, _ := mapping.Apply(nil, map[string]any{"plan": "gold"})
	if login.Fields["plan"] != "gold" {
		t.Errorf("the plan is %v, want gold", login.Fields["plan"])
	}
}
