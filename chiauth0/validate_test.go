package chiauth0_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

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
		"domain missing": {
			func(c *config) { c.Domain = "" },
			[]string{"Domain", "AUTH0_DOMAIN", "missing"},
		},
		"client id missing": {
			func(c *config) { c.ClientID = "" },
			[]string{"ClientID", "AUTH0_CLIENT_ID", "missing"},
		},
		"client secret missing": {
			func(c *config) { c.ClientSecret = "" },
			[]string{"ClientSecret", "AUTH0_CLIENT_SECRET", "missing"},
		},

		"domain with credentials": {
			func(c *config) { c.Domain = "https://joe:hunter2@t.auth0.com" },
			[]string{"AUTH0_DOMAIN", "password"},
		},
		"domain with credentials, no scheme": {
			func(c *config) { c.Domain = "joe:hunter2@t.auth0.com" },
			[]string{"AUTH0_DOMAIN", "password"},
		},
		"domain with a path, no scheme": {
			func(c *config) { c.Domain = "t.auth0.com/path" },
			[]string{"AUTH0_DOMAIN", "t.auth0.com/path", "no scheme"},
		},
		"domain with a query": {
			func(c *config) { c.Domain = "https://t.auth0.com/?a=b" },
			[]string{"AUTH0_DOMAIN", "query"},
		},
		"domain with a fragment": {
			func(c *config) { c.Domain = "https://t.auth0.com/#a" },
			[]string{"AUTH0_DOMAIN", "fragment"},
		},
		"domain that is no host": {
			func(c *config) { c.Domain = "https://" },
			[]string{"AUTH0_DOMAIN", "https://"},
		},
		"domain with a line break": {
			func(c *config) { c.Domain = "t.auth0.com\n" },
			[]string{"AUTH0_DOMAIN", `\n`},
		},
		"domain over http": {
			func(c *config) { c.Domain = "http://t.auth0.com" },
			[]string{"AUTH0_DOMAIN", "https"},
		},
		"domain over http, like loopback": {
			func(c *config) { c.Domain = "http://localhost.example" },
			[]string{"AUTH0_DOMAIN", "https"},
		},
		"domain over http, private network": {
			func(c *config) { c.Domain = "http://192.168.1.1" },
			[]string{"AUTH0_DOMAIN", "https"},
		},
		"domain over ftp": {
			func(c *config) { c.Domain = "ftp://t.auth0.com" },
			[]string{"AUTH0_DOMAIN", "https"},
		},

		"base over http": {
			func(c *config) { c.BaseURL = "http://app.example" },
			[]string{"BaseURL", "APP_BASE_URL", "https"},
		},
		"base over http, 0.0.0.0": {
			func(c *config) { c.BaseURL = "http://0.0.0.0" },
			[]string{"APP_BASE_URL", "https"},
		},
		"base without scheme": {
			func(c *config) { c.BaseURL = "app.example" },
			[]string{"APP_BASE_URL", "https://app.example"},
		},
		"base over ws": {
			func(c *config) { c.BaseURL = "ws://app.example" },
			[]string{"APP_BASE_URL", "https"},
		},
		"base with a path": {
			func(c *config) { c.BaseURL = "https://app.example/app" },
			[]string{"APP_BASE_URL", "origin"},
		},
		"base with a query": {
			func(c *config) { c.BaseURL = "https://app.example?a" },
			[]string{"APP_BASE_URL", "origin"},
		},
		"base with credentials": {
			func(c *config) { c.BaseURL = "https://joe:hunter2@app.example" },
			[]string{"APP_BASE_URL", "origin"},
		},
		"base beyond ASCII": {
			func(c *config) { c.BaseURL = "https://bücher.example" },
			[]string{"APP_BASE_URL", "xn--"},
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
		"logout URL that is a path": {
			func(c *config) { c.PostLogoutURL = "/bye" },
			[]string{"PostLogoutURL", `"/bye"`},
		},
		"logout URL over http": {
			func(c *config) { c.PostLogoutURL = "http://app.example/" },
			[]string{"PostLogoutURL", "https"},
		},
		"logout URL with a script": {
			func(c *config) { c.PostLogoutURL = "javascript:alert(1)" },
			[]string{"PostLogoutURL"},
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

		"base with a colon at the end": {
			func(c *config) { c.BaseURL = "https://app.example:" },
			[]string{"APP_BASE_URL", "https://app.example:", "colon"},
		},
		"base with a port that is too large": {
			func(c *config) { c.BaseURL = "https://app.example:99999" },
			[]string{"APP_BASE_URL", "99999", "65535"},
		},
		"base with port 0": {
			func(c *config) { c.BaseURL = "https://app.example:0" },
			[]string{"APP_BASE_URL", "65535"},
		},
		"base with a word for a port": {
			func(c *config) { c.BaseURL = "https://app.example:https" },
			[]string{"APP_BASE_URL", "https://app.example"},
		},
		"base that is a wildcard": {
			func(c *config) { c.BaseURL = "*" },
			[]string{"APP_BASE_URL", "wildcard"},
		},
		"base with a wildcard": {
			func(c *config) { c.BaseURL = "https://*.app.example" },
			[]string{"APP_BASE_URL", "wildcard"},
		},
		"base that is a list": {
			func(c *config) { c.BaseURL = "https://app.example,https://www.app.example" },
			[]string{"APP_BASE_URL", "a list", "https://app.example"},
		},
		"base that is a list with spaces": {
			func(c *config) { c.BaseURL = "https://app.example https://www.app.example" },
			[]string{"APP_BASE_URL", "a list"},
		},
		"base with two schemes": {
			func(c *config) { c.BaseURL = "https://https://app.example" },
			[]string{"APP_BASE_URL", "origin"},
		},
		"base with a slash too few": {
			func(c *config) { c.BaseURL = "https:/app.example" },
			[]string{"APP_BASE_URL", "https://app.example"},
		},
		"base with an empty part": {
			func(c *config) { c.BaseURL = "https://app..example" },
			[]string{"APP_BASE_URL", "not a host name"},
		},
		"base with a final dot": {
			func(c *config) { c.BaseURL = "https://app.example." },
			[]string{"APP_BASE_URL", "not a host name"},
		},
		"base with a placeholder": {
			func(c *config) { c.BaseURL = "https://${HOST}" },
			[]string{"APP_BASE_URL", "${HOST}"},
		},
		"base with a fragment": {
			func(c *config) { c.BaseURL = "https://app.example/#" },
			[]string{"APP_BASE_URL", "fragment"},
		},
		"domain with a port that is too large": {
			func(c *config) { c.Domain = "tenant.eu.auth0.com:99999" },
			[]string{"AUTH0_DOMAIN", "65535"},
		},
		"domain with a wildcard": {
			func(c *config) { c.Domain = "*.auth0.com" },
			[]string{"AUTH0_DOMAIN", "wildcard"},
		},
		"domain that is a list": {
			func(c *config) { c.Domain = "one.auth0.com,two.auth0.com" },
			[]string{"AUTH0_DOMAIN", "not a host name"},
		},
		"logout URL with a colon at the end": {
			func(c *config) { c.PostLogoutURL = "https://app.example:/" },
			[]string{"PostLogoutURL", "colon"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := validConfig()
			test.spoil(c)
			err := c.Validate()
			if err == nil {
				t.Fatal("accepted")
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("one fault, several errors: %v", err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error lacks %q: %v", want, err)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error has the secret in it: %v", err)
			}
		})
	}
}

