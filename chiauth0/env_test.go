package chiauth0_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/userprovider"
)

// variableNames are the variables that ConfigFromEnv reads.
var variableNames = []string{
	"AUTH0_DOMAIN", "AUTH0_CLIENT_ID", "AUTH0_CLIENT_SECRET", "AUTH0_CLIENT_SECRET_FILE",
	"AUTH0_AUDIENCE", "AUTH0_SCOPES", "AUTH0_CALLBACK_URI", "AUTH0_USER_FIELD_MAPPING",
	"AUTH0_ACCESS_TOKEN_CLAIM_MAPPING", "AUTH0_GROUPS_FIELD", "AUTH0_SUPERUSER_GROUP",
	"AUTH0_STAFF_GROUP", "AUTH0_SECRET", "AUTH0_SECRET_FILE", "APP_BASE_URL",
	"APP_ORIGINS",
}

// setenv sets these variables and empties all others.
func setenv(t *testing.T, variables map[string]string) {
	t.Helper()
	for _, name := range variableNames {
		t.Setenv(name, variables[name])
	}
}

// neededVariables are the ones that have no default.
func neededVariables() map[string]string {
	return map[string]string{
		"AUTH0_DOMAIN":        "tenant.eu.auth0.com",
		"AUTH0_CLIENT_ID":     "id",
		"AUTH0_CLIENT_SECRET": "secret",
	}
}

func TestConfigFromEnv(t *testing.T) {
	t.Run("all variables", func(t *testing.T) {
		setenv(t, map[string]string{
			"AUTH0_DOMAIN":                     "tenant.eu.auth0.com",
			"AUTH0_CLIENT_ID":                  "id",
			"AUTH0_CLIENT_SECRET":              "secret",
			"AUTH0_AUDIENCE":                   "https://api.example",
			"AUTH0_SCOPES":                     "openid, profile  offline_access",
			"AUTH0_CALLBACK_URI":               "/custom/path",
			"APP_BASE_URL":                     "https://app.example",
			"AUTH0_USER_FIELD_MAPPING":         "first_name=given_name, last_name = urn:x?a=b",
			"AUTH0_ACCESS_TOKEN_CLAIM_MAPPING": "plan=https://app.example/plan",
			"AUTH0_GROUPS_FIELD":               "https://app.example/groups",
			"AUTH0_SUPERUSER_GROUP":            "root",
			"AUTH0_STAFF_GROUP":                "staff",
			"AUTH0_SECRET":                     secret32 + " , " + secret32 + "2",
		})
		got, err := chiauth0.ConfigFromEnv()
		if err != nil {
			t.Fatal(err)
		}
		want := &chiauth0.Config{
			Domain:       "tenant.eu.auth0.com",
			ClientID:     "id",
			ClientSecret: "secret",
			Audience:     "https://api.example",
			Scopes:       []string{"openid", "profile", "offline_access"},
			CallbackURI:  "/custom/path",
			BaseURL:      "https://app.example",
			Secrets:      []string{secret32, secret32 + "2"},
			Mapping: userprovider.Mapping{
				Fields: map[string]string{
					"first_name": "given_name", "last_name": "urn:x?a=b",
				},
				AccessTokenFields: map[string]string{"plan": "https://app.example/plan"},
				GroupsField:       "https://app.example/groups",
				SuperuserGroup:    "root",
				StaffGroup:        "staff",
			},
		}
		wantEqualConfigs(t, got, want)
	})

	t.Run("only the needed variables", func(t *testing.T) {
		setenv(t, neededVariables())
		got, err := chiauth0.ConfigFromEnv()
		if err != nil {
			t.Fatal(err)
		}
		wantEqualConfigs(t, got, &chiauth0.Config{
			Domain:       "tenant.eu.auth0.com",
			ClientID:     "id",
			ClientSecret: "secret",
			Scopes:       []string{},
		})
	})

	t.Run("no variables: all faults at once", func(t *testing.T) {
		setenv(t, nil)
		c, err := chiauth0.ConfigFromEnv()
		if c != nil || err == nil {
			t.Fatalf("got %v and the error %v, want an error", c, err)
		}
		for _, name := range []string{"AUTH0_DOMAIN", "AUTH0_CLIENT_ID", "AUTH0_CLIENT_SECRET"} {
			if !strings.Contains(err.Error(), name) {
				t.Errorf("%s is not named: %v", name, err)
			}
		}
	})
}

func wantEqualConfigs(t *testing.T, got, want *chiauth0.Config) {
	t.Helper()
	for _, name := range fieldNames(reflect.TypeFor[chiauth0.Config](), "") {
		x, y := fieldByPath(got, name), fieldByPath(want, name)
		if !reflect.DeepEqual(x.Interface(), y.Interface()) {
			t.Errorf("%s is %#v, want %#v", name, x, y)
		}
	}
}

