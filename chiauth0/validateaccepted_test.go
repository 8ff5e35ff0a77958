package chiauth0_test

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/userprovider"
)

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
