package userprovider_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/userprovider"
)

func TestIdentityFromClaims(t *testing.T) {
	claims := ada(map[string]any{
		"org_id": "org_1", "org_name": "engines", "sid": "session-1",
		"auth_time": json.Number("1700000000"), "groups": []any{"editors"},
		"acr": "urn:mfa", "amr": []any{"pwd", "mfa"},
	})
	accessToken := map[string]any{"permissions": []any{"read:reports", "write:reports"}}
	login, warnings := userprovider.Mapping{}.Apply(claims, accessToken)
	want := userprovider.Identity{
		Issuer:        "https://tenant.example/",
		Subject:       "auth0|ada",
		Name:          "Ada Lovelace",
		Nickname:      "ada",
		Email:         "ada@app.example",
		EmailVerified: true,
		Picture:       "https://cdn.example/ada.png",
		Groups:        []string{"editors"},
		OrgID:         "org_1",
		OrgName:       "engines",
		SessionID:     "session-1",
		AuthTime:      time.Unix(1700000000, 0).UTC(),
		ACR:           "urn:mfa",
		AMR:           []string{"pwd", "mfa"},
		Permissions:   []string{"read:reports", "write:reports"},
	}
	if !reflect.DeepEqual(login.Identity, want) {
		t.Errorf("the identity is %+v, want %+v", login.Identity, want)
	}
	wantWarning(t, warnings, "")
	if !reflect.DeepEqual(login.Claims, claims) {
		t.Errorf("the claims are %v, want %v", login.Claims, claims)
	}
}

func TestClaimsOfOtherTypesAreLeftOut(t *testing.T) {
	names := ada(map[string]any{
		"org_id": "x", "org_name": "x", "sid": "x", "auth_time": "x", "groups": "x", "acr": "x",
		"amr": "x",
	})
	for _, wrong := range []any{
		nil, -1.0, json.Number("-1"), map[string]any{"x": "y"}, []any{}, []any{1.0},
	} {
		claims := map[string]any{}
		for name := range names {
			claims[name] = wrong
		}
		accessToken := map[string]any{"permissions": wrong}
		login, _ := userprovider.Mapping{}.Apply(claims, accessToken)
		if !reflect.DeepEqual(login.Identity, userprovider.Identity{}) {
			t.Errorf("claims that are %#v make the identity %+v, want none", wrong, login.Identity)
		}
	}
}

// Permissions come from the access token alone.
func TestPermissionsOfTheIDTokenAreIgnored(t *testing.T) {
	identity := identityOf(map[string]any{"permissions": []any{"admin"}})
	if identity.Permissions != nil {
		t.Errorf("the permissions are %q, want none", identity.Permissions)
	}
}

func TestEmailVerifiedIsTheBooleanTrue(t *testing.T) {
	for _, value := range []any{
		nil, "true", "True", "1", json.Number("1"), 1.0, 1, []any{true}, map[string]any{}, false,
	} {
		if identityOf(map[string]any{"email_verified": value}).EmailVerified {
			t.Errorf("email_verified of %#v counts as true", value)
		}
	}
	if !identityOf(map[string]any{"email_verified": true}).EmailVerified {
		t.Error("email_verified of true counts as false")
	}
}

func TestAuthTime(t *testing.T) {
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
		got := identityOf(map[string]any{"auth_time": test.claim}).AuthTime
		if !got.Equal(test.want) {
			t.Errorf("auth_time of %v is %v, want %v", test.claim, got, test.want)
		}
	}
	for _, claim := range []any{
		nil, "1700000000", true, 0.0, -1.0, 253402300800.0, json.Number("1e400"),
		json.Number("-1e400"), json.Number(""), json.Number("NaN"), json.Number("Inf"),
		json.Number("9223372036854775808"), json.Number(strings.Repeat("9", 1<<16)),
	} {
		if got := identityOf(map[string]any{"auth_time": claim}).AuthTime; !got.IsZero() {
			t.Errorf("auth_time of %.40v is %v, want the zero time", claim, got)
		}
	}
}

func TestSessionClaims(t *testing.T) {
	mapping := userprovider.Mapping{SessionClaims: []string{
		"department", "/address/locality", "big", "list", "null", "missing", "html",
	}}
	if err := mapping.Validate(); err != nil {
		t.Fatal(err)
	}
	login, warnings := mapping.Apply(map[string]any{
		"department": "Engines",
		"address":    map[string]any{"locality": "London", "country": "GB"},
		"big":        json.Number("12345678901234567890"),
		"list":       []any{"a", map[string]any{"b": true}},
		"null":       nil,
		"html":       "<b> & \u2028",
		"other":      "not kept",
	}, nil)
	wantWarning(t, warnings, "")
	identity := login.Identity
	for name, want := range map[string]any{
		"department":        "Engines",
		"/address/locality": "London",
		"big":               json.Number("12345678901234567890"),
		"list":              []any{"a", map[string]any{"b": true}},
		"html":              "<b> & \u2028",
		"null":              nil,
		"missing":           nil,
		"other":             nil,
		"address":           nil,
		"":                  nil,
	} {
		if got := identity.Claim(name); !reflect.DeepEqual(got, want) {
			t.Errorf("Claim(%q) is %#v, want %#v", name, got, want)
		}
	}
	if got, want := string(identity.Claims["list"]), `["a",{"b":true}]`; got != want {
		t.Errorf("the claim is stored as %s, want %s", got, want)
	}
	if len(identity.Claims) != 5 {
		t.Errorf("%d claims are kept, want 5: %v", len(identity.Claims), identity.Claims)
	}
}

func TestIdentityHasNoClaimsByDefault(t *testing.T) {
	if identity := identityOf(ada(nil)); identity.Claims != nil {
		t.Errorf("the claims are %v, want none", identity.Claims)
	}
	if got := (userprovider.Identity{}).Claim("name"); got != nil {
		t.Errorf("Claim of the zero Identity is %v, want nil", got)
	}
}

// A stored session may be damaged.
func TestMalformedSessionClaimIsNil(t *testing.T) {
	for _, malformed := range []string{"", "{", "nul", "\x00"} {
		identity := userprovider.Identity{
			Claims: map[string]json.RawMessage{"a": json.RawMessage(malformed)},
		}
		if got := identity.Claim("a"); got != nil {
			t.Errorf("Claim of %q is %v, want nil", malformed, got)
		}
	}
}
