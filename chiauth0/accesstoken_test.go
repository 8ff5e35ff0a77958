package chiauth0_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/userprovider"
)

func TestAccessTokenClaims(t *testing.T) {
	t.Parallel()
	const audience = "https://api.example"
	for _, test := range []struct {
		name     string
		audience string
		faults   chiauth0test.Faults
		written  bool
	}{
		{"U7: one that verifies is mapped", audience, chiauth0test.Faults{}, true},
		{"U7: one that says at+jwt is mapped", audience, chiauth0test.Faults{AccessToken: header("typ", "at+jwt")}, true},
		{"U7: without an audience it is opaque", "", chiauth0test.Faults{}, false},
		{"U7: another audience", audience, chiauth0test.Faults{AccessToken: set("aud", "https://other.example")}, false},
		{"U7: this client is no API", audience, chiauth0test.Faults{AccessToken: set("aud", "client-of-the-app")}, false},
		{"U7: another issuer", audience, chiauth0test.Faults{AccessToken: set("iss", "https://evil.example/")}, false},
		{"U7: another subject", audience, chiauth0test.Faults{AccessToken: set("sub", "auth0|other")}, false},
		{"U7: no subject", audience, chiauth0test.Faults{AccessToken: drop("sub")}, false},
		{"U7: expired", audience, chiauth0test.Faults{AccessToken: set("exp", -time.Hour)}, false},
		{"U7: no expiry", audience, chiauth0test.Faults{AccessToken: drop("exp")}, false},
		{"U7: alg none", audience, chiauth0test.Faults{AccessToken: header("alg", "none")}, false},
		{"U7: alg HS256", audience, chiauth0test.Faults{AccessToken: header("alg", "HS256")}, false},
		{"U7: a broken one", audience, chiauth0test.Faults{TokenResponse: func(_ *int, body map[string]any) {
			body["access_token"] = body["access_token"].(string) + "x"
		}}, false},
		{"U7: the ID token in its place", audience, chiauth0test.Faults{TokenResponse: func(_ *int, body map[string]any) {
			body["access_token"] = body["id_token"]
		}}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, func(c *chiauth0.Config) {
				c.Audience = test.audience
				c.Mapping = userprovider.Mapping{AccessTokenFields: map[string]string{"plan": "https://app.example/plan"}}
			})
			a.tenant.AddAPI(audience)
			claims := map[string]any{"https://app.example/plan": "gold"}
			a.tenant.AddUser(chiauth0test.User{Email: ada, Password: "password", Claims: claims, AccessTokenClaims: claims})
			a.tenant.Misbehave(test.faults)
			a.browser().signIn(ada) // a login, in any case
			plan, written := a.users.Accounts()[0].Field("plan"), strings.Contains(a.log.String(), "fields of the access token")
			if (plan == "gold") != test.written || !test.written && plan != nil || written == test.written {
				t.Errorf("plan is %v, and the log says %s", plan, a.log)
			}
			if test.audience == "" && !strings.Contains(a.log.String(), "AUTH0_AUDIENCE") {
				t.Errorf("the log does not name the setting: %s", a.log)
			}
		})
	}
}
