package chiauth0test_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

func TestSignLogoutToken(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	for name, test := range map[string]struct {
		edit func(*chiauth0test.JWT)
		want any
	}{
		"logout+jwt by default": {nil, "logout+jwt"},
		"JWT": {
			func(token *chiauth0test.JWT) { token.Header["typ"] = "JWT" }, "JWT",
		},
		"absent": {func(token *chiauth0test.JWT) { delete(token.Header, "typ") }, nil},
	} {
		signed, err := a.tenant.SignLogoutToken(chiauth0test.LogoutToken{
			ClientID: "app", Subject: "auth0|1", SessionID: "sid", Edit: test.edit,
		})
		if err != nil {
			t.Fatal(err)
		}
		wantClaims(t, a.open(signed), map[string]any{"sub": "auth0|1", "sid": "sid"})
		parsed, err := jose.ParseSignedCompact(signed, []jose.SignatureAlgorithm{jose.RS256})
		if err != nil {
			t.Fatal(err)
		}
		if got := parsed.Signatures[0].Header.ExtraHeaders["typ"]; got != test.want {
			t.Errorf("%s: typ is %v, want %v", name, got, test.want)
		}
	}
}

// Each fault changes the token, and none is empty or cannot be signed.
func TestLogoutTokenFaults(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	faults := chiauth0test.LogoutTokenFaults()
	var conformance int
	for name, fault := range faults {
		if strings.HasPrefix(name, "conformance ") {
			conformance++
		}
		token := &chiauth0test.JWT{
			Header: map[string]any{"alg": "RS256", "typ": "logout+jwt", "kid": "kid"},
			Claims: map[string]any{
				"iss": "i", "aud": "a", "iat": 2, "exp": 3, "jti": "j", "sub": "s", "sid": "s",
				"events": 1,
			},
		}
		before := chiauth0test.JWT{
			Header: maps.Clone(token.Header), Claims: maps.Clone(token.Claims),
		}
		fault(token)
		if reflect.DeepEqual(*token, before) {
			t.Errorf("%s changes nothing", name)
		}
		signed, err := a.tenant.SignLogoutToken(chiauth0test.LogoutToken{
			ClientID: "app", Subject: "auth0|1", SessionID: "sid", Edit: fault,
		})
		if err != nil || strings.Count(signed, ".") != 2 {
			t.Errorf("%s: signed is %q, %v", name, signed, err)
		}
	}
	if conformance != 7 {
		t.Errorf("%d faults of the conformance suite, want 7: %v",
			conformance, slices.Sorted(maps.Keys(faults)))
	}
}

// go-oidc is an independent check of the valid token and of the conformance faults.
func TestLogoutTokensVerifiedByGoOIDC(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	provider, err := oidc.NewProvider(t.Context(), a.tenant.Issuer())
	if err != nil {
		t.Fatal(err)
	}
	verifier := provider.Verifier(&oidc.Config{
		ClientID: "app", SupportedSigningAlgs: []string{oidc.RS256},
	})
	token := chiauth0test.LogoutToken{ClientID: "app", Subject: "auth0|1", SessionID: "the sid"}
	signed, err := a.tenant.SignLogoutToken(token)
	if err != nil {
		t.Fatal(err)
	}
	verified, err := verifier.VerifyLogout(t.Context(), signed)
	if err != nil {
		t.Fatal(err)
	}
	if verified.Subject != "auth0|1" || verified.SessionID != "the sid" {
		t.Errorf("verified token is %+v", verified)
	}

	for name, fault := range chiauth0test.LogoutTokenFaults() {
		if !strings.HasPrefix(name, "conformance ") {
			continue
		}
		token.Edit = fault
		signed, err := a.tenant.SignLogoutToken(token)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := verifier.VerifyLogout(t.Context(), signed); err == nil {
			t.Errorf("%s: go-oidc accepts the token", name)
		}
	}
}

func TestLogoutTokenWithWrongKeyDoesNotVerify(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	for _, name := range []string{
		"wrong key", "unknown kid", "conformance wrong-alg", "conformance alg-none",
	} {
		signed, err := a.tenant.SignLogoutToken(chiauth0test.LogoutToken{
			ClientID: "app", SessionID: "sid", Edit: chiauth0test.LogoutTokenFaults()[name],
		})
		if err != nil {
			t.Fatal(err)
		}
		algorithms := []jose.SignatureAlgorithm{jose.RS256}
		parsed, err := jose.ParseSignedCompact(signed, algorithms)
		if err != nil {
			continue
		}
		if _, err := parsed.Verify(a.keys()); err == nil {
			t.Errorf("%s: the token verifies", name)
		}
	}
}
