package chiauth0_test

import (
	"context"
	"expvar"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/chiauth0/auth/chiauth0"
)

// Every fault is reported at once.
func ExampleConfig_Validate() {
	cfg := &chiauth0.Config{
		ClientID:     "id",
		ClientSecret: "secret",
		BaseURL:      "https://a.example:",
		Scopes:       []string{"email"},
	}
	fmt.Println(cfg.Validate())
	// Output:
	// chiauth0: Domain (AUTH0_DOMAIN) is missing: set it to a tenant such as tenant.eu.auth0.com
	// chiauth0: BaseURL (APP_BASE_URL) "https://a.example:": a colon at the end: remove it
	// chiauth0: Scopes (AUTH0_SCOPES) ["email"] lack openid, without which there is no ID token
}

// setVariables sets these variables and empties all others that ConfigFromEnv reads. The function
// that it returns restores them.
func setVariables(variables map[string]string) (restore func()) {
	before := map[string]string{}
	for _, name := range variableNames {
		before[name] = os.Getenv(name)
		if err := os.Setenv(name, variables[name]); err != nil {
			panic(err)
		}
	}
	return func() {
		for name, value := range before {
			if err := os.Setenv(name, value); err != nil {
				panic(err)
			}
		}
	}
}

func ExampleConfigFromEnv() {
	defer setVariables(map[string]string{
		"AUTH0_DOMAIN":             "tenant.eu.auth0.com",
		"AUTH0_CLIENT_ID":          "id",
		"AUTH0_CLIENT_SECRET":      "secret",
		"AUTH0_USER_FIELD_MAPPING": "first_name=given_name,last_name=family_name",
		"AUTH0_STAFF_GROUP":        "staff",
		"AUTH0_GROUPS_FIELD":       "https://app.example/groups",
	})()

	cfg, err := chiauth0.ConfigFromEnv()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cfg.Domain, cfg.Mapping.Fields["first_name"], cfg.Mapping.StaffGroup)
	// Output: tenant.eu.auth0.com given_name staff
}

// A secret can be in a file, as Docker and Kubernetes provide it.
func ExampleConfigFromEnv_secretFiles() {
	dir, err := os.MkdirTemp("", "secrets")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "client_secret")
	if err := os.WriteFile(path, []byte("from a file\n"), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	defer setVariables(map[string]string{
		"AUTH0_DOMAIN":             "tenant.eu.auth0.com",
		"AUTH0_CLIENT_ID":          "id",
		"AUTH0_CLIENT_SECRET_FILE": path,
	})()

	cfg, err := chiauth0.ConfigFromEnv()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%q\n", cfg.ClientSecret)
	fmt.Println(cfg) // without the secret
	// Output:
	// "from a file"
	// chiauth0.Config{Domain: "tenant.eu.auth0.com", ClientID: "id", BaseURL: ""}
}

// The events of logins and refusals are counted and published by package expvar.
func ExampleEvent() {
	counts := new(expvar.Map)
	cfg := apiConfig()
	cfg.Events = func(_ context.Context, e chiauth0.Event) {
		counts.Add(e.Name+" "+e.Code, 1)
	}
	page := chiauth0.RequireLogin(cfg)(http.NotFoundHandler())

	r := httptest.NewRequest(http.MethodPost, "https://app.example/orders", nil)
	page.ServeHTTP(httptest.NewRecorder(), r)
	fmt.Println(counts)
	// Output: {"refusal not_signed_in": 1}
}
