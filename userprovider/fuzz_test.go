package userprovider_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"github.com/chiauth0/auth/userprovider"
)

var fuzzMapping = userprovider.Mapping{
	Fields:            map[string]string{"first_name": "given_name", "deep": "/a/b/0"},
	AccessTokenFields: map[string]string{"plan": "plan"},
	SessionClaims:     []string{"department", "/a/b"},
	StaffGroup:        "editors",
	SuperuserGroup:    "admins",
}

// FuzzApply maps any claims that JSON can express, with numbers decoded in both ways.
func FuzzApply(f *testing.F) {
	for _, seed := range [][2]string{
		{`{"iss":"https://tenant.example/","sub":"auth0|ada"}`, `{"plan":"a"}`},
		{`{"iss":"i","sub":"s","email":"a@b.example","email_verified":true}`, `{"plan":"a"}`},
		{`{"sub":["a"],"iss":{"a":"b"},"email":1,"groups":["editors",1,null]}`, `null`},
		{`{"sub":"a","iss":"b","auth_time":1e308,"groups":["admins",""]}`, `null`},
		{`{"groups":"admins","auth_time":-1e-400,"given_name":{"deep":[[[{}]]]}}`, `{"plan":null}`},
		{`{"auth_time":1700000000.999999999,"groups":{"editors":true},"email":""}`, `{"plan":[1]}`},
		{`{"groups":{"editors":{},"admins":[]},"email_verified":"true","amr":["mfa",1]}`, `{}`},
		{`{"auth_time":253402300799.99999999999,"email":null,"given_name":null}`, `{}`},
		{`{"_claim_names":{"groups":"src1"},"hasgroups":true,"a":{"b":["c"]}}`, `{}`},
		{`{"department":"\u2028<","acr":"1"}`, `{"permissions":["a",null,{}]}`},
	} {
		f.Add([]byte(seed[0]), []byte(seed[1]), true)
		f.Add([]byte(seed[0]), []byte(seed[1]), false)
	}
	f.Fuzz(func(t *testing.T, idToken, accessToken []byte, useNumber bool) {
		claims, ok := decodeClaims(idToken, useNumber)
		accessTokenClaims, accessOK := decodeClaims(accessToken, useNumber)
		if !ok || !accessOK {
			return
		}
		login, warnings := fuzzMapping.Apply(claims, accessTokenClaims)
		checkIdentityClaims(t, login.Identity, claims)
		checkFuzzRoles(t, login, claims)
		if claims["groups"] == nil && len(warnings) == 0 {
			t.Error("there are no groups and no warning")
		}
		for field, value := range login.Fields {
			if value == nil {
				t.Errorf("the field %q is nil, want no entry", field)
			}
		}
		checkFuzzLogin(t, login, claims, accessTokenClaims)
	})
}

func decodeClaims(data []byte, useNumber bool) (claims map[string]any, ok bool) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if useNumber {
		decoder.UseNumber()
	}
	return claims, decoder.Decode(&claims) == nil
}

func checkIdentityClaims(t *testing.T, identity userprovider.Identity, claims map[string]any) {
	t.Helper()
	for claim, got := range map[string]string{
		"iss":      identity.Issuer,
		"sub":      identity.Subject,
		"name":     identity.Name,
		"nickname": identity.Nickname,
		"email":    identity.Email,
		"picture":  identity.Picture,
		"org_id":   identity.OrgID,
		"org_name": identity.OrgName,
		"sid":      identity.SessionID,
		"acr":      identity.ACR,
	} {
		if want, _ := claims[claim].(string); got != want {
			t.Errorf("%s is %#v, the identity has %q", claim, claims[claim], got)
		}
	}
	if verified := claims["email_verified"] == any(true); identity.EmailVerified != verified {
		t.Errorf("email_verified is %#v, the identity has %t",
			claims["email_verified"], identity.EmailVerified)
	}
	year := identity.AuthTime.Year()
	if !identity.AuthTime.IsZero() && (year < 1970 || year > 9999) {
		t.Errorf("auth_time is %#v, the identity has %v", claims["auth_time"], identity.AuthTime)
	}
	for _, list := range [][]string{identity.AMR, identity.Groups, identity.Permissions} {
		if slices.Contains(list, "") {
			t.Errorf("the list %q has an empty entry", list)
		}
	}

	encoded, err := json.Marshal(identity)
	if err != nil {
		t.Fatalf("the identity cannot be encoded: %v", err)
	}
	var decoded userprovider.Identity
	if err := json.Unmarshal(encoded, &decoded); err != nil {
		t.Fatalf("the identity cannot be decoded: %v", err)
	}
	for name := range identity.Claims {
		got, want := decoded.Claim(name), identity.Claim(name)
		if want == nil || !reflect.DeepEqual(got, want) {
			t.Errorf("the claim %q is %#v, after encoding %#v", name, want, got)
		}
	}
}

func checkFuzzRoles(t *testing.T, login userprovider.Login, claims map[string]any) {
	t.Helper()
	for group, role := range map[string]*bool{"editors": login.Staff, "admins": login.Superuser} {
		member := isInGroup(claims["groups"], group)
		if role == nil && (member || claims["groups"] != nil) {
			t.Errorf("groups is %#v, and the role of %s is not set", claims["groups"], group)
		}
		if role != nil && *role != member {
			t.Errorf("groups is %#v, and the role of %s is %t", claims["groups"], group, *role)
		}
	}
}

func isInGroup(claim any, group string) bool {
	switch claim := claim.(type) {
	case string:
		return claim == group
	case []any:
		return slices.Contains(claim, any(group))
	case map[string]any:
		_, isObject := claim[group].(map[string]any)
		_, isList := claim[group].([]any)
		return isObject || isList
	}
	return false
}

// checkFuzzLogin stores the login, and once more with an Extract that changes nothing.
func checkFuzzLogin(
	t *testing.T, login userprovider.Login, claims, accessTokenClaims map[string]any,
) {
	t.Helper()
	users := userprovider.NewMemory()
	user, err := users.SyncUser(t.Context(), login)
	complete := login.Identity.Issuer != "" && login.Identity.Subject != ""
	if stored := err == nil; stored != complete {
		t.Fatalf("SyncUser of %+v returned the error %v", login.Identity, err)
	}
	if err != nil {
		return
	}
	mapping := fuzzMapping
	mapping.Extract = func(claims map[string]any) map[string]any { return claims }
	again, _ := mapping.Apply(claims, accessTokenClaims)
	same, err := users.SyncUser(t.Context(), again)
	if err != nil {
		t.Fatal(err)
	}
	got := same.Value.(userprovider.MemoryUser).Updated
	want := user.Value.(userprovider.MemoryUser).Updated
	if got != want {
		t.Errorf("an Extract that changes nothing changed %+v to %+v", user, same)
	}
}
