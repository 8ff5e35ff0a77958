package chiauth0_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/userprovider"
)

// variableNames are what ConfigFromEnv reads.
var variableNames = []string{
	"AUTH0_DOMAIN", "AUTH0_CLIENT_ID", "AUTH0_CLIENT_SECRET", "AUTH0_AUDIENCE", "AUTH0_SCOPES", "AUTH0_CALLBACK_URI",
	"AUTH0_USER_FIELD_MAPPING", "AUTH0_ACCESS_TOKEN_CLAIM_MAPPING", "AUTH0_GROUPS_FIELD", "AUTH0_SUPERUSER_GROUP",
	"AUTH0_STAFF_GROUP", "AUTH0_SECRET", "APP_BASE_URL",
}

// setenv sets these variables and empties all others.
func setenv(t *testing.T, variables map[string]string) {
	t.Helper()
	for _, name := range variableNames {
		t.Setenv(name, variables[name])
	}
}

func TestConfigFromEnv(t *testing.T) {
	needed := map[string]string{"AUTH0_DOMAIN": "tenant.eu.auth0.com", "AUTH0_CLIENT_ID": "id", "AUTH0_CLIENT_SECRET": "secret"}

	t.Run("all of it", func(t *testing.T) {
		setenv(t, map[string]string{
			"AUTH0_DOMAIN": "tenant.eu.auth0.com", "AUTH0_CLIENT_ID": "id", "AUTH0_CLIENT_SECRET": "secret",
			"AUTH0_AUDIENCE": "https://api.example", "AUTH0_SCOPES": "openid, profile  offline_access",
			"AUTH0_CALLBACK_URI": "/custom/path", "APP_BASE_URL": "https://app.example",
			"AUTH0_USER_FIELD_MAPPING":         "first_name=given_name, last_name = https://app.example/surname?a=b",
			"AUTH0_ACCESS_TOKEN_CLAIM_MAPPING": "plan=https://app.example/plan",
			"AUTH0_GROUPS_FIELD":               "https://app.example/groups",
			"AUTH0_SUPERUSER_GROUP":            "root", "AUTH0_STAFF_GROUP": "staff",
			"AUTH0_SECRET": secret32 + " , " + secret32 + "2",
		})
		got, err := chiauth0.ConfigFromEnv()
		if err != nil {
			t.Fatal(err)
		}
		want := &chiauth0.Config{
			Domain: "tenant.eu.auth0.com", ClientID: "id", ClientSecret: "secret", Audience: "https://api.example",
			Scopes: []string{"openid", "profile", "offline_access"}, CallbackURI: "/custom/path", BaseURL: "https://app.example",
			Secrets: []string{secret32, secret32 + "2"},
			Mapping: userprovider.Mapping{
				Fields:            map[string]string{"first_name": "given_name", "last_name": "https://app.example/surname?a=b"},
				AccessTokenFields: map[string]string{"plan": "https://app.example/plan"},
				GroupsField:       "https://app.example/groups",
				SuperuserGroup:    "root", StaffGroup: "staff",
			},
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v\nwant %+v", got.Clone(), want.Clone())
		}
	})

	t.Run("nothing but what is needed", func(t *testing.T) {
		setenv(t, needed)
		got, err := chiauth0.ConfigFromEnv()
		if err != nil {
			t.Fatal(err)
		}
		want := &chiauth0.Config{Domain: "tenant.eu.auth0.com", ClientID: "id", ClientSecret: "secret", Scopes: []string{}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v", got.Clone())
		}
	})

	t.Run("F1: nothing set, three faults at once", func(t *testing.T) {
		setenv(t, nil)
		c, err := chiauth0.ConfigFromEnv()
		if c != nil || err == nil {
			t.Fatal(c, err)
		}
		for _, name := range []string{"AUTH0_DOMAIN", "AUTH0_CLIENT_ID", "AUTH0_CLIENT_SECRET"} {
			if !strings.Contains(err.Error(), name) {
				t.Errorf("%s is not named: %v", name, err)
			}
		}
	})

	for name, test := range map[string]struct {
		variable, value string
		want            []string
	}{
		"pair without a claim":         {"AUTH0_USER_FIELD_MAPPING", "first_name", []string{"AUTH0_USER_FIELD_MAPPING", `"first_name"`}},
		"pair with an empty claim":     {"AUTH0_USER_FIELD_MAPPING", "first_name=", []string{"AUTH0_USER_FIELD_MAPPING", `"first_name="`}},
		"pair with an empty field":     {"AUTH0_ACCESS_TOKEN_CLAIM_MAPPING", "=plan", []string{"AUTH0_ACCESS_TOKEN_CLAIM_MAPPING", `"=plan"`}},
		"comma too many":               {"AUTH0_USER_FIELD_MAPPING", "a=b,", []string{"AUTH0_USER_FIELD_MAPPING", `""`}},
		"field twice":                  {"AUTH0_USER_FIELD_MAPPING", "a=b,a=c", []string{"AUTH0_USER_FIELD_MAPPING", `"a"`, "twice"}},
		"U8: field of the account":     {"AUTH0_USER_FIELD_MAPPING", "is_superuser=nickname", []string{"AUTH0_USER_FIELD_MAPPING", "is_superuser"}},
		"F2: secret with an empty one": {"AUTH0_SECRET", secret32 + ",", []string{"AUTH0_SECRET", "number 2", "0 bytes"}},
		"F2: blank secret":             {"AUTH0_SECRET", " ", []string{"AUTH0_SECRET", "number 1", "0 bytes"}},
		"F2: short secret":             {"AUTH0_SECRET", "hunter2", []string{"AUTH0_SECRET", "7 bytes"}},
		"F2: scopes":                   {"AUTH0_SCOPES", "profile,email", []string{"AUTH0_SCOPES", "openid"}},
		"F2: callback":                 {"AUTH0_CALLBACK_URI", "home", []string{"AUTH0_CALLBACK_URI", "home"}},
		"F2: base":                     {"APP_BASE_URL", "http://app.example", []string{"APP_BASE_URL", "https"}},
	} {
		t.Run(name, func(t *testing.T) {
			setenv(t, needed)
			t.Setenv(test.variable, test.value)
			_, err := chiauth0.ConfigFromEnv()
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error lacks %s: %v", want, err)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("F1: the secret is printed: %v", err)
			}
		})
	}
}
