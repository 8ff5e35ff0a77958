package userprovider_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/userprovider"
)

func TestIdentity(t *testing.T) {
	claims := ada(map[string]any{
		"org_id": "org_1", "org_name": "engines", "sid": "session-1",
		"auth_time": json.Number("1700000000"),
		"groups":    []any{"editors"},
	})
	login, warnings := userprovider.Mapping{}.Apply(claims, nil)
	want := userprovider.Identity{
		Issuer: "https://tenant.example/", Subject: "auth0|ada", Name: "Ada " +
			"Lovelace", Nickname: "ada",
		Email: "ada@app.example", EmailVerified: true, Picture: "https://cdn.example/ada.png",
		Groups: []string{"editors"},
		OrgID:  "org_1", OrgName: "engines", SessionID: "session-1",
		AuthTime: time.Unix(1700000000, 0).UTC(),
	}
	if !reflect.DeepEqual(login.Identity, want) || warnings != nil {
		t.Errorf("got %+v, %q, want %+v", login.Identity, warnings, want)
	}
	if !reflect.DeepEqual(login.Claims, claims) {
		t.Errorf("the claims are %v, want %v", login.Claims, claims)
	}

	for _, wrong := range []any{nil, -1.0, json.Number("-1"), map[string]any{"x": "y"}, []any{},
		[]any{1.0}} {
		for claim := range claims {
			claims[claim] = wrong
		}
		login, _ := userprovider.Mapping{}.Apply(claims, nil)
		if !reflect.DeepEqual(login.Identity, userprovider.Identity{}) {
			t.Errorf("claims that are all %#v make the identity %+v", wrong, login.Identity)
		}
	}
}

func TestEmailVerified(t *testing.T) {
	for _, value := range []any{nil, "true", "True", "1", json.Number("1"), 1.0, 1, []any{true},
		map[string]any{}, false} {
		login, _ := userprovider.Mapping{}.Apply(map[string]any{"email": "a@b.example",
			"email_verified": value}, nil)
		if login.Identity.EmailVerified {
			t.Errorf("email_verified of %#v counts as true", value)
		}
	}
	login, _ := userprovider.Mapping{}.Apply(map[string]any{"email_verified": true}, nil)
	if !login.Identity.EmailVerified {
		t.Error("email_verified of true counts as false")
	}
}

func TestAuthTime(t *testing.T) {
	at := func(claim any) time.Time {
		login, _ := userprovider.Mapping{}.Apply(map[string]any{"auth_time": claim}, nil)
		return login.Identity.AuthTime
	}
	for _, test := range []struct {
		claim any
		want  time.Time
	}{
		{json.Number("1700000000"), time.Unix(1700000000, 0)},
		{json.Number("1.7e9"), time.Unix(1700000000, 0)},
		{json.Number("1700000000.5"), time.Unix(1700000000, 500_000_000)},
		{1700000000.25, time.Unix(1700000000, 250_000_000)},
		{253402300799.0, time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)},
	} {
		if got := at(test.claim); !got.Equal(test.want) {
			t.Errorf("auth_time of %v is %v, want %v", test.claim, got, test.want)
		}
	}
	for _, claim := range []any{
		nil, "1700000000", true, 0.0, -1.0, 253402300800.0, json.Number("1e400"),
		json.Number("-1e400"), json.Number(""),
		json.Number("NaN"), json.Number("Inf"), json.Number("9223372036854775808"),
		json.Number(strings.Repeat("9", 1<<16)),
	} {
		if got := at(claim); !got.IsZero() {
			t.Errorf("auth_time of %.40v is %v, want the zero time", claim, got)
		}
	}
}

func TestGroups(t *testing.T) {
	roles := userprovider.Mapping{StaffGroup: "editors"}
	for _, test := range []struct {
		name    string
		claim   any
		want    []string
		warning string // "" is none
	}{
		{"a list", []any{"readers", "editors"}, []string{"readers", "editors"}, ""},
		{"one string is one group", "editors", []string{"editors"}, ""},
		{"no splitting", "editors, readers", []string{"editors, readers"}, ""},
		{"a list with non-strings",
			[]any{1.0, "editors", nil, []any{"admins"}}, []string{"editors"}, "not a string"},
		{"missing or null", nil, nil, "missing or null"},
		{"an object", map[string]any{"editors": true}, nil, "not a list"},
		{"true", true, nil, "not a list"},
		{"an empty list", []any{}, nil, ""},
		{"an empty name is no group", []any{"", "editors"}, []string{"editors"}, ""},
		{"strings, as an Extract makes them", []string{"editors", ""}, []string{"editors"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			claims := map[string]any{"groups": test.claim}
			login, warnings := roles.Apply(claims, nil)
			if !slices.Equal(login.Identity.Groups, test.want) {
				t.Errorf("the groups are %q, want %q", login.Identity.Groups, test.want)
			}
			if login.Staff == nil || *login.Staff != slices.Contains(test.want, "editors") ||
				login.Superuser != nil {
				t.Errorf("the roles are %v and %v", login.Staff, login.Superuser)
			}
			if test.warning == "" && warnings != nil ||
				test.warning != "" &&
					(len(warnings) != 1 || !strings.Contains(warnings[0], test.warning)) {
				t.Errorf("the warnings are %q, want %q", warnings, test.warning)
			}
			if _, warnings := (userprovider.Mapping{}).Apply(claims, nil); warnings != nil {
				t.Errorf("without roles there is nothing to warn of, got %q", warnings)
			}
		})
	}
	for _, group := range []string{"Editors", "editors ", "editor", "*", "editors\x00"} {
		if login, _ := roles.Apply(map[string]any{"groups": []any{group}}, nil); *login.Staff {
			t.Errorf("the group %q counts as editors", group)
		}
	}
}

