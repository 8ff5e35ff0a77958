package chiauth0_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/userprovider"
)

const secret32 = "0123456789abcdef0123456789abcdef"

// validConfig has no faults, so that a test can add one.
func validConfig() *chiauth0.Config {
	return &chiauth0.Config{
		Domain:       "tenant.eu.auth0.com",
		ClientID:     "id",
		ClientSecret: secret32,
		BaseURL:      "https://app.example",
		Logger:       slog.New(slog.DiscardHandler),
	}
}

// noRoles is a user provider without columns for roles.
type noRoles struct{ *userprovider.Memory }

func (noRoles) CheckRoles(staff, _ bool) error {
	if staff {
		return errors.New("no column for staff")
	}
	return nil
}

// TestRefusedConfigs expects one error for each fault. It names the field, the environment variable
// and what is wrong with the value.
func TestRefusedConfigs(t *testing.T) {
	t.Parallel()
	type config = chiauth0.Config
	for name, test := range map[string]struct {
		spoil func(*config)
		want  []string
	}{
		"client id missing": {
			func(c *config) { c.ClientID = "" },
			[]string{"ClientID", "AUTH0_CLIENT_ID", "missing"},
		},
		"client secret missing": {
			func(c *config) { c.ClientSecret = "" },
			[]string{"ClientSecret", "AUTH0_CLIENT_SECRET", "missing"},
		},

		"scopes without openid": {
			func(c *config) { c.Scopes = []string{"profile"} },
			[]string{"Scopes", "AUTH0_SCOPES", "openid"},
		},
		"secret too short": {
			func(c *config) { c.Secrets = []string{secret32, "hunter2"} },
			[]string{"AUTH0_SECRET", "number 2", "7 bytes", "32"},
		},
		"secret of 31 bytes": {
			func(c *config) { c.Secrets = []string{secret32[1:]} },
			[]string{"AUTH0_SECRET", "number 1", "31 bytes"},
		},
		"secret empty": {
			func(c *config) { c.Secrets = []string{""} },
			[]string{"AUTH0_SECRET", "number 1", "0 bytes"},
		},
		"callback name unknown": {
			func(c *config) { c.CallbackURI = "auth0_calback" },
			[]string{"CallbackURI", "AUTH0_CALLBACK_URI", "auth0_calback", "auth0_callback"},
		},
		"callback on another host": {
			func(c *config) { c.CallbackURI = "https://www.app.example/cb" },
			[]string{"AUTH0_CALLBACK_URI", "origin", "https://app.example"},
		},
		"callback on another port": {
			func(c *config) { c.CallbackURI = "https://app.example:8443/cb" },
			[]string{"AUTH0_CALLBACK_URI", "origin"},
		},
		"callback over http": {
			func(c *config) { c.CallbackURI = "http://app.example/cb" },
			[]string{"AUTH0_CALLBACK_URI", "origin"},
		},
		"callback with credentials": {
			func(c *config) { c.CallbackURI = "https://joe:hunter2@app.example/cb" },
			[]string{"AUTH0_CALLBACK_URI", "origin"},
		},
		"callback URL without a base": {
			func(c *config) { c.BaseURL, c.CallbackURI = "", "https://app.example/cb" },
			[]string{"AUTH0_CALLBACK_URI", "APP_BASE_URL"},
		},
		"callback URL with a query": {
			func(c *config) { c.CallbackURI = "https://app.example/cb?a" },
			[]string{"AUTH0_CALLBACK_URI", "query"},
		},
		"callback path with a query": {
			func(c *config) { c.CallbackURI = "/cb?a" },
			[]string{"AUTH0_CALLBACK_URI", "plain path"},
		},
		"callback path to another host": {
			func(c *config) { c.CallbackURI = "//evil.example/cb" },
			[]string{"AUTH0_CALLBACK_URI"},
		},
		"callback path that climbs": {
			func(c *config) { c.CallbackURI = "/a/../b" },
			[]string{"AUTH0_CALLBACK_URI"},
		},
		"callback path of the login": {
			func(c *config) { c.CallbackURI = "/auth0/login" },
			[]string{"AUTH0_CALLBACK_URI", "taken"},
		},
		"callback path of the logout": {
			func(c *config) { c.CallbackURI = "/auth0/logout" },
			[]string{"AUTH0_CALLBACK_URI", "taken"},
		},
		"callback URL of /me": {
			func(c *config) { c.CallbackURI = "https://app.example/auth0/me" },
			[]string{"AUTH0_CALLBACK_URI", "taken"},
		},
		"callback URL that is none": {
			func(c *config) { c.CallbackURI = "https://app.example/%zz" },
			[]string{"AUTH0_CALLBACK_URI"},
		},

		"mount path without a slash": {
			func(c *config) { c.MountPath = "auth0" },
			[]string{"MountPath", `"auth0"`},
		},
		"mount path with a pattern": {
			func(c *config) { c.MountPath = "/{tenant}/auth0" },
			[]string{"MountPath"},
		},
		"mount path with an escape": {
			func(c *config) { c.MountPath = "/a%20b" },
			[]string{"MountPath"},
		},
		"mount path with a space": {
			func(c *config) { c.MountPath = "/a b" },
			[]string{"MountPath"},
		},
		"mount path to another host": {
			func(c *config) { c.MountPath = "//evil.example" },
			[]string{"MountPath"},
		},
		"home that is a URL": {
			func(c *config) { c.HomePath = "https://app.example/" },
			[]string{"HomePath"},
		},
		"home on another host": {
			func(c *config) { c.HomePath = "//evil.example" },
			[]string{"HomePath"},
		},

		"HS256": {
			func(c *config) { c.SigningAlg = "HS256" },
			[]string{"SigningAlg", "HS256", "RS256"},
		},
		"no signature": {func(c *config) { c.SigningAlg = "none" }, []string{"SigningAlg"}},
		"unknown AuthStyle": {
			func(c *config) { c.AuthStyle = 7 },
			[]string{"AuthStyle", "oauth2.AuthStyleInParams"},
		},
		"negative MaxAge": {func(c *config) { c.MaxAge = -time.Second }, []string{"MaxAge"}},
		"MaxAge of half a s": {
			func(c *config) { c.MaxAge = time.Second / 2 },
			[]string{"MaxAge", "500ms"},
		},
		"negative timeout": {func(c *config) { c.UserTimeout = -1 }, []string{"UserTimeout"}},
		"mapping onto id": {
			func(c *config) { c.Mapping.Fields = map[string]string{"id": "nickname"} },
			[]string{"AUTH0_USER_FIELD_MAPPING", `"id"`},
		},

		"client secret that is the client id": {
			func(c *config) { c.ClientSecret = c.ClientID },
			[]string{"AUTH0_CLIENT_SECRET", "is the ClientID"},
		},
		"scopes in one element": {
			func(c *config) { c.Scopes = []string{"openid profile"} },
			[]string{"AUTH0_SCOPES", "openid profile", "one scope"},
		},
		"audience that is the client": {
			func(c *config) { c.Audience = c.ClientID },
			[]string{"AUTH0_AUDIENCE", "ClientID"},
		},
		"access token fields without an audience": {
			func(c *config) {
				c.Mapping.AccessTokenFields = map[string]string{"plan": "https://app.example/plan"}
			},
			[]string{"AUTH0_ACCESS_TOKEN_CLAIM_MAPPING", "AUTH0_AUDIENCE"},
		},
		"mapped field that the users lack": {
			func(c *config) {
				c.Users = &userprovider.Memory{Defaults: map[string]any{"first_name": ""}}
				c.Mapping.Fields = map[string]string{"last_name": "family_name"}
			},
			[]string{"AUTH0_USER_FIELD_MAPPING", "last_name"},
		},
		"role that the users cannot store": {
			func(c *config) {
				c.Users = noRoles{userprovider.NewMemory()}
				c.Mapping.StaffGroup = "staff"
			},
			[]string{"AUTH0_STAFF_GROUP", "no column for staff"},
		},
		"access tokens with HS256": {
			func(c *config) { c.AccessTokenAlg = "HS256" },
			[]string{"AccessTokenAlg", "HS256", "RS256"},
		},
		"client id beyond ASCII": {
			func(c *config) { c.ClientID = "schlüssel" },
			[]string{"AUTH0_CLIENT_ID", "ASCII"},
		},
		"client secret beyond ASCII": {
			func(c *config) { c.ClientSecret = "hunter2ü" },
			[]string{"AUTH0_CLIENT_SECRET", "ASCII"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := validConfig()
			test.spoil(c)
			wantOneFault(t, c, test.want)
		})
	}
}

// wantOneFault expects one error of Validate that names all of want and shows no secret.
func wantOneFault(t *testing.T, c *chiauth0.Config, want []string) {
	t.Helper()
	err := c.Validate()
	if err == nil {
		t.Fatal("the Config is accepted")
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("several errors for one fault: %v", err)
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
