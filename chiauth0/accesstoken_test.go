package chiauth0_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/userprovider"
)

const audience = "https://api.example"

// badAccessTokens are access tokens that are refused.
func badAccessTokens(t *testing.T) map[string]edit {
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]edit{
		"another audience":             set("aud", "https://other.example"),
		"the client as the audience":   set("aud", "client-of-the-app"),
		"no audience":                  drop("aud"),
		"another issuer":               set("iss", "https://evil.example/"),
		"no subject":                   drop("sub"),
		"an empty subject":             set("sub", ""),
		"expired":                      set("exp", -time.Hour),
		"no expiry":                    drop("exp"),
		"not yet valid":                set("nbf", 90*time.Second),
		"issued in the future":         set("iat", time.Hour),
		"alg none":                     header("alg", "none"),
		"alg HS256":                    header("alg", "HS256"),
		"alg PS256 with the right key": header("alg", "PS256"),
		"alg ES256 with another key":   all(header("alg", "ES256"), signedBy(curve)),
		"typ of an event":              header("typ", "secevent+jwt"),
		"typ logout+jwt":               header("typ", "logout+jwt"),
		"typ dpop+jwt":                 header("typ", "dpop+jwt"),
		"a nonce":                      set("nonce", "x"),
		"an at_hash":                   set("at_hash", "x"),
		"events":                       set("events", logoutEvents),
		"bound to a key":               set("cnf", map[string]any{"jkt": "x"}),
		"a second spelling of aud":     set("AUD", audience),
	}
}

// goodAccessTokens are access tokens that are accepted.
var goodAccessTokens = map[string]edit{
	"as Auth0 sends it":      func(*chiauth0test.JWT) {},
	"typ at+jwt":             header("typ", "at+jwt"),
	"typ application/at+jwt": header("typ", "application/at+jwt"),
	"no typ":                 func(token *chiauth0test.JWT) { delete(token.Header, "typ") },
	"one audience":           set("aud", audience),
	"exp 50 s ago":           set("exp", -50*time.Second),
	"nbf 50 s ahead":         set("nbf", 50*time.Second),
	"no iat":                 drop("iat"),
}

// withPlan maps a claim of the access token.
func withPlan(c *chiauth0.Config) {
	c.Audience = audience
	c.Mapping = userprovider.Mapping{
		AccessTokenFields: map[string]string{"plan": "https://app.example/plan"},
	}
}

// loginWithPlan logs in with the claim in both tokens, and returns what was written.
func (a *app) loginWithPlan(faults chiauth0test.Faults) any {
	a.t.Helper()
	claims := map[string]any{"https://app.example/plan": "gold"}
	a.tenant.AddAPI(audience, "read:reports", "write:reports")
	a.tenant.AddUser(chiauth0test.User{
		Email: ada, Password: "password", Claims: claims, AccessTokenClaims: claims,
		Permissions: []string{"read:reports"},
	})
	a.tenant.Misbehave(faults)
	a.browser().signIn(ada)
	return a.users.Accounts()[0].Field("plan")
}

func TestFieldsFromAccessTokens(t *testing.T) {
	t.Parallel()
	const warning = `level=WARN msg="the access token of a login is not used`
	for name, edit := range goodAccessTokens {
		t.Run(name+" is mapped", func(t *testing.T) {
			t.Parallel()
			a := newApp(t, withPlan)
			plan := a.loginWithPlan(chiauth0test.Faults{AccessToken: edit})
			if warned := strings.Contains(a.log.String(), warning); plan != "gold" || warned {
				t.Errorf("plan is %v (warned: %t), want gold: %s", plan, warned, a.log)
			}
		})
	}

	bad := map[string]chiauth0test.Faults{
		"another subject": {AccessToken: set("sub", "auth0|other")},
		"a broken one": {TokenResponse: func(_ *int, body map[string]any) {
			body["access_token"] = body["access_token"].(string) + "x"
		}},
		"an opaque one": {TokenResponse: func(_ *int, body map[string]any) {
			body["access_token"] = "opaque"
		}},
		"the ID token in its place": {TokenResponse: func(_ *int, body map[string]any) {
			body["access_token"] = body["id_token"]
		}},
	}
	for name, edit := range badAccessTokens(t) {
		bad[name] = chiauth0test.Faults{AccessToken: edit}
	}
	for name, faults := range bad {
		t.Run(name+" is left out", func(t *testing.T) {
			t.Parallel()
			a := newApp(t, withPlan)
			plan := a.loginWithPlan(faults) // the login itself succeeds
			if warned := strings.Contains(a.log.String(), warning); plan != nil || !warned {
				t.Errorf("plan is %v (warned: %t), want none and a warning: %s",
					plan, warned, a.log)
			}
		})
	}
}