func TestFaultsOfTheEnvironment(t *testing.T) {
	for name, test := range map[string]struct {
		variable, value string
		want            []string
	}{
		"a pair without a claim": {
			"AUTH0_USER_FIELD_MAPPING", "first_name",
			[]string{"AUTH0_USER_FIELD_MAPPING", `"first_name"`},
		},
		"a pair with an empty claim": {
			"AUTH0_USER_FIELD_MAPPING", "first_name=",
			[]string{"AUTH0_USER_FIELD_MAPPING", `"first_name="`},
		},
		"a pair with an empty field": {
			"AUTH0_USER_FIELD_MAPPING", "=plan", []string{"AUTH0_USER_FIELD_MAPPING", `"=plan"`},
		},
		"a comma at the end of a mapping": {
			"AUTH0_USER_FIELD_MAPPING", "a=b,", []string{"AUTH0_USER_FIELD_MAPPING", `""`},
		},
		"a field that is mapped twice": {
			"AUTH0_USER_FIELD_MAPPING", "a=b,a=c",
			[]string{"AUTH0_USER_FIELD_MAPPING", `"a"`, "twice"},
		},
		"a field that no claim may write": {
			"AUTH0_USER_FIELD_MAPPING", "is_superuser=nickname",
			[]string{"AUTH0_USER_FIELD_MAPPING", "is_superuser"},
		},
		"an access token mapping without an audience": {
			"AUTH0_ACCESS_TOKEN_CLAIM_MAPPING", "plan=plan",
			[]string{"AUTH0_ACCESS_TOKEN_CLAIM_MAPPING", "AUTH0_AUDIENCE"},
		},
		"an empty secret in a list": {
			"AUTH0_SECRET", secret32 + ",", []string{"AUTH0_SECRET", "number 2", "0 bytes"},
		},
		"a blank secret": {"AUTH0_SECRET", " ", []string{"AUTH0_SECRET", "white space"}},
		"a short secret": {"AUTH0_SECRET", "hunter2", []string{"AUTH0_SECRET", "7 bytes"}},
		"scopes without openid": {
			"AUTH0_SCOPES", "profile,email", []string{"AUTH0_SCOPES", "openid"},
		},
		"an unknown name of a callback": {
			"AUTH0_CALLBACK_URI", "home", []string{"AUTH0_CALLBACK_URI", "home"},
		},
		"a base over http": {
			"APP_BASE_URL", "http://app.example", []string{"APP_BASE_URL", "https"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			setenv(t, neededVariables())
			t.Setenv(test.variable, test.value)
			wantFault(t, test.want)
		})
	}
}

// wantFault expects an error of ConfigFromEnv that names all of want and shows no secret.
func wantFault(t *testing.T, want []string) {
	t.Helper()
	_, err := chiauth0.ConfigFromEnv()
	if err == nil {
		t.Fatal("the environment is accepted")
	}
	for _, part := range want {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error lacks %q: %v", part, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error shows the secret: %v", err)
	}
}

// Stray bytes come from Kubernetes secrets, `docker --env-file`, and editors.
func TestStrayBytesInTheEnvironment(t *testing.T) {
	good := neededVariables()
	good["AUTH0_AUDIENCE"] = "https://api.example"
	good["AUTH0_SCOPES"] = "openid email"
	good["AUTH0_CALLBACK_URI"] = "/custom/path"
	good["AUTH0_USER_FIELD_MAPPING"] = "first_name=given_name"
	good["AUTH0_ACCESS_TOKEN_CLAIM_MAPPING"] = "plan=https://app.example/plan"
	good["AUTH0_GROUPS_FIELD"] = "https://app.example/groups"
	good["AUTH0_STAFF_GROUP"] = "staff"
	good["AUTH0_SUPERUSER_GROUP"] = "root"
	good["AUTH0_SECRET"] = secret32 + "hunter2"
	good["APP_BASE_URL"] = "https://app.example"
	good["AUTH0_CLIENT_SECRET"] = "hunter2"
	setenv(t, good)
	if _, err := chiauth0.ConfigFromEnv(); err != nil {
		t.Fatal(err)
	}
	for name, value := range good {
		for _, stray := range []string{
			value + "\n", value + "\r\n", " " + value, value + "\t", `"` + value + `"`,
			"'" + value + "'",
			value[:1] + "\n" + value[1:], "\ufeff" + value, value + "\u200b", value + "\u00a0",
		} {
			if name == "AUTH0_SECRET" && strings.Contains(stray[1:3], "\n") {
				continue // a list may have a line for each secret
			}
			t.Run(name, func(t *testing.T) {
				setenv(t, good)
				t.Setenv(name, stray)
				wantFault(t, []string{name, "remove"})
			})
		}
	}
}