func TestAcceptedConfigs(t *testing.T) {
	t.Parallel()
	type config = chiauth0.Config
	for name, change := range map[string]func(*config){
		"nothing but what is needed": func(*config) {},
		"no base":                    func(c *config) { c.BaseURL = "" },
		"whole issuer":               func(c *config) { c.Domain = "https://tenant.eu.auth0.com/" },
		"issuer without slash":       func(c *config) { c.Domain = "https://tenant.eu.auth0.com" },
		"host with slash":            func(c *config) { c.Domain = "tenant.eu.auth0.com/" },
		"custom domain":              func(c *config) { c.Domain = "login.app.example" },
		"issuer with a path": func(c *config) {
			c.Domain = "https://sso.example/realms/one"
		},
		"http on localhost":   func(c *config) { c.Domain = "http://localhost:9000" },
		"http on *.localhost": func(c *config) { c.Domain = "http://tenant.localhost:9000" },
		"http on 127.1.2.3":   func(c *config) { c.Domain = "http://127.1.2.3" },
		"http on ::1": func(c *config) {
			c.Domain, c.BaseURL = "http://[::1]:9000", "http://[::1]:8000"
		},
		"base with slash, capitals": func(c *config) { c.BaseURL = "https://App.Example:443/" },
		"callback: default port": func(c *config) {
			c.CallbackURI = "https://APP.example:443/cb"
		},
		"callback: the origin":      func(c *config) { c.CallbackURI = "https://app.example" },
		"callback: the home's name": func(c *config) { c.CallbackURI = "auth0" },
		"callback: its own name":    func(c *config) { c.CallbackURI = "auth0_callback" },
		"mounted at the root":       func(c *config) { c.MountPath = "/" },
		"mounted with slash":        func(c *config) { c.MountPath = "/login/auth0/" },
		"logout to another site": func(c *config) {
			c.PostLogoutURL = "https://www.example/bye?lang=en"
		},
		"logout to loopback": func(c *config) {
			c.PostLogoutURL = "http://localhost:3000/"
		},
		"secrets": func(c *config) {
			c.Secrets = []string{secret32, secret32 + "!"}
		},
		"scopes": func(c *config) {
			c.Scopes = []string{"offline_access", "openid"}
		},
		"styles and algorithms": func(c *config) {
			c.AuthStyle, c.SigningAlg = oauth2.AuthStyleInHeader, "ES256"
		},
		"an hour":                 func(c *config) { c.MaxAge = time.Hour },
		"base with an underscore": func(c *config) { c.BaseURL = "https://my_app.example" },
		"base in ASCII": func(c *config) {
			c.BaseURL = "https://xn--bcher-kva.example"
		},
		"secret with a space": func(c *config) { c.ClientSecret = "a secret with spaces" },
		"secret with quotes":  func(c *config) { c.Secrets = []string{secret32 + `"'x`} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := validConfig()
			change(c)
			if err := c.Validate(); err != nil {
				t.Errorf("refused: %v", err)
			}
			chiauth0.Router(c) // does not panic
		})
	}
}