// An API has a signing algorithm of its own at Auth0.
func TestAccessTokenAlgIsNotThatOfIDTokens(t *testing.T) {
	t.Parallel()
	t.Run("ID tokens with PS256, access tokens with RS256", func(t *testing.T) {
		t.Parallel()
		a := newApp(t, withPlan, func(c *chiauth0.Config) { c.SigningAlg = "PS256" })
		a.client.SigningAlg = "PS256"
		a.tenant.AddClient(a.client)
		if plan := a.loginWithPlan(chiauth0test.Faults{}); plan != "gold" {
			t.Errorf("plan is %v, want gold: %s", plan, a.log)
		}
	})
	t.Run("ID tokens with RS256, access tokens with PS256", func(t *testing.T) {
		t.Parallel()
		a := newApp(t, withPlan, func(c *chiauth0.Config) { c.AccessTokenAlg = "PS256" })
		plan := a.loginWithPlan(chiauth0test.Faults{AccessToken: header("alg", "PS256")})
		if plan != "gold" {
			t.Errorf("plan is %v, want gold: %s", plan, a.log)
		}
	})
}

// An application that only calls an API does not read its tokens, whatever form they have.
func TestOpaqueAccessTokenIsLogged(t *testing.T) {
	t.Parallel()
	noGuard := func(*chiauth0.Config) {}
	for name, test := range map[string]struct {
		guard func(*chiauth0.Config)
		level string
	}{
		"without a guard": {noGuard, "DEBUG"},
		"with RequirePermission": {
			func(c *chiauth0.Config) { chiauth0.RequirePermission(c, "read:reports") }, "WARN",
		},
		"with RequireLoginOrBearer": {
			func(c *chiauth0.Config) { chiauth0.RequireLoginOrBearer(c, "read:reports") }, "WARN",
		},
		"with RequireLoginOrBearer for all": {
			func(c *chiauth0.Config) { chiauth0.RequireLoginOrBearer(c) }, "DEBUG",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, func(c *chiauth0.Config) { c.Audience = audience })
			test.guard(a.cfg)
			a.tenant.AddAPI(audience)
			a.tenant.Misbehave(chiauth0test.Faults{
				TokenResponse: func(_ *int, body map[string]any) {
					body["access_token"] = "opaque"
				},
			})
			a.browser().signIn(ada)
			want := "level=" + test.level + ` msg="the access token of a login is not used`
			if !strings.Contains(a.log.String(), want) {
				t.Errorf("the log lacks %q: %s", want, a.log)
			}
		})
	}
}

// Guards read the permissions from the identity, also without a mapped field.
func TestPermissionsFromAccessTokens(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rbac   bool
		faults chiauth0test.Faults
		want   []string
	}{
		"with RBAC":               {true, chiauth0test.Faults{}, []string{"read:reports"}},
		"without RBAC":            {false, chiauth0test.Faults{}, nil},
		"with a token of another": {true, chiauth0test.Faults{AccessToken: set("sub", "x")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			users := &loginRecorder{UserProvider: userprovider.NewMemory()}
			a := newApp(t, func(c *chiauth0.Config) { c.Audience, c.Users = audience, users })
			a.tenant.RBAC = test.rbac
			a.tenant.AddAPI(audience, "read:reports")
			a.tenant.AddUser(chiauth0test.User{
				Email: ada, Password: "password", Permissions: []string{"read:reports"},
			})
			a.tenant.Misbehave(test.faults)
			a.browser().signIn(ada)
			if got := users.login.Identity.Permissions; !slices.Equal(got, test.want) {
				t.Errorf("permissions are %q, want %q", got, test.want)
			}
		})
	}
}
