package userprovider_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/chiauth0/auth/userprovider"
)

// FuzzLogin maps whatever claims JSON can express, with numbers decoded in either way.
func FuzzLogin(f *testing.F) {
	for _, seed := range []struct{ claims, accessToken string }{
		{`{"iss":"https://tenant.example/","sub":"auth0|ada","email":"a@b.example","email_verified":true}`, `{"plan":"gold"}`},
		{`{"sub":["a"],"iss":{"a":"b"},"email":1,"email_verified":"true","groups":["editors",1,null]}`, `null`},
		{`{"sub":"a","iss":"b","auth_time":1e308,"groups":["admins",""]}`, `null`},
		{`{"groups":"admins","auth_time":-1e-400,"given_name":{"deep":[[[{}]]]}}`, `{"plan":null}`},
		{`{"auth_time":1700000000.999999999999,"groups":{"editors":true},"email":""}`,
			`{"plan":[{"a":1}]}`},
		{`{"auth_time":253402300799.99999999999,"email":null,"given_name":null}`, `{}`},
	} {
		f.Add([]byte(seed.claims), []byte(seed.accessToken), true)
		f.Add([]byte(seed.claims), []byte(seed.accessToken), false)
	}
	mapping := userprovider.Mapping{
		Fields:            map[string]string{"first_name": "given_name", "auth0_id": "sub"},
		AccessTokenFields: map[string]string{"plan": "plan"},
		StaffGroup:        "editors",
		SuperuserGroup:    "admins",
	}
	extracting := mapping
	extracting.Extract = func(claims map[string]any) map[string]any { return claims }

	f.Fuzz(func(t *testing.T, idToken, accessToken []byte, useNumber bool) {
		decode := func(data []byte) (claims map[string]any, ok bool) {
			decoder := json.NewDecoder(bytes.NewReader(data))
			if useNumber {
				decoder.UseNumber()
			}
			return claims, decoder.Decode(&claims) == nil
		}
		claims, ok := decode(idToken)
		accessTokenClaims, ok2 := decode(accessToken)
		if !ok || !ok2 {
			return
		}
		login, warnings := mapping.Apply(claims, accessTokenClaims)

		who := login.Identity
		for claim, got := range map[string]string{
			"iss": who.Issuer, "sub": who.Subject, "name": who.Name, "nickname": who.Nickname,
			"email":   who.Email,
			"picture": who.Picture, "org_id": who.OrgID, "org_name": who.OrgName,
			"sid": who.SessionID,
		} {
			if want, _ := claims[claim].(string); got != want {
				t.Errorf("%s is %#v, the identity says %q", claim, claims[claim], got)
			}
		}
		if who.EmailVerified != (claims["email_verified"] == any(true)) {
			t.Errorf("email_verified is %#v, the identity says %t",
				claims["email_verified"], who.EmailVerified)
		}
		if year := who.AuthTime.Year(); !who.AuthTime.IsZero() && (year < 1970 || year > 9999) {
			t.Errorf("auth_time is %#v, the identity says %v", claims["auth_time"], who.AuthTime)
		}
		if _, err := json.Marshal(who); err != nil {
			t.Errorf("the identity cannot be written down: %v", err)
		}

		for group, role := range map[string]*bool{"editors": login.Staff,
			"admins": login.Superuser} {
			list, _ := claims["groups"].([]any)
			if member := claims["groups"] == any(group) ||
				slices.Contains(list, any(group)); *role != member {
				t.Errorf("groups is %#v, membership of %s is %t", claims["groups"], group, *role)
			}
		}
		if claims["groups"] == nil && len(warnings) == 0 {
			t.Error("no groups, and no warning")
		}
		for field, value := range login.Fields {
			if value == nil {
				t.Errorf("the field %q would be set to nil", field)
			}
		}

		users := userprovider.NewMemory()
		user, err := users.SyncUser(t.Context(), login)
		if (err == nil) != (who.Issuer != "" && who.Subject != "") {
			t.Errorf("SyncUser of %+v: %v", who, err)
		}
		if again, _ := extracting.Apply(claims, accessTokenClaims); err == nil {
			same, err := users.SyncUser(t.Context(), again)
			if err != nil || same.Value.(userprovider.MemoryUser).Updated != user.Value.(userprovider.MemoryUser).Updated {
				t.Errorf("an Extract that changes nothing changed %+v to %+v, %v", user, same, err)
			}
		}
	})
}