// A password in the wrong place must not be part of an error.
func TestAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	c := &chiauth0.Config{
		Domain:       "joe:hunt@er2/secret@t.auth0.com/x",
		ClientSecret: "",
		BaseURL:      "https://joe:hunt@er2@app.example/%zz",
		CallbackURI:  "https://joe:hunt@er2%zz@app.example/cb",
		// The rest is plain.
		PostLogoutURL: "https://joe:hunt@er2@app.example",
		Secrets:       []string{"hunt@er2"},
		Scopes:        []string{"email"},
		MountPath:     "x",
		HomePath:      "x",
		SigningAlg:    "HS256",
		MaxAge:        -1,
		Mapping:       userprovider.Mapping{Fields: map[string]string{"is_staff": "nickname"}},
	}
	err := c.Validate()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, name := range []string{
		"Domain (AUTH0_DOMAIN)", "ClientID (AUTH0_CLIENT_ID)",
		"ClientSecret (AUTH0_CLIENT_SECRET)", "Secrets (AUTH0_SECRET)",
		"BaseURL (APP_BASE_URL)", "CallbackURI (AUTH0_CALLBACK_URI)", "PostLogoutURL",
		"Scopes (AUTH0_SCOPES)", "MountPath",
		"HomePath", "SigningAlg", "MaxAge", "AUTH0_USER_FIELD_MAPPING",
	} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named", name)
		}
	}
	if strings.Contains(err.Error(), "hunt") || strings.Contains(err.Error(), "er2") {
		t.Errorf("a part of the password is printed:\n%v", err)
	}
	if n := strings.Count(err.Error(), "\n") + 1; n != 13 {
		t.Errorf("%d faults, want 13:\n%v", n, err)
	}
}