func TestFields(t *testing.T) {
	mapping := userprovider.Mapping{
		Fields:            map[string]string{"name": "name", "email": "email"},
		AccessTokenFields: map[string]string{"plan": "plan"},
	}
	t.Run("null counts as absent", func(t *testing.T) {
		login, _ := mapping.Apply(map[string]any{"name": nil, "email": nil},
			map[string]any{"plan": nil})
		if len(login.Fields) != 0 {
			t.Errorf("the fields are %v, want none", login.Fields)
		}
	})
	t.Run("empty and false are values", func(t *testing.T) {
		login, _ := mapping.Apply(map[string]any{"name": ""}, map[string]any{"plan": false})
		if want := map[string]any{"name": "", "plan": false}; !maps.Equal(login.Fields, want) {
			t.Errorf("the fields are %v, want %v", login.Fields, want)
		}
	})
	t.Run("an e-mail that is no string is reported and not written", func(t *testing.T) {
		login, warnings := mapping.Apply(map[string]any{"email": []any{"a@b.example"}}, nil)
		if len(login.Fields) != 0 || len(warnings) != 1 ||
			!strings.Contains(warnings[0], `"email"`) {
			t.Errorf("got %v, %q", login.Fields, warnings)
		}
		if strings.Contains(warnings[0], "a@b.example") {
			t.Errorf("the warning has the claim's value in it: %q", warnings[0])
		}
	})
	t.Run("no claims at all", func(t *testing.T) {
		login, _ := mapping.Apply(nil, nil)
		if len(login.Fields) != 0 || login.Identity.Subject != "" {
			t.Errorf("got %+v", login)
		}
	})
	t.Run("names", func(t *testing.T) {
		if got, want := mapping.FieldNames(), []string{"email", "name", "plan"}; !slices.Equal(got,
			want) {
			t.Errorf("FieldNames is %q, want %q", got, want)
		}
		if got := (userprovider.Mapping{}).FieldNames(); !slices.Equal(got, []string{"email"}) {
			t.Errorf("FieldNames of the zero Mapping is %q", got)
		}
	})
}

func TestExtract(t *testing.T) {
	t.Run("cannot change who the user is", func(t *testing.T) {
		claims := ada(map[string]any{
			"org_id": "org_1", "sid": "session-1", "auth_time": json.Number("1700000000"),
			"email_verified": false,
			"nested":         map[string]any{"list": []any{"a", map[string]any{"b": "c"}}},
		})
		honest, _ := userprovider.Mapping{}.Apply(claims, nil)
		before := fmt.Sprint(claims)

		mapping := userprovider.Mapping{Extract: func(claims map[string]any) map[string]any {
			nested := claims["nested"].(map[string]any)["list"].([]any)
			nested[0], nested[1].(map[string]any)["b"] = "changed", "changed"
			for claim := range claims {
				claims[claim] = "changed"
			}
			claims["email_verified"], claims["auth_time"] = true, 1800000000.0
			return claims
		}}
		login, _ := mapping.Apply(claims, nil)
		if !reflect.DeepEqual(login.Identity, honest.Identity) {
			t.Errorf("the identity became %+v, want %+v", login.Identity, honest.Identity)
		}
		if after := fmt.Sprint(claims); after != before || fmt.Sprint(login.Claims) != before {
			t.Errorf("the verified claims became %v, want %v", after, before)
		}
		if login.Fields["email"] != "changed" {
			t.Errorf("the field email is %v, want what Extract made of it", login.Fields["email"])
		}
	})
	t.Run("may return nothing", func(t *testing.T) {
		mapping := userprovider.Mapping{
			Fields:  map[string]string{"name": "name"},
			Extract: func(map[string]any) map[string]any { return nil }, StaffGroup: "editors",
		}
		login, warnings := mapping.Apply(ada(map[string]any{"groups": "editors"}), nil)
		if len(login.Fields) != 0 || *login.Staff || len(warnings) != 1 ||
			login.Identity.Subject != "auth0|ada" {
			t.Errorf("got %+v, %q", login, warnings)
		}
	})
	t.Run("may be given nothing", func(t *testing.T) {
		mapping := userprovider.Mapping{Extract: func(claims map[string]any) map[string]any { return claims }}
		if login, _ := mapping.Apply(nil, nil); len(login.Fields) != 0 {
			t.Errorf("got %+v", login)
		}
	})
	t.Run("does not see the access token", func(t *testing.T) {
		mapping := userprovider.Mapping{
			AccessTokenFields: map[string]string{"plan": "plan"},
			Extract:           func(map[string]any) map[string]any { return map[string]any{"plan": "made up"} },
		}
		login, _ := mapping.Apply(nil, map[string]any{"plan": "gold"})
		if login.Fields["plan"] != "gold" {
			t.Errorf("the plan is %v", login.Fields["plan"])
		}
	})
}
